// Goal: on every node that a connection passes, every rule does to it what the interpreter and the models say, and so
// it does to the tunnel's own packets. Method: kernel_rules_lab.h, two or three nodes over VXLAN. Only what is
// addressed to a pod goes through the tunnel: a node's address is reached without.
#include "kernel_rules_lab.h"

namespace knetsim {
namespace {

class KernelRulesAcrossNodes : public KernelRulesOverVxlan {};
class KernelPortMapAcrossNodes : public KernelRulesOverVxlan {};  // portmap's rules are iptables rules

TEST_P(KernelRulesAcrossNodes, ClusterIp) {
  stand(2);
  const RulePacket syn{.source = kClientPod, .destination = kServiceAddress, .destination_port = 80};
  const Opened made = open(client(), syn);
  ASSERT_TRUE(made.connected);
  const RulePacket left = connection_at(NodeRole::Client, syn, {.endpoint = made.endpoint});
  connection_at(NodeRole::Server, onward(left, kClientPod));
  tunnel_between(NodeRole::Client, NodeRole::Server);
  compare();
  models_agree({.exposure = Exposure::ClusterIp}, made.endpoint);
}

TEST_P(KernelRulesAcrossNodes, NodePortOfAnotherNodeThanTheClientsAndServers) {
  stand(2);
  // A process of node b asks node a's port; the endpoint is on b: there and back through the tunnel.
  cast(NodeRole::Client, 1);
  cast(NodeRole::Ingress, 0);
  const RulePacket syn{.source = kNodeB, .destination = kNodeA, .destination_port = kNodePort};
  const Opened made = open(node(1).space, syn);
  ASSERT_TRUE(made.connected);
  connection_at(NodeRole::Client, syn, {}, {.there = kSent, .back = kReceived});
  const RulePacket left = connection_at(NodeRole::Ingress, syn, {.endpoint = made.endpoint});
  EXPECT_TRUE(left.masqueraded);
  connection_at(NodeRole::Server, onward(left, lab::LabCluster::tunnel_address(0)));
  tunnel_between(NodeRole::Ingress, NodeRole::Server);
  compare();
  models_agree({.exposure = Exposure::NodePort,
                .locality = Locality::SameNode,
                .ingress = IngressNode::ThirdNode,
                .client_host_network = true},
               made.endpoint);
}

TEST_P(KernelRulesAcrossNodes, NodePortOfAThirdNodeFromAProcess) {
  stand(3);
  const RulePacket syn{.source = kNodeA, .destination = kNodeB, .destination_port = kNodePort};
  const Opened made = open(node(0).space, syn);
  ASSERT_TRUE(made.connected);
  EXPECT_EQ(made.source, lab::LabCluster::tunnel_address(1));
  connection_at(NodeRole::Client, syn, {}, {.there = kSent, .back = kReceived});
  const RulePacket left = connection_at(NodeRole::Ingress, syn, {.endpoint = made.endpoint});
  connection_at(NodeRole::Server, onward(left, made.source));
  tunnel_between(NodeRole::Ingress, NodeRole::Server);
  compare();
  models_agree({.exposure = Exposure::NodePort, .ingress = IngressNode::ThirdNode, .client_host_network = true},
               made.endpoint);
}

// The pod's SYN leaves without the tunnel, bound for a node; the SYN-ACK comes back through it, bound for a pod. (Where
// the pod network masquerades what leaves it, as flannel's --ip-masq does, the SYN-ACK is for the client's node too.)
TEST_P(KernelRulesAcrossNodes, NodePortOfAThirdNodeFromAPod) {
  stand(3);
  const RulePacket syn{.source = kClientPod, .destination = kNodeB, .destination_port = kNodePort};
  const Opened made = open(client(), syn);
  ASSERT_TRUE(made.connected);
  EXPECT_EQ(made.source, lab::LabCluster::tunnel_address(1));
  connection_at(NodeRole::Client, syn);
  const RulePacket left = connection_at(NodeRole::Ingress, syn, {.endpoint = made.endpoint});
  connection_at(NodeRole::Server, onward(left, made.source));
  tunnel_between(NodeRole::Ingress, NodeRole::Server);
  tunnel_back(NodeRole::Ingress, NodeRole::Client);
  compare();
  models_agree({.exposure = Exposure::NodePort, .ingress = IngressNode::ThirdNode}, made.endpoint);
}

TEST_P(KernelRulesAcrossNodes, NodePortOfTheServersNode) {
  stand(2);
  const RulePacket syn{.source = kClientPod, .destination = kNodeB, .destination_port = kNodePort};
  const Opened made = open(client(), syn);
  ASSERT_TRUE(made.connected);
  connection_at(NodeRole::Client, syn);
  connection_at(NodeRole::Server, syn, {.endpoint = made.endpoint});
  tunnel_back(NodeRole::Server, NodeRole::Client);
  compare();
  models_agree({.exposure = Exposure::NodePort, .ingress = IngressNode::ServerNode}, made.endpoint);
}

TEST_P(KernelPortMapAcrossNodes, HostPortOfTheServersNode) {
  stand(2);
  const RulePacket syn{.source = kClientPod, .destination = kNodeB, .destination_port = kHostPort};
  const Opened made = open(client(), syn);
  ASSERT_TRUE(made.connected);
  EXPECT_EQ(made.endpoint, 0U);
  EXPECT_EQ(made.source, kClientPod);  // of another node's subnet: not masqueraded
  connection_at(NodeRole::Client, syn);
  connection_at(NodeRole::Server, syn);
  tunnel_back(NodeRole::Server, NodeRole::Client);
  compare();
  models_agree({.exposure = Exposure::HostPort});
}

INSTANTIATE_TEST_SUITE_P(Loaded, KernelRulesAcrossNodes, kEveryLoader);
INSTANTIATE_TEST_SUITE_P(Loaded, KernelPortMapAcrossNodes, kIptablesLoaders);

}  // namespace
}  // namespace knetsim
