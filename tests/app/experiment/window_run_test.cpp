// Goal: what a whole run says of its window is right in results and objectives: throughput of what ends in it, figures
// of successes, lower bounds where requests never end. Method: scenarios whose throughput and fates follow from
// arithmetic.

#include <gtest/gtest.h>

#include <algorithm>

#include "analysis/evaluate_slo.h"
#include "app/scenario/slo.h"
#include "sim/core/censored_times.h"
#include "support/results_of.h"
#include "support/scenario_fixture.h"

namespace knetsim {
namespace {

using namespace std::chrono_literals;

struct WholeRun : Ready {
  PointResult point;
  WholeRun(const std::string& app, const std::string& workload, const std::string& run)
      : Ready("cluster: {nodes: {count: 2, cpu: 8}}\napps: {web: " + app +
                  "}\nworkloads: {ask: {from: app=client, to: web, request: 100B, response: 900B, " + workload + "}}\n",
              app_manifests("web", 1) + app_manifests("client", 1), run),
        point(simulate(variant(), 0)) {}

  const EdgeStats& edge() const { return point.edges.front(); }
  ExperimentResults results() const { return results_of(loaded->variants, {{point}}); }
  bool met(const std::string& text) {
    Diagnostics diagnostics;
    const auto input = Input::from_text("slo.yaml", "slo: ['" + text + "']\n");
    const Document document = read_document(*input);
    const std::vector<Slo> slos = read_slos(document.root()["slo"], variant(), diagnostics);
    diagnostics.throw_if_errors();
    const ExperimentResults found = results();
    return evaluate(slos.at(0), Recorded(found), variant().name).holds == Holds::Met;
  }
};

// A pause of 10 ms by each of 10 workers: 1,000 a second at most, asked for twice that.
constexpr const char* kThousand = "{work: 1us, workers: 10, calls: [{sleep: 10ms}]}";

TEST(WindowRun, AnOverloadedServerGivesOffItsCapacityAndFinishesNothingThatItWasAskedForInTheWindow) {
  WholeRun run(kThousand, "arrivals: {constant: 2000/s}, timeout: 1h",
               "{duration: 1s, warmUp: 2s, drain: 500ms, noise: off}");
  const ExperimentResults results = run.results();
  // 10 ms and some 30 us of work and packets each: a little less than 1,000.
  EXPECT_NEAR(results.summary.achieved_rate[0], 1000, 15);
  EXPECT_NEAR(results.summary.goodput[0], results.summary.achieved_rate[0] * 8 * 1000, 1);
  EXPECT_NEAR(results.summary.offered_rate[0], 2000, 1);
  EXPECT_EQ(results.summary.requests_ok[0], 0);
  EXPECT_EQ(results.summary.requests_unfinished[0], results.summary.requests_sent[0]);
  EXPECT_DOUBLE_EQ(results.summary.drained_time[0], 0.5);
  EXPECT_EQ(results.summary.unstable[0], 1);
  for (std::size_t q = 0; q < results.quantiles.size(); ++q) {
    EXPECT_EQ(results.summary.latency_quantile_bound[q], 1) << results.quantiles[q];
    EXPECT_GT(results.summary.latency_quantile[q], 0.5) << "the youngest was half a second old";
  }
  std::int64_t ages = 0;
  for (const std::int64_t count : results.unfinished_histogram.count) ages += count;
  EXPECT_EQ(ages, results.summary.requests_unfinished[0]);
  EXPECT_FALSE(run.met("p50(latency) < 1h")) << "nobody knows";
  EXPECT_TRUE(run.met("p50(connect) < 1s"));
}

TEST(WindowRun, TheRunGoesOnUntilTheLastRequestHasEndedAndNoLonger) {
  WholeRun run(kThousand, "arrivals: {constant: 500/s}", "{duration: 1s, noise: off}");
  EXPECT_EQ(run.edge().ok, run.edge().asked);
  EXPECT_LT(run.point.drained, 11ms);
  EXPECT_FALSE(run.edge().backlog_grows);
  EXPECT_TRUE(run.met("max(latency) < 11ms"));
}

// Every request takes 10 ms and is given up after 5: none succeeds, and none is late by 5 ms.
TEST(WindowRun, WhereNothingSucceedsNoObjectiveOfLatencyIsMet) {
  WholeRun run(kThousand, "arrivals: {constant: 500/s}, timeout: 5ms", "{duration: 1s, noise: off}");
  EXPECT_EQ(run.edge().timeouts, run.edge().asked);
  for (const char* text : {"p1(latency) < 1h", "mean(latency) < 1h", "max(latency) < 1h"}) {
    EXPECT_FALSE(run.met(text)) << text;
  }
  EXPECT_EQ(run.results().summary.latency.n[0], 0);
}

// A call further down that is overloaded makes the request so, however fast its own app gives up.
TEST(WindowRun, AnOverloadedCallIsAnOverloadedWorkload) {
  Ready scene(
      "apps:\n"
      "  web: {work: 1us, workers: 1000, calls: [{to: back, timeout: 20ms}]}\n"
      "  back: {work: 2ms, workers: 1}\n"
      "workloads: {ask: {from: app=client, to: web, arrivals: {constant: 1000/s}}}\n",
      app_manifests("web", 1) + app_manifests("back", 1) + app_manifests("client", 1), "{duration: 2s, noise: off}");
  const PointResult point = simulate(scene.variant(), 0);
  EXPECT_TRUE(point.edges[scene.variant().traffic.sources[0].edge].backlog_grows);
}

}  // namespace
}  // namespace knetsim
