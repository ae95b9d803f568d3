// Goal: an external IP and a load balancer's address are treated by the rules of a real kernel as the interpreter and
// the models say, from a pod, a process of the node and a machine outside, with both policies and with source ranges.
// Method: kernel_rules_lab.h.
#include "kernel_rules_lab.h"

namespace knetsim {
namespace {

// In front of the asked Service's rule for its external IP are those of four Services, the first of which has a load
// balancer's address too, and its own for the cluster IP; its load balancer's follows.
constexpr double kExternalPosition = kWanted + 3.0;

class KernelRulesExternal : public KernelRulesLab {
 protected:
  /// One connection, counters and models. @param from  At the only node, or outside of it.
  void connect(const lab::NetNamespace& from, const RulePacket& syn, const FlowClass& flow, Ipv4 seen_source,
               bool own_process = false, std::uint32_t skipped = 0) {
    service_position_ = syn.destination == kExternalIp ? kExternalPosition : kExternalPosition + 1;
    const Opened made = open(from, syn);
    ASSERT_TRUE(made.connected);
    EXPECT_TRUE(seen_source == 0 || made.source == seen_source) << to_text(made.source);
    ASSERT_GE(made.endpoint, skipped);
    const std::uint32_t place = made.endpoint - skipped;
    const NodeRole role = flow.ingress == IngressNode::ServerNode ? NodeRole::Server : NodeRole::Client;
    if (own_process) {
      connection_at(role, syn, {.endpoint = place}, {.there = kSent, .back = kReceived});
    } else {
      connection_at(role, syn, {.endpoint = place});
    }
    compare();
    models_agree(flow, place);
  }
};

const FlowClass kFromPod{
    .exposure = Exposure::ExternalIp, .locality = Locality::SameNode, .ingress = IngressNode::ClientNode};
const FlowClass kFromProcess{.exposure = Exposure::ExternalIp,
                             .locality = Locality::SameNode,
                             .ingress = IngressNode::ClientNode,
                             .client_host_network = true};
const FlowClass kFromOutside{.exposure = Exposure::ExternalIp,
                             .ingress = IngressNode::ServerNode,
                             .client_host_network = true,
                             .client_external = true};

RulePacket ask(Ipv4 source, Ipv4 address) { return {.source = source, .destination = address, .destination_port = 80}; }

TEST_P(KernelRulesExternal, ExternalIpFromAPodIsMasqueraded) {
  stand(1, {.external = true});
  connect(client(), ask(kClientPod, kExternalIp), kFromPod, 0);
}

TEST_P(KernelRulesExternal, ExternalIpFromAProcess) {
  stand(1, {.external = true});
  connect(node(0).space, ask(kNodeA, kExternalIp), kFromProcess, 0, true);
}

TEST_P(KernelRulesExternal, ExternalIpFromOutside) {
  stand(1, {.external = true});
  connect(outside(), ask(kOutside, kExternalIp), kFromOutside, 0);
}

TEST_P(KernelRulesExternal, LoadBalancersAddressFromOutsideKeepsTheSourceWithThePolicyLocal) {
  stand(1, {.external_local = true, .external = true, .first_elsewhere = true});
  FlowClass flow = kFromOutside;
  flow.local_policy = flow.load_balancer = true;
  connect(outside(), ask(kOutside, kLoadBalancerIp), flow, kOutside, false, 1);
}

TEST_P(KernelRulesExternal, APodIsSentOnToAllEndpointsWithThePolicyLocal) {
  stand(1, {.external_local = true, .external = true, .first_elsewhere = true});
  FlowClass flow = kFromPod;
  flow.local_policy = flow.load_balancer = true;
  connect(client(), ask(kClientPod, kLoadBalancerIp), flow, kClientPod);
}

TEST_P(KernelRulesExternal, SourceRangesLetTheirSourcesIn) {
  stand(1, {.external = true, .source_ranges = {{ipv4(198, 51, 100, 0), 24}, {kOutside, 32}}});
  FlowClass flow = kFromOutside;
  flow.load_balancer = flow.firewalled = true;
  connect(outside(), ask(kOutside, kLoadBalancerIp), flow, 0);
}

TEST_P(KernelRulesExternal, SourceRangesLetAPodInThatIsInOne) {
  stand(1, {.external = true, .source_ranges = {{ipv4(198, 51, 100, 0), 24}, {ipv4(10, 244, 0, 0), 16}}});
  FlowClass flow = kFromPod;
  flow.load_balancer = flow.firewalled = true;
  connect(client(), ask(kClientPod, kLoadBalancerIp), flow, 0);
}

// A pod's own node drops what it asks of the load balancer, and the address that has no ranges is served all the same.
TEST_P(KernelRulesExternal, SourceRangesDropWhoIsInNone) {
  stand(1, {.external = true, .source_ranges = {{kOutside, 32}}});
  const RulePacket syn = ask(kClientPod, kLoadBalancerIp);
  const std::uint32_t syns = unanswered(client(), syn);
  for (std::uint32_t i = 0; i < syns; ++i) {
    RulePacket packet = syn;
    Verdict verdict = Verdict::Accept;
    for (const Hook hook : {Hook::Prerouting, Hook::Forward}) {
      if (verdict == Verdict::Accept) verdict = node(0).interpreter.at_hook(hook, packet, {}).verdict;
    }
    EXPECT_EQ(verdict, Verdict::Drop);
  }
  compare();
}

// ---- over VXLAN: the server on another node than the one to which the address leads

class KernelRulesExternalAcrossNodes : public KernelRulesOverVxlan {
 protected:
  KernelRulesExternalAcrossNodes() { service_position_ = kExternalPosition; }
};

TEST_P(KernelRulesExternalAcrossNodes, ExternalIpOfAThirdNodeFromOutside) {
  stand(2, {.external = true});
  cast(NodeRole::Ingress, 0);
  const RulePacket syn = ask(kOutside, kExternalIp);
  const Opened made = open(outside(), syn);
  ASSERT_TRUE(made.connected);
  EXPECT_EQ(made.source, lab::LabCluster::tunnel_address(0));
  const RulePacket left = connection_at(NodeRole::Ingress, syn, {.endpoint = made.endpoint});
  EXPECT_TRUE(left.masqueraded);
  connection_at(NodeRole::Server, onward(left, made.source));
  tunnel_between(NodeRole::Ingress, NodeRole::Server);
  compare();
  FlowClass flow = kFromOutside;
  flow.ingress = IngressNode::ThirdNode;
  models_agree(flow, made.endpoint);
}

TEST_P(KernelRulesExternalAcrossNodes, ExternalIpFromAPodLeavesItsNodeTranslated) {
  stand(2, {.external = true});
  const RulePacket syn = ask(kClientPod, kExternalIp);
  const Opened made = open(client(), syn);
  ASSERT_TRUE(made.connected);
  EXPECT_EQ(made.source, lab::LabCluster::tunnel_address(0));
  const RulePacket left = connection_at(NodeRole::Client, syn, {.endpoint = made.endpoint});
  connection_at(NodeRole::Server, onward(left, made.source));
  tunnel_between(NodeRole::Client, NodeRole::Server);
  compare();
  FlowClass flow = kFromPod;
  flow.locality = Locality::Remote;
  models_agree(flow, made.endpoint);
}

INSTANTIATE_TEST_SUITE_P(Loaded, KernelRulesExternal, kEveryLoader);
INSTANTIATE_TEST_SUITE_P(Loaded, KernelRulesExternalAcrossNodes, kEveryLoader);

}  // namespace
}  // namespace knetsim
