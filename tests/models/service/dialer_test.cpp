// Goal: connections go where policies send them, and their packets say so. Method: a cluster by hand, two machines with
// one endpoint each, asked through either.

#include "models/service/dialer.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "two_nodes.h"

namespace knetsim {
namespace {

TEST(ServiceDialer, InternalPolicyLocalKeepsToTheClientsNode) {
  TwoNodes cluster;
  cluster.service().internal_traffic_local = true;
  const Dial dial = cluster.dial({.exposure = Exposure::ClusterIp, .port = 0, .direct = {}});
  EXPECT_EQ(dial.server, 1u);
  EXPECT_EQ(dial.flow.tuple.dst_port, kTargetPort);
}

/// Servers of connections that are answered, and how many of all are not.
struct Tally {
  std::set<PodIndex> servers;
  std::size_t dropped = 0;
  std::size_t refused = 0;
};

Tally tally(const TwoNodes& cluster, const EdgeTarget& edge, const std::string& mode = "iptables") {
  Tally all;
  for (const Dial& dial : cluster.dial(std::vector<EdgeTarget>(32, edge), mode)) {
    if (dial.server != kNoIndex) {
      all.servers.insert(dial.server);
    } else {
      ++(dial.dropped ? all.dropped : all.refused);
    }
  }
  return all;
}

EdgeTarget node_port(NodeIndex through) {
  return {.exposure = Exposure::NodePort, .port = 0, .direct = {}, .through = through};
}

// At its own node a pod is let past the policy by the rules; IPVS knows none but the destinations of its server.
TEST(ServiceDialer, ExternalPolicyLocalAtTheClientsOwnNode) {
  for (const bool host : {false, true}) {
    TwoNodes cluster;
    cluster.service().external_traffic_local = true;
    if (host) cluster.make_client_a_process();
    EXPECT_EQ(tally(cluster, node_port(0), "iptables").servers, (std::set<PodIndex>{1, 2}));
    EXPECT_EQ(tally(cluster, node_port(0), "nftables").servers, (std::set<PodIndex>{1, 2}));
    EXPECT_EQ(tally(cluster, node_port(0), "ipvs").servers, (std::set<PodIndex>{1}));
    cluster.serve({2});
    for (const char* mode : {"iptables", "nftables", "ipvs"}) {
      EXPECT_EQ(tally(cluster, node_port(0), mode).servers, (std::set<PodIndex>{2})) << mode;
    }
  }
}

// A pod of another node whose address nobody changes is sent to all endpoints too, but an answer from elsewhere than
// the asked node does not come back. A process of another node is held to the node's own.
TEST(ServiceDialer, ExternalPolicyLocalAtAnotherNode) {
  TwoNodes cluster;
  cluster.service().external_traffic_local = true;
  for (const char* mode : {"iptables", "nftables"}) {
    const Tally pod = tally(cluster, node_port(1), mode);
    EXPECT_EQ(pod.servers, (std::set<PodIndex>{2}));
    EXPECT_GT(pod.dropped, 0U);
    EXPECT_EQ(pod.refused, 0U);
  }
  EXPECT_EQ(tally(cluster, node_port(1), "ipvs").dropped, 0U);
  cluster.make_client_a_process();
  for (const char* mode : {"iptables", "nftables", "ipvs"}) {
    const Tally process = tally(cluster, node_port(1), mode);
    EXPECT_EQ(process.servers, (std::set<PodIndex>{2})) << mode;
    EXPECT_EQ(process.dropped, 0U) << mode;
  }
  cluster.serve({1});
  for (const char* mode : {"iptables", "nftables", "ipvs"}) {
    EXPECT_EQ(tally(cluster, node_port(1), mode).dropped, 32U) << mode;
  }
}

// k/k pkg/proxy/topology.go: independently for the two policies.
TEST(ServiceDialer, AnEndpointThatTerminatesServesWhereNoOtherOfItsNodeIsReady) {
  TwoNodes cluster;
  cluster.serve({1, 2}, {false, true});
  const EdgeTarget cluster_ip{.exposure = Exposure::ClusterIp, .port = 0, .direct = {}};
  for (const char* mode : {"iptables", "nftables", "ipvs"}) {
    cluster.service().internal_traffic_local = false;
    EXPECT_EQ(tally(cluster, cluster_ip, mode).servers, (std::set<PodIndex>{2})) << mode;
    cluster.service().internal_traffic_local = true;
    EXPECT_EQ(tally(cluster, cluster_ip, mode).servers, (std::set<PodIndex>{1})) << mode;
  }
}

TEST(ServiceDialer, NobodyIsLeftToAnswer) {
  TwoNodes cluster;
  cluster.serve({});
  const EdgeTarget cluster_ip{.exposure = Exposure::ClusterIp, .port = 0, .direct = {}};
  for (const char* mode : {"iptables", "nftables", "ipvs"}) {
    for (const bool local : {false, true}) {
      cluster.service().internal_traffic_local = cluster.service().external_traffic_local = local;
      EXPECT_EQ(tally(cluster, cluster_ip, mode).refused, 32U) << mode;
      EXPECT_EQ(tally(cluster, node_port(1), mode).refused, 32U) << mode;
    }
  }
}

// Of a Service with a ClusterIP alone kube-proxy keeps the node's own endpoints and no others: IPVS has none then, and
// refuses, where rules drop. With a node port it has all, and falls back to them.
TEST(ServiceDialer, InternalPolicyLocalWithoutAnEndpointOnTheNode) {
  TwoNodes cluster;
  cluster.service().internal_traffic_local = true;
  cluster.serve({2});
  const EdgeTarget cluster_ip{.exposure = Exposure::ClusterIp, .port = 0, .direct = {}};
  EXPECT_EQ(tally(cluster, cluster_ip, "iptables").dropped, 32U);
  EXPECT_EQ(tally(cluster, cluster_ip, "nftables").dropped, 32U);
  EXPECT_EQ(tally(cluster, cluster_ip, "ipvs").servers, (std::set<PodIndex>{2}));
  cluster.take_node_port_away();
  EXPECT_EQ(tally(cluster, cluster_ip, "iptables").dropped, 32U);
  EXPECT_EQ(tally(cluster, cluster_ip, "ipvs").refused, 32U);
}

// The test whether to masquerade stands in the chain that the ClusterIP uses: KUBE-SVL then, which a node port passes
// by.
TEST(ServiceDialer, InternalPolicyLocalIsARuleLessForANodePort) {
  TwoNodes cluster;
  const EdgeTarget node_port{.exposure = Exposure::NodePort, .port = 0, .direct = {}, .through = 0};
  const Dial before = cluster.dial(node_port);
  cluster.service().internal_traffic_local = true;
  const Dial after = cluster.dial(node_port);
  EXPECT_EQ(after.server, before.server);
  EXPECT_EQ(before.rules - after.rules, 1);
}

TEST(ServiceDialer, PolicyLocalWithoutAnEndpointOnTheNodeDrops) {
  TwoNodes cluster;
  cluster.service().internal_traffic_local = true;
  cluster.serve({2});
  const Dial dial = cluster.dial({.exposure = Exposure::ClusterIp, .port = 0, .direct = {}});
  EXPECT_TRUE(dial.dropped);
  EXPECT_EQ(dial.server, kNoIndex);
}

// A datagram that OUTPUT drops is an error of sendto() (net/netfilter/core.c, nf_hook_slow: EPERM); what FORWARD drops
// nobody hears of, and connect() tries again in either case.
TEST(ServiceDialer, OnlyAProcessWhoseOwnNodeDropsItsDatagramIsTold) {
  const std::vector<EdgeTarget> one{{.exposure = Exposure::ClusterIp, .port = 0, .direct = {}}};
  for (const bool process : {false, true}) {
    TwoNodes cluster;
    cluster.service().internal_traffic_local = true;
    cluster.serve({2});
    if (process) cluster.make_client_a_process();
    for (const bool udp : {false, true}) {
      const Dial dial = cluster.dial(one, "iptables", std::chrono::seconds(1), udp).front();
      EXPECT_EQ(dial.server, kNoIndex);
      EXPECT_EQ(dial.dropped, !(process && udp));
    }
  }
}

// Two workloads that ask one virtual server take its destinations in turn; a node port is another virtual server.
TEST(ServiceDialer, WorkloadsShareTheSchedulerOfAVirtualServer) {
  const EdgeTarget cluster_ip{.exposure = Exposure::ClusterIp, .port = 0, .direct = {}};
  const EdgeTarget node_port{.exposure = Exposure::NodePort, .port = 0, .direct = {}, .through = 0};
  std::vector<PodIndex> servers;
  for (const Dial& dial : TwoNodes().dial({cluster_ip, cluster_ip, node_port, cluster_ip, node_port}, "ipvs")) {
    servers.push_back(dial.server);
  }
  EXPECT_EQ(servers, (std::vector<PodIndex>{1, 2, 1, 1, 2}));
}

class ClientIpAffinity : public ::testing::TestWithParam<const char*> {};

TEST_P(ClientIpAffinity, GoesWhereTheClientWentBefore) {
  TwoNodes cluster;
  cluster.service().client_ip_affinity = true;
  const std::vector<EdgeTarget> edges(8, {.exposure = Exposure::ClusterIp, .port = 0, .direct = {}});
  const std::vector<Dial> dials = cluster.dial(edges, GetParam());
  for (const Dial& dial : dials) EXPECT_EQ(dial.server, dials.front().server);
}

TEST_P(ClientIpAffinity, IsForgottenAfterItsTimeout) {
  TwoNodes cluster;
  cluster.service().client_ip_affinity = true;
  cluster.service().affinity_timeout_s = 10;
  const std::vector<EdgeTarget> edges(32, {.exposure = Exposure::ClusterIp, .port = 0, .direct = {}});
  std::set<PodIndex> servers;
  for (const Dial& dial : cluster.dial(edges, GetParam(), std::chrono::seconds(10))) servers.insert(dial.server);
  EXPECT_EQ(servers.size(), 2u) << "32 draws of one of two";
  servers.clear();
  for (const Dial& dial : cluster.dial(edges, GetParam(), std::chrono::seconds(9))) servers.insert(dial.server);
  EXPECT_EQ(servers.size(), 1u) << "each connection begins it anew";
}

INSTANTIATE_TEST_SUITE_P(Modes, ClientIpAffinity, ::testing::Values("iptables", "nftables", "ipvs"));

// A test for each endpoint, which a client that nobody knows misses.
TEST(ServiceDialer, AClientThatAffinityKnowsMeetsFewerRules) {
  TwoNodes cluster;
  cluster.service().client_ip_affinity = true;
  cluster.serve({2});
  const EdgeTarget cluster_ip{.exposure = Exposure::ClusterIp, .port = 0, .direct = {}};
  const std::vector<Dial> dials = cluster.dial({cluster_ip, cluster_ip});
  EXPECT_EQ(dials[0].rules - dials[1].rules, 1);
}

// The lists of an endpoint are the node's, those of IPVS the virtual server's.
TEST(ServiceDialer, AffinityOfRulesIsSharedByClusterIpAndNodePort) {
  TwoNodes cluster;
  cluster.service().client_ip_affinity = true;
  const EdgeTarget cluster_ip{.exposure = Exposure::ClusterIp, .port = 0, .direct = {}};
  const EdgeTarget node_port{.exposure = Exposure::NodePort, .port = 0, .direct = {}, .through = 0};
  for (std::uint32_t before = 0; before < 6; ++before) {  // whatever the first draw is
    std::vector<EdgeTarget> edges(before, {.exposure = Exposure::PodIp, .port = kNoIndex, .direct = {}});
    edges.insert(edges.end(), {cluster_ip, node_port});
    const std::vector<Dial> dials = cluster.dial(edges);
    EXPECT_EQ(dials[before].server, dials[before + 1].server);
  }
  const std::vector<Dial> ipvs = cluster.dial({cluster_ip, cluster_ip, node_port}, "ipvs");
  EXPECT_EQ(ipvs[0].server, ipvs[1].server);
}

}  // namespace
}  // namespace knetsim
