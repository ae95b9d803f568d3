#include "models/service/datapath.h"
#include "models/service/addressing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <tuple>
#include <vector>

#include "hand_walks.h"
#include "models/walk/walk_table.h"

// Goal: a walk has the steps that the kernel takes, in its order, on the right machine.
// Method: three walks written out by hand (hand_walks.h), stage by stage; and for the other cases the one thing that
// sets each apart: rule counts by formulas of kube-proxy's chains, steps that must be there or must not.

namespace knetsim {
namespace {

constexpr double kR = 1'000, kK = 417, kN = 12, kI = 4;

class DatapathTest : public testing::Test {
 protected:
  Walk walk(const FlowClass& flow, PacketClass packet, const char* mode = "iptables", const char* cni_name = "bridge",
            const CniParams& cni_params = {}, const PortMap* host_ports = nullptr) {
    proxy = make_proxy(mode, hand_params());
    cni = cni_kind_named(cni_name)->make(cni_params);
    return describe(flow, packet, {*proxy, *cni, host_ports});
  }
  /// With Calico, whose rules the mode has among its own.
  Walk calico_walk(const FlowClass& flow, PacketClass packet, const char* encapsulation) {
    cni = cni_kind_named("calico")->make({.backend = encapsulation});
    ProxyParams params = hand_params();
    params.special.felix = FelixOptions{.encapsulation = cni->tunnel().encapsulation};
    proxy = make_proxy("iptables", params);
    return describe(flow, packet, {*proxy, *cni, nullptr});
  }
  double rules(const Walk& walk, std::optional<NodeRole> node = {}, RuleTable table = RuleTable::Nat,
               bool outer = false) {
    Bindings bindings = hand_bindings();
    bindings[Symbol::HostPortPosition] = 3;
    RuleSizes sizes = hand_sizes();
    sizes.host_port_containers = host_port_containers;
    bindings.set_everywhere(symbols_of(sizes));
    return rules_evaluated(walk, bindings, {.node = node, .table = table, .outer_untracked = outer});
  }
  static double count(const Walk& walk, StepKind kind, std::optional<NodeRole> node = {}, bool outer = true) {
    double sum = 0;
    for (const Step& step : walk.steps) {
      if (step.kind == kind && step.passage == Passage::Message && (!node || step.node == *node) &&
          (outer || step.when != Condition::OuterUntracked)) {
        sum += step.count.fixed;
      }
    }
    return sum;
  }
  std::unique_ptr<ProxyModel> proxy;
  std::unique_ptr<CniModel> cni;
  std::uint32_t host_port_containers = 0;  ///< On every node.
};

TEST_F(DatapathTest, WalksWrittenOutByHandAreDescribedStageByStage) {
  const CostProfile profile = hand_profile();
  for (const HandCase& example : hand_cases()) {
    for (const HandWalk& hand : example.walks) {
      const bool handshake = hand.packet == PacketClass::First || hand.packet == PacketClass::SynAck;
      const Walk described = walk(example.flow, hand.packet, "iptables", example.cni.c_str());
      WalkTableOptions options{.packet = hand.packet, .bindings = hand_bindings(), .outer_untracked = handshake};
      options.size.payload = Bytes(handshake ? 0 : static_cast<std::int64_t>(example.payload_bytes));
      const WalkTable table = walk_table(described, profile, options);
      const std::string what = example.name + ", " + std::string(name_of(hand.packet));
      EXPECT_EQ(table.rules, hand.rules) << what;
      double expected = 0;
      auto row = table.rows.begin();
      const auto skip = [&] {  // what nobody waits for, and links
        while (row != table.rows.end() && row->latency_ns == 0) ++row;
      };
      for (const HandStage& stage : hand.stages) {
        double by_hand = 0, by_model = 0;
        for (const double ns : stage.ns) by_hand += ns;
        skip();
        for (; row != table.rows.end() && row->place == stage.place &&
               (row->node == stage.node || stage.place == Place::Nic);
             skip()) {
          by_model += row->latency_ns;
          ++row;
        }
        EXPECT_NEAR(by_model, by_hand, 1e-6)
            << what << ", " << name_of(stage.node) << ' ' << name_of(stage.place) << '\n'
            << render(table);
        expected += by_hand;
      }
      EXPECT_EQ(row, table.rows.end()) << what;
      EXPECT_NEAR(table.latency_ns, expected, 1e-6) << what;
    }
  }
}

TEST_F(DatapathTest, AClusterIpCostsAboutKRulesAtTheClientAndRAtTheServer) {
  const Walk first = walk({.exposure = Exposure::ClusterIp}, PacketClass::First);
  EXPECT_EQ(rules(first, NodeRole::Client), kK + kI + 4 + 2);
  EXPECT_EQ(rules(first, NodeRole::Server), kR + 2 + 2);
}

TEST_F(DatapathTest, TheTunnelsOuterPacketsRaiseTheScansOfAHandshakeToAboutKAndFiveR) {
  const FlowClass flow{.exposure = Exposure::ClusterIp};
  double scanned = 0;
  for (const PacketClass packet : {PacketClass::First, PacketClass::SynAck}) {
    scanned += rules(walk(flow, packet, "iptables", "flannel"), {}, RuleTable::Nat, true);
  }
  EXPECT_NEAR(scanned, kK + 5 * kR, 100);  // some rules of short chains, KUBE-NODEPORTS twice
  // Conntrack: per machine the connection's entry and one for the tunnel in each direction.
  double entries = 0;
  for (const PacketClass packet : {PacketClass::First, PacketClass::SynAck}) {
    entries += count(walk(flow, packet, "iptables", "flannel"), StepKind::ConntrackInsert, NodeRole::Client);
  }
  EXPECT_EQ(entries, 3);
}

TEST_F(DatapathTest, ATunnelExemptFromConntrackMeetsNoRules) {
  const FlowClass flow{.exposure = Exposure::ClusterIp};
  const Walk first = walk(flow, PacketClass::First, "iptables", "flannel", {.notrack = true});
  EXPECT_EQ(rules(first, {}, RuleTable::Nat, true), kK + kI + 4 + 2 + kR + 2 + 2);
  EXPECT_EQ(count(first, StepKind::VxlanEncap), 1);
}

TEST_F(DatapathTest, ANodePortOfTheServersNodeIsTranslatedThereAndNeedsNoTunnel) {
  const FlowClass flow{.exposure = Exposure::NodePort, .ingress = IngressNode::ServerNode};
  EXPECT_EQ(translating_node(flow), NodeRole::Server);
  const Walk first = walk(flow, PacketClass::First);
  EXPECT_EQ(rules(first, NodeRole::Client), kR + 2 + 2);
  EXPECT_EQ(rules(first, NodeRole::Server), kR + kN + kI + 8 + 4);
  for (const PacketClass packet : {PacketClass::First, PacketClass::SynAck, PacketClass::Request}) {
    const Walk plain = walk(flow, packet, "iptables", "flannel");
    EXPECT_EQ(plain.encapsulation, Encapsulation::None);
    EXPECT_EQ(plain.outer_bytes, 0U);
    EXPECT_EQ(count(plain, StepKind::VxlanEncap) + count(plain, StepKind::VxlanDecap), 0);
  }
}

TEST_F(DatapathTest, ANodePortAtAThirdNodeComesBackThroughIt) {
  const FlowClass flow{.exposure = Exposure::NodePort, .ingress = IngressNode::ThirdNode};
  const Walk response = walk(flow, PacketClass::Response);
  EXPECT_EQ(response.nodes, (std::vector{NodeRole::Server, NodeRole::Ingress, NodeRole::Client}));
  EXPECT_EQ(count(response, StepKind::NatMangle, NodeRole::Ingress), 2);  // un-SNAT and un-DNAT
  EXPECT_EQ(count(response, StepKind::NatMangle, NodeRole::Client), 0);
}

// A server outside of the cluster, as a load balancer of its own machine, is a plain Linux: the client's node has all the
// hooks that there are, and where that is outside too nobody has any.
TEST_F(DatapathTest, AServerOutsideHasNoHooks) {
  for (const char* mode : {"iptables", "nftables", "ipvs", "ebpf"}) {
    for (const char* network : {"bridge", "flannel", "routed"}) {
      for (const bool both : {false, true}) {
        const FlowClass flow{
            .client_host_network = both, .client_external = both, .server_host_network = true, .server_external = true};
        for (const PacketClass packet :
             {PacketClass::First, PacketClass::SynAck, PacketClass::Request, PacketClass::Response}) {
          bool arrives = false;
          for (const Step& step : walk(flow, packet, mode, network).steps) {
            arrives = arrives || step.node == NodeRole::Server;
            const bool of_node = step.kind == StepKind::NetfilterHook || step.kind == StepKind::ConntrackLookup ||
                                 step.kind == StepKind::ConntrackInsert || info(step.kind).traits.rule;
            if (both || step.node == NodeRole::Server) {
              EXPECT_FALSE(of_node) << mode << " " << network;
            }
          }
          EXPECT_TRUE(arrives);
        }
      }
    }
  }
}

// What is asked by an external IP passes what a node port of the same node does, from outside of the cluster and at the
// client's own node: rules differ, and nothing else.
TEST_F(DatapathTest, AnExternalIpTakesTheWayOfANodePort) {
  const auto way = [&](const FlowClass& flow, PacketClass packet, const char* mode, const char* network) {
    std::vector<std::tuple<StepKind, Place, NodeRole>> steps;
    for (const Step& step : walk(flow, packet, mode, network).steps) {
      const bool of_rules = info(step.kind).traits.rule || step.kind == StepKind::XtMatch ||
                            step.kind == StepKind::NftMatch || step.kind == StepKind::VerdictMap ||
                            step.kind == StepKind::IpSet;
      if (!of_rules) steps.emplace_back(step.kind, step.place, step.node);
    }
    return steps;
  };
  const FlowClass from_outside{.client_host_network = true, .client_external = true};
  for (const char* mode : {"iptables", "nftables", "ipvs", "ebpf"}) {
    for (const char* network : {"bridge", "flannel", "routed"}) {
      for (const IngressNode ingress : {IngressNode::ServerNode, IngressNode::ThirdNode, IngressNode::ClientNode}) {
        for (const bool local : {false, true}) {
          FlowClass flow = ingress == IngressNode::ClientNode ? FlowClass{} : from_outside;
          flow.ingress = ingress;
          flow.local_policy = local;
          for (const PacketClass packet :
               {PacketClass::First, PacketClass::SynAck, PacketClass::Request, PacketClass::Response}) {
            flow.exposure = Exposure::NodePort;
            const auto by_port = way(flow, packet, mode, network);
            flow.exposure = Exposure::ExternalIp;
            EXPECT_EQ(way(flow, packet, mode, network), by_port)
                << mode << " " << network << " ingress " << static_cast<int>(ingress);
          }
        }
      }
    }
  }
}

TEST_F(DatapathTest, AHostPortIsTranslatedAtTheServersNodeBehindKubeProxysRules) {
  const PortMap host_ports(IptablesBackend::Legacy);
  host_port_containers = 5;
  const FlowClass flow{.exposure = Exposure::HostPort};
  const Walk first = walk(flow, PacketClass::First, "iptables", "bridge", {}, &host_ports);
  // The client's node: R + 2 and portmap's jump; POSTROUTING 2 of portmap and 2. The server's: all of KUBE-SERVICES and
  // KUBE-NODEPORTS, the jump, the third container's rule, three rules of its chain.
  EXPECT_EQ(rules(first, NodeRole::Client), kR + 2 + 1 + 2 + 2);
  EXPECT_EQ(rules(first, NodeRole::Server), kR + 2 + 30 + 1 + 3 + 3 + 2 + 2);
  EXPECT_EQ(count(first, StepKind::NatMangle, NodeRole::Server), 1);
  const Walk response = walk(flow, PacketClass::Response, "iptables", "bridge", {}, &host_ports);
  EXPECT_EQ(count(response, StepKind::NatMangle, NodeRole::Server), 1);
  // The client asks a node's address: no tunnel.
  EXPECT_EQ(walk(flow, PacketClass::Request, "iptables", "flannel", {}, &host_ports).encapsulation,
            Encapsulation::None);
}

TEST_F(DatapathTest, PodsOfOneNodeStayOnTheBridgeAndOnTheSendingCpu) {
  const FlowClass flow{.exposure = Exposure::ClusterIp, .locality = Locality::SameNode};
  const Walk first = walk(flow, PacketClass::First);
  for (const Step& step : first.steps) EXPECT_EQ(step.place, Place::SendingCpu) << info(step.kind).name;
  EXPECT_EQ(count(first, StepKind::Bridge), 1);
  EXPECT_EQ(count(first, StepKind::Veth), 2);
  EXPECT_EQ(count(first, StepKind::ConntrackInsert), 1);
  EXPECT_EQ(count(first, StepKind::NicTransmit), 0);
  EXPECT_EQ(rules(first), kK + kI + 4 + 2);
  const Walk request = walk(flow, PacketClass::Request);
  EXPECT_EQ(request.steps.back().place, Place::ReceivingCpu);
  // Without a bridge they are routed: two veths and no bridge.
  const Walk routed = walk(flow, PacketClass::First, "iptables", "routed");
  EXPECT_EQ(count(routed, StepKind::Bridge), 0);
  EXPECT_EQ(count(routed, StepKind::IpReceive), 2);
}

TEST_F(DatapathTest, ContainersOfOnePodMeetNoRuleOfTheNode) {
  for (const PacketClass packet :
       {PacketClass::First, PacketClass::SynAck, PacketClass::Request, PacketClass::Response}) {
    const Walk loopback = walk({.locality = Locality::SamePod}, packet);
    EXPECT_EQ(rules(loopback, {}, RuleTable::None), 0);
    EXPECT_EQ(count(loopback, StepKind::ConntrackLookup), 0);
    EXPECT_EQ(count(loopback, StepKind::Veth), 0);
    EXPECT_EQ(count(loopback, StepKind::Loopback), 1);
  }
}

TEST_F(DatapathTest, HostProcessesOfOneNodeMeetOverItsLoopbackAndItsHooks) {
  const FlowClass flow{.locality = Locality::SameNode, .client_host_network = true, .server_host_network = true};
  const Walk first = walk(flow, PacketClass::First);
  EXPECT_EQ(count(first, StepKind::Loopback), 1);
  EXPECT_EQ(rules(first), kR + 2 + 30 + 2);  // OUTPUT to an address of the node: KUBE-NODEPORTS too
  EXPECT_EQ(rules(first, {}, RuleTable::Filter), 4 + 5);
  EXPECT_EQ(count(first, StepKind::ConntrackLookup), 1);  // loopback_xmit keeps the entry
}

TEST_F(DatapathTest, AnEndOfAPacketsWayPassesTwoHooksAndANodeOnItThree) {
  const auto hooks = [&](FlowClass flow, PacketClass packet, const char* cni_name = "bridge") {
    return count(walk(flow, packet, "iptables", cni_name), StepKind::NetfilterHook);
  };
  const FlowClass hosts{.client_host_network = true, .server_host_network = true};
  FlowClass one_node = hosts;
  one_node.locality = Locality::SameNode;
  for (const PacketClass packet : {PacketClass::First, PacketClass::SynAck, PacketClass::Request}) {
    EXPECT_EQ(hooks(hosts, packet), 4) << "OUTPUT, POSTROUTING; PREROUTING, INPUT";
    EXPECT_EQ(hooks(one_node, packet), 4) << "all of them by one lookup";
    EXPECT_EQ(hooks({}, packet), 6) << "PREROUTING, FORWARD, POSTROUTING of each node";
    EXPECT_EQ(hooks({.locality = Locality::SameNode}, packet), 3);
    EXPECT_EQ(hooks({.server_host_network = true}, packet), 5);
    EXPECT_EQ(hooks({}, packet, "flannel"), 10) << "and the outer packet's four";
  }
}

TEST_F(DatapathTest, OnlyPacketsThatOpenLookUpTheirRouteWhereTheyArrive) {
  const auto lookups = [&](FlowClass flow, PacketClass packet) {
    return count(walk(flow, packet), StepKind::RouteInput);
  };
  FlowClass loopback{.locality = Locality::SameNode, .client_host_network = true, .server_host_network = true};
  for (const PacketClass packet : {PacketClass::First, PacketClass::SynAck, PacketClass::Request}) {
    EXPECT_EQ(lookups({}, packet), packet == PacketClass::Request ? 0 : 1);
    EXPECT_EQ(lookups(loopback, packet), 0) << "loopback_xmit() keeps the route";
  }
  EXPECT_EQ(lookups({.transport = Transport::Udp}, PacketClass::Request), 1) << "to a socket that is not connected";
  EXPECT_EQ(lookups({.transport = Transport::Udp}, PacketClass::Response), 0);
}

TEST_F(DatapathTest, NodePortAndHeadlessPayAllOfRWhateverTheServicesPosition) {
  const Walk headless = walk({.exposure = Exposure::PodIp}, PacketClass::First);
  EXPECT_EQ(rules(headless, NodeRole::Client), kR + 2 + 2);
  EXPECT_EQ(rules(headless, NodeRole::Server), kR + 2 + 2);
  EXPECT_EQ(count(headless, StepKind::NatMangle), 0);
}

TEST_F(DatapathTest, EstablishedPacketsAndRepliesDoNotDependOnTheNumberOfServices) {
  for (const PacketClass packet : {PacketClass::SynAck, PacketClass::Request, PacketClass::Response}) {
    const Walk later = walk({.exposure = Exposure::ClusterIp}, packet);
    EXPECT_EQ(rules(later), 0);
    EXPECT_EQ(rules(later, {}, RuleTable::Filter), 5 + 5);
    EXPECT_EQ(count(later, StepKind::NatMangle, NodeRole::Client), 1);
    EXPECT_EQ(count(later, StepKind::NatMangle, NodeRole::Server), 0);
    EXPECT_EQ(count(later, StepKind::ConntrackInsert), 0);
  }
}

TEST_F(DatapathTest, IpvsStaysOnThePathOfEveryPacketOnTheClientsNode) {
  const FlowClass flow{.exposure = Exposure::ClusterIp};
  const Walk first = walk(flow, PacketClass::First, "ipvs");
  EXPECT_EQ(count(first, StepKind::IpvsConnection, NodeRole::Client), 1);
  EXPECT_EQ(count(first, StepKind::IpvsConnection, NodeRole::Server), 0);
  for (const PacketClass packet : {PacketClass::Request, PacketClass::Response}) {
    const Walk later = walk(flow, packet, "ipvs");
    EXPECT_GE(count(later, StepKind::IpvsLookup, NodeRole::Client), 1);
    EXPECT_EQ(count(later, StepKind::NatMangle, NodeRole::Client), 1);
    EXPECT_EQ(count(later, StepKind::IpvsConnection), 0);
  }
  // From a process of the node it is chosen at OUTPUT.
  FlowClass host = flow;
  host.client_host_network = true;
  EXPECT_EQ(count(walk(host, PacketClass::First, "ipvs"), StepKind::IpvsConnection), 1);
}

TEST_F(DatapathTest, NftablesDoesTheSameWorkWhateverTheNumberOfServices) {
  const Walk first = walk({.exposure = Exposure::ClusterIp}, PacketClass::First, "nftables");
  EXPECT_LT(count(first, StepKind::NftExpression, NodeRole::Client), 20);
  EXPECT_LT(count(first, StepKind::VerdictMap, NodeRole::Client), 12);
  EXPECT_EQ(count(first, StepKind::NatMangle, NodeRole::Client), 1);
}

TEST_F(DatapathTest, WithoutKubeProxyThereIsConntrackAndNoNat) {
  const Walk first = walk({.exposure = Exposure::PodIp}, PacketClass::First, "none");
  EXPECT_EQ(count(first, StepKind::NatSetup), 0);
  EXPECT_EQ(count(first, StepKind::ConntrackInsert), 2);
  EXPECT_EQ(rules(first, {}, RuleTable::None), 0);
}

TEST_F(DatapathTest, AUdpFlowsFirstDatagramIsDataThatWakesItsReader) {
  const Walk first = walk({.transport = Transport::Udp, .exposure = Exposure::ClusterIp}, PacketClass::First);
  EXPECT_EQ(count(first, StepKind::Connect), 0);
  EXPECT_EQ(count(first, StepKind::UdpReceive), 1);
  EXPECT_EQ(count(first, StepKind::CopyOut), 1);
  EXPECT_EQ(count(first, StepKind::ConntrackInsert), 2);
  for (const Step& step : first.steps) EXPECT_EQ(step.passage, Passage::Message);  // no ACKs
}

TEST_F(DatapathTest, OnlyPodTrafficGoesThroughTheTunnel) {
  const FlowClass to_pod{.client_host_network = true};
  EXPECT_EQ(walk(to_pod, PacketClass::Request, "iptables", "flannel").encapsulation, Encapsulation::Vxlan);
  const FlowClass to_host{.server_host_network = true};
  EXPECT_EQ(walk(to_host, PacketClass::Request, "iptables", "flannel").encapsulation, Encapsulation::None);
  const FlowClass same{.locality = Locality::SameNode};
  EXPECT_EQ(walk(same, PacketClass::Request, "iptables", "flannel").encapsulation, Encapsulation::None);
  EXPECT_EQ(walk({}, PacketClass::Request, "iptables", "flannel", {.backend = "host-gw"}).outer_bytes, 0U);
}

// Outer packets of IP in IP have one tuple a pair of nodes, known in both directions: a lookup each, no entry and no nat
// chain. VXLAN's are exempt from conntrack by Felix.
TEST_F(DatapathTest, CalicosTunnelsAddNoConntrackEntries) {
  for (const char* encapsulation : {"ipip", "vxlan", "none"}) {
    const Walk first = calico_walk({.exposure = Exposure::ClusterIp}, PacketClass::First, encapsulation);
    EXPECT_EQ(count(first, StepKind::ConntrackInsert), 2) << encapsulation;
    EXPECT_EQ(count(first, StepKind::NatSetup), 4) << encapsulation;
    const bool ipip = std::string_view(encapsulation) == "ipip";
    EXPECT_EQ(count(first, StepKind::ConntrackLookup), ipip ? 4 : 2) << encapsulation;
    EXPECT_EQ(count(first, StepKind::IpipEncap), ipip ? 1 : 0) << encapsulation;
    EXPECT_EQ(count(first, StepKind::IpipDecap), ipip ? 1 : 0) << encapsulation;
    const std::uint32_t header = ipip ? 20U : std::string_view(encapsulation) == "vxlan" ? 50U : 0U;
    EXPECT_EQ(first.outer_bytes, header) << encapsulation;
  }
}

// All rules of all tables, from felix/rules and kube-proxy's chains (felix_rules_test.cpp has them hook by hook); the
// client's device is found at the third rule of its dispatch chain, the server's at the fifth.
TEST_F(DatapathTest, CalicosRulesStandInFrontOfKubeProxysOnEachNode) {
  const double c = 3, p = 5;
  const auto evaluated = [&](const Walk& walk, NodeRole node) {
    Bindings bindings = hand_bindings();
    bindings[Symbol::ClientDispatch] = static_cast<float>(c);
    bindings[Symbol::ServerDispatch] = static_cast<float>(p);
    return rules_evaluated(walk, bindings, {.node = node});
  };
  const FlowClass flow{.exposure = Exposure::ClusterIp};
  for (const char* encapsulation : {"ipip", "vxlan", "none"}) {
    const std::string_view kind = encapsulation;
    const double exempt = kind == "vxlan" ? 1 : 0;  // NOTRACK in raw
    const double tunnel = kind == "none" ? 0 : 1;   // the tunnel's rule in nat POSTROUTING
    // Outer packets: raw and filter OUTPUT, mangle POSTROUTING; raw and mangle PREROUTING, filter INPUT.
    const double out = tunnel * ((4 + exempt) + 4 + 5);
    const double in = kind == "ipip" ? 7 + 2 + 2 : kind == "vxlan" ? 8 + 5 + 2 : 0;
    const double raw = 7 + exempt;
    const double post = 2 + 4 + tunnel + 2;
    const Walk first = calico_walk(flow, PacketClass::First, encapsulation);
    EXPECT_EQ(evaluated(first, NodeRole::Client), (raw + 5 + 2 + kK + kI + 4) + (7 + c + 8 + 7 + 1) + post + out)
        << kind;
    EXPECT_EQ(evaluated(first, NodeRole::Server), in + (raw + 5 + 2 + kR + 2) + (7 + p + 6 + 7 + 1) + post) << kind;
    const Walk request = calico_walk(flow, PacketClass::Request, encapsulation);
    EXPECT_EQ(evaluated(request, NodeRole::Client), (raw + 2) + (4 + c + 1) + 5 + out) << kind;
    EXPECT_EQ(evaluated(request, NodeRole::Server), in + (raw + 2) + (5 + p + 1) + 5) << kind;
    const Walk response = calico_walk(flow, PacketClass::Response, encapsulation);
    EXPECT_EQ(evaluated(response, NodeRole::Server), (raw + 2) + (4 + p + 1) + 5 + out) << kind;
    EXPECT_EQ(evaluated(response, NodeRole::Client), in + (raw + 2) + (5 + c + 1) + 5) << kind;
  }
}

// A pod that asks a process of another node leaves the pool: cali-nat-outgoing masquerades; it is sent past the tunnel.
TEST_F(DatapathTest, WhatLeavesCalicosPoolHasItsNodesAddress) {
  const FlowClass to_host{.server_host_network = true};
  const Walk first = calico_walk(to_host, PacketClass::First, "ipip");
  EXPECT_EQ(count(first, StepKind::NatMangle, NodeRole::Client), 1);
  EXPECT_EQ(first.encapsulation, Encapsulation::None);
  EXPECT_EQ(count(calico_walk({}, PacketClass::First, "ipip"), StepKind::NatMangle), 0);
}

TEST_F(DatapathTest, PacketsThatNobodyWaitsForPassTheSameDevices) {
  const Walk first = walk({.exposure = Exposure::ClusterIp}, PacketClass::First);
  double veths = 0;
  for (const Step& step : first.steps) {
    if (step.passage == Passage::Unawaited && step.kind == StepKind::Veth) veths += step.count.fixed;
  }
  EXPECT_EQ(veths, 2 * 5);  // the handshake's ACK, two FINs and their ACKs, at each end
}

// What the cluster's machines do is what they do for a process of another node; the client's own machine is no node.
TEST_F(DatapathTest, AClientOutsideOfTheClusterHasNoneOfItsRules) {
  for (const ProxyInfo& mode : proxy_modes()) {
    for (const FlowClass& way : {FlowClass{.exposure = Exposure::NodePort, .ingress = IngressNode::ServerNode},
                                 FlowClass{.exposure = Exposure::NodePort, .ingress = IngressNode::ThirdNode},
                                 FlowClass{.exposure = Exposure::HostPort}}) {
      for (const Transport transport : {Transport::Tcp, Transport::Udp}) {
        for (const char* cni_name : {"bridge", "flannel"}) {
          FlowClass inside = way;
          inside.transport = transport;
          inside.client_host_network = true;
          FlowClass outside = inside;
          outside.client_external = true;
          for (const PacketClass packet :
               {PacketClass::First, PacketClass::SynAck, PacketClass::Request, PacketClass::Response}) {
            SCOPED_TRACE(testing::Message() << mode.name << ' ' << cni_name << ' ' << name_of(packet));
            const auto steps = [&](const FlowClass& flow, bool of_client) {
              std::vector<Step> some = walk(flow, packet, std::string(mode.name).c_str(), cni_name).steps;
              std::erase_if(some, [&](const Step& step) { return (step.node == NodeRole::Client) != of_client; });
              return some;
            };
            const std::vector<Step> there = steps(outside, false), expected = steps(inside, false);
            ASSERT_EQ(there.size(), expected.size());
            for (std::size_t i = 0; i < there.size(); ++i) {
              EXPECT_EQ(there[i].kind, expected[i].kind);
              EXPECT_EQ(there[i].count, expected[i].count);
            }
            for (const Step& step : steps(outside, true)) {
              EXPECT_THAT((std::vector{StepKind::NetfilterHook, StepKind::ConntrackLookup, StepKind::ConntrackInsert,
                                       StepKind::NatSetup, StepKind::NatMangle, StepKind::Rule, StepKind::VerdictMap,
                                       StepKind::IpvsLookup, StepKind::IpvsConnection, StepKind::BpfProgram,
                                       StepKind::BpfLookup, StepKind::VxlanEncap}),
                          testing::Not(testing::Contains(step.kind)));
            }
          }
        }
      }
    }
  }
}

// NodeLocal DNSCache: what is exempt from conntrack has no entry and no nat chains, in either direction; its other steps are
// those of a tracked flow (Linux net/netfilter/nf_conntrack_core.c, nf_conntrack_in; nf_nat_core.c, nf_nat_inet_fn).
TEST_F(DatapathTest, AnUntrackedFlowMeetsNeitherConntrackNorNatChains) {
  FlowClass flow{.transport = Transport::Udp, .locality = Locality::SameNode, .server_host_network = true};
  for (const PacketClass packet : {PacketClass::First, PacketClass::Request, PacketClass::Response}) {
    flow.untracked = false;
    const Walk tracked = walk(flow, packet);
    flow.untracked = true;
    const Walk untracked = walk(flow, packet);
    EXPECT_GT(count(tracked, StepKind::ConntrackLookup), 0);
    for (const StepKind kind : {StepKind::ConntrackLookup, StepKind::ConntrackInsert, StepKind::NatSetup}) {
      EXPECT_EQ(count(untracked, kind), 0);
    }
    EXPECT_EQ(rules(untracked), 0);
    for (const StepKind kind : {StepKind::UdpTransmit, StepKind::Veth, StepKind::UdpReceive, StepKind::WakeUp}) {
      EXPECT_EQ(count(untracked, kind), count(tracked, kind));
    }
    if (packet != PacketClass::First) continue;
    EXPECT_GT(rules(tracked), 0) << "nat chains of a new connection";
  }
}

}  // namespace
}  // namespace knetsim
