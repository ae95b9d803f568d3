// Goal: what happens to a cluster under traffic is what a cluster makes of it: nodes send to endpoints as long as they
// know no better, connections meet a reset, silence or an unreachable host, kept ones stay until their pod goes, and the
// number of failures is that of the closed form. Method: scenarios with a timeline, one pod or node of which each test
// takes away; counts exact where arrivals are constant, within intervals from theory where they are Poisson.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "app/experiment/simulation.h"
#include "support/scenario_fixture.h"

namespace knetsim {
namespace {

using namespace std::chrono_literals;

/// 1,000 requests a second, evenly spaced, from one client pod to two pods behind a Service.
struct Scene : Ready {
  Scene(const std::string& timeline, const std::string& requests_per_connection, const std::string& cluster = "",
        const std::string& arrivals = "{constant: 1000/s}", const std::string& run = "{duration: 4s, noise: off}",
        int pods = 2)
      : Ready("cluster: {nodes: {count: 3}" + cluster +
                  "}\n"
                  "timeline: [" +
                  timeline +
                  "]\n"
                  "workloads: {browse: {from: app=client, to: web, timeout: 500ms, arrivals: " +
                  arrivals + ", connection: {requestsPerConnection: " + requests_per_connection + "}}}\n",
              app_manifests("web", pods) + app_manifests("client", 1), run) {}

