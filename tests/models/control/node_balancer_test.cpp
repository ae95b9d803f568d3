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
  NodeBalancer balancer() const { return NodeBalancer(cluster, views, services); }

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

TEST(NodeBalancer, WhereNoNodeIsWellAllAreTaken) {
  NodeBalancer balancer = FourNodes(true).balancer();
  balancer.set(0, 0, false);
  std::array<int, 4> flows{};
  for (std::uint32_t flow = 0; flow < 1000; ++flow) ++flows[balancer.node_for(0, tuple(flow))];
  for (const int count : flows) EXPECT_GT(count, 150);
}

}  // namespace
}  // namespace knetsim
