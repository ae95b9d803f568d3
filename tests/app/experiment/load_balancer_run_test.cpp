// Goal: what comes through a cloud's load balancer is answered by whom the policy says, in the shares that follow from it, and
// a node that loses its endpoint costs requests until the health checks have found out. Method: shares against the binomial
// law; failures against the closed form rate x share x time until it is noticed.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "app/experiment/simulation.h"
#include "support/scenario_fixture.h"

namespace knetsim {
namespace {

using namespace std::chrono_literals;

std::string endpoint_on(const std::string& name, const std::string& node) {
  return "apiVersion: v1\nkind: Pod\nmetadata: {name: " + name + ", labels: {app: web}}\nspec: {nodeName: " + node +
         ", containers: [{name: c, image: x, ports: [{name: http, containerPort: 8080}]}]}\n---\n";
}

/// Two endpoints on one node, one on another, none on two.
const std::string kThreeEndpoints =
    endpoint_on("a", "node-0") + endpoint_on("b", "node-0") + endpoint_on("c", "node-1") +
    "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {type: LoadBalancer, selector: "
    "{app: web}, ports: [{port: 80, targetPort: http}]}\n";

std::string through_balancer(const std::string& arrivals, const std::string& service, const std::string& more = "") {
  return "cluster: {nodes: {count: 4}, cni: {kind: flannel}, loadBalancer: {healthCheck: {interval: 1s, healthy: 1, "
         "unhealthy: "
         "2}}}\npatches: {Service/web: {" +
         service +
         "}}\nworkloads: {browse: {from: {external: {count: 40, rtt: 2ms}}, to: {loadBalancer: web}, timeout: 500ms, " +
         "arrivals: " + arrivals + "}}\n" + more;
}

TEST(LoadBalancerRun, SharesAreByNodeWithThePolicyLocalAndByEndpointWithCluster) {
  for (const char* mode : {"iptables", "ipvs", "nftables", "ebpf"}) {
    for (const bool local : {true, false}) {
      SCOPED_TRACE(mode + std::string(local ? ", Local" : ", Cluster"));
      const Ready scene(through_balancer("{constant: 4000/s}",
                                         std::string("spec.externalTrafficPolicy: ") + (local ? "Local" : "Cluster")) +
                            "variants: {v: {cluster.proxy.mode: " + mode + "}}\n",
                        kThreeEndpoints, "{duration: 1s, warmUp: 100ms}");
      const PointResult result = simulate(scene.loaded->variants.front(), 0);
      const EdgeStats& edge = result.edges.front();
      ASSERT_EQ(edge.ok, edge.asked);
      const double n = static_cast<double>(edge.asked);
      const std::array<double, 3> shares = local ? std::array{0.25, 0.25, 0.5} : std::array{1.0 / 3, 1.0 / 3, 1.0 / 3};
      for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_NEAR(static_cast<double>(result.served_by_pod[i]), shares[i] * n,
                    4 * std::sqrt(n * shares[i] * (1 - shares[i])));
      }
    }
  }
}

TEST(LoadBalancerRun, UnevenSharesAreToldOf) {
  const auto notices = [](const std::string& service) {
    return render(Ready(through_balancer("{poisson: 10/s}", service), kThreeEndpoints).loaded->diagnostics.notices());
  };
  EXPECT_THAT(notices("spec.externalTrafficPolicy: Local"),
              testing::HasSubstr(
                  "an endpoint of node-0, which has 2, gets 25 % of the connections, one of node-1, which has 1, "
                  "50 %"));
  EXPECT_THAT(notices("spec.externalTrafficPolicy: Cluster"), testing::Not(testing::HasSubstr("splits by node")));
}

TEST(LoadBalancerRun, ClientsOutsideOfTheSourceRangesAreDropped) {
  // 198.18.0.0/28 holds clients 1 to 15 of 40.
  const Ready scene(
      through_balancer("{constant: 2000/s}", "spec.loadBalancerSourceRanges: [198.18.0.0/28, 203.0.113.0/24]"),
      kThreeEndpoints, "{duration: 1s}");
  const PointResult result = simulate(scene.loaded->variants.front(), 0);
  const EdgeStats& edge = result.edges.front();
  EXPECT_EQ(edge.timeouts, edge.asked - edge.ok);
  EXPECT_NEAR(static_cast<double>(edge.ok), 2000 * 15.0 / 40, 4 * std::sqrt(2000 * (15.0 / 40) * (25.0 / 40)));
}

// The only endpoint of node-1 is not ready from 2 s on. Half of the connections go there until the second check that
// fails, 1 to 2 s after the node's kube-proxy knows, which takes a sync; they are dropped.
TEST(LoadBalancerRun, ANodeWithoutEndpointsFailsUntilTheHealthChecksHaveFoundOut) {
  constexpr double kRate = 500;
  double failed = 0;
  constexpr int kReplicates = 10;
  const Ready scene(through_balancer("{poisson: 500/s}", "spec.externalTrafficPolicy: Local",
                                     "timeline: [{at: 2s, ready: {pod: c, value: false}}]\n"),
                    kThreeEndpoints, "{duration: 8s}");
  for (std::uint32_t replicate = 0; replicate < kReplicates; ++replicate) {
    const PointResult result = simulate(scene.loaded->variants.front(), replicate);
    const EdgeStats& edge = result.edges.front();
    const auto bad = static_cast<double>(edge.asked - edge.ok);
    EXPECT_GT(bad, kRate / 2 * 1.0 - 4 * std::sqrt(kRate / 2 * 1.0)) << replicate;
    EXPECT_LT(bad, kRate / 2 * 2.1 + 4 * std::sqrt(kRate / 2 * 2.1)) << replicate;
    failed += bad;
  }
  // The mean of 1.5 s; phases are uniform over a second: standard deviation 0.29 s / sqrt(10).
  EXPECT_NEAR(failed / kReplicates / (kRate / 2), 1.5, 0.05 + 4 * 0.29 / std::sqrt(kReplicates));
}

// With the policy Cluster a node without endpoints forwards as any other. Off the network it forwards nothing: a quarter of
// the new connections go there until the second check that fails, 1 to 2 s later, and kept ones hang.
TEST(LoadBalancerRun, ANodeThatIsDownForwardsNothing) {
  constexpr double kRate = 500;
  double failed = 0;
  constexpr int kReplicates = 10;
  const Ready scene(through_balancer("{poisson: 500/s}", "spec.externalTrafficPolicy: Cluster",
                                     "timeline: [{at: 2s, node: {name: node-3, down: true}}]\nvariants:\n  each: {}\n"
                                     "  kept: {workloads.browse.connection: {requestsPerConnection: 0}}\n"
                                     "  named: {workloads.browse.to: {nodePort: web, through: node-3}}\n"),
                    kThreeEndpoints, "{duration: 8s}");
  for (std::uint32_t replicate = 0; replicate < kReplicates; ++replicate) {
    const PointResult result = simulate(scene.loaded->variants[0], replicate);
    failed += static_cast<double>(result.edges.front().asked - result.edges.front().ok);
  }
  EXPECT_NEAR(failed / kReplicates / (kRate / 4), 1.5, 0.05 + 4 * 0.29 / std::sqrt(kReplicates));
  const PointResult kept = simulate(scene.loaded->variants[1], 0);
  EXPECT_GT(kept.edges.front().failed(), 5U) << "one for each of the connections that entered there, at least";
  const PointResult named = simulate(scene.loaded->variants[2], 0);
  EXPECT_NEAR(static_cast<double>(named.edges.front().ok), 2 * kRate, 4 * std::sqrt(2 * kRate));
}

const char* const kModesWithExternalIps[] = {"iptables", "ipvs", "nftables", "ebpf"};

std::string through_metallb(const std::string& balancer, const std::string& policy, const std::string& more = "") {
  return "cluster: {nodes: {count: 4}, cni: {kind: flannel}, loadBalancer: {" + balancer +
         "}}\npatches: {Service/web: {spec.externalTrafficPolicy: " + policy +
         "}}\nworkloads: {browse: {from: {external: {count: 40, rtt: 2ms}}, to: {loadBalancer: web}, timeout: 500ms, "
         "arrivals: {poisson: 500/s}}}\n" +
         more;
}

/// Endpoints on nodes 1 to 3 alone, so that node-0, which announces 203.0.113.1, can go without one.
const std::string kElsewhere = endpoint_on("a", "node-1") + endpoint_on("b", "node-2") + endpoint_on("c", "node-3") +
                               "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {type: LoadBalancer, "
                               "selector: {app: web}, ports: [{port: 80, targetPort: http}]}\n";

// All connections are lost from the node's loss until another one has the address: rate x failover. With BGP one in
// four is, until its session is given up: rate / 4 x holdTime.
TEST(LoadBalancerRun, TheLossOfAnAnnouncingNodeCostsWhatItCarriesUntilItIsNoticed) {
  constexpr double kRate = 500;
  for (const char* mode : kModesWithExternalIps) {
    for (const bool one_node : {true, false}) {
      SCOPED_TRACE(std::string(mode) + (one_node ? ", l2" : ", bgp"));
      const Ready scene(
          through_metallb(one_node ? "kind: metallb-l2, failover: 2s" : "kind: metallb-bgp, holdTime: 4s", "Cluster",
                          "timeline: [{at: 2s, node: {name: node-0, down: true}}]\nvariants: {v: "
                          "{cluster.proxy.mode: " +
                              std::string(mode) + "}}\n"),
          kElsewhere, "{duration: 9s}");
      const EdgeStats edge = simulate(scene.loaded->variants.front(), 0).edges.front();
      const double lost = one_node ? kRate * 2 : kRate / 4 * 4;
      EXPECT_NEAR(static_cast<double>(edge.asked - edge.ok), lost, 4 * std::sqrt(lost) + 3) << "3 are under way";
    }
  }
}

// Four nodes have a speaker each, the 40 clients outside have none: 6 s, as of memberlist in clusters of up to ten.
TEST(LoadBalancerRun, AnAnnouncingNodeIsMissedBySpeakersAlone) {
  constexpr double kLost = 500 * 6;
  const Ready scene(
      through_metallb("kind: metallb-l2", "Cluster", "timeline: [{at: 2s, node: {name: node-0, down: true}}]\n"),
      kElsewhere, "{duration: 10s}");
  const EdgeStats edge = simulate(scene.loaded->variants.front(), 0).edges.front();
  EXPECT_NEAR(static_cast<double>(edge.asked - edge.ok), kLost, 4 * std::sqrt(kLost) + 3) << "3 are under way";
}

// 400 clients with a kept connection each, and 400 users who each ask any of them again 1.5 s after an answer; the loss
// of node-0 is noticed a second later. With plain hashing a flow keeps its place with probability 1/4 when four nodes
// become three: 3/4 of the connections whose node is well are moved, and each is reset once. Those to the lost node
// that nobody uses within the second are moved as well, all of them in layer 2 mode; requests on the others wait in
// vain, and their users ask no more: of x requests a connection within the second, exp(-x) are not used, where x = (1 -
// exp(-s / 1.5)) / s for a share s that is lost.
TEST(LoadBalancerRun, AChangeOfTheSetResetsTheConnectionsThatItMoves) {
  const auto resets = [](const char* balancer) {
    const Ready scene(
        "cluster: {nodes: {count: 4}, cni: {kind: flannel}, loadBalancer: {" + std::string(balancer) +
            "}}\nworkloads: {browse: {from: {external: {count: 400, rtt: 2ms}}, to: {loadBalancer: web}, timeout: 20s, "
            "arrivals: {closed: {users: 400, think: {exponential: 1500ms}}}, connection: {requestsPerConnection: 0}}}\n"
            "timeline: [{at: 15s, node: {name: node-0, down: true}}]\n",
        kElsewhere, "{duration: 30s}");
    const EdgeStats edge = simulate(scene.loaded->variants.front(), 0).edges.front();
    return static_cast<double>(edge.errors_by_failure[static_cast<std::size_t>(Failure::Reset)]);
  };
  const auto unused = [](double share) { return std::exp(-(1 - std::exp(-share / 1.5)) / share); };
  EXPECT_NEAR(resets("kind: metallb-bgp, holdTime: 1s"), 300 * 0.75 + 100 * unused(0.25), 4 * std::sqrt(400 * 0.25));
  EXPECT_NEAR(resets("kind: metallb-l2, failover: 1s"), 400 * unused(1), 4 * std::sqrt(400 * 0.25));
}

// Answers go back by the node that masquerades: all by the NIC of the one that has the address, though no endpoint is
// on it, or a quarter by each of four. Headers, framing and the tunnel take an eighth beside the payload.
TEST(LoadBalancerRun, TheNicOfTheAnnouncingNodeCarriesAllAnswers) {
  const auto carried = [](const char* balancer) {
    const Ready scene(through_metallb(balancer, "Cluster",
                                      "variants: {v: {workloads.browse.arrivals: {constant: 400/s}, "
                                      "workloads.browse.response: 100kB}}\n"),
                      kElsewhere, "{duration: 2s}");
    const BoundVariant& variant = scene.loaded->variants.front();
    const PointResult result = simulate(variant, 0);
    EXPECT_EQ(result.edges.front().ok, result.edges.front().asked);
    const NodeIndex announcer = ClusterNames(*variant.cluster).node("node-0");
    const LinkUse& uplink = result.links[variant.fabric->topology.host_link(announcer)];
    return static_cast<double>(uplink.sent.count()) / (100e3 * static_cast<double>(result.edges.front().asked));
  };
  const double all = carried("kind: metallb-l2");
  EXPECT_GT(all, 1.0);
  EXPECT_LT(all, 1.15);
  EXPECT_NEAR(carried("kind: metallb-bgp") / all, 0.25, 4 * std::sqrt(0.25 * 0.75 / 800));
}

// With the policy Local one node's endpoints get everything, or nodes that have some get equal parts.
TEST(LoadBalancerRun, OnlyEndpointsOfAnnouncingNodesGetConnectionsWithThePolicyLocal) {
  const Ready one(through_metallb("kind: metallb-l2", "Local"), kThreeEndpoints, "{duration: 2s}");
  const PointResult announced = simulate(one.loaded->variants.front(), 0);
  EXPECT_EQ(announced.edges.front().ok, announced.edges.front().asked);
  EXPECT_EQ(announced.served_by_pod[2], 0U) << "node-0 comes first for 203.0.113.1";
  EXPECT_THAT(render(one.loaded->diagnostics.notices()),
              testing::HasSubstr("node-0 alone announces the load balancer of Service web"));
  const Ready each(through_metallb("kind: metallb-bgp", "Local"), kThreeEndpoints, "{duration: 2s}");
  const PointResult routed = simulate(each.loaded->variants.front(), 0);
  const double n = static_cast<double>(routed.edges.front().asked);
  EXPECT_EQ(routed.edges.front().ok, routed.edges.front().asked);
  EXPECT_NEAR(static_cast<double>(routed.served_by_pod[2]), n / 2, 4 * std::sqrt(n / 4));
}

std::string from_pods(const std::string& to, const std::string& service, const std::string& mode) {
  return "cluster: {nodes: {count: 4}, cni: {kind: flannel}}\npatches: {Service/web: {" + service +
         "}}\nworkloads: {browse: {from: {selector: app=client}, to: " + to +
         ", timeout: 500ms, arrivals: {constant: 4000/s}}}\nvariants: {v: {cluster.proxy.mode: " + mode + "}}\n";
}

const std::string kClientsToo = kThreeEndpoints +
                                "---\napiVersion: v1\nkind: Pod\nmetadata: {name: d, labels: {app: client}}\n"
                                "spec: {nodeName: node-3, containers: [{name: c, image: x}]}\n";

// kube-proxy's short cut: a pod's own node translates the address, and whatever the external policy any endpoint
// answers.
TEST(LoadBalancerRun, PodsReachEveryEndpointByTheRulesOfTheirOwnNode) {
  for (const char* mode : kModesWithExternalIps) {
    for (const char* to : {"{loadBalancer: web}", "{externalIP: web}"}) {
      SCOPED_TRACE(std::string(mode) + to);
      const Ready scene(from_pods(to, "spec.externalTrafficPolicy: Local, spec.externalIPs: [198.51.100.9]", mode),
                        kClientsToo, "{duration: 1s, warmUp: 100ms}");
      const PointResult result = simulate(scene.loaded->variants.front(), 0);
      const EdgeStats& edge = result.edges.front();
      ASSERT_EQ(edge.ok, edge.asked);
      const double n = static_cast<double>(edge.asked);
      for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_NEAR(static_cast<double>(result.served_by_pod[i]), n / 3, 4 * std::sqrt(n * 2 / 9));
      }
    }
  }
}

