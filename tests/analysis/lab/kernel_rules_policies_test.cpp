// Goal: what a Service's policies do to a connection in a real kernel is what the interpreter and the models say, where
// it comes about and where it is dropped or refused. Method: kernel_rules_lab.h. A SYN that comes to nothing leaves no
// conntrack entry, so that a repeated one passes the same rules again; TCP tells how many there were.
#include "kernel_rules_lab.h"

#include <set>

namespace knetsim {
namespace {

class KernelRulesPolicies : public KernelRulesLab {
 protected:
  /// SYNs that end at the last of `hooks` on node a with an ICMP error, which passes `back` there as RELATED.
  void refused_at_a(const lab::NetNamespace& from, const RulePacket& syn, const std::vector<Hook>& hooks,
                    const std::vector<Hook>& back = kSent) {
    const std::uint32_t syns = refused(from, syn);
    stopped_at(node(0).interpreter, syn, hooks, Verdict::Reject, syns);
    for (std::uint32_t sent = 0; sent < syns; ++sent) {
      RulePacket error{.source = kNodeA, .destination = syn.source, .state = CtState::Established};
      pass(node(0).interpreter, error, back);
    }
    compare();
  }
};

class KernelRulesPoliciesAcrossNodes : public KernelRulesOverVxlan {
 protected:
  void dropped_at_a(const lab::NetNamespace& from, const RulePacket& syn, const std::vector<Hook>& hooks) {
    stopped_at(node(0).interpreter, syn, hooks, Verdict::Drop, unanswered(from, syn));
    compare();
  }
};

const std::vector<Hook> kUpToForward = {Hook::Prerouting, Hook::Forward};

// ---- sessionAffinity: ClientIP

TEST_P(KernelRulesPolicies, AffinityTestsEveryEndpointForANewClientAndSendsAKnownOneToItsOwn) {
  stand(1, {.affinity_seconds = 10'800});
  const RulePacket syn{.source = kClientPod, .destination = kServiceAddress, .destination_port = 80};
  const Opened first = open(client(), syn);
  ASSERT_TRUE(first.connected);
  connection_at(NodeRole::Client, syn, {.endpoint = first.endpoint});
  compare();
  FlowClass flow{.exposure = Exposure::ClusterIp, .locality = Locality::SameNode, .affinity = true};
  models_agree(flow, first.endpoint);
  flow.remembered = true;
  for (int again = 0; again < 3; ++again) {
    const Opened next = open(client(), syn);
    ASSERT_TRUE(next.connected);
    EXPECT_EQ(next.endpoint, first.endpoint);
    connection_at(NodeRole::Client, syn,
                  {.endpoint = first.endpoint, .last_endpoint = static_cast<int>(first.endpoint)});
    compare();
    models_agree(flow, first.endpoint);
  }
}

TEST_P(KernelRulesPolicies, AffinityKnowsAClientOfTheNodePortByItsOwnAddress) {
  stand(1, {.affinity_seconds = 10'800});
  const RulePacket from_pod{.source = kClientPod, .destination = kServiceAddress, .destination_port = 80};
  const Opened other = open(client(), from_pod);
  ASSERT_TRUE(other.connected);
  knetsim::connection_at(node(0).interpreter, from_pod, {.endpoint = other.endpoint});
  const RulePacket syn{.source = kOutside, .destination = kNodeA, .destination_port = kNodePort};
  const Opened first = open(outside(), syn);
  ASSERT_TRUE(first.connected);
  connection_at(NodeRole::Server, syn, {.endpoint = first.endpoint});
  FlowClass flow{.exposure = Exposure::NodePort,
                 .ingress = IngressNode::ServerNode,
                 .client_host_network = true,
                 .affinity = true};
  models_agree(flow, first.endpoint);
  const Opened second = open(outside(), syn);
  ASSERT_TRUE(second.connected);
  EXPECT_EQ(second.endpoint, first.endpoint);
  connection_at(NodeRole::Server, syn, {.endpoint = first.endpoint, .last_endpoint = static_cast<int>(first.endpoint)});
  compare();
  flow.remembered = true;
  models_agree(flow, first.endpoint);
}

TEST_P(KernelRulesPoliciesAcrossNodes, AffinityOverVxlanIsAMatterOfTheClientsNode) {
  stand(2, {.affinity_seconds = 10'800});
  const RulePacket syn{.source = kClientPod, .destination = kServiceAddress, .destination_port = 80};
  int last = -1;
  for (int connection = 0; connection < 2; ++connection) {
    const Opened made = open(client(), syn);
    ASSERT_TRUE(made.connected);
    const RuleChoice choice{.endpoint = made.endpoint, .last_endpoint = last};
    const RulePacket left = connection_at(NodeRole::Client, syn, choice);
    EXPECT_EQ(left.destination, server(made.endpoint));
    connection_at(NodeRole::Server, onward(left, kClientPod));
    tunnel_between(NodeRole::Client, NodeRole::Server);  // another source port, hence another outer tuple
    models_agree({.exposure = Exposure::ClusterIp, .affinity = true, .remembered = last >= 0}, made.endpoint);
    last = static_cast<int>(made.endpoint);
  }
  compare();
}

// ---- externalTrafficPolicy: Local

TEST_P(KernelRulesPolicies, ExternalLocalReachesTheNodesOwnEndpointsAndKeepsTheSource) {
  stand(1, {.external_local = true, .first_elsewhere = true});
  const RulePacket syn{.source = kOutside, .destination = kNodeA, .destination_port = kNodePort};
  const Opened made = open(outside(), syn);
  ASSERT_TRUE(made.connected);
  EXPECT_EQ(made.source, kOutside);
  ASSERT_GE(made.endpoint, 1U);  // the first is another node's
  const std::uint32_t place = made.endpoint - 1;
  connection_at(NodeRole::Server, syn, {.endpoint = place});
  compare();
  models_agree({.exposure = Exposure::NodePort,
                .ingress = IngressNode::ServerNode,
                .client_host_network = true,
                .local_policy = true},
               place);
}

// The node has endpoints of its own, and pods of the node reach the other node's all the same: until each has been
// drawn, within so many connections that one would be missed in 3 x 0.67^60 of all runs.
TEST_P(KernelRulesPolicies, ExternalLocalTakesTheNodesPodsToEveryEndpointThoughSomeAreItsOwn) {
  stand(1, {.external_local = true, .first_elsewhere = true});
  const RulePacket syn{.source = kClientPod, .destination = kNodeA, .destination_port = kNodePort};
  std::set<std::uint32_t> drawn;
  for (int connection = 0; connection < 60 && drawn.size() < kEndpoints; ++connection) {
    const Opened made = open(client(), syn);
    ASSERT_TRUE(made.connected);
    EXPECT_EQ(made.source, kClientPod);
    drawn.insert(made.endpoint);
    connection_at(NodeRole::Client, syn, {.endpoint = made.endpoint});
    models_agree({.exposure = Exposure::NodePort,
                  .locality = Locality::SameNode,
                  .ingress = IngressNode::ClientNode,
                  .local_policy = true},
                 made.endpoint);
  }
  compare();
  EXPECT_EQ(drawn.size(), kEndpoints);
}

TEST_P(KernelRulesPoliciesAcrossNodes, ExternalLocalDropsAtANodeWithoutEndpoints) {
  stand(2, {.external_local = true});
  dropped_at_a(outside(), {.source = kOutside, .destination = kNodeA, .destination_port = kNodePort}, kReceived);
}

TEST_P(KernelRulesPoliciesAcrossNodes, ExternalLocalTakesPodsToEveryEndpoint) {
  stand(2, {.external_local = true});
  const RulePacket syn{.source = kClientPod, .destination = kNodeA, .destination_port = kNodePort};
  const Opened made = open(client(), syn);
  ASSERT_TRUE(made.connected);
  EXPECT_EQ(made.source, kClientPod);
  const RulePacket left = connection_at(NodeRole::Client, syn, {.endpoint = made.endpoint});
  connection_at(NodeRole::Server, onward(left, kClientPod));
  tunnel_between(NodeRole::Client, NodeRole::Server);
  compare();
  models_agree({.exposure = Exposure::NodePort, .ingress = IngressNode::ClientNode, .local_policy = true},
               made.endpoint);
}

TEST_P(KernelRulesPoliciesAcrossNodes, ExternalLocalTakesTheNodesOwnProcessesToEveryEndpoint) {
  stand(2, {.external_local = true});
  const RulePacket syn{.source = kNodeA, .destination = kNodeA, .destination_port = kNodePort};
  const Opened made = open(node(0).space, syn);
  ASSERT_TRUE(made.connected);
  EXPECT_EQ(made.source, lab::LabCluster::tunnel_address(0));
  const RulePacket left =
      connection_at(NodeRole::Client, syn, {.endpoint = made.endpoint}, {.there = kSent, .back = kReceived});
  EXPECT_TRUE(left.masqueraded);
  connection_at(NodeRole::Server, onward(left, made.source));
  tunnel_between(NodeRole::Client, NodeRole::Server);
  compare();
  models_agree({.exposure = Exposure::NodePort,
                .ingress = IngressNode::ClientNode,
                .client_host_network = true,
                .local_policy = true},
               made.endpoint);
}

// ---- internalTrafficPolicy: Local

TEST_P(KernelRulesPolicies, InternalLocalReachesTheNodesOwnEndpoints) {
  stand(1, {.internal_local = true, .first_elsewhere = true});
  const RulePacket syn{.source = kClientPod, .destination = kServiceAddress, .destination_port = 80};
  const Opened made = open(client(), syn);
  ASSERT_TRUE(made.connected);
  ASSERT_GE(made.endpoint, 1U);
  const std::uint32_t place = made.endpoint - 1;
  connection_at(NodeRole::Client, syn, {.endpoint = place});
  compare();
  models_agree({.exposure = Exposure::ClusterIp, .locality = Locality::SameNode, .local_policy = true}, place);
}

TEST_P(KernelRulesPolicies, InternalLocalTakesTheMasqueradeTestOutOfANodePortsWay) {
  stand(1, {.internal_local = true, .first_elsewhere = true});
  const RulePacket syn{.source = kOutside, .destination = kNodeA, .destination_port = kNodePort};
  const Opened made = open(outside(), syn);
  ASSERT_TRUE(made.connected);
  connection_at(NodeRole::Server, syn, {.endpoint = made.endpoint});
  compare();
  models_agree({.exposure = Exposure::NodePort,
                .ingress = IngressNode::ServerNode,
                .client_host_network = true,
                .local_inside = true},
               made.endpoint);
}

TEST_P(KernelRulesPolicies, BothLocalPoliciesShareAChainWithTheMasqueradeTest) {
  stand(1, {.external_local = true, .internal_local = true, .first_elsewhere = true});
  const RulePacket syn{.source = kOutside, .destination = kNodeA, .destination_port = kNodePort};
  const Opened made = open(outside(), syn);
  ASSERT_TRUE(made.connected);
  ASSERT_GE(made.endpoint, 1U);
  const std::uint32_t place = made.endpoint - 1;
  connection_at(NodeRole::Server, syn, {.endpoint = place});
  compare();
  models_agree({.exposure = Exposure::NodePort,
                .ingress = IngressNode::ServerNode,
                .client_host_network = true,
                .local_policy = true,
                .local_inside = true},
               place);
}

TEST_P(KernelRulesPoliciesAcrossNodes, InternalLocalDropsWhatPodsOfANodeWithoutEndpointsAsk) {
  stand(2, {.internal_local = true});
  dropped_at_a(client(), {.source = kClientPod, .destination = kServiceAddress, .destination_port = 80}, kUpToForward);
}

TEST_P(KernelRulesPoliciesAcrossNodes, InternalLocalDropsWhatProcessesOfANodeWithoutEndpointsAsk) {
  stand(2, {.internal_local = true});
  dropped_at_a(node(0).space, {.source = kNodeA, .destination = kServiceAddress, .destination_port = 80},
               {Hook::Output});
}

// ---- no endpoints

TEST_P(KernelRulesPolicies, AServiceWithoutEndpointsRefusesPods) {
  stand(1);
  refused_at_a(client(), {.source = kClientPod, .destination = kEmptyAddress, .destination_port = 80}, kUpToForward);
}

TEST_P(KernelRulesPolicies, AServiceWithoutEndpointsRefusesProcessesOfTheNode) {
  stand(1);
  refused_at_a(node(0).space, {.source = kNodeA, .destination = kEmptyAddress, .destination_port = 80}, {Hook::Output},
               {Hook::Output, Hook::Postrouting, Hook::Prerouting, Hook::Input});
}

TEST_P(KernelRulesPolicies, ANodePortWithoutEndpointsRefusesThoseOutside) {
  stand(1);
  refused_at_a(outside(), {.source = kOutside, .destination = kNodeA, .destination_port = kEmptyNodePort}, kReceived);
}

INSTANTIATE_TEST_SUITE_P(Loaded, KernelRulesPolicies, kEveryLoader);
INSTANTIATE_TEST_SUITE_P(Loaded, KernelRulesPoliciesAcrossNodes, kEveryLoader);

}  // namespace
}  // namespace knetsim
