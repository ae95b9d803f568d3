#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "models/proxy/proxy_model.h"

// Goal: what Cilium's programs look up and write at each hook, whom they translate where, and whom they refuse.
// Method: counts read off the programs (bpf/bpf_sock.c __sock4_xlate_fwd and _rev, bpf/lib/lb.h lb4_local,
// bpf/lib/nodeport.h nodeport_lb4), written here as numbers; policies by KEP-2086 and the documentation of the
// kube-proxy replacement. How walks are made of these: tests/models/service/programs_test.cpp.

namespace knetsim {
namespace {

struct Work {
  double programs = 0, lookups = 0, updates = 0, rewrites = 0;
  auto operator<=>(const Work&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Work& work) {
  return out << work.programs << " programs, " << work.lookups << " look-ups, " << work.updates << " updates, "
             << work.rewrites << " rewrites";
}

Work work_of(const std::vector<Step>& steps) {
  Work work;
  for (const Step& step : steps) {
    if (step.kind == StepKind::BpfProgram) work.programs += step.count.fixed;
    if (step.kind == StepKind::BpfLookup) work.lookups += step.count.fixed;
    if (step.kind == StepKind::BpfUpdate) work.updates += step.count.fixed;
    if (step.kind == StepKind::BpfRewrite) work.rewrites += step.count.fixed;
  }
  return work;
}

std::unique_ptr<ProxyModel> ebpf(std::map<std::string, std::string, std::less<>> choices = {}) {
  return make_proxy("ebpf", {.choices = std::move(choices)});
}
const std::map<std::string, std::string, std::less<>> kHostOnly{{"socketLB", "hostNamespaceOnly"}};

Work at_socket(const ProxyModel& mode, SocketHook hook, const HookPacket& packet) {
  std::vector<Step> steps;
  StepSink sink{steps};
  mode.at_socket(hook, packet, sink);
  return work_of(steps);
}

Work at_device(const ProxyModel& mode, DeviceHook hook, HookPacket& packet, NodeRole node) {
  std::vector<Step> steps;
  StepSink sink{steps, Place::SoftirqCore, node};
  mode.at_device(hook, packet, sink);
  return work_of(steps);
}

HookPacket first_of(FlowClass flow, AddressKind destination) { return {.flow = flow, .destination = destination}; }

TEST(Ebpf, ConnectLooksAServiceUpItsSlotItsEndpointAndTheReverseEntryThatItWrites) {
  const auto mode = ebpf();
  const FlowClass flow{.exposure = Exposure::ClusterIp, .in_socket = true};
  EXPECT_EQ(at_socket(*mode, SocketHook::Connect, first_of(flow, AddressKind::Pod)), (Work{1, 4, 1, 0}));
}

TEST(Ebpf, ANodePortIsFoundByTheIdentityOfItsAddress) {
  const FlowClass flow{.exposure = Exposure::NodePort, .in_socket = true};
  EXPECT_EQ(at_socket(*ebpf(), SocketHook::Connect, first_of(flow, AddressKind::Pod)), (Work{1, 6, 1, 0}));
}

TEST(Ebpf, AConnectionToAPodIsLookedUpInVain) {
  EXPECT_EQ(at_socket(*ebpf(), SocketHook::Connect, first_of({}, AddressKind::Pod)), (Work{1, 2, 0, 0}));
}

TEST(Ebpf, AffinityIsLookedUpAndForANewClientWritten) {
  FlowClass flow{.exposure = Exposure::ClusterIp, .affinity = true, .in_socket = true};
  EXPECT_EQ(at_socket(*ebpf(), SocketHook::Connect, first_of(flow, AddressKind::Pod)), (Work{1, 6, 2, 0}));
  flow.remembered = true;
  EXPECT_EQ(at_socket(*ebpf(), SocketHook::Connect, first_of(flow, AddressKind::Pod)), (Work{1, 5, 1, 0}));
}

TEST(Ebpf, EachDatagramIsTranslatedAndEachAnswerBack) {
  const auto mode = ebpf();
  const FlowClass flow{.transport = Transport::Udp, .exposure = Exposure::ClusterIp, .in_socket = true};
  const auto packet = [&](bool reply, CtState state) {
    return HookPacket{.flow = flow, .state = state, .reply = reply};
  };
  EXPECT_EQ(at_socket(*mode, SocketHook::SendMsg, packet(false, CtState::New)), (Work{1, 4, 1, 0}));
  EXPECT_EQ(at_socket(*mode, SocketHook::SendMsg, packet(false, CtState::Established)), (Work{1, 4, 0, 0}));
  EXPECT_EQ(at_socket(*mode, SocketHook::RecvMsg, packet(true, CtState::Established)), (Work{1, 2, 0, 0}));
  // The server's own calls: it sends to a pod, and has had nothing translated.
  EXPECT_EQ(at_socket(*mode, SocketHook::RecvMsg, packet(false, CtState::New)), (Work{1, 1, 0, 0}));
  EXPECT_EQ(at_socket(*mode, SocketHook::SendMsg, packet(true, CtState::Established)), (Work{1, 2, 0, 0}));
}

TEST(Ebpf, PodsWhoseSocketsAreLeftAloneRunTheProgramAndNoMore) {
  const auto mode = ebpf(kHostOnly);
  EXPECT_FALSE(mode->in_socket(Exposure::ClusterIp, false));
  EXPECT_TRUE(mode->in_socket(Exposure::ClusterIp, true));
  const FlowClass flow{.exposure = Exposure::ClusterIp};
  EXPECT_EQ(at_socket(*mode, SocketHook::Connect, first_of(flow, AddressKind::ClusterIp)), (Work{1, 0, 0, 0}));
}

TEST(Ebpf, TheirPacketsAreTranslatedAtTheirOwnDeviceEachAnew) {
  const auto mode = ebpf(kHostOnly);
  HookPacket packet = first_of({.exposure = Exposure::ClusterIp}, AddressKind::ClusterIp);
  EXPECT_EQ(at_device(*mode, DeviceHook::FromPod, packet, NodeRole::Client), (Work{0, 4, 1, 1}));
  EXPECT_TRUE(packet.translated);
  EXPECT_EQ(packet.destination, AddressKind::Pod);
  HookPacket later = first_of({.exposure = Exposure::ClusterIp}, AddressKind::ClusterIp);
  later.state = CtState::Established;
  EXPECT_EQ(at_device(*mode, DeviceHook::FromPod, later, NodeRole::Client), (Work{0, 3, 0, 1}));
  EXPECT_TRUE(later.translated);
  HookPacket answer{.flow = {.exposure = Exposure::ClusterIp}, .reply = true, .by_program = true};
  EXPECT_EQ(at_device(*mode, DeviceHook::ToPod, answer, NodeRole::Client), (Work{0, 1, 0, 1}));
}

TEST(Ebpf, ANodePortByTheNicWithItsEndpointElsewhereLeavesWithTheNodesAddress) {
  const auto mode = ebpf(kHostOnly);
  const FlowClass flow{.exposure = Exposure::NodePort, .ingress = IngressNode::ThirdNode};
  HookPacket packet = first_of(flow, AddressKind::ThisNode);
  EXPECT_EQ(at_device(*mode, DeviceHook::FromNic, packet, NodeRole::Ingress), (Work{2, 8, 4, 2}));
  EXPECT_TRUE(packet.translated && packet.masqueraded && packet.redirected);
  HookPacket answer{.flow = flow, .state = CtState::Established, .reply = true, .by_program = true};
  EXPECT_EQ(at_device(*mode, DeviceHook::FromNic, answer, NodeRole::Ingress), (Work{3, 5, 0, 2}));
  EXPECT_TRUE(answer.redirected);
}

TEST(Ebpf, ANodePortByTheNicWithItsEndpointHereKeepsTheClientsAddress) {
  const auto mode = ebpf(kHostOnly);
  const FlowClass flow{.exposure = Exposure::NodePort, .ingress = IngressNode::ServerNode};
  HookPacket packet = first_of(flow, AddressKind::ThisNode);
  EXPECT_EQ(at_device(*mode, DeviceHook::FromNic, packet, NodeRole::Server), (Work{1, 6, 2, 1}));
  EXPECT_TRUE(packet.translated);
  EXPECT_FALSE(packet.masqueraded || packet.redirected);
  HookPacket answer{.flow = flow, .state = CtState::Established, .reply = true, .by_program = true};
  EXPECT_EQ(at_device(*mode, DeviceHook::FromPod, answer, NodeRole::Server), (Work{1, 3, 0, 1}));
  EXPECT_TRUE(answer.redirected);
}

// The same look-ups as a cluster IP's in the system call, a node port's by the NIC; source ranges are looked up there.
TEST(Ebpf, AnExternalIpIsADirectMatch) {
  const auto mode = ebpf();
  const FlowClass cluster_ip{.exposure = Exposure::ClusterIp, .in_socket = true};
  const FlowClass external{.exposure = Exposure::ExternalIp, .in_socket = true};
  EXPECT_EQ(at_socket(*mode, SocketHook::Connect, first_of(external, AddressKind::Pod)),
            at_socket(*mode, SocketHook::Connect, first_of(cluster_ip, AddressKind::Pod)));
  FlowClass flow{.exposure = Exposure::ExternalIp, .ingress = IngressNode::ThirdNode};
  HookPacket packet = first_of(flow, AddressKind::ExternalIp);
  EXPECT_EQ(at_device(*mode, DeviceHook::FromNic, packet, NodeRole::Ingress), (Work{2, 8, 4, 2}));
  EXPECT_TRUE(packet.translated && packet.masqueraded && packet.redirected);
  flow.firewalled = true;
  HookPacket ranged = first_of(flow, AddressKind::ExternalIp);
  EXPECT_EQ(at_device(*mode, DeviceHook::FromNic, ranged, NodeRole::Ingress), (Work{2, 9, 4, 2}));
  EXPECT_EQ(mode->reach({.from_outside = true, .source = AddressKind::OtherNode, .admitted = false},
                        {.cluster = 2, .local = 1, .any = true}),
            Reach::Dropped);
}

TEST(Ebpf, MaglevLooksIntoAMapOfMapsForWhatComesByTheNic) {
  auto choices = kHostOnly;
  choices.emplace("algorithm", "maglev");
  const auto mode = ebpf(choices);
  HookPacket packet =
      first_of({.exposure = Exposure::NodePort, .ingress = IngressNode::ServerNode}, AddressKind::ThisNode);
  EXPECT_EQ(at_device(*mode, DeviceHook::FromNic, packet, NodeRole::Server), (Work{1, 7, 2, 1}));
  HookPacket of_pod = first_of({.exposure = Exposure::ClusterIp}, AddressKind::ClusterIp);
  EXPECT_EQ(at_device(*mode, DeviceHook::FromPod, of_pod, NodeRole::Client), (Work{0, 4, 1, 1}));
}

TEST(Ebpf, AHostPortOfAnotherNodeIsTranslatedThere) {
  const auto mode = ebpf();
  HookPacket packet = first_of({.exposure = Exposure::HostPort}, AddressKind::ThisNode);
  at_device(*mode, DeviceHook::FromNic, packet, NodeRole::Server);
  EXPECT_TRUE(packet.translated);
  EXPECT_FALSE(packet.masqueraded);
  EXPECT_TRUE(mode->info().host_ports);
}

TEST(Ebpf, APolicyLocalCountsWhereItIsAskedAndWhoHasNoEndpointIsToldAtOnce) {
  const auto mode = ebpf();
  const auto reach = [&](bool local_policy, std::size_t cluster, std::size_t local) {
    return mode->reach({.local_policy = local_policy}, {.cluster = cluster, .local = local, .any = cluster > 0});
  };
  EXPECT_EQ(reach(false, 2, 0), Reach::Cluster);
  EXPECT_EQ(reach(true, 2, 1), Reach::Local);
  EXPECT_EQ(reach(true, 2, 0), Reach::Refused);
  EXPECT_EQ(reach(false, 0, 0), Reach::Refused);
}

TEST(Ebpf, HasNoRules) {
  const auto mode = ebpf();
  for (const Hook hook : {Hook::Prerouting, Hook::Input, Hook::Forward, Hook::Output, Hook::Postrouting}) {
    std::vector<Step> steps;
    StepSink sink{steps};
    HookPacket packet = first_of({.exposure = Exposure::ClusterIp}, AddressKind::ClusterIp);
    mode->at_hook(hook, packet, sink);
    EXPECT_TRUE(steps.empty());
  }
  EXPECT_FALSE(mode->info().has_nat());
}

// A change is a few map entries whatever else there is; an agent that starts writes all.
TEST(Ebpf, ASyncIsMapUpdates) {
  const auto mode = ebpf();
  RuleSizes small{.service_ports = 10, .endpoints = 100};
  RuleSizes large{.service_ports = 10'000, .node_ports = 1'000, .endpoints = 100'000};
  EXPECT_NEAR(mode->sync_cost(large).partial_seconds, mode->sync_cost(small).partial_seconds, 1e-9);
  EXPECT_LT(mode->sync_cost(large).partial_seconds, 1e-3);
  // 10,000 x 11, 1,000 x 2 x 11 and 100,000 entries of 0.55 us; 110,000 objects.
  EXPECT_NEAR(mode->sync_cost(large).full_seconds, 232'000 * 0.55e-6 + 110'000 * 1.29 / 142'387, 1e-9);
}

}  // namespace
}  // namespace knetsim
