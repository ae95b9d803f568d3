// Goal: the fit finds costs from sums of them, and knows what it does not know. Method: "measurements" made up from a
// hidden profile with noise of a known size; the fit starts from another profile.

#include "analysis/lab/cost_fit.h"

#include <gtest/gtest.h>

#include <cmath>

#include "analysis/lab/prediction.h"
#include "sim/core/distributions.h"

#include "default_profile.h"

namespace knetsim::lab {
namespace {

/// The default profile with every cost multiplied by a factor of its own between 1/2 and 2.
CostProfile hidden_profile() {
  CostProfile profile = default_profile();
  RngStream draw(11, 0);
  for (Cost& cost : profile.costs) cost.median_ps *= std::exp2(2 * draw.uniform() - 1);
  for (auto& scan : profile.scans) {
    if (!scan) continue;
    scan->warm_ps *= std::exp2(2 * draw.uniform() - 1);
    scan->far_ps = 2 * scan->warm_ps;
    scan->cold_ps = 5 * scan->warm_ps;
    scan->cache_bytes = 2e6;
  }
  profile.cold_factor = 3.7;
  return profile;
}

std::vector<LabCase> some_cases() {
  std::vector<LabCase> cases;
  for (const LabProxy proxy : {LabProxy::None, LabProxy::IptablesLegacy, LabProxy::Nftables}) {
    for (const Operation operation : {Operation::RoundTrip, Operation::Connect}) {
      const auto add = [&](LabCase one) {
        one.setup.rules.proxy = proxy;
        one.operation = operation;
        cases.push_back(one);
      };
      add({.client_host_network = true, .server_host_network = true});
      add({.setup = {.nodes = 1}});
      add({.setup = {.nodes = 1, .bridge = false}});
      add({.setup = {}});
      add({.setup = {.bridge = false}});
      add({.setup = {.fabric = Fabric::Vxlan}});
      if (proxy == LabProxy::None) continue;
      add({.setup = {}, .exposure = Exposure::ClusterIp});
      if (proxy != LabProxy::IptablesLegacy || operation != Operation::Connect) continue;
      for (const std::uint32_t services : {100u, 1'000u, 5'000u, 20'000u}) {
        for (const bool cold : {false, true}) {
          add({.setup = {.rules = {.services = services, .position = services / 2}},
               .exposure = Exposure::ClusterIp,
               .cold = cold});
        }
      }
    }
  }
  return cases;
}

/// What the hidden profile says, with a relative noise of this size.
std::vector<Measured> made_up(const std::vector<LabCase>& cases, double noise) {
  const CostProfile hidden = hidden_profile();
  RngStream draw(12, 0);
  std::vector<Measured> measured;
  for (const LabCase& one : cases) {
    const double true_ns = predict_ns(one, hidden);
    const double seen = true_ns * (1 + noise * (2 * draw.uniform() - 1) * std::sqrt(3.0));
    measured.push_back({.lab_case = one, .p50 = {seen, seen * (1 - 2 * noise), seen * (1 + 2 * noise)}});
  }
  return measured;
}

TEST(CostFit, PredictsDatapathsThatItNeverSawFromThoseThatItDid) {
  const std::vector<LabCase> cases = some_cases();
  const CostFit fit = fit_costs(made_up(cases, 0.01), default_profile());
  EXPECT_LT(fit.residual, 0.02) << "noise of 1 % is what is left";
  const CostProfile hidden = hidden_profile();
  const CostProfile found = fitted_profile(default_profile(), fit, "measured");
  EXPECT_NEAR(fit.cold_factor->ps, hidden.cold_factor, 0.05 * hidden.cold_factor);
  for (const std::uint32_t services : {30u, 700u, 3'000u, 12'000u}) {
    for (const Fabric fabric : {Fabric::HostRoutes, Fabric::Vxlan}) {
      LabCase held_out{.setup = {.fabric = fabric, .rules = {LabProxy::IptablesLegacy, services, 1, services / 3 + 1}},
                       .exposure = Exposure::ClusterIp,
                       .operation = Operation::Connect};
      const double expected = predict_ns(held_out, hidden);
      EXPECT_NEAR(predict_ns(held_out, found) / expected, 1, 0.05) << held_out.name();
      held_out.operation = Operation::RoundTrip;
      EXPECT_NEAR(predict_ns(held_out, found) / predict_ns(held_out, hidden), 1, 0.03) << held_out.name();
    }
  }
}

TEST(CostFit, SaysWhatTheDataDoNotTell) {
  const CostFit fit = fit_costs(made_up(some_cases(), 0.01), default_profile());
  const auto& cost = [&](StepKind kind) { return fit.costs[static_cast<std::size_t>(kind)].value(); };
  // A bridge is in some cases and not in others; the byte copies of one byte are nowhere to be seen.
  EXPECT_TRUE(cost(StepKind::Bridge).measured);
  EXPECT_FALSE(cost(StepKind::CopyIn).measured);
  EXPECT_FALSE(fit.costs[static_cast<std::size_t>(StepKind::IpvsLookup)].has_value()) << "no case has it";
  const double hidden_bridge = hidden_profile()[StepKind::Bridge].median_ps;
  EXPECT_LT(std::abs(std::log(cost(StepKind::Bridge).ps / hidden_bridge)), 4 * cost(StepKind::Bridge).standard_error);
}

TEST(CostFit, WithoutDataTheProfileStays) {
  const CostProfile before = default_profile();
  const CostProfile after = fitted_profile(before, fit_costs({}, before), "nowhere");
  for (std::size_t kind = 0; kind < kStepKinds; ++kind) {
    EXPECT_EQ(after.costs[kind].median_ps, before.costs[kind].median_ps);
  }
}

// The interval of a median holds it in at least 95 of 100 experiments; 2,000 of 15 exponential values each. Of 2,000
// the share is known to 1.3 % (99 %).
TEST(Median, IntervalsHoldTheTrueMedianAsOftenAsTheySay) {
  RngStream draw(13, 0);
  const Distribution exponential = Distribution::exponential(1);
  int held = 0;
  for (int experiment = 0; experiment < 2000; ++experiment) {
    std::vector<double> values(15);
    for (double& value : values) value = exponential.sample(draw);
    const Estimate median = median_of(values);
    EXPECT_LE(median.low, median.value);
    EXPECT_LE(median.value, median.high);
    held += median.low <= std::log(2.0) && std::log(2.0) <= median.high ? 1 : 0;
  }
  EXPECT_GE(held, 0.937 * 2000);
}

}  // namespace
}  // namespace knetsim::lab
