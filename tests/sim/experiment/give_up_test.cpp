// Goal: a request that its client gives up is counted once, as a timeout at exactly its deadline, and its time is said
// to have gone where it went. Method: one user in a closed loop, so that every request meets the same; a server that
// never answers in time, at work or in its queue, and one out of reach.

#include <gtest/gtest.h>

#include "fixture.h"
#include "sim/experiment/simulation.h"

namespace knetsim {
namespace {

PointResult run_with(const std::string& app, const std::string& workload) {
  Ready scene(
      "cluster: {nodes: {count: 2, cpu: 8}}\n"
      "apps: {web: " +
          app + "}\nworkloads: {ask: {from: app=client, to: web, " + workload + "}}\n",
      app_manifests("web", 1) + app_manifests("client", 1), "{duration: 1s, noise: off}");
  return simulate(scene.variant(), 0);
}

/// Of the time of all requests that ended, the share that was this wait.
double share(const PointResult& result, Wait cause) {
  TimeSplit sum;
  for (const auto& [band, of] : result.sources.front().bands()) sum += of.sum;
  return static_cast<double>(sum.wait[static_cast<std::size_t>(cause)]) / static_cast<double>(sum.total().count());
}

// Each request: two attempts of 10 ms.
TEST(GiveUp, AServerAtWorkIsWaitedForToTheDeadlineOfEachAttempt) {
  const PointResult result =
      run_with("{work: 50ms, workers: 1000}", "arrivals: {closed: {users: 1}}, timeout: 10ms, retries: 1");
  const EdgeStats& edge = result.edges.front();
  EXPECT_NEAR(static_cast<double>(edge.asked), 50, 1);
  EXPECT_EQ(edge.ok + edge.errors, 0u);
  EXPECT_NEAR(static_cast<double>(edge.retried), static_cast<double>(edge.asked), 1);
  EXPECT_EQ(edge.timeouts + edge.unfinished, edge.asked);
  EXPECT_NEAR(static_cast<double>(edge.latency_ns.quantile(0.5)) * 1e-6, 20, 0.03);
  EXPECT_EQ(share(result, Wait::GivenUp), 1);  // what it was in is not known: no packet was lost
  EXPECT_EQ(share(result, Wait::Recovery), 0);
}

// One worker, which works on the first request throughout; those behind it wait for the worker from their arrival, some
// 60 us after they began, to their deadline.
TEST(GiveUp, AQueueAtTheServerIsNamedAsTheCause) {
  const PointResult result =
      run_with("{work: 20s, workers: 1}", "arrivals: {constant: 100/s}, timeout: 100ms, retries: 1");
  const EdgeStats& edge = result.edges.front();
  EXPECT_GE(edge.timeouts, 75u);
  EXPECT_EQ(edge.ok + edge.errors, 0u);
  EXPECT_GT(share(result, Wait::Worker), 0.98);
  EXPECT_NEAR(share(result, Wait::Worker) + share(result, Wait::GivenUp), 1, 1e-12);
}

}  // namespace
}  // namespace knetsim
