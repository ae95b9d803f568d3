// Goal: what pods ask outside of the cluster takes the way there and back, leaves with the address that the rules give it, and
// fails where ports of nodes or of a NAT gateway have run out. Method: closed forms over round trips, rates, ports and timers.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "app/experiment/simulation.h"
#include "app/scenario/connection_limits.h"
#include "support/scenario_fixture.h"

namespace knetsim {
namespace {

using testing::HasSubstr;

std::string asks_outside(const std::string& external, const std::string& rate, const std::string& cluster = "",
                         const std::string& more = "") {
  return "cluster: {nodes: {count: 2, cpu: 16}" + cluster +
         "}\nworkloads: {pay: {from: app=client, to: {external: " + external + "}, arrivals: {constant: " + rate + "}" +
         more + "}}\n";
}

struct EgressRun {
  Ready scene;
  PointResult result;

  EgressRun(const std::string& body, const std::string& run, int clients = 1)
      : scene(body, app_manifests("client", clients), run), result(simulate(scene.variant(), 0)) {}
  const EdgeStats& edge() const { return result.edges.front(); }
  const Exhaustion* met(KernelLimit limit) const {
    const auto found = std::ranges::find(result.limits, limit, &Exhaustion::limit);
    return found == result.limits.end() ? nullptr : &*found;
  }
  std::string told() const {
    Diagnostics diagnostics;
    tell_connection_limits(scene.loaded->variants.front(), diagnostics);
    return render(diagnostics.notices());
  }
};

double egress_median(const EdgeStats& edge) { return static_cast<double>(edge.latency_ns.quantile(0.5)) * 1e-9; }
double since_of(const Exhaustion& met) { return to_seconds(met.since - kTimeZero); }

/// What machines and cables may take of it on top of the distance.
constexpr double kOfTheCluster = 300e-6;

// A new connection is a round trip before the request's own; a kept one is there.
TEST(EgressRun, ARequestTakesTheWayAndTheWork) {
  for (const char* network : {"", ", cni: {kind: flannel}", ", cni: {kind: cilium}, proxy: {mode: ebpf}",
                              ", proxy: {mode: ipvs}", ", proxy: {mode: nftables}", ", egress: {masquerade: agent}"}) {
    SCOPED_TRACE(network);
    const EgressRun run(asks_outside("{rtt: 20ms, work: 5ms}", "50/s", network), "{duration: 1s}");
    EXPECT_EQ(run.edge().ok, run.edge().asked);
    EXPECT_GE(egress_median(run.edge()), 2 * 0.020 + 0.005);
    EXPECT_LE(egress_median(run.edge()), 2 * 0.020 + 0.005 + kOfTheCluster);
  }
  const EgressRun kept(asks_outside("{rtt: 20ms, work: 5ms}", "50/s", "", ", connection: {requestsPerConnection: 0}"),
                       "{duration: 1s}");
  EXPECT_GE(egress_median(kept.edge()), 0.025);
  EXPECT_LE(egress_median(kept.edge()), 0.025 + kOfTheCluster);
}

// Three near machines and one far one: a quarter of the requests goes the long way.
TEST(EgressRun, EachGroupHasItsOwnDistance) {
  const EgressRun run(asks_outside("[{count: 3, rtt: 10ms}, {rtt: 100ms, work: 50ms}]", "400/s"), "{duration: 4s}");
  const EdgeStats& edge = run.edge();
  EXPECT_EQ(edge.ok, edge.asked);
  std::uint64_t near = 0;
  edge.latency_ns.for_each([&](std::int64_t lower, std::int64_t /*upper*/, std::uint64_t count) {
    const double seconds = static_cast<double>(lower) * 1e-9;
    EXPECT_TRUE((seconds > 0.0195 && seconds < 0.022) || (seconds > 0.245 && seconds < 0.255)) << seconds;
    near += seconds < 0.1 ? count : 0;
  });
  // Binomial: a standard deviation of 17 of 1,600.
  EXPECT_NEAR(static_cast<double>(near), 0.75 * static_cast<double>(edge.asked), 4 * 17.4);
}

double rules_of_connection(const std::string& cluster, const std::string& external) {
  const EgressRun run(asks_outside(external, "50/s", cluster), "{duration: 1s}");
  return run.edge().rules_evaluated / static_cast<double>(run.edge().connections);
}

// ip-masq-agent's chain beside what kube-proxy has: the jump, four ranges and the rule that masquerades; for an address of
// 10.0.0.0/8 the jump, link-local and its own.
TEST(EgressRun, RulesOfTheAgentAreOnTheWalk) {
  for (const char* mode : {"iptables", "ipvs", "nftables"}) {
    SCOPED_TRACE(mode);
    const std::string proxy = std::string(", proxy: {mode: ") + mode + "}";
    const double without = rules_of_connection(proxy, "{rtt: 1ms}");
    EXPECT_NEAR(rules_of_connection(proxy + ", egress: {masquerade: agent}", "{rtt: 1ms}") - without, 6, 1e-6);
    EXPECT_NEAR(
        rules_of_connection(proxy + ", egress: {masquerade: agent}", "{rtt: 1ms, addresses: 10.9.0.0/24}") - without, 3,
        1e-6);
    EXPECT_NEAR(rules_of_connection(proxy + ", egress: {masquerade: agent, masqLinkLocal: true, nonMasqueradeCIDRs: "
                                            "[10.0.0.0/8, 192.168.0.0/16]}",
                                    "{rtt: 1ms}") -
                    without,
                4, 1e-6);
  }
}

// 1,500 a second of one node towards one machine: 32,768 ports of ip-masq-agent's rule last 21.8 s where conntrack keeps each for
// 120 s; 64,512 of flannel's 43 s. A closing entry gives way from Linux 6.7 on, and addresses that are kept need no port.
TEST(EgressRun, PortsOfAMasqueradingNodeRunOut) {
  const std::string rate = "1500/s", old = ", kernel: \"6.1\", egress: {masquerade: agent}";
  // Two pods share the node's address: neither's own local ports end.
  const auto run = [&](const std::string& cluster, const std::string& external) {
    return EgressRun("cluster: {nodes: {count: 1, cpu: 32}" + cluster + "}\nworkloads: {pay: {from: app=client, to: " +
                         "{external: " + external + "}, arrivals: {constant: " + rate + "}}}\n",
                     "{duration: 24s}", 2);
  };
  const EgressRun agent = run(old, "{rtt: 1ms}");
  const Exhaustion* met = agent.met(KernelLimit::NatPorts);
  ASSERT_NE(met, nullptr);
  EXPECT_EQ(met->room, 32'768U);
  EXPECT_NEAR(since_of(*met), 32'768 / 1500.0, 0.01);
  EXPECT_NEAR(static_cast<double>(agent.edge().timeouts), 1'500 * (24 - since_of(*met)), 20) << "SYNs are dropped";
  EXPECT_THAT(agent.told(), HasSubstr("masqueraded by one node towards one machine outside, whose 32,768 ports last "
                                      "21.8s"));
  EXPECT_EQ(run(", kernel: \"6.7\", egress: {masquerade: agent}", "{rtt: 1ms}").met(KernelLimit::NatPorts), nullptr);
  EXPECT_EQ(run(old, "{rtt: 1ms, addresses: 10.9.0.0/24}").met(KernelLimit::NatPorts), nullptr);
  const EgressRun flannel = run(", kernel: \"6.1\", cni: {kind: flannel}", "{rtt: 1ms}");
  EXPECT_EQ(flannel.met(KernelLimit::NatPorts), nullptr) << "64,512 last longer";
}

// 10 a second of one node: 64 ports of Cloud NAT last 6.4 s, and each is kept for 120 s. Two nodes have 64 each; two destinations
// are two times the ports.
TEST(EgressRun, PortsOfANodeAtAGatewayRunOut) {
  const EgressRun run(asks_outside("{rtt: 1ms}", "10/s", ", egress: {natGateway: gcp}"), "{duration: 20s}");
  const Exhaustion* met = run.met(KernelLimit::GatewayPorts);
  ASSERT_NE(met, nullptr);
  EXPECT_EQ(met->room, 64U);
  EXPECT_NEAR(since_of(*met), 6.4, 0.11);
  EXPECT_EQ(run.edge().ok, 64U);
  EXPECT_EQ(run.edge().timeouts, run.edge().asked - 64);
  EXPECT_GE(met->connections, run.edge().timeouts);
  EXPECT_THAT(run.told(),
              HasSubstr("the NAT gateway has 64 ports of each node towards it: they last 6.40s, since it keeps "
                        "each for 2m"));
  const EgressRun two(asks_outside("{count: 2, rtt: 1ms}", "10/s", ", egress: {natGateway: {kind: gcp}}"),
                      "{duration: 20s}");
  EXPECT_EQ(two.edge().ok, 128U);
  const EgressRun soon(asks_outside("{rtt: 1ms}", "10/s", ", egress: {natGateway: {kind: gcp, timeWait: 5s}}"),
                       "{duration: 20s}");
  EXPECT_EQ(soon.edge().ok, soon.edge().asked) << "50 are waiting at most";
  const EgressRun kept(
      asks_outside("{rtt: 1ms}", "10/s", ", egress: {natGateway: gcp}", ", connection: {requestsPerConnection: 0}"),
      "{duration: 20s}");
  EXPECT_EQ(kept.edge().ok, kept.edge().asked);
}

TEST(EgressRun, PrivateAddressesAreNotBehindTheGateway) {
  const EgressRun run(asks_outside("{rtt: 1ms, addresses: 10.9.0.0/24}", "10/s", ", egress: {natGateway: gcp}"),
                      "{duration: 20s}");
  EXPECT_EQ(run.edge().ok, run.edge().asked);
  EXPECT_FALSE(table_limits(run.scene.loaded->variants.front()).any());
}

// 3,000 a second of two nodes share 50,000 ports of one of Azure's addresses: 16.7 s.
TEST(EgressRun, AllNodesShareThePortsOfAGatewayWithoutParts) {
  const EgressRun run(asks_outside("{rtt: 1ms}", "3000/s", ", egress: {natGateway: azure}"), "{duration: 18s}", 4);
  const Exhaustion* met = run.met(KernelLimit::GatewayPorts);
  ASSERT_NE(met, nullptr);
  EXPECT_EQ(met->room, 50'000U);
  EXPECT_EQ(met->node, kNoIndex);
  EXPECT_NEAR(since_of(*met), 50'000 / 3000.0, 0.01);
  EXPECT_NEAR(static_cast<double>(run.edge().timeouts), 3'000 * (18 - since_of(*met)), 20);
}

TEST(EgressRun, AGatewaysLatencyIsOnBothWays) {
  const EgressRun run(asks_outside("{rtt: 20ms}", "50/s", ", egress: {natGateway: {kind: aws, latency: 1ms}}"),
                      "{duration: 1s}");
  EXPECT_GE(egress_median(run.edge()), 2 * 0.022);
  EXPECT_LE(egress_median(run.edge()), 2 * 0.022 + kOfTheCluster);
}

}  // namespace
}  // namespace knetsim
