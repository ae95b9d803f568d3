// Goal: a load balancer spreads connections evenly over the nodes that are well, and over no others. Method: counts over many
// tuples against the chi-square law; the share of flows that a change moves against its closed form; a cluster of four
// nodes by hand.

#include "models/control/node_balancer.h"

#include <gtest/gtest.h>

namespace knetsim {
namespace {

FiveTuple tuple(std::uint32_t flow) {
  return {.src_address = 7 + flow / 1000,
          .dst_address = 99,
          .src_port = static_cast<std::uint16_t>(32768 + flow % 1000),
          .dst_port = 80};
}

/// Four nodes, and a Service whose endpoints are two on node 0 and one on node 1, which terminates.
struct FourNodes {
  explicit FourNodes(bool local) {
    cluster.nodes.resize(4);
    cluster.services.push_back({.name = "web", .ns = "default", .port_count = 1, .external_traffic_local = local});
    cluster.service_ports.push_back({.service = 0, .port = 80});
    EndpointTable table(1);
    const std::vector<Endpoint> endpoints = {{.port = 80, .pod = 0, .node = 0},
                                             {.port = 80, .pod = 1, .node = 0},
                                             {.port = 80, .ready = false, .pod = 2, .node = 1}};
    table.set(0, IpFamily::V4, endpoints);
    views = EndpointViews(std::move(table));
  }
  NodeBalancer balancer(const char* kind = "cloud") const {
    return NodeBalancer(cluster, views, services, *load_balancer_kind_named(kind));
  }

  Cluster cluster;
  EndpointViews views;
  std::vector<ServiceIndex> services{0};
};

TEST(NodeBalancer, ThePolicyLocalTakesNodesWithAReadyEndpointAndClusterAll) {
  for (const bool local : {true, false}) {
    const NodeBalancer balancer = FourNodes(local).balancer();
    EXPECT_TRUE(balancer.is_healthy(0, 0));
    for (NodeIndex node = 1; node < 4; ++node) EXPECT_EQ(balancer.is_healthy(0, node), !local);
  }
}

TEST(NodeBalancer, EachHealthyNodeGetsAnEqualShareAndEachFlowOneNode) {
  NodeBalancer balancer = FourNodes(false).balancer();
  balancer.set(0, 2, false);
  std::array<int, 4> flows{};
  constexpr int kFlows = 30'000;
  for (std::uint32_t flow = 0; flow < kFlows; ++flow) {
    const NodeIndex node = balancer.node_for(0, tuple(flow));
    ++flows[node];
    EXPECT_EQ(balancer.node_for(0, tuple(flow)), node);
  }
  EXPECT_EQ(flows[2], 0);
  double chi_square = 0;
  for (const std::size_t node : {0U, 1U, 3U})
    chi_square += (flows[node] - kFlows / 3.0) * (flows[node] - kFlows / 3.0) / (kFlows / 3.0);
  EXPECT_LT(chi_square, 13.8);  // 2 degrees of freedom, 0.1 % point
}

// A hash by the rest of a division: of n nodes that become n - 1, a flow stays with probability 1 / n.
TEST(NodeBalancer, ANodeLessMovesAllButOneInNOfTheFlows) {
  NodeBalancer balancer = FourNodes(false).balancer();
  std::vector<NodeIndex> before;
  constexpr int kFlows = 20'000;
  for (std::uint32_t flow = 0; flow < kFlows; ++flow) before.push_back(balancer.node_for(0, tuple(flow)));
  balancer.set(0, 3, false);
  int moved = 0;
  for (std::uint32_t flow = 0; flow < kFlows; ++flow)
    moved += balancer.node_for(0, tuple(flow)) != before[flow] ? 1 : 0;
  EXPECT_NEAR(moved, 0.75 * kFlows, 4 * 61);  // binomial: standard deviation 61
  balancer.set(0, 3, true);
  for (std::uint32_t flow = 0; flow < kFlows; ++flow) EXPECT_EQ(balancer.node_for(0, tuple(flow)), before[flow]);
}

// The order of SHA-256("node-N#203.0.113.1") and of "...2" is 0 2 1 3 and 1 2 0 3, by sha256sum; speakers announce what
// is theirs by the first of those that may (metallb/metallb speaker/layer2_controller.go).
TEST(NodeBalancer, OneNodeHasAnAddressByTheHashOfBothAndAnothersLeavingChangesNothing) {
  for (const auto& [address, order] :
       {std::pair("203.0.113.1", std::array<NodeIndex, 4>{0, 2, 1, 3}), {"203.0.113.2", {1, 2, 0, 3}}}) {
    FourNodes four(false);
    const std::array<std::string, 4> names = {"node-0", "node-1", "node-2", "node-3"};
    for (std::size_t node = 0; node < 4; ++node) four.cluster.nodes[node].name = names[node];
    four.cluster.services[0].load_balancer_ips = {parse_ip(address).value()};
    NodeBalancer balancer = four.balancer("metallb-l2");
    balancer.set(0, order[3], false);
    for (const NodeIndex announcer : std::span(order).first(3)) {
      for (std::uint32_t flow = 0; flow < 100; ++flow) EXPECT_EQ(balancer.node_for(0, tuple(flow)), announcer);
      balancer.set(0, announcer, false);
    }
    EXPECT_EQ(balancer.node_for(0, tuple(0)), kNoIndex) << "nobody answers the ARP request";
    balancer.set(0, order[1], true);
    balancer.set(0, order[0], true);
    EXPECT_EQ(balancer.node_for(0, tuple(0)), order[0]);
  }
}

// With the policy Local a terminating endpoint that serves counts to a speaker, and to no health check.
TEST(NodeBalancer, SpeakersAnnounceWhereAnEndpointServes) {
  const NodeBalancer local = FourNodes(true).balancer("metallb-bgp");
  for (NodeIndex node = 0; node < 4; ++node) EXPECT_EQ(local.is_healthy(0, node), node < 2);
  FourNodes four(false);
  const NodeBalancer all = four.balancer("metallb-bgp");
  for (NodeIndex node = 0; node < 4; ++node) EXPECT_TRUE(all.is_healthy(0, node));
  four.views = EndpointViews(EndpointTable(1));
  const NodeBalancer none = four.balancer("metallb-bgp");
  EXPECT_EQ(none.node_for(0, tuple(0)), kNoIndex) << "no route leads to a Service without endpoints";
  EXPECT_NE(four.balancer("cloud").node_for(0, tuple(0)), kNoIndex);
}

TEST(NodeBalancer, WhereNoNodeIsWellAllAreTaken) {
  NodeBalancer balancer = FourNodes(true).balancer();
  balancer.set(0, 0, false);
  std::array<int, 4> flows{};
  for (std::uint32_t flow = 0; flow < 1000; ++flow) ++flows[balancer.node_for(0, tuple(flow))];
  for (const int count : flows) EXPECT_GT(count, 150);
}

}  // namespace
}  // namespace knetsim