// A pod is no source of the ranges, and its node drops what it sends; the programs of ebpf mode do not look in
// connect().
TEST(LoadBalancerRun, SourceRangesHoldForPodsToo) {
  for (const char* mode : kModesWithExternalIps) {
    SCOPED_TRACE(mode);
    const Ready outside(from_pods("{loadBalancer: web}", "spec.loadBalancerSourceRanges: [192.0.2.0/24]", mode),
                        kClientsToo, "{duration: 100ms}");
    const EdgeStats none = simulate(outside.loaded->variants.front(), 0).edges.front();
    const bool looks = mode != std::string("ebpf");
    EXPECT_EQ(none.ok, looks ? 0U : none.asked);
    EXPECT_EQ(none.timeouts, looks ? none.asked : 0U);
    const Ready inside(
        from_pods("{loadBalancer: web}", "spec.loadBalancerSourceRanges: [192.0.2.0/24, 10.244.0.0/16]", mode),
        kClientsToo, "{duration: 100ms}");
    const EdgeStats all = simulate(inside.loaded->variants.front(), 0).edges.front();
    EXPECT_EQ(all.ok, all.asked);
  }
}

// kube-proxy's IPv4 half takes the ranges of IPv4 alone, and none of them is no restriction (k/k
// pkg/proxy/serviceport.go, newBaseServiceInfo: cidrFamilyMap[ipFamily]; one of all addresses is none, k/k#132722).
TEST(LoadBalancerRun, RangesOfIpv6AloneCloseNothingInIpv4) {
  for (const char* ranges : {"['2001:db8::/32']", "['2001:db8::/32', 192.0.2.0/24, 0.0.0.0/0]"}) {
    const std::string patch = std::string("spec.loadBalancerSourceRanges: ") + ranges;
    const Ready cloud(through_balancer("{constant: 100/s}", patch), kThreeEndpoints, "{duration: 1s}");
    const EdgeStats all = simulate(cloud.loaded->variants.front(), 0).edges.front();
    EXPECT_EQ(all.ok, all.asked);
    EXPECT_THAT(render(cloud.loaded->diagnostics.notices()), testing::Not(testing::HasSubstr("are outside of")));
    for (const char* mode : kModesWithExternalIps) {
      const Ready pods(from_pods("{loadBalancer: web}", patch, mode), kClientsToo, "{duration: 100ms}");
      const EdgeStats inside = simulate(pods.loaded->variants.front(), 0).edges.front();
      EXPECT_EQ(inside.ok, inside.asked) << mode;
    }
  }
  const Ready both(through_balancer("{constant: 400/s}", "spec.loadBalancerSourceRanges: ['::/0', 192.0.2.0/24]"),
                   kThreeEndpoints, "{duration: 1s}");
  EXPECT_EQ(simulate(both.loaded->variants.front(), 0).edges.front().ok, 0U) << "those of IPv4 hold as ever";
}

