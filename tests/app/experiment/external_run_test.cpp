// Goal: requests of clients outside of the cluster take the time that their distance and their line ask for, and each
// client is an address of its own. Method: closed forms of round trips and rates, on idle machines, in every mode that
// serves node ports; who is chosen where the choice goes by the client's address.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <span>
#include <vector>

#include "app/experiment/simulation.h"
#include "support/scenario_fixture.h"

namespace knetsim {
namespace {

/// What the cluster's machines and cables may take of a round trip on top of a client's distance.
constexpr double kOnTopOfTheDistance = 250e-6;

const std::string kFourNodes = "cluster: {nodes: {count: 4}, cni: {kind: flannel}}\n";
const std::string kAskedByNodePort = "patches: {Service/web: {spec.type: NodePort}}\n";

std::string browse_from(const std::string& external, const std::string& more = "") {
  return "workloads: {browse: {from: {external: " + external + "}, to: {nodePort: web}, arrivals: {constant: 200/s}" +
         more + "}}\n";
}

struct MedianTimes {
  double connect, request;
};

MedianTimes median_times(const BoundVariant& variant) {
  const PointResult result = simulate(variant, 0);
  const EdgeStats& edge = result.edges.at(variant.traffic.sources[0].edge);
  EXPECT_GT(edge.asked, 50U);
  EXPECT_EQ(edge.ok, edge.asked);
  return {static_cast<double>(edge.connect_ns.quantile(0.5)) * 1e-9,
          static_cast<double>(edge.latency_ns.quantile(0.5)) * 1e-9};
}

TEST(ExternalRun, ANewConnectionTakesTwoRoundTripsAndAKeptOneTakesOne) {
  const Ready scene(kFourNodes + kAskedByNodePort + browse_from("{count: 10, rtt: 20ms}") +
                        "variants:\n  iptables: {}\n  ipvs: {cluster.proxy.mode: ipvs}\n"
                        "  nftables: {cluster.proxy.mode: nftables}\n  ebpf: {cluster.proxy.mode: ebpf}\n"
                        "  leaves: {cluster.topology.kind: leaf-spine}\n"
                        "  kept: {workloads.browse.connection: {requestsPerConnection: 0}}\n",
                    app_manifests("web", 3), "{duration: 1s, warmUp: 1s}");
  for (const BoundVariant& variant : scene.loaded->variants) {
    SCOPED_TRACE(variant.name);
    const bool kept = variant.name == "kept";
    const MedianTimes seen = median_times(variant);
    const double round_trips = kept ? 1 : 2;
    EXPECT_GE(seen.request, round_trips * 0.020);
    EXPECT_LE(seen.request, round_trips * (0.020 + kOnTopOfTheDistance));
    if (kept) continue;
    EXPECT_GE(seen.connect, 0.020);
    EXPECT_LE(seen.connect, 0.020 + kOnTopOfTheDistance);
  }
}

TEST(ExternalRun, EachGroupHasItsOwnDistance) {
  const Ready scene(kFourNodes + kAskedByNodePort + browse_from("[{count: 1, rtt: 10ms}, {count: 9, rtt: 100ms}]"),
                    app_manifests("web", 3), "{duration: 4s, noise: off}");
  const PointResult result = simulate(scene.loaded->variants.front(), 0);
  const EdgeStats& edge = result.edges.front();
  EXPECT_EQ(edge.ok, edge.asked);
  std::uint64_t near = 0;
  edge.latency_ns.for_each([&](std::int64_t lower, std::int64_t /*upper*/, std::uint64_t count) {
    const double seconds = static_cast<double>(lower) * 1e-9;
    EXPECT_TRUE((seconds > 0.0199 && seconds < 0.021) || (seconds > 0.199 && seconds < 0.201)) << seconds;
    near += seconds < 0.1 ? count : 0;
  });
  // A tenth of 800: binomial, standard deviation 8.5.
  EXPECT_NEAR(static_cast<double>(near), 0.1 * static_cast<double>(edge.asked), 4 * 8.5);
}

TEST(ExternalRun, AnAnswerComesNoFasterThanTheClientsLine) {
  const Ready scene(
      kAskedByNodePort +
          "workloads: {browse: {from: {external: {count: 4, rtt: 1ms, rate: 10Mbps}}, to: {nodePort: web}, "
          "arrivals: {constant: 4/s}, request: 100B, response: 125kB}}\n",
      app_manifests("web", 3), "{duration: 10s, noise: off}");
  const PointResult result = simulate(scene.loaded->variants.front(), 0);
  const EdgeStats& edge = result.edges.front();
  ASSERT_GE(edge.ok, 39U);
  // 125 kB are 87 segments of 1,448 bytes, each 1,538 with headers, preamble and gap; two round trips before the first.
  const double line = 125'000.0 * 1538 / 1448 * 8 / 10e6;
  const double seen = static_cast<double>(edge.latency_ns.quantile(0.5)) * 1e-9;
  EXPECT_GE(seen, line + 2 * 0.001);
  // Three flights of slow start are each acknowledged as a whole: the line is idle for a round trip after each.
  EXPECT_LE(seen, line + 5 * 0.001 + 1e-3);
}

std::size_t pods_that_answered(const std::string& clients, const std::string& patches, const std::string& proxy) {
  const Ready scene("cluster: {nodes: {count: 4}, cni: {kind: flannel}, proxy: " + proxy +
                        "}\npatches: {Service/web: {" + "spec.type: NodePort" + patches +
                        "}}\nworkloads: {browse: {from: {external: {count: " + clients +
                        ", rtt: 2ms}}, to: {nodePort: web, through: node-0}, arrivals: {constant: 400/s}}}\n",
                    app_manifests("web", 8), "{duration: 1s}");
  const PointResult result = simulate(scene.loaded->variants.front(), 0);
  EXPECT_EQ(result.edges.front().ok, result.edges.front().asked);
  return static_cast<std::size_t>(
      std::ranges::count_if(result.served_by_pod, [](std::uint64_t served) { return served > 0; }));
}

TEST(ExternalRun, AffinityAndHashesGoByEachClientsOwnAddress) {
  const std::string affinity = ", spec.sessionAffinity: ClientIP";
  for (const char* mode : {"{mode: iptables}", "{mode: nftables}", "{mode: ebpf}"}) {
    SCOPED_TRACE(mode);
    EXPECT_EQ(pods_that_answered("1", affinity, mode), 1U);
    EXPECT_GE(pods_that_answered("60", affinity, mode), 7U);  // all eight but for a chance of 8 x (7/8)^60 = 0.003
  }
  const char* hashed = "{mode: ipvs, scheduler: sh}";
  EXPECT_EQ(pods_that_answered("1", "", hashed), 1U);
  EXPECT_GE(pods_that_answered("60", "", hashed), 7U);
}

TEST(ExternalRun, RulesAreEvaluatedOnTheClustersMachinesAlone) {
  const auto rules = [](const std::string& from) {
    const Ready scene(
        "cluster: {nodes: {count: 4}, background: {services: 2000}, cni: {kind: bridge}}\n" + kAskedByNodePort +
            "workloads: {browse: {from: " + from +
            ", to: {nodePort: web, through: node-0}, arrivals: {constant: 400/s}}}\n",
        app_manifests("web", 3) +
            "apiVersion: v1\nkind: Pod\nmetadata: {name: c, labels: {app: client}}\nspec: {nodeName: node-3, "
            "hostNetwork: true, containers: [{name: c, image: x}]}\n",
        "{duration: 500ms}");
    const PointResult result = simulate(scene.loaded->variants.front(), 0);
    const EdgeStats& edge = result.edges.front();
    return edge.rules_evaluated / static_cast<double>(edge.connections);
  };
  const double inside = rules("app=client"), outside = rules("{external: {rtt: 1ms}}");
  // R and the tail of KUBE-SERVICES in nat OUTPUT of the client's node, beside some rules of filter.
  EXPECT_NEAR(inside - outside, 2002, 20);
}

// sessionAffinity knows clients by their address. Behind one address all are one client to a node: one endpoint for
// each node that is asked. 200 addresses over four endpoints: each has 50 clients, by the binomial law.
TEST(ExternalRun, AffinityTakesThoseBehindANatForOneClient) {
  const auto run = [](const std::string& clients, const std::string& through) {
    const Ready scene(kFourNodes + "patches: {Service/web: {spec.type: NodePort, spec.sessionAffinity: ClientIP}}\n" +
                          "workloads: {browse: {from: {external: {count: 200, rtt: 1ms" + clients +
                          "}}, to: {nodePort: web" + through + "}, arrivals: {constant: 2000/s}}}\n" +
                          "variants:\n  iptables: {}\n  nftables: {cluster.proxy.mode: nftables}\n"
                          "  ebpf: {cluster.proxy.mode: ebpf}\n",
                      app_manifests("web", 4), "{duration: 1s}");
    std::vector<std::multiset<std::uint64_t>> served;
    for (const BoundVariant& variant : scene.loaded->variants) {
      const PointResult result = simulate(variant, 0);
      EXPECT_EQ(result.edges.front().ok, result.edges.front().asked);
      served.emplace_back(result.served_by_pod.begin(), result.served_by_pod.begin() + 4);
    }
    return served;
  };
  for (const auto& served : run(", addresses: 1", ", through: node-0")) {
    EXPECT_EQ(served.count(0), 3U) << "one of the four answers all";
  }
  for (const auto& served : run("", ", through: node-0")) {
    for (const std::uint64_t one : served) EXPECT_NEAR(static_cast<double>(one), 500, 10 * 4 * std::sqrt(200 * 0.1875));
  }
  // Each of four nodes sends its quarter of the connections to one endpoint.
  for (const auto& served : run(", addresses: 1", "")) {
    for (const std::uint64_t one : served) {
      const double quarters = std::round(static_cast<double>(one) / 500);
      EXPECT_NEAR(static_cast<double>(one), 500 * quarters, 4 * std::sqrt(2000 * 0.1875 * std::max(1.0, quarters)));
    }
  }
}

// A client whose last connection is older than the timeout is a new one: of one address that connects every 500 ms,
// with a timeout of 1 s, all go to one endpoint; where it connects every 2 s, each connection is drawn anew.
TEST(ExternalRun, AffinityEndsWithItsTimeout) {
  const auto run = [](const std::string& rate, const std::string& timeout) {
    const Ready scene(kFourNodes +
                          "patches: {Service/web: {spec.type: NodePort, spec.sessionAffinity: ClientIP, "
                          "spec.sessionAffinityConfig: {clientIP: {timeoutSeconds: " +
                          timeout +
                          "}}}}\nworkloads: {browse: {from: {external: {count: 40, rtt: 1ms, addresses: 1}}, to: "
                          "{nodePort: web, through: node-0}, arrivals: {constant: " +
                          rate + "}}}\n",
                      app_manifests("web", 4), "{duration: 60s}");
    const PointResult result = simulate(scene.loaded->variants.front(), 0);
    return std::ranges::count(std::span(result.served_by_pod).first(4), 0U);
  };
  EXPECT_EQ(run("2/s", "1"), 3) << "connections every 500 ms: it is known each time";
  EXPECT_EQ(run("0.5/s", "1"), 0) << "every 2 s: of 30 draws over four endpoints none is missed but for 4 x 0.75^30";
  EXPECT_EQ(run("0.5/s", "10"), 3);
}

}  // namespace
}  // namespace knetsim
