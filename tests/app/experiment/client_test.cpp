// Goal: a client that reads to the server's FIN, or works on an answer, takes as much longer as that takes, and a
// connection's CPU time is the same whether its end is waited for or not.
// Method: one user in a closed loop between two machines, noise off, so that every request takes the same time.

#include <gtest/gtest.h>

#include "app/experiment/simulation.h"
#include "support/scenario_fixture.h"

namespace knetsim {
namespace {

struct Outcome {
  double latency_us = 0;
  double connect_us = 0;
  double cpu_us = 0;  ///< All machines, a request.
  double requests = 0;
  std::uint64_t served = 0;  ///< By all pods.
};

/// @param workload  Keys of the workload beside who, whom and when.
Outcome run_one_user(const std::string& workload, const std::string& cluster = "nodes: {count: 2, cpu: 8}") {
  const std::string host = "      hostNetwork: true\n";
  Ready scene("cluster: {proxy: {mode: none}, " + cluster +
                  "}\n"
                  "workloads: {ask: {from: app=client, to: {pod: web}, request: 1B, response: 1B, "
                  "arrivals: {closed: {users: 1}}" +
                  workload + "}}\n",
              app_manifests("web", 1, host) + app_manifests("client", 1, host),
              "{duration: 200ms, warmUp: 50ms, noise: off}");
  const PointResult result = simulate(scene.variant(), 0);
  const EdgeStats& edge = result.edges.front();
  Outcome outcome;
  outcome.requests = static_cast<double>(edge.ok);
  outcome.latency_us = edge.latency_ns.mean() * 1e-3;
  for (const std::uint64_t of_pod : result.served_by_pod) outcome.served += of_pod;
  if (!edge.connect_ns.empty()) outcome.connect_us = edge.connect_ns.mean() * 1e-3;
  for (const NodeCpu& node : result.nodes) {
    outcome.cpu_us += to_seconds(node.softirq + node.application) * 1e6 / outcome.requests;
  }
  return outcome;
}

// netperf's TCP_CRR (src/nettest_omni.c): the server closes with its answer, so that the client has nothing more to
// wait for; it reads the end and closes. By the default profile's figures: syscall.receive 1,850, syscall.send 1,000,
// tcp.transmit 700, conntrack.lookup 100, qdisc 200 and driver.transmit 450 ns.
TEST(AwaitedClose, AddsWhatTheClientDoesAndNoExchange) {
  const Outcome round_trip = run_one_user(", connection: {requestsPerConnection: 0}");
  const Outcome plain = run_one_user("");
  const Outcome awaited = run_one_user(", connection: {awaitClose: true}");
  // Without the copy of one byte each way, well below a nanosecond; cores warm from the last exchange pay no wake-up.
  EXPECT_NEAR(plain.latency_us, plain.connect_us + round_trip.latency_us, 0.05);
  EXPECT_NEAR(awaited.latency_us, plain.latency_us + 4.3, 0.05);
}

// Two round trips: measured elsewhere 2,275 us where a round trip takes 1,141, twice 270 us of it cable each way.
TEST(AwaitedClose, TakesTwoRoundTripsOverADistance) {
  const Outcome round_trip =
      run_one_user(", connection: {requestsPerConnection: 0}", "nodes: {count: 2, cpu: 8}, topology: {delay: 270us}");
  const Outcome awaited =
      run_one_user(", connection: {awaitClose: true}", "nodes: {count: 2, cpu: 8}, topology: {delay: 270us}");
  EXPECT_NEAR(awaited.latency_us / round_trip.latency_us, 2275.0 / 1141.0, 0.05);
}

// The default profile's fit: 13,010 transactions a second between hosts (Cilium CNI benchmark of 2021-05-11).
TEST(AwaitedClose, TakesNetperfsTimeBetweenHosts) {
  const Outcome awaited = run_one_user(
      ", connection: {awaitClose: true}",
      "nodes: {count: 2, cpu: 8, nic: 100Gbps}, topology: {delay: 20ns, switchLatency: 0ns}");  // back to back
  EXPECT_NEAR(awaited.latency_us, 1e6 / 13'010, 0.3);
}

TEST(AwaitedClose, CostsTheSameCpuAsAnUnawaitedOne) {
  const Outcome plain = run_one_user("");
  const Outcome awaited = run_one_user(", connection: {awaitClose: true}");
  EXPECT_NEAR(awaited.cpu_us / plain.cpu_us, 1, 0.005);
}

// As the requests of an edge: those of the warm-up, a quarter more here, are no part of it. One may be on its way at
// the end.
TEST(ServedByPod, CountsTheMeasuredWindow) {
  const Outcome outcome = run_one_user("");
  EXPECT_NEAR(static_cast<double>(outcome.served), outcome.requests, 1);
}

TEST(ClientWork, IsPaidOnceARequestOnTheClientsMachine) {
  const Outcome plain = run_one_user(", connection: {requestsPerConnection: 0}");
  const Outcome working = run_one_user(", connection: {requestsPerConnection: 0}, work: 300us");
  // In between the softirq cores get done with the ACKs of the answer before, 0.7 us, which else are in the way.
  EXPECT_NEAR(working.latency_us - plain.latency_us, 300, 0.7);
  EXPECT_NEAR(working.cpu_us - plain.cpu_us, 300, 2 * working.cpu_us / working.requests);  // a request at each edge
}

}  // namespace
}  // namespace knetsim