// Up to 1.28 IPVS let the node's own processes in, whatever the ranges (k/k#119656, mended by #119791 with 1.29).
TEST(LoadBalancerRun, SourceRangesOfIpvsHoldForProcessesOfNodesFrom129On) {
  struct Case {
    const char* version;
    const char* mode;
    bool let_in;
  };
  for (const Case& one : {Case{"1.28", "ipvs", true},
                          {"1.29", "ipvs", false},
                          {"1.28", "iptables", false},
                          {"1.24", "iptables", false}}) {
    SCOPED_TRACE(std::string(one.mode) + " of " + one.version);
    const Ready scene(
        "cluster: {kubernetes: '" + std::string(one.version) + "', proxy: {mode: " + one.mode +
            "}, nodes: {count: 4}, cni: {kind: flannel}}\npatches: {Service/web: {spec.loadBalancerSourceRanges: "
            "[192.0.2.0/24]}}\nworkloads: {browse: {from: {selector: app=client}, to: {loadBalancer: web}, timeout: "
            "500ms, arrivals: {constant: 1000/s}}}\n",
        kThreeEndpoints +
            "---\napiVersion: v1\nkind: Pod\nmetadata: {name: d, labels: {app: client}}\n"
            "spec: {nodeName: node-3, hostNetwork: true, containers: [{name: c, image: x}]}\n",
        "{duration: 100ms}");
    const EdgeStats edge = simulate(scene.loaded->variants.front(), 0).edges.front();
    EXPECT_EQ(edge.ok, one.let_in ? edge.asked : 0U);
    EXPECT_EQ(edge.timeouts, one.let_in ? 0U : edge.asked);
    EXPECT_EQ(
        render(scene.loaded->diagnostics.notices()).find("1 of 1 clients of 'browse' are outside") != std::string::npos,
        !one.let_in);
  }
}

