// Goal: a listening socket keeps one connection more than its backlog for workers that are busy, and drops the SYNs of others,
// which are sent again. Method: connections to workers that are stuck, counted one by one; an overloaded worker, whose queue is
// full after its places over the rate at which it falls behind.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>

#include "app/experiment/simulation.h"
#include "support/scenario_fixture.h"

namespace knetsim {
namespace {

struct QueueRun {
  Ready scene;
  PointResult result;

  QueueRun(const std::string& app, const std::string& rate, const std::string& run, const std::string& cluster = "",
           const std::string& more = "")
      : scene("cluster: {nodes: {count: 2, cpu: 16}" + cluster + "}\napps: {web: " + app +
                  "}\nworkloads: {ask: {from: app=client, to: web, arrivals: {constant: " + rate + "}, timeout: 100s" +
                  more + "}}\n",
              app_manifests("web", 1) + app_manifests("client", 1), run),
        result(simulate(scene.variant(), 0)) {}
  const EdgeStats& edge() const { return result.edges.front(); }
  const Exhaustion* met() const {
    const auto found = std::ranges::find(result.limits, KernelLimit::AcceptQueue, &Exhaustion::limit);
    return found == result.limits.end() ? nullptr : &*found;
  }
};

double first_met(const Exhaustion& met) { return to_seconds(met.since - kTimeZero); }

// One worker that is stuck has one connection, and the queue backlog + 1; whoever comes then is turned away. 100 a second: the
// seventh comes after 60 to 70 ms.
TEST(AcceptQueue, ABusyWorkerLeavesRoomForOneMoreThanTheBacklog) {
  for (const std::uint32_t backlog : {0U, 4U, 20U}) {
    SCOPED_TRACE(backlog);
    for (const std::uint32_t workers : {1U, 3U}) {
      SCOPED_TRACE(workers);
      const QueueRun run(
          "{workers: " + std::to_string(workers) + ", backlog: " + std::to_string(backlog) + ", calls: [{sleep: 1h}]}",
          "100/s", "{duration: 500ms, drain: 1ms}");
      const Exhaustion* met = run.met();
      ASSERT_NE(met, nullptr);
      const std::uint32_t in = backlog + 1 + workers;
      EXPECT_EQ(run.edge().connect_ns.count(), in);
      EXPECT_NEAR(static_cast<double>(met->connections), static_cast<double>(run.edge().asked - in), 1);
      EXPECT_EQ(met->room, backlog + 1);
      EXPECT_NEAR(first_met(*met), (in + 0.5) / 100, 0.006);
    }
  }
}

// All 32 SYNs of a burst are there before a worker has taken up any: ten get in. The others come again after a second, when the ten
// have long been served, and ten of them get in, and so on.
TEST(AcceptQueue, OfABurstThoseThatFitInAreServedAndTheOthersComeAgain) {
  const TemporaryFolder folder;
  std::string times;
  for (int i = 0; i < 32; ++i) times += std::to_string(1'000'000 + i) + "ns\n";
  Ready scene(
      "cluster: {nodes: {count: 2, cpu: 16}}\napps: {web: {workers: 64, backlog: 9, work: 1us}}\npatches: "
      "{Service/web: "
      "{spec.type: NodePort}}\nworkloads: {ask: {from: {external: {count: 32, rtt: 20ms}}, to: {nodePort: web}, "
      "arrivals: "
      "{times: " +
          folder.write("times.csv", times) + "}, timeout: 100s}}\n",
      app_manifests("web", 1), "{duration: 10ms, drain: 4s}");
  const PointResult result = simulate(scene.variant(), 0);
  const EdgeStats& edge = result.edges.front();
  EXPECT_EQ(edge.ok, edge.asked);
  std::array<std::uint64_t, 4> by_second{};
  edge.connect_ns.for_each([&](std::int64_t lower, std::int64_t /*upper*/, std::uint64_t count) {
    const double seconds = static_cast<double>(lower) * 1e-9;
    ASSERT_LT(seconds, 4);
    by_second[static_cast<std::size_t>(seconds)] += count;
    EXPECT_NEAR(seconds - std::floor(seconds), 0.020, 0.002);
  });
  EXPECT_THAT(by_second, testing::ElementsAre(10, 10, 10, edge.asked - 30));
}

// 200 a second and a worker that answers 100: the queue's 50 places are full after half a second. Before 6.5 SYNs come again after
// 1 s, 3 s, 7 s.
TEST(AcceptQueue, AnOverloadedWorkersQueueFillsAtTheRateAtWhichItFallsBehind) {
  const QueueRun run("{workers: 1, backlog: 49, calls: [{sleep: 10ms}]}", "200/s", "{duration: 2s, drain: 1ms}",
                     ", kernel: \"6.1\"");
  const Exhaustion* met = run.met();
  ASSERT_NE(met, nullptr);
  EXPECT_NEAR(first_met(*met), 0.5, 0.03);
  // Whoever is in waits for 51 answers at most.
  EXPECT_LE(static_cast<double>(run.edge().latency_ns.quantile(1)) * 1e-9, 1.0 + 0.55);
}

TEST(AcceptQueue, TheKernelCutsTheBacklog) {
  const QueueRun old("{workers: 1, backlog: 511, calls: [{sleep: 1h}]}", "1000/s", "{duration: 500ms, drain: 1ms}",
                     ", kernel: \"5.3\"");
  ASSERT_NE(old.met(), nullptr);
  EXPECT_EQ(old.met()->room, 129U);
  EXPECT_THAT(render(old.scene.loaded->diagnostics.notices()),
              testing::HasSubstr("listen() cuts 511 to net.core.somaxconn, 128"));
  const QueueRun now("{workers: 1, backlog: 511, calls: [{sleep: 1h}]}", "1000/s", "{duration: 500ms, drain: 1ms}");
  EXPECT_EQ(now.met(), nullptr);
  const QueueRun set("{workers: 1, backlog: 511, calls: [{sleep: 1h}]}", "1000/s", "{duration: 500ms, drain: 1ms}",
                     ", tcp: {somaxconn: 20}");
  ASSERT_NE(set.met(), nullptr);
  EXPECT_EQ(set.met()->room, 21U);
}

// A queue that nobody fills changes nothing, and where nothing is said there is none.
TEST(AcceptQueue, RoomEnoughIsAsGoodAsNoLimit) {
  const auto quantiles = [](const std::string& app) {
    const QueueRun run(app, "500/s", "{duration: 1s}");
    EXPECT_EQ(run.met(), nullptr);
    EXPECT_EQ(run.edge().ok, run.edge().asked);
    return std::pair(run.edge().latency_ns.quantile(0.5), run.edge().latency_ns.quantile(1));
  };
  EXPECT_EQ(quantiles("{work: 1ms, backlog: 4096}"), quantiles("{work: 1ms}"));
}

// What is kept is accepted once: requests on it wait for workers, and for no place.
TEST(AcceptQueue, KeptConnectionsAreAcceptedOnce) {
  const QueueRun run("{workers: 1, backlog: 0, work: 100us}", "1000/s", "{duration: 1s}", "",
                     ", connection: {requestsPerConnection: 0, maxConnections: 1}");
  EXPECT_EQ(run.edge().ok, run.edge().asked);
  EXPECT_EQ(run.met(), nullptr);
}

}  // namespace
}  // namespace knetsim
