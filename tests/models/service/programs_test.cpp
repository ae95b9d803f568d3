#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "hand_walks.h"
#include "models/service/addressing.h"
#include "models/service/datapath.h"
#include "two_nodes.h"

// Goal: a mode whose programs translate in system calls and at devices makes the walks that such packets take, and sends
// connections where Cilium does. Method: what a system call translated is, but for that call, the walk of a connection to
// the pod itself, in every pod network; what programs carry past the stack has none of its steps; a node port asked by a
// NIC, machine by machine; connections dialed between two nodes, under both policies.

namespace knetsim {
namespace {

const std::map<std::string, std::string, std::less<>> kHostOnly{{"socketLB", "hostNamespaceOnly"}};
constexpr PacketClass kPackets[] = {PacketClass::First, PacketClass::SynAck, PacketClass::Request,
                                    PacketClass::Response};

class ProgramsTest : public testing::Test {
 protected:
  Walk walk(const FlowClass& flow, PacketClass packet, const std::string& network, const std::string& backend = "",
            std::map<std::string, std::string, std::less<>> choices = {}) {
    proxy = make_proxy("ebpf", {.choices = std::move(choices)});
    cni = cni_kind_named(network)->make({.backend = backend, .services_by_programs = true});
    return describe(flow, packet, {*proxy, *cni});
  }

  /// "client softirq: napi, bpf.program x 2, ..." of the message itself, in order.
  static std::vector<std::string> kinds(const Walk& walk, std::optional<NodeRole> node = {}) {
    std::vector<std::string> names;
    for (const Step& step : walk.steps) {
      if (step.passage != Passage::Message || (node && step.node != *node)) continue;
      names.emplace_back(info(step.kind).name);
    }
    return names;
  }
  static bool has(const Walk& walk, StepKind kind, std::optional<NodeRole> node = {}) {
    return std::ranges::any_of(walk.steps,
                               [&](const Step& step) { return step.kind == kind && (!node || step.node == *node); });
  }
  static double count(const Walk& walk, StepKind kind) {
    double sum = 0;
    for (const Step& step : walk.steps) {
      if (step.kind == kind && step.passage == Passage::Message) sum += step.count.fixed;
    }
    return sum;
  }