// An external IP leads to any node, or to the one that is named; each masquerades and sends on.
TEST(LoadBalancerRun, AnExternalIpIsServedByWhicheverNodeItLeadsTo) {
  for (const char* mode : kModesWithExternalIps) {
    for (const char* through : {"", ", through: node-2"}) {
      SCOPED_TRACE(std::string(mode) + through);
      const Ready scene(
          "cluster: {nodes: {count: 4}, cni: {kind: flannel}}\npatches: {Service/web: {spec.externalIPs: "
          "[198.51.100.9]}}\nworkloads: {browse: {from: {external: {count: 40, rtt: 2ms}}, to: {externalIP: web" +
              std::string(through) +
              "}, timeout: 500ms, arrivals: {constant: 4000/s}}}\nvariants: {v: {cluster.proxy.mode: " + mode + "}}\n",
          kThreeEndpoints, "{duration: 1s, warmUp: 100ms}");
      const PointResult result = simulate(scene.loaded->variants.front(), 0);
      const EdgeStats& edge = result.edges.front();
      ASSERT_EQ(edge.ok, edge.asked);
      const double n = static_cast<double>(edge.asked);
      for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_NEAR(static_cast<double>(result.served_by_pod[i]), n / 3, 4 * std::sqrt(n * 2 / 9));
      }
    }
  }
}

TEST(LoadBalancerRun, TheSameBytesTwice) {
  const Ready scene(through_balancer("{poisson: 500/s}", "spec.externalTrafficPolicy: Local",
                                     "timeline: [{at: 200ms, ready: {pod: c, value: false}}]\n"),
                    kThreeEndpoints, "{duration: 3s}");
  RunDigest first, second;
  simulate(scene.loaded->variants.front(), 0, nullptr, &first);
  simulate(scene.loaded->variants.front(), 0, nullptr, &second);
  EXPECT_EQ(first.value(), second.value());
}

}  // namespace
}  // namespace knetsim
