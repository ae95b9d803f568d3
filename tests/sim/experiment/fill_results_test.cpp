// Goal: the results hold for every run and workload what its own point measured. Method: three replicates of two
// workloads, against the recorders' histograms.

#include "sim/experiment/fill_results.h"

#include <gtest/gtest.h>

#include "fixture.h"
#include "sim/experiment/load_scenario.h"

namespace knetsim {
namespace {

TEST(FillResults, EveryRunKeepsTheMomentsOfItsOwnRequests) {
  Folder folder;
  folder.write("m.yaml", app_manifests("web", 2) + app_manifests("client", 1));
  const std::string path =
      folder.write("s.yaml", scenario_text("costs: " KNETSIM_SOURCE_DIR "/configs/profiles/default.yaml\n"
                                           "workloads:\n"
                                           "  one: {from: app=client, to: web, arrivals: {poisson: 200/s}}\n"
                                           "  two: {from: app=client, to: web, arrivals: {poisson: 500/s}}\n",
                                           "{duration: 200ms, replicates: 3}"));
  const auto loaded = load_scenario(path, {});
  const ExperimentOutcome outcome = run_experiment(loaded->variants, {.threads = 1, .on_progress = {}});
  const ExperimentResults results = fill_results(loaded->variants, outcome);
  const MetricState& latency = results.summary.latency;
  ASSERT_EQ(latency.n.size(), 6u);
  for (std::size_t run = 0; run < 3; ++run) {
    for (std::size_t workload = 0; workload < 2; ++workload) {
      const BoundVariant& variant = loaded->variants.front();
      const EdgeStats& stats = outcome.points[0][run].edges[variant.traffic.sources[workload].edge];
      const std::size_t cell = run * 2 + workload;
      EXPECT_EQ(latency.n[cell], static_cast<std::int64_t>(stats.latency_ns.count())) << cell;
      EXPECT_GT(latency.n[cell], 0) << cell;
      EXPECT_DOUBLE_EQ(latency.sum[cell], static_cast<double>(stats.latency_ns.sum()) * 1e-9) << cell;
      EXPECT_DOUBLE_EQ(latency.min[cell], static_cast<double>(stats.latency_ns.min()) * 1e-9) << cell;
      EXPECT_EQ(results.summary.connect.n[cell], static_cast<std::int64_t>(stats.connect_ns.count())) << cell;
    }
  }
}

}  // namespace
}  // namespace knetsim
