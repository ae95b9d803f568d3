// Goal: the results hold for every run and workload what its own point measured. Method: three replicates of two
// workloads, against the recorders' histograms.

#include "app/experiment/fill_results.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "sim/output/results_writer.h"
#include "support/scenario_fixture.h"

namespace knetsim {
namespace {

ExperimentOutcome outcome_of(const Ready& scene) {
  return run_experiment(scene.loaded->variants, {.threads = 1, .on_progress = {}});
}

TEST(FillResults, EveryRunKeepsTheMomentsOfItsOwnRequests) {
  Ready scene(
      "workloads:\n"
      "  one: {from: app=client, to: web, arrivals: {poisson: 200/s}}\n"
      "  two: {from: app=client, to: web, arrivals: {poisson: 500/s}}\n",
      app_manifests("web", 2) + app_manifests("client", 1), "{duration: 200ms, replicates: 3}");
  const ExperimentOutcome outcome = outcome_of(scene);
  const ExperimentResults results = fill_results(scene.loaded->variants, outcome);
  const MetricState& latency = results.summary.latency;
  ASSERT_EQ(latency.n.size(), 6u);
  for (std::size_t run = 0; run < 3; ++run) {
    for (std::size_t workload = 0; workload < 2; ++workload) {
      const BoundVariant& variant = scene.variant();
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

// One request, at 1 s, whose answer queues at its sender's link: it is seen by the run that measures then, and not by
// the one whose warm-up it falls into.
TEST(FillResults, TheLongestQueueIsThatOfTheMeasuredTime) {
  const auto longest = [](const std::string& run) {
    Ready scene(
        "cluster: {nodes: {count: 2, nic: 1Gbps}}\n"
        "workloads: {one: {from: app=client, to: web, arrivals: {closed: {users: 1, think: 1s}}, response: 10kB}}\n",
        app_manifests("web", 1) + app_manifests("client", 1), run);
    const std::vector<std::int64_t> queue_max = fill_results(scene.loaded->variants, outcome_of(scene)).link.queue_max;
    return *std::ranges::max_element(queue_max);
  };
  EXPECT_GT(longest("{warmUp: 500ms, duration: 1s}"), 10'000);
  EXPECT_EQ(longest("{warmUp: 1500ms, duration: 400ms}"), 0);
}

std::int64_t sum(const std::vector<std::int64_t>& cells) {
  return std::accumulate(cells.begin(), cells.end(), std::int64_t{0});
}

// A pod that answers at once serves too, and a Service has one row however it is asked for.
TEST(FillResults, ServicesHaveTheirNamesAndPodsWithoutAppTheirAttempts) {
  Ready scene(
      "workloads:\n"
      "  one: {from: app=client, to: web, arrivals: {constant: 100/s}}\n"
      "  two: {from: app=client, to: default/web, arrivals: {constant: 50/s}}\n"
      "  three: {from: app=client, to: {pod: web}, arrivals: {constant: 30/s}}\n",
      app_manifests("web", 2) + app_manifests("client", 1));
  const ExperimentResults results = fill_results(scene.loaded->variants, outcome_of(scene));
  EXPECT_EQ(results.services, (std::vector<std::string>{"default/web", "pod:default/web"}));
  EXPECT_EQ(results.service.requests, (std::vector<std::int64_t>{150, 30}));
  EXPECT_EQ(results.endpoint.workload, (std::vector<std::string>{"default/web", "default/web"}));
  EXPECT_NEAR(static_cast<double>(sum(results.endpoint.attempts)), 180, 2);  // less those under way at the end
  EXPECT_NEAR(results.endpoint.share[0] + results.endpoint.share[1], 1, 1e-12);
}

// Each request is given up and tried once more: two attempts of one request.
TEST(FillResults, AttemptsCountEachTryOfARequest) {
  Ready scene(
      "apps: {web: {work: 1ms, workers: 1, calls: [{sleep: 30ms}]}}\n"
      "workloads: {ask: {from: app=client, to: web, arrivals: {constant: 10/s}, timeout: 10ms, retries: 1}}\n",
      app_manifests("web", 1) + app_manifests("client", 1), "{duration: 2s}");
  const ExperimentResults results = fill_results(scene.loaded->variants, outcome_of(scene));
  EXPECT_EQ(results.service.requests, std::vector<std::int64_t>{20});
  EXPECT_NEAR(static_cast<double>(sum(results.endpoint.attempts)), 40, 2);
}

TEST(FillResults, RunsOfUnequalWindowsHaveNoSeriesInCommon) {
  Ready scene(
      "workloads: {one: {from: app=client, to: web, arrivals: {poisson: 200/s}}}\n"
      "variants: {short: {}, long: {run.duration: 400ms}}\n",
      app_manifests("web", 1) + app_manifests("client", 1), "{duration: 200ms}");
  const ExperimentResults results = fill_results(scene.loaded->variants, outcome_of(scene));
  EXPECT_TRUE(results.series.sim_time.empty());
  ASSERT_EQ(results.summary.measured_time.size(), 2U);
  EXPECT_DOUBLE_EQ(results.summary.measured_time[0], 0.2);
  EXPECT_DOUBLE_EQ(results.summary.measured_time[1], 0.4);
  EXPECT_NO_THROW(to_data_file(results, {.deterministic = true}));
}

// Two variants that differ in nodes, links and traffic: each name has one place, and what a run does not have is 0
// where it counts and NaN where it measures.
TEST(FillResults, VariantsMayDifferInNodesLinksAndWorkloads) {
  Ready scene(
      "cluster: {nodes: {count: 2}}\n"
      "workloads: {one: {from: app=client, to: web, arrivals: {poisson: 200/s}}}\n"
      "variants:\n"
      "  small: {}\n"
      "  large:\n"
      "    cluster: {nodes: {count: 4}, topology: {kind: leaf-spine, leaves: 2, spines: 1}}\n"
      "    workloads: {two: {from: app=client, to: web, arrivals: {poisson: 500/s}}}\n",
      app_manifests("web", 2) + app_manifests("client", 1), "{duration: 200ms}");
  const ExperimentOutcome outcome = outcome_of(scene);
  const ExperimentResults results = fill_results(scene.loaded->variants, outcome);
  EXPECT_EQ(results.workloads, (std::vector<std::string>{"one", "two"}));
  ASSERT_EQ(results.nodes.size(), 4u);
  ASSERT_EQ(results.cpu.cores.size(), 8u);
  for (std::size_t node = 0; node < 4; ++node) {
    EXPECT_EQ(results.cpu.cores[node] > 0, node < 2) << node;
    EXPECT_EQ(std::isnan(results.cpu.utilisation[node]), node >= 2) << node;
    EXPECT_GT(results.cpu.cores[4 + node], 0) << node;
  }
  EXPECT_EQ(results.link.rate.size(), 2 * results.links.size());
  EXPECT_EQ(results.summary.requests_sent[1], 0);
  EXPECT_TRUE(std::isnan(results.summary.latency_quantile[results.quantiles.size()]));
  EXPECT_GT(results.summary.requests_sent[3], 50);
  // Of the small one's links none is the large one's: it has another switch.
  std::int64_t bytes = 0, expected = 0;
  for (std::size_t link = 0; link < results.links.size(); ++link) bytes += results.link.bytes[link];
  for (const LinkUse& use : outcome.points[0][0].links) expected += use.sent.count();
  EXPECT_EQ(bytes, expected);
  EXPECT_NO_THROW(to_data_file(results, {.deterministic = true}));
}

}  // namespace
}  // namespace knetsim
