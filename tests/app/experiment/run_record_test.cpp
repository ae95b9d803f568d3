// Goal: the results hold for every run and workload what its own point measured. Method: three replicates of two
// workloads, against the recorders' histograms.

#include "app/experiment/run_record.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <numeric>

#include "analysis/results/results_schema.h"
#include "analysis/results/results_writer.h"
#include "analysis/summary.h"
#include "app/experiment/step_names.h"
#include "app/scenario/result_names.h"
#include "support/results_of.h"
#include "support/scenario_fixture.h"

namespace knetsim {
namespace {

ExperimentResults results_of(const Ready& scene) {
  return run_in_memory(scene.loaded->variants, {.threads = 1, .on_progress = {}});
}

TEST(RunRecord, EveryRunKeepsTheMomentsOfItsOwnRequests) {
  Ready scene(
      "workloads:\n"
      "  one: {from: app=client, to: web, arrivals: {poisson: 200/s}}\n"
      "  two: {from: app=client, to: web, arrivals: {poisson: 500/s}}\n",
      app_manifests("web", 2) + app_manifests("client", 1), "{duration: 200ms, replicates: 3}");
  std::vector<PointResult> points;
  for (std::uint32_t replicate = 0; replicate < 3; ++replicate) points.push_back(simulate(scene.variant(), replicate));
  const ExperimentResults results = results_of(scene.loaded->variants, {points});
  const MetricState& latency = results.summary.latency;
  ASSERT_EQ(latency.n.size(), 6u);
  for (std::size_t run = 0; run < 3; ++run) {
    for (std::size_t workload = 0; workload < 2; ++workload) {
      const BoundVariant& variant = scene.variant();
      const EdgeStats& stats = points[run].edges[variant.traffic.sources[workload].edge];
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
TEST(RunRecord, TheLongestQueueIsThatOfTheMeasuredTime) {
  const auto longest = [](const std::string& run) {
    Ready scene(
        "cluster: {nodes: {count: 2, nic: 1Gbps}}\n"
        "workloads: {one: {from: app=client, to: web, arrivals: {closed: {users: 1, think: 1s}}, response: 10kB}}\n",
        app_manifests("web", 1) + app_manifests("client", 1), run);
    const std::vector<std::int64_t> queue_max = results_of(scene).link.queue_max;
    return *std::ranges::max_element(queue_max);
  };
  EXPECT_GT(longest("{warmUp: 500ms, duration: 1s}"), 10'000);
  EXPECT_EQ(longest("{warmUp: 1500ms, duration: 400ms}"), 0);
}

std::int64_t sum(const std::vector<std::int64_t>& cells) {
  return std::accumulate(cells.begin(), cells.end(), std::int64_t{0});
}

// A pod that answers at once serves too, and a Service has one row however it is asked for.
TEST(RunRecord, ServicesHaveTheirNamesAndPodsWithoutAppTheirAttempts) {
  Ready scene(
      "workloads:\n"
      "  one: {from: app=client, to: web, arrivals: {constant: 100/s}}\n"
      "  two: {from: app=client, to: default/web, arrivals: {constant: 50/s}}\n"
      "  three: {from: app=client, to: {pod: web}, arrivals: {constant: 30/s}}\n",
      app_manifests("web", 2) + app_manifests("client", 1));
  const ExperimentResults results = results_of(scene);
  EXPECT_EQ(results.services, std::vector<std::string>{"default/web"});
  EXPECT_EQ(results.exposures,
            (std::vector<std::string>{"podIP", "clusterIP", "nodePort", "hostPort", "loopback", "externalIP"}));
  EXPECT_EQ(results.service.requests, (std::vector<std::int64_t>{30, 150, 0, 0, 0, 0}));
  EXPECT_EQ(results.endpoint.workload, (std::vector<std::string>{"default/web", "default/web"}));
  EXPECT_NEAR(static_cast<double>(sum(results.endpoint.attempts)), 180, 2);  // less those under way at the end
  EXPECT_NEAR(results.endpoint.share[0] + results.endpoint.share[1], 1, 1e-12);
}

// Behind one address a node remembers one pod of three, whichever of its clients asks; without affinity each gets a third.
TEST(RunRecord, SaysWhatTheBusiestServerOfAWorkloadBears) {
  Ready scene(
      "cluster: {nodes: {count: 2}}\n"
      "workloads: {ask: {from: {external: {count: 9, addresses: 1, rtt: 1ms}}, to: {nodePort: outer, through: node-0}, "
      "arrivals: {constant: 3000/s}}}\n"
      "variants: {affinity: {}, without: {patches: {Service/outer: {spec.sessionAffinity: None}}}}\n",
      app_manifests("web", 3) +
          "apiVersion: v1\nkind: Service\nmetadata: {name: outer}\nspec: {type: NodePort, sessionAffinity: ClientIP, "
          "selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}\n",
      "{duration: 1s}");
  const ExperimentResults results = results_of(scene);
  const SummaryResults& summary = results.summary;
  EXPECT_EQ(summary.servers, (std::vector<std::int64_t>{3, 3}));
  EXPECT_EQ(summary.servers_unused, (std::vector<std::int64_t>{2, 0}));
  EXPECT_DOUBLE_EQ(summary.busiest_server_share[0], 1);
  EXPECT_NEAR(summary.busiest_server_share[1], 1.0 / 3, 4 * std::sqrt(2.0 / 9 / 3000));
  const Recorded recorded(results);
  EXPECT_TRUE(summarise(recorded, "affinity", "ask").spreads_unevenly());
  EXPECT_FALSE(summarise(recorded, "without", "ask").spreads_unevenly());
}

// What a reader of a file meets as the name of a step, a kind of address or a call of a look-up stands in the document.
TEST(RunRecord, TheDocumentNamesWhatFilesHave) {
  std::ifstream file(KNETSIM_SOURCE_DIR "/docs/results-format.md");
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  const Ready scene(
      "cluster: {dns: {replicas: 1, nodeLocal: {}}}\n"
      "workloads: {NAME: {from: app=client, to: web, arrivals: {constant: 10/s}, dns: lookup}}\n",
      app_manifests("web", 1) + app_manifests("client", 1));
  const ExperimentResults results = results_of(scene);
  EXPECT_EQ(results.steps.size(), kind_names().size() + wait_names().size());
  EXPECT_GE(results.calls.size(), 4U);
  for (const std::vector<std::string>* names : {&results.steps, &results.exposures, &results.calls, &results.bands}) {
    for (const std::string& name : *names) EXPECT_NE(page.find("`" + name + "`"), std::string::npos) << name;
  }
}

// Each request is given up and tried once more: two attempts of one request.
TEST(RunRecord, AttemptsCountEachTryOfARequest) {
  Ready scene(
      "apps: {web: {work: 1ms, workers: 1, calls: [{sleep: 30ms}]}}\n"
      "workloads: {ask: {from: app=client, to: web, arrivals: {constant: 10/s}, timeout: 10ms, retries: 1}}\n",
      app_manifests("web", 1) + app_manifests("client", 1), "{duration: 2s}");
  const ExperimentResults results = results_of(scene);
  EXPECT_EQ(results.service.requests, (std::vector<std::int64_t>{0, 20, 0, 0, 0, 0}));
  EXPECT_NEAR(static_cast<double>(sum(results.endpoint.attempts)), 40, 2);
}

TEST(RunRecord, RunsOfUnequalWindowsHaveNoSeriesInCommon) {
  Ready scene(
      "workloads: {one: {from: app=client, to: web, arrivals: {poisson: 200/s}}}\n"
      "variants: {short: {}, long: {run.duration: 400ms}}\n",
      app_manifests("web", 1) + app_manifests("client", 1), "{duration: 200ms}");
  const ExperimentResults results = results_of(scene);
  EXPECT_TRUE(results.series.sim_time.empty());
  ASSERT_EQ(results.summary.measured_time.size(), 2U);
  EXPECT_DOUBLE_EQ(results.summary.measured_time[0], 0.2);
  EXPECT_DOUBLE_EQ(results.summary.measured_time[1], 0.4);
  EXPECT_NO_THROW(to_data_file(results, {.deterministic = true}));
}

// Two variants that differ in nodes, links and traffic: each name has one place, and what a run does not have is 0
// where it counts and NaN where it measures.
TEST(RunRecord, VariantsMayDifferInNodesLinksAndWorkloads) {
  Ready scene(
      "cluster: {nodes: {count: 2}}\n"
      "workloads: {one: {from: app=client, to: web, arrivals: {poisson: 200/s}}}\n"
      "variants:\n"
      "  small: {}\n"
      "  large:\n"
      "    cluster: {nodes: {count: 4}, topology: {kind: leaf-spine, leaves: 2, spines: 1}}\n"
      "    workloads: {two: {from: app=client, to: web, arrivals: {poisson: 500/s}}}\n",
      app_manifests("web", 2) + app_manifests("client", 1), "{duration: 200ms}");
  const std::vector<BoundVariant>& variants = scene.loaded->variants;
  const PointResult small = simulate(variants[0], 0);
  const ExperimentResults results = results_of(variants, {{small}, {simulate(variants[1], 0)}});
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
  for (const LinkUse& use : small.links) expected += use.sent.count();
  EXPECT_EQ(bytes, expected);
  EXPECT_NO_THROW(to_data_file(results, {.deterministic = true}));
}

// A point that fails is a record that says why; the others are kept, and statistics look at these alone.
TEST(RunRecord, APointThatFailedHasARecordAndNoFigures) {
  Ready scene("workloads: {one: {from: app=client, to: web, arrivals: {poisson: 200/s}}}\n",
              app_manifests("web", 1) + app_manifests("client", 1), "{duration: 200ms, replicates: 3}");
  const RunRecorder recorder(scene.loaded->variants);
  RunCollector collector;
  collector.take(2, recorder.record(0, 2, simulate(scene.variant(), 2)));
  collector.take(0, recorder.record(0, 0, simulate(scene.variant(), 0)));
  collector.take(1, recorder.record_of_none(0, 1, RunStatus::kFailed, "the lights went out"));
  const ExperimentResults results = collector.whole();
  EXPECT_EQ(results.replicate, (std::vector<std::int64_t>{0, 1, 2}));
  EXPECT_EQ(results.summary.status, (std::vector<std::int8_t>{0, 2, 0}));
  EXPECT_EQ(results.summary.error, (std::vector<std::string>{"", "the lights went out", ""}));
  EXPECT_TRUE(std::isnan(results.summary.goodput[1]));
  EXPECT_NO_THROW(to_data_file(results, {.deterministic = true}));
  const Recorded recorded(results);
  EXPECT_EQ(recorded.runs_of("base"), (std::vector<std::size_t>{0, 2}));
  EXPECT_EQ(summarise(recorded, "base", "one").asked,
            results.summary.requests_sent[0] + results.summary.requests_sent[2]);
}

// What statistics take from results is what the recorders held: histograms to the bucket, moments, parts.
TEST(RunRecord, StatisticsReadBackWhatWasRecorded) {
  Ready scene(
      "apps: {web: {work: {exponential: 3ms}, workers: 2}}\n"
      "workloads: {one: {from: app=client, to: web, arrivals: {poisson: 400/s}, timeout: 40ms}}\n",
      app_manifests("web", 1) + app_manifests("client", 1), "{duration: 1s}");
  const PointResult point = simulate(scene.variant(), 0);
  const ExperimentResults results = results_of(scene.loaded->variants, {{point}});
  const EdgeStats& stats = point.edges[0];
  const Sample latency = Recorded(results).sample(0, 0, Timed::Latency);
  EXPECT_EQ(latency.ns.count(), stats.latency_ns.count());
  EXPECT_EQ(latency.ns.sum(), stats.latency_ns.sum());
  EXPECT_EQ(latency.ns.min(), stats.latency_ns.min());
  EXPECT_EQ(latency.ns.max(), stats.latency_ns.max());
  EXPECT_EQ(latency.failed, stats.failed());
  for (const double q : {0.01, 0.5, 0.9, 0.99}) {
    EXPECT_EQ(latency.ns.quantile(q), stats.latency_ns.quantile(q)) << q;
  }
  ASSERT_EQ(latency.parts.size(), stats.parts.size());
  for (std::size_t i = 0; i < stats.parts.size(); ++i) {
    EXPECT_EQ(latency.parts[i].count, stats.parts[i].latency.count) << i;
    EXPECT_EQ(latency.parts[i].sum_ns, stats.parts[i].latency.sum_ns) << i;
    EXPECT_EQ(latency.parts[i].sum_index, stats.parts[i].latency.sum_index) << i;
  }
}

// What a call's exposure means stands with its column, and along the axis of /service.
TEST(RunRecord, ExposuresHaveTheSameNamesAsFlagsAndAlongTheirAxis) {
  const SchemaRow* row = find_schema_row("/calls/exposure");
  ASSERT_NE(row, nullptr);
  EXPECT_EQ(fmt::format("{}", fmt::join(kExposureNames, " ")), row->flags);
  EXPECT_EQ(kExposureNames.at(static_cast<std::size_t>(Exposure::PodIp)), "podIP");
  EXPECT_EQ(kExposureNames.at(static_cast<std::size_t>(Exposure::ClusterIp)), "clusterIP");
  EXPECT_EQ(kExposureNames.at(static_cast<std::size_t>(Exposure::NodePort)), "nodePort");
  EXPECT_EQ(kExposureNames.at(static_cast<std::size_t>(Exposure::HostPort)), "hostPort");
}

}  // namespace
}  // namespace knetsim