  PointResult run(std::uint32_t replicate = 0) { return simulate(variant(), replicate); }
};

std::uint64_t failed(const PointResult& result, Failure cause) {
  return result.edges[0].errors_by_failure[static_cast<std::size_t>(cause)];
}

// web-1 stops at 1 s. The controller writes at once and nodes hear at once; a node syncs then, if its last sync began
// more than a second ago: from there on everything goes to the two that are left, web-2 and the replacement.
TEST(Timeline, AProcessThatEndsResetsThoseWhoComeUntilTheirNodeKnows) {
  Scene scene("{at: 1s, delete: web-1}", "1", ", control: {podStart: 1s, endpointUpdatesBatchPeriod: 300ms}");
  const PointResult result = scene.run();
  const EdgeStats& edge = result.edges[0];
  EXPECT_EQ(edge.timeouts, 0U);
  EXPECT_EQ(edge.errors, failed(result, Failure::Refused) + failed(result, Failure::Reset));
  // Half of those of 300 ms, and of what the node's sync takes.
  EXPECT_GT(failed(result, Failure::Refused), 100U);
  EXPECT_LT(failed(result, Failure::Refused), 220U);
  EXPECT_LE(failed(result, Failure::Reset), 2U) << "what it had just taken up";
  EXPECT_LE(edge.stale_choices, failed(result, Failure::Refused)) << "the API server knows before the node";
  EXPECT_GT(result.served_by_pod.back(), 300U) << "half of what its replacement, ready at 2 s, is there for";
}

TEST(Timeline, APodThatHasBeenTakenDownIsUnreachableOnABridgeAndSilentWhereRouted) {
  for (const bool bridge : {true, false}) {
    Scene scene(
        "{at: 1s, delete: web-1}", "1",
        std::string(", cni: {kind: ") + (bridge ? "bridge" : "routed") + "}, control: {endpointUpdatesBatchPeriod: 2s}",
        "{constant: 100/s}", "{duration: 8s, noise: off}");
    scene.variant().traffic.edges[0].timeout = 10s;
    const PointResult result = scene.run();
    EXPECT_GT(failed(result, Failure::Refused), 30U) << "in the first second";
    if (bridge) {
      EXPECT_GT(failed(result, Failure::Unreachable), 30U) << "three ARP requests later";
      EXPECT_EQ(result.edges[0].timeouts, 0U);
    } else {
      EXPECT_EQ(failed(result, Failure::Unreachable), 0U);
      EXPECT_GT(result.edges[0].timeouts, 30U);
    }
  }
}

// One connection for all, to one of two pods, which are deleted one after the other: each time the next request opens
// another. A SYN to a pod that is gone walks the rules as any other does, and counts as a connection.
TEST(Timeline, KeptConnectionsStayUntilTheirPodStops) {
  Scene scene("{at: 1s, delete: web-1}, {at: 2s, delete: web-2}", "0", ", control: {podStart: 500ms}");
  const PointResult result = scene.run();
  const EdgeStats& edge = result.edges[0];
  EXPECT_EQ(edge.connections, 3U + failed(result, Failure::Refused));
  EXPECT_LE(failed(result, Failure::Reset), 2U) << "what was at the server";
  EXPECT_EQ(edge.failed(), failed(result, Failure::Refused) + failed(result, Failure::Reset));
  EXPECT_LE(failed(result, Failure::Refused), 10U) << "nodes know within their sync";
}

TEST(Timeline, APreStopLongerThanTheNewsTakeSavesEveryRequest) {
  for (const int seconds : {0, 2}) {
    const std::string hook = "spec.template.spec.containers[0].lifecycle.preStop.sleep.seconds";
    Scene scene("{at: 1s, delete: web-1}", "1",
                ", control: {endpointUpdatesBatchPeriod: 300ms}}\npatches: {Deployment/web: {\"" + hook +
                    "\": " + std::to_string(seconds) + "}");
    const std::uint64_t failures = scene.run().edges[0].failed();
    if (seconds == 0) {
      EXPECT_GT(failures, 100U);
    } else {
      EXPECT_EQ(failures, 0U);
    }
  }
}

// Its requests end at their timeout until the node is NotReady and the others know.
TEST(Timeline, ANodeThatIsDownSwallowsWhatIsSentToIt) {
  Scene scene("{at: 1s, node: node-0}, {at: 1s, node: node-1}, {at: 1s, node: node-2}", "1");
  const PointResult all_down = scene.run();
  EXPECT_LE(all_down.edges[0].asked, 1'000U) << "its client is gone too";
  // One server's node: half of the requests meet silence until the run ends, for the node is noticed after 50 s.
  Scene other("", "1");
  const Cluster& cluster = *other.variant().cluster;
  const NodeIndex of_client = cluster.pods[other.variant().traffic.sources[0].clients[0]].node;
  for (const Pod& pod : cluster.pods) {
    if (pod.node == of_client || cluster.workloads[pod.workload].name != "web") continue;
    Scene down("{at: 1s, node: " + std::string(cluster.nodes[pod.node].name) + "}", "1");
    const PointResult result = down.run();
    EXPECT_NEAR(static_cast<double>(result.edges[0].timeouts), 1'500, 120) << "of 3,000 to two pods";
    EXPECT_EQ(result.edges[0].errors, 0U);
    return;
  }
  FAIL() << "a web pod stands on another node than the client";
}

TEST(Timeline, ClientsComeAndGoWithTheirPods) {
  Ready scene(
      "cluster: {nodes: {count: 3}, control: {podStart: 1s}}\n"
      "timeline: [{at: 1s, scale: {deployment: client, replicas: 0}}, {at: 2s, scale: {deployment: client, replicas: "
      "2}}]\n"
      "workloads: {browse: {from: app=client, to: web, arrivals: {constant: 1000/s}, "
      "connection: {requestsPerConnection: 1}}}\n",
      app_manifests("web", 2) + app_manifests("client", 1), "{duration: 4s, noise: off}");
  const PointResult result = simulate(scene.variant(), 0);
  EXPECT_NEAR(static_cast<double>(result.edges[0].asked), 2'000, 3);
}

// Tens of thousands wait for its only worker when it is deleted: they fail, one after the other.
TEST(Timeline, AProcessWithALongQueueTakesAllOfItAlong) {
  Ready scene(
      "cluster: {nodes: {count: 3}}\n"
      "timeline: [{at: 3s, delete: web-1}]\n"
      "apps: {web: {work: 1s, workers: 1}}\n"
      "workloads: {browse: {from: app=client, to: web, timeout: 20s, arrivals: {constant: 20000/s}, "
      "connection: {requestsPerConnection: 1}}}\n",
      app_manifests("web", 1) + app_manifests("client", 20), "{duration: 3500ms, drain: 1s, noise: off}");
  const PointResult result = simulate(scene.variant(), 0);
  EXPECT_GT(failed(result, Failure::Reset), 50'000U);
}

// A process that ends closes its UDP socket without a word (Linux v6.1 net/ipv4/udp.c, udp_destroy_sock): who has sent it a
// datagram waits as long as he would have, and is not told of a reset.
TEST(Timeline, WhoHasSentADatagramHearsNothingOfTheProcesssEnd) {
  Ready scene(
      "cluster: {nodes: {count: 3}}\n"
      "timeline: [{at: 1s, delete: web-1}]\n"
      "apps: {web: {work: 100ms, workers: 1}}\n"
      "workloads: {ask: {from: app=client, to: web, protocol: udp, timeout: 2s, arrivals: {constant: 100/s}}}\n",
      "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 1\n  selector: {matchLabels: "
      "{app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec: {containers: [{name: s, ports: "
      "[{containerPort: 53, protocol: UDP}]}]}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: "
      "{selector: {app: web}, ports: [{port: 53, protocol: UDP}]}\n---\n" +
          app_manifests("client", 1),
      "{duration: 1200ms, drain: 10s, noise: off}");
  const PointResult result = simulate(scene.variant(), 0);
  const EdgeStats& edge = result.edges[0];
  EXPECT_EQ(failed(result, Failure::Reset), 0U);
  EXPECT_GT(edge.timeouts, 80U) << "what waited for the only worker, and waits on for an answer";
  EXPECT_EQ(edge.unfinished, 0U);
}

// A workload's pods are asked by their addresses: those that are ready, the new ones too.
TEST(Timeline, PodsThatAreAskedByTheirAddressesComeAndGo) {
  Ready scene(
      "cluster: {nodes: {count: 3}, control: {podStart: 500ms}}\n"
      "timeline: [{at: 500ms, rollout: web}]\n"
      "workloads: {browse: {from: app=client, to: {pod: web}, timeout: 1s, arrivals: {constant: 1000/s}, "
      "connection: {requestsPerConnection: 1}}}\n",
      app_manifests("web", 3) + app_manifests("client", 1), "{duration: 5s, noise: off}");
  const PointResult result = simulate(scene.variant(), 0);
  EXPECT_LE(result.edges[0].failed(), 3U) << "what was at a process that ended";
}

TEST(Timeline, TheSameScenarioGivesTheSameEventsTwice) {
  RunDigest first, second;
  for (RunDigest* digest : {&first, &second}) {
    Scene scene("{at: 1s, rollout: web}, {at: 2s, node: node-1}", "1", "", "{poisson: 1000/s}");
    simulate(scene.variant(), 3, nullptr, digest);
  }
  EXPECT_EQ(first, second);
  EXPECT_NE(first, RunDigest{});
}

// Poisson arrivals of rate r, a connection each, no retries. One of E pods ends at t and is refused from then on until the
// client's node has synced: failures are Poisson with mean r / E x (batch + the node's wait + its sync), which each run
// says. Over 20 seeds, 99 %.
TEST(Timeline, FailuresAreRateTimesShareTimesWhatTheNewsTake) {
  constexpr double kRate = 500;
  constexpr int kPods = 4;
  double expected = 0;
  double seen = 0;
  for (std::uint32_t replicate = 0; replicate < 20; ++replicate) {
    Scene scene("{at: 2s, delete: web-1}", "1",
                ", control: {endpointUpdatesBatchPeriod: 400ms}, background: {services: 5000}", "{poisson: 500/s}",
                "{duration: 5s}", kPods);
    const PointResult result = scene.run(replicate);
    seen += static_cast<double>(result.edges[0].failed());
    const Cluster& cluster = *scene.variant().cluster;
    const NodeIndex node = cluster.pods[scene.variant().traffic.sources[0].clients[0]].node;
    const auto known = std::ranges::find(result.synced, node, &NodeSynced::node);
    ASSERT_NE(known, result.synced.end());
    expected += kRate / kPods * to_seconds(known->at - (kTimeZero + 2s));
  }
  EXPECT_NEAR(seen, expected, 2.58 * std::sqrt(expected));
  EXPECT_GT(expected, 20 * kRate / kPods * 0.4);
}

}  // namespace
}  // namespace knetsim
