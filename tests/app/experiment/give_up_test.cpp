// Goal: a request that its client gives up is counted once, as a timeout at exactly its deadline, and its time is said
// to have gone where it went. Method: one user in a closed loop, so that every request meets the same; a server that
// never answers in time, at work or in its queue, and one out of reach.

#include <gtest/gtest.h>

#include "app/experiment/simulation.h"
#include "support/scenario_fixture.h"

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

/// Of the time of all requests that timed out, the share that was this wait.
double share(const PointResult& result, Wait cause) {
  const TimeSplit& sum = result.sources.front().timed_out().sum;
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
  EXPECT_EQ(edge.timeouts, edge.asked);
  EXPECT_TRUE(edge.latency_ns.empty());
  EXPECT_NEAR(to_seconds(result.sources.front().timed_out().sum.total()) * 1e3 / static_cast<double>(edge.asked), 20,
              0.03);
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

/// What became of connections that a policy Local leaves nowhere to go, 10 a second for 170 s.
EdgeStats into_the_void(const std::string& cluster, const std::string& more, const std::string& patch) {
  Ready scene("cluster: {nodes: {count: 2, cpu: 8}, " + cluster + "}\npatches: {Service/web: {" + patch +
                  "}}\nworkloads: {ask: {from: app=client, to: web, arrivals: {constant: 10/s}, " + more + "}}\n",
              app_manifests("web", 1) + app_manifests("client", 2), "{duration: 170s}");
  // One client is beside the server, the other is not: of that one's.
  BoundVariant& variant = scene.variant();
  std::erase_if(variant.traffic.sources.front().clients, [&](PodIndex pod) {
    return variant.cluster->pods[pod].node == variant.cluster->endpoints.latest().everywhere(0).front().node;
  });
  return simulate(variant, 0).edges.front();
}

// net.ipv4.tcp_syn_retries 6: 1 + 2 + 4 + ... + 64 = 127 s, and four seconds more with the linear timeouts of 6.5
// (ip-sysctl.rst). Of that and the caller's own timeout the shorter one ends it.
TEST(GiveUp, ConnectEndsWithTheKernelsScheduleWhereItsPacketsAreDropped) {
  for (const char* mode : {"iptables", "nftables"}) {
    for (const auto& [kernel, end_s] : {std::pair("5.15", 127), std::pair("6.18", 131)}) {
      const std::string cluster = std::string("kernel: '") + kernel + "', proxy: {mode: " + mode + "}";
      const auto ends = [&](int timeout_ms) {
        return into_the_void(cluster, "timeout: " + std::to_string(timeout_ms) + "ms",
                             "spec.internalTrafficPolicy: Local");
      };
      const EdgeStats patient = ends(1000 * end_s + 1);
      EXPECT_EQ(patient.ok + patient.timeouts, 0U);
      EXPECT_GT(patient.errors, 300U) << mode << " " << kernel;
      const EdgeStats hasty = ends(1000 * end_s - 1);
      EXPECT_EQ(hasty.ok + hasty.errors, 0U);
      EXPECT_GT(hasty.timeouts, 300U) << mode << " " << kernel;
    }
  }
}

// UDP has no such schedule.
TEST(GiveUp, ADatagramThatIsDroppedIsWaitedForToTheTimeout) {
  const EdgeStats stats = into_the_void(
      "kernel: '5.10'", "protocol: udp, timeout: 150s",
      "spec.internalTrafficPolicy: Local, 'spec.ports[0].protocol': UDP, 'spec.ports[0].targetPort': 8080");
  EXPECT_EQ(stats.ok + stats.errors, 0U);
  EXPECT_GT(stats.timeouts, 100U);
}

TEST(GiveUp, IpvsRefusesAtOnceWhereItHasNoDestination) {
  const EdgeStats stats = into_the_void("proxy: {mode: ipvs}", "timeout: 300s", "spec.internalTrafficPolicy: Local");
  EXPECT_EQ(stats.ok + stats.timeouts, 0U);
  EXPECT_NEAR(static_cast<double>(stats.errors), 1'700, 1);
}

}  // namespace
}  // namespace knetsim
