// Goal: on one node, every rule does to one real connection what the interpreter and the models say. Method:
// kernel_rules_lab.h. Client and server are pods of the node, or the client is its process or a machine outside.
#include "kernel_rules_lab.h"

namespace knetsim {
namespace {

class KernelRulesOneNode : public KernelRulesLab {};
class KernelPortMapOneNode : public KernelRulesLab {};  // portmap's rules are iptables rules

TEST_P(KernelRulesOneNode, ClusterIpFromAPodOfTheNode) {
  stand(1);
  const RulePacket syn{.source = kClientPod, .destination = kServiceAddress, .destination_port = 80};
  const Opened made = open(client(), syn);
  ASSERT_TRUE(made.connected);
  EXPECT_EQ(made.source, kClientPod);
  connection_at(NodeRole::Client, syn, {.endpoint = made.endpoint});
  compare();
  models_agree({.exposure = Exposure::ClusterIp, .locality = Locality::SameNode}, made.endpoint);
}

TEST_P(KernelRulesOneNode, ClusterIpFromAProcessOfTheNode) {
  stand(1);
  const RulePacket syn{.source = kNodeA, .destination = kServiceAddress, .destination_port = 80};
  const Opened made = open(node(0).space, syn);
  ASSERT_TRUE(made.connected);
  connection_at(NodeRole::Client, syn, {.endpoint = made.endpoint}, {.there = kSent, .back = kReceived});
  compare();
  models_agree({.exposure = Exposure::ClusterIp, .locality = Locality::SameNode, .client_host_network = true},
               made.endpoint);
}

TEST_P(KernelRulesOneNode, NodePortFromOutside) {
  stand(1);
  const RulePacket syn{.source = kOutside, .destination = kNodeA, .destination_port = kNodePort};
  const Opened made = open(outside(), syn);
  ASSERT_TRUE(made.connected);
  EXPECT_NE(made.source, kOutside);
  connection_at(NodeRole::Server, syn, {.endpoint = made.endpoint});
  compare();
  models_agree({.exposure = Exposure::NodePort, .ingress = IngressNode::ServerNode, .client_host_network = true},
               made.endpoint);
}

TEST_P(KernelPortMapOneNode, HostPortFromOutside) {
  stand(1);
  const RulePacket syn{.source = kOutside, .destination = kNodeA, .destination_port = kHostPort};
  const Opened made = open(outside(), syn);
  ASSERT_TRUE(made.connected);
  EXPECT_EQ(made.endpoint, 0U);
  EXPECT_EQ(made.source, kOutside);
  connection_at(NodeRole::Server, syn);
  compare();
  models_agree({.exposure = Exposure::HostPort, .client_host_network = true});
}

TEST_P(KernelPortMapOneNode, HostPortFromAPodOfTheNodeIsMasqueraded) {
  stand(1);
  const RulePacket syn{.source = kClientPod, .destination = kNodeA, .destination_port = kHostPort};
  const Opened made = open(client(), syn);
  ASSERT_TRUE(made.connected);
  EXPECT_EQ(made.endpoint, 0U);
  EXPECT_NE(made.source, kClientPod);
  connection_at(NodeRole::Client, syn);
  compare();
  models_agree({.exposure = Exposure::HostPort, .locality = Locality::SameNode});
}

TEST_P(KernelRulesOneNode, PodAddressMissesEveryRule) {
  stand(1);
  const RulePacket syn{.source = kClientPod, .destination = server(0), .destination_port = kServerPort};
  const Opened made = open(client(), syn);
  ASSERT_TRUE(made.connected);
  EXPECT_EQ(made.endpoint, 0U);
  EXPECT_FALSE(connection_at(NodeRole::Client, syn).translated);
  compare();
  models_agree({.exposure = Exposure::PodIp, .locality = Locality::SameNode});
}

INSTANTIATE_TEST_SUITE_P(Loaded, KernelRulesOneNode, kEveryLoader);
INSTANTIATE_TEST_SUITE_P(Loaded, KernelPortMapOneNode, kIptablesLoaders);

}  // namespace
}  // namespace knetsim
