// Goal: the same scenario and seed give the same run in every build (g++ and clang, with and without optimisation and
// sanitizers), on every x86-64 machine, and on any number of threads.
// Method: golden digests, equal for all builds that run this test. runs/golden/<run>.txt holds for each variant the
// number of events and a digest of all their keys in the order in which they fired, and one digest of every figure that
// a results file would hold. CTest runs the digests a second time with the fused multiply-add and AVX2 variants of libm
// switched off (see CMakeLists.txt). After a deliberate change renew them with KNETSIM_UPDATE_GOLDEN=1 and list what
// moved in CHANGELOG.md: a change for speed or clarity may move events, but not figures.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <ostream>

#include "analysis/results/results_writer.h"
#include "app/experiment/experiment.h"
#include "app/scenario/load_scenario.h"
#include "sim/core/digest.h"
#include "support/column_digests.h"
#include "support/results_of.h"
#include "support/temporary_folder.h"

namespace knetsim {
namespace {

struct GoldenRun {
  const char* name;
  const char* scenario;
  std::vector<std::string> sets = {};
};

void PrintTo(const GoldenRun& run, std::ostream* out) { *out << run.name; }

const GoldenRun kRuns[] = {
    {"quickstart",
     "configs/quickstart.yaml",
     {"run.duration=150ms", "run.warmUp=50ms", "run.replicates=2", "workloads.browse.timeout=50ms"}},
    {"service_graph", "configs/service-graph.yaml", {"run.duration=200ms", "run.warmUp=50ms", "run.replicates=2"}},
    {"overload", "tests/app/experiment/runs/overload.yaml"},
    {"datagrams", "tests/app/experiment/runs/datagrams.yaml"},
};

/// Every figure but what tells of the machine or of the number of events.
std::string figures_of(ExperimentResults results) {
  results.summary.events.assign(results.runs(), 0);
  return column_digests(to_data_file(results, {.deterministic = true, .force = false}));
}

std::string text_of(const LoadedScenario& loaded) {
  std::vector<std::vector<PointResult>> all;
  std::string text;
  for (const BoundVariant& variant : loaded.variants) {
    RunDigest order;
    std::uint64_t events = 0;
    std::vector<PointResult>& points = all.emplace_back();
    for (std::uint32_t replicate = 0; replicate < variant.scenario.experiment.replicates; ++replicate) {
      points.push_back(simulate(variant, replicate, nullptr, &order));
      events += points.back().events;
    }
    text += fmt::format("events of {}: {}, {:016x}\n", variant.name, events, order.value());
  }
  return text + figures_of(results_of(loaded.variants, all));
}

class Golden : public testing::TestWithParam<GoldenRun> {};

TEST_P(Golden, EveryEventAndFigureIsWhatItWas) {
  const auto loaded = load_scenario(GetParam().scenario, {.sets = GetParam().sets, .variants = {}});
  const std::string path = fmt::format("tests/app/experiment/runs/golden/{}.txt", GetParam().name);
  const std::string text = text_of(*loaded);
  if (std::getenv("KNETSIM_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary) << text;
  }
  EXPECT_EQ(text, read_text(path));
}

TEST_P(Golden, FiguresDoNotDependOnTheNumberOfThreads) {
  const auto loaded = load_scenario(GetParam().scenario, {.sets = GetParam().sets, .variants = {}});
  const auto figures_with = [&](std::uint32_t threads) {
    ExperimentOptions options;
    options.threads = threads;
    return figures_of(run_in_memory(loaded->variants, options));
  };
  const std::string alone = figures_with(1);
  for (const std::uint32_t threads : {2u, 4u}) EXPECT_EQ(figures_with(threads), alone) << threads;
}

TEST(GoldenDigest, SeesOneEventMoveByAPicosecondAndOneFigureByItsLastBit) {
  RunDigest early, late;
  early.add(EventKey{Time(Duration(5)), 1, 1});
  late.add(EventKey{Time(Duration(6)), 1, 1});
  EXPECT_NE(early, late);
  const auto digest_of = [](double goodput) {
    const DataGroup group{.path = "summary",
                          .attributes = {},
                          .axes = {{"run", {"run"}, std::vector<std::int64_t>{0}, {}}},
                          .variables = {{"goodput", {"run"}, std::vector{goodput}, {}}}};
    return column_digests({.attributes = {}, .groups = {group}});
  };
  EXPECT_NE(digest_of(1), digest_of(std::bit_cast<double>(std::bit_cast<std::uint64_t>(1.0) + 1)));
}

INSTANTIATE_TEST_SUITE_P(Runs, Golden, testing::ValuesIn(kRuns),
                         [](const auto& instance) { return std::string(instance.param.name); });

}  // namespace
}  // namespace knetsim