  std::unique_ptr<ProxyModel> proxy;
  std::unique_ptr<CniModel> cni;
};

/// The walk without what programs do at its sockets: first of all in the sender's call, last in the receiver's thread.
std::vector<Step> without_sockets(const Walk& walk) {
  const auto of_program = [](const Step& step) { return info(step.kind).name.starts_with("bpf."); };
  std::vector<Step> kept(std::ranges::find_if_not(walk.steps, of_program), walk.steps.end());
  std::erase_if(kept, [&](const Step& step) { return step.place == Place::ReceivingCpu && of_program(step); });
  return kept;
}

TEST_F(ProgramsTest, WhatASystemCallTranslatedIsAConnectionToThePodItself) {
  for (const CniInfo& network : cni_kinds()) {
    for (const Exposure exposure : {Exposure::ClusterIp, Exposure::NodePort}) {
      for (const Transport transport : {Transport::Tcp, Transport::Udp}) {
        for (const Locality locality : {Locality::SameNode, Locality::Remote}) {
          for (const int hosts : {0, 1, 2, 3}) {
            const FlowClass direct{.transport = transport,
                                   .locality = locality,
                                   .client_host_network = (hosts & 1) != 0,
                                   .server_host_network = (hosts & 2) != 0};
            FlowClass service = direct;
            service.exposure = exposure;
            service.in_socket = true;
            for (const PacketClass packet : kPackets) {
              if (transport == Transport::Udp && packet == PacketClass::SynAck) continue;
              const std::vector<Step> to_pod = without_sockets(walk(direct, packet, std::string(network.name)));
              const std::vector<Step> to_service = without_sockets(walk(service, packet, std::string(network.name)));
              ASSERT_EQ(to_pod.size(), to_service.size())
                  << network.name << ' ' << hosts << ' ' << static_cast<int>(packet);
              for (std::size_t i = 0; i < to_pod.size(); ++i) {
                EXPECT_EQ(to_pod[i].kind, to_service[i].kind);
                EXPECT_EQ(to_pod[i].place, to_service[i].place);
                EXPECT_EQ(to_pod[i].node, to_service[i].node);
                EXPECT_EQ(to_pod[i].count, to_service[i].count) << to_pod[i].note;
              }
            }
          }
        }
      }
    }
  }
}

TEST_F(ProgramsTest, NoRuleAndNoNatIsMetInAnyPodNetwork) {
  for (const CniInfo& network : cni_kinds()) {
    for (const PacketClass packet : kPackets) {
      const Walk one = walk({.exposure = Exposure::ClusterIp, .in_socket = true}, packet, std::string(network.name));
      EXPECT_EQ(rules_evaluated(one, hand_bindings(), {.outer_untracked = true}), 0) << network.name;
      if (network.make({})->has_felix()) continue;  // whose nat chains are there whatever kube-proxy's mode
      EXPECT_FALSE(has(one, StepKind::NatSetup) || has(one, StepKind::NatMangle)) << network.name;
    }
  }
}

TEST_F(ProgramsTest, HostRoutingByProgramsPassesTheStackOnBothMachines) {
  for (const PacketClass packet : kPackets) {
    const Walk one = walk({.exposure = Exposure::ClusterIp, .in_socket = true}, packet, "cilium", "bpf");
    for (const StepKind of_stack : {StepKind::ConntrackLookup, StepKind::ConntrackInsert, StepKind::NetfilterHook,
                                    StepKind::Route, StepKind::Veth}) {
      EXPECT_FALSE(has(one, of_stack)) << info(of_stack).name;
    }
    EXPECT_EQ(count(one, StepKind::BpfRedirect), 2);
    EXPECT_EQ(count(one, StepKind::IpReceive), 1) << "in the pod";
  }
  // As the default profile's arithmetic has it: two programs and five look-ups out, three and seven in.
  const Walk data = walk({.exposure = Exposure::ClusterIp, .in_socket = true}, PacketClass::Request, "cilium", "bpf");
  EXPECT_EQ(count(data, StepKind::BpfProgram), 5);
  EXPECT_EQ(count(data, StepKind::BpfLookup), 12);
  // A process of the node is the stack's own.
  const Walk host = walk({.client_host_network = true}, PacketClass::Request, "cilium", "bpf");
  EXPECT_TRUE(has(host, StepKind::ConntrackLookup, NodeRole::Client));
  EXPECT_FALSE(has(host, StepKind::ConntrackLookup, NodeRole::Server));
}

TEST_F(ProgramsTest, LegacyRoutingPassesTheStackBehindThePrograms) {
  const Walk one = walk({.exposure = Exposure::ClusterIp, .in_socket = true}, PacketClass::Request, "cilium", "legacy");
  EXPECT_EQ(count(one, StepKind::Veth), 2);
  EXPECT_EQ(count(one, StepKind::ConntrackLookup), 2);
  EXPECT_EQ(count(one, StepKind::BpfProgram), 5);
}

TEST_F(ProgramsTest, AThirdNodeSendsANodePortOnFromItsNicToItsNic) {
  const FlowClass flow{.exposure = Exposure::NodePort, .ingress = IngressNode::ThirdNode};
  for (const char* network : {"cilium", "routed"}) {
    for (const PacketClass packet : kPackets) {
      const Walk one = walk(flow, packet, network, "", kHostOnly);
      ASSERT_EQ(one.nodes.size(), 3U);
      EXPECT_FALSE(has(one, StepKind::IpReceive, NodeRole::Ingress)) << network;
      EXPECT_FALSE(has(one, StepKind::Route, NodeRole::Ingress)) << network;
      EXPECT_FALSE(has(one, StepKind::NatMangle)) << network;
      std::vector<std::string> at = kinds(one, NodeRole::Ingress);
      EXPECT_EQ(at.front(), "interrupt");
      EXPECT_EQ(std::ranges::count(at, "bpf.rewrite"), 2) << "destination and source";
    }
  }
}

TEST_F(ProgramsTest, ANodePortOfTheServersNodeGoesOnAsAPacketForThePod) {
  const FlowClass flow{.exposure = Exposure::NodePort, .ingress = IngressNode::ServerNode};
  const Walk first = walk(flow, PacketClass::First, "routed", "", kHostOnly);
  EXPECT_TRUE(has(first, StepKind::BpfRewrite, NodeRole::Server));
  EXPECT_TRUE(has(first, StepKind::Route, NodeRole::Server)) << "by the stack, to the pod";
  EXPECT_TRUE(has(first, StepKind::Veth, NodeRole::Server));
  EXPECT_FALSE(has(first, StepKind::NatMangle));
  // The answer is translated at the pod's device, and leaves from there.
  const Walk answer = walk(flow, PacketClass::Response, "routed", "", kHostOnly);
  EXPECT_TRUE(has(answer, StepKind::BpfRewrite, NodeRole::Server));
  EXPECT_FALSE(has(answer, StepKind::Route, NodeRole::Server));
}

TEST_F(ProgramsTest, AHostPortOfAnotherNodeIsTranslatedThereInPortmapsPlace) {
  const FlowClass flow{.exposure = Exposure::HostPort};
  const Walk first = walk(flow, PacketClass::First, "cilium", "bpf");
  EXPECT_TRUE(has(first, StepKind::BpfRewrite, NodeRole::Server));
  EXPECT_EQ(first.nodes.size(), 2U);
}

class ProgramsDialerTest : public testing::Test {
 protected:
  TwoNodes two;
  static EdgeTarget node_port(NodeIndex through) {
    EdgeTarget target;
    target.exposure = Exposure::NodePort;
    target.port = 0;
    target.through = through;
    return target;
  }
};

TEST_F(ProgramsDialerTest, WhoeversNodePortIsAskedTheClientsNodeChooses) {
  for (const Dial& dial : two.dial(std::vector<EdgeTarget>(32, node_port(1)), "ebpf")) {
    ASSERT_NE(dial.server, kNoIndex);
    EXPECT_EQ(dial.chosen_at, 0U);
  }
}

// Socket programs look at the internal policy for node ports too (lb4_lookup_service with scope_switch).
TEST_F(ProgramsDialerTest, ThePolicyOfWhatIsAskedInTheClusterIsTheInternalOne) {
  two.service().external_traffic_local = true;
  std::vector<PodIndex> servers;
  for (const Dial& dial : two.dial(std::vector<EdgeTarget>(64, node_port(1)), "ebpf")) servers.push_back(dial.server);
  EXPECT_TRUE(std::ranges::count(servers, 1U) > 0 && std::ranges::count(servers, 2U) > 0) << "any endpoint";
  two.service().internal_traffic_local = true;
  for (const Dial& dial : two.dial(std::vector<EdgeTarget>(64, node_port(1)), "ebpf")) {
    EXPECT_EQ(dial.server, 1U) << "the client's node's own";
  }
}

TEST_F(ProgramsDialerTest, WithoutAnEndpointConnectEndsAtOnce) {
  two.serve({});
  const Dial dial = two.dial(std::vector{node_port(0)}, "ebpf").front();
  EXPECT_EQ(dial.flow.plans, nullptr);
  EXPECT_FALSE(dial.dropped);
}

}  // namespace
}  // namespace knetsim
