// Goal: the class, the symbols and the tuple of a connection say what it is. Method: each by itself, on the cluster of
// two nodes.

#include "models/service/flow_class.h"

#include <gtest/gtest.h>

#include <cmath>

#include "models/walk/bindings.h"
#include "two_nodes.h"

namespace knetsim {
namespace {

using namespace std::chrono_literals;

Chosen server(PodIndex pod, NodeIndex node) {
  return {.endpoint = {.port = kTargetPort, .pod = pod, .node = node}, .of = 2};
}

TEST(FlowClass, SaysWhereTheServerIsAndWhichNodeWasAsked) {
  const TwoNodes nodes;
  const EdgeTarget cluster_ip{.exposure = Exposure::ClusterIp, .port = 0, .direct = {}};
  EXPECT_EQ(flow_class(nodes.cluster(), cluster_ip, 0, {.asked = 0}, server(1, 0)).locality, Locality::SameNode);
  EXPECT_EQ(flow_class(nodes.cluster(), cluster_ip, 0, {.asked = 0}, server(2, 1)).locality, Locality::Remote);
  EXPECT_EQ(flow_class(nodes.cluster(), cluster_ip, 0, {.asked = 0}, server(2, 1)).ingress, IngressNode::None);
  const EdgeTarget node_port{.exposure = Exposure::NodePort, .port = 0, .direct = {}};
  EXPECT_EQ(flow_class(nodes.cluster(), node_port, 0, {.asked = 0}, server(2, 1)).ingress, IngressNode::ClientNode);
  EXPECT_EQ(flow_class(nodes.cluster(), node_port, 0, {.asked = 1}, server(2, 1)).ingress, IngressNode::ServerNode);
  EXPECT_EQ(flow_class(nodes.cluster(), node_port, 0, {.asked = 1}, server(1, 0)).ingress, IngressNode::ThirdNode);
  const EdgeTarget loopback{.exposure = Exposure::PodIp, .direct = {}, .loopback = true};
  EXPECT_EQ(flow_class(nodes.cluster(), loopback, 0, {.asked = 0}, server(0, 0)).locality, Locality::SamePod);
}

TEST(FlowClass, CarriesTheServicesPoliciesForConnectionsToIt) {
  TwoNodes nodes;
  nodes.service().client_ip_affinity = true;
  nodes.service().internal_traffic_local = true;
  Chosen chosen = server(2, 1);
  chosen.remembered = true;
  const EdgeTarget node_port{.exposure = Exposure::NodePort, .port = 0, .direct = {}};
  const FlowClass flow = flow_class(nodes.cluster(), node_port, 0, {.local_policy = true, .asked = 1}, chosen);
  EXPECT_TRUE(flow.affinity && flow.remembered && flow.local_policy && flow.local_inside);
  const EdgeTarget pod{.exposure = Exposure::PodIp, .direct = {}};
  EXPECT_EQ(flow_class(nodes.cluster(), pod, 0, {.asked = 0}, server(2, 1)),
            (FlowClass{.exposure = Exposure::PodIp, .locality = Locality::Remote}));
}

TEST(ConnectionSymbols, HoldTheEndpointsPlaceAndThePositionsOfTheRules) {
  const TwoNodes nodes;
  const NodeRules rules({{.services_rules = 40, .node_ports = 10}, {}});
  const ConnectionSymbols symbols(nodes.cluster(), RandomStreams(1), {.rules = &rules});
  const EdgeTarget cluster_ip{.exposure = Exposure::ClusterIp, .port = 0, .direct = {}};
  double sum = 0;
  for (int sync = 0; sync < 400; ++sync) {
    Chosen chosen = server(2, 1);
    chosen.index = 1;
    const FlowSymbols made = symbols.of(cluster_ip, 0, {.asked = 0}, chosen, 1, kTimeZero + sync * 30s);
    EXPECT_EQ(made[symbol_index(Symbol::EndpointIndex)], 2);
    EXPECT_EQ(made[symbol_index(Symbol::EndpointDraws)], 1) << "the last is certain";
    EXPECT_EQ(made[symbol_index(Symbol::Endpoints)], 2);
    const float position = made[symbol_index(Symbol::ServicePosition)];
    EXPECT_GE(position, 1);
    EXPECT_LE(position, 40);
    sum += static_cast<double>(position);
  }
  EXPECT_NEAR(sum / 400, 20.5, 5 * std::sqrt((40.0 * 40 - 1) / 12 / 400)) << "a new order each sync";
  EXPECT_EQ(symbols.of({.exposure = Exposure::PodIp, .direct = {}}, 0, {.asked = 0}, server(2, 1), 1, kTimeZero),
            FlowSymbols{});
}

TEST(FlowTuple, IsOfNamesAndOfTheRangeOfLocalPorts) {
  Pod a, b;
  a.ns = b.ns = "shop";
  a.name = "a";
  b.name = "b";
  for (std::uint64_t id = 0; id < 200; ++id) {
    const FiveTuple tuple = flow_tuple(a, b, 80, Transport::Udp, RandomStreams(1).get(Purpose("test"), id));
    EXPECT_EQ(tuple.src_address, name_key("shop", "a"));
    EXPECT_EQ(tuple.dst_address, name_key("shop", "b"));
    EXPECT_GE(tuple.src_port, 32'768);
    EXPECT_LE(tuple.src_port, 60'999);
    EXPECT_EQ(tuple.dst_port, 80);
    EXPECT_EQ(tuple.protocol, kProtocolUdp);
  }
}

// A thousand a second between one pair: 30 s of them over 28,232 ports leave a port unused with exp(-1.0626).
TEST(OuterTuples, AreNewWhereNobodyHasUsedThePortWithinTheTimeout) {
  OuterTuples tuples(1);
  FlowSpec flow{.nodes = {}, .tuple = {}, .encapsulation = Encapsulation::Vxlan};
  for (int opened = 0; opened < 10'000; ++opened) tuples.opened(flow, kTimeZero + 10s);
  EXPECT_NEAR(flow.outer_untracked, std::exp(-1'000.0 * 30 / 28'232), 1e-12);
  EXPECT_EQ(flow.outer_timeout, 30s);
  FlowSpec plain{.nodes = {}, .tuple = {}};
  tuples.opened(plain, kTimeZero + 10s);
  EXPECT_EQ(plain.outer_untracked, 0);
}

// One tuple for all flows of the pair: known from the first packet on, and never forgotten while there are any.
TEST(OuterTuples, OfATunnelWithoutPortsAreKnown) {
  OuterTuples tuples(1);
  FlowSpec flow{.nodes = {}, .tuple = {}, .encapsulation = Encapsulation::Ipip};
  tuples.opened(flow, kTimeZero + 10s);
  EXPECT_EQ(flow.outer_untracked, 0);
  EXPECT_EQ(flow.outer_timeout, 0s);
}

}  // namespace
}  // namespace knetsim
