// Goal: counts of instructions become figures of steps that nobody could time, and touch no others. Method: counts are
// made up from the default profile with IPVS's steps changed and 2.5 instructions a nanosecond; the scale and those
// steps have to come back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analysis/lab/emulated_lab.h"
#include "analysis/lab/prediction.h"
#include "default_profile.h"
#include "everything.h"

namespace knetsim::lab {
namespace {

constexpr double kInstructionsPerNs = 2.5;

/// IPVS dearer than assumed.
CostProfile hidden_emulated_profile() {
  CostProfile profile = default_profile();
  profile[StepKind::IpvsLookup].median_ps *= 2;
  profile[StepKind::IpvsConnection].median_ps *= 1.5;
  profile[StepKind::IpvsSchedule].median_ps *= 3;
  return profile;
}

std::vector<Measured> counts() {
  const CostProfile hidden = hidden_emulated_profile();
  std::vector<Measured> counted;
  for (const LabCase& one : emulated_cases(everything())) {
    const double count = predict_ns(one, hidden) * kInstructionsPerNs;
    counted.push_back({.lab_case = one, .min_ns = count, .p50 = {count, count, count}});
  }
  return counted;
}

const EmulatedFigure* figure_of(const std::vector<EmulatedFigure>& figures, StepKind kind) {
  for (const EmulatedFigure& figure : figures) {
    if (figure.kind == kind) return &figure;
  }
  return nullptr;
}

TEST(EmulatedCosts, ScaleAndIpvsComeBack) {
  const CostProfile before = default_profile();
  const EmulatedCosts costs = cost_of_instructions(counts(), before);
  EXPECT_NEAR(costs.ns_per_instruction, 1 / kInstructionsPerNs, 0.001);
  EXPECT_LT(costs.scatter, 0.01);
  EXPECT_GT(costs.compared, 40U);
  const std::vector<EmulatedFigure> figures = emulated_figures(costs, before);
  const CostProfile hidden = hidden_emulated_profile();
  for (const StepKind kind : {StepKind::IpvsLookup, StepKind::IpvsSchedule}) {
    const EmulatedFigure* const figure = figure_of(figures, kind);
    ASSERT_NE(figure, nullptr) << info(kind).name;
    EXPECT_NEAR(figure->ns / (hidden[kind].median_ps * 1e-3), 1, 0.1) << info(kind).name;
  }
}

TEST(EmulatedCosts, OnlyInstructionBoundFiguresThatNobodyTimedChange) {
  CostProfile before = default_profile();
  before[StepKind::IpvsLookup].provenance = {.source = "measured, ±4 %"};
  const EmulatedCosts costs = cost_of_instructions(counts(), before);
  const std::vector<EmulatedFigure> figures = emulated_figures(costs, before);
  EXPECT_EQ(figure_of(figures, StepKind::IpvsLookup), nullptr) << "timed on a real machine";
  const CostProfile after = emulated_profile(before, figures, costs.ns_per_instruction, "emulated, Linux 6.1");
  std::uint32_t changed = 0;
  for (const StepKindInfo& kind : step_kinds()) {
    const bool marked = after[kind.kind].provenance.source.starts_with("emulated, Linux 6.1: ");
    changed += marked ? 1U : 0U;
    if (marked) {
      EXPECT_TRUE(is_instruction_bound(kind.kind)) << kind.name;
      EXPECT_FALSE(after[kind.kind].provenance.assumption) << kind.name;
    } else {
      EXPECT_EQ(after[kind.kind].median_ps, before[kind.kind].median_ps) << kind.name;
      EXPECT_EQ(after[kind.kind].provenance.source, before[kind.kind].provenance.source) << kind.name;
    }
  }
  EXPECT_EQ(changed, figures.size());
  EXPECT_GE(changed, 2U);
  for (const StepKind kind : {StepKind::Rule, StepKind::NftRule}) {
    EXPECT_EQ(after.scan(kind)->warm_ps, before.scan(kind)->warm_ps) << "never rule scans";
  }
}

}  // namespace
}  // namespace knetsim::lab
