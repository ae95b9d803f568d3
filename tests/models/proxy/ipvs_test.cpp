// Goal: IPVS mode does the same work per packet whatever the number of Services, and stays on the path of every packet.
// Method: steps counted by kind and compared with what kubernetes/kubernetes pkg/proxy/ipvs/proxier.go writes and
// net/netfilter/ipvs/ip_vs_core.c does, by hand. The rules are compared in ipvs_rules_test.cpp.
#include <gtest/gtest.h>

#include <map>

#include "counted_work.h"
#include "models/proxy/proxy_model.h"

namespace knetsim {
namespace {

std::unique_ptr<ProxyModel> ipvs(const std::string& scheduler = "rr") {
  return make_proxy("ipvs", {.choices = {{"scheduler", scheduler}}});
}

std::map<StepKind, double> at(const ProxyModel& model, Hook hook, HookPacket& packet, double destinations = 0,
                              std::uint32_t services = 10'000) {
  std::vector<Step> steps;
  StepSink sink{steps, Place::SoftirqCore, NodeRole::Client};
  model.at_hook(hook, packet, sink);
  Symbols symbols = node_symbols({.service_ports = services,
                                  .services_rules = services,
                                  .node_ports = 50,
                                  .endpoints = 10ULL * services,
                                  .tcp_node_port_set = true});
  symbols[Symbol::IpvsDestinations] = destinations;
  std::map<StepKind, double> counts;
  for (const Step& step : steps) {
    EXPECT_EQ(step.rule_bytes, 0U) << "no scan";
    counts[step.kind] += value(step.count, symbols);
  }
  return counts;
}

HookPacket to_cluster_ip() {
  HookPacket packet{.flow = {.exposure = Exposure::ClusterIp}};
  packet.destination = AddressKind::ClusterIp;
  return packet;
}

TEST(Ipvs, FirstPacketIsTranslatedAtInputAfterAConstantNumberOfRules) {
  for (const std::uint32_t services : {10U, 30'000U}) {
    const auto model = ipvs();
    EXPECT_EQ(model->info().translation, Translation::Input);
    HookPacket packet = to_cluster_ip();
    // The jump; 127/8; KUBE-CLUSTER-IP not from a pod (the source is tested first); local -> KUBE-NODE-PORT; its set;
    // accept.
    std::map<StepKind, double> work = at(*model, Hook::Prerouting, packet, 0, services);
    EXPECT_EQ(work[StepKind::Rule], 6);
    EXPECT_EQ(work[StepKind::IpSet], 2);
    EXPECT_FALSE(packet.translated);
    work = at(*model, Hook::Input, packet);
    EXPECT_EQ(work[StepKind::IpvsLookup], 2);
    EXPECT_EQ(work[StepKind::IpvsService], 1);
    EXPECT_EQ(work[StepKind::IpvsSchedule], 1);
    EXPECT_EQ(work[StepKind::IpvsConnection], 1);
    EXPECT_TRUE(packet.translated);
    EXPECT_EQ(packet.destination, AddressKind::Pod);
    packet.nat_bound = true;  // its mapping was set up in PREROUTING
    EXPECT_EQ(at(*model, Hook::Output, packet)[StepKind::Rule], 3);
    packet.nat_bound = false;
    // The jump, KUBE-LOOP-BACK, not marked.
    EXPECT_EQ(at(*model, Hook::Postrouting, packet)[StepKind::Rule], 3);
    EXPECT_FALSE(packet.masqueraded);
  }
}

TEST(Ipvs, EveryLaterPacketIsLookedUpInBothDirections) {
  const auto model = ipvs();
  HookPacket packet = to_cluster_ip();
  packet.state = CtState::Established;
  EXPECT_TRUE(at(*model, Hook::Prerouting, packet).empty());
  std::map<StepKind, double> work = at(*model, Hook::Input, packet);
  EXPECT_EQ(work[StepKind::IpvsLookup], 2);
  EXPECT_EQ(work[StepKind::IpvsService], 0);
  EXPECT_EQ(work[StepKind::IpvsConnection], 0);
  EXPECT_GT(work[StepKind::Rule], 5) << "filter's sets are asked by every packet";
  EXPECT_TRUE(packet.translated);

  HookPacket reply = packet;
  reply.reply = true;
  std::swap(reply.source, reply.destination);
  work = at(*model, Hook::Forward, reply);
  EXPECT_EQ(work[StepKind::IpvsLookup], 1);
  EXPECT_EQ(work[StepKind::Rule], 4);
}

TEST(Ipvs, AProcessOfTheNodeIsTranslatedAtOutputAndMasqueraded) {
  const auto model = ipvs();
  HookPacket packet = to_cluster_ip();
  packet.source = AddressKind::ThisNode;
  packet.from_local_process = true;
  std::map<StepKind, double> work = at(*model, Hook::Output, packet);
  EXPECT_EQ(work[StepKind::Rule], 7 + 3);  // with KUBE-MARK-MASQ
  EXPECT_EQ(work[StepKind::IpSet], 3);
  EXPECT_EQ(work[StepKind::IpvsConnection], 1);
  EXPECT_TRUE(packet.translated);
  EXPECT_EQ(at(*model, Hook::Postrouting, packet)[StepKind::Rule], 5);
  EXPECT_TRUE(packet.masqueraded);
}

TEST(Ipvs, NodePortsAreMarkedUnlessTheirPolicyIsLocal) {
  const auto model = ipvs();
  for (const bool local : {false, true}) {
    HookPacket packet{.flow = {.exposure = Exposure::NodePort, .local_policy = local}};
    packet.source = AddressKind::OtherNode;
    packet.destination = AddressKind::ThisNode;
    at(*model, Hook::Prerouting, packet);
    at(*model, Hook::Input, packet);
    EXPECT_TRUE(packet.translated);
    at(*model, Hook::Postrouting, packet);
    EXPECT_EQ(packet.masqueraded, !local);
  }
}

TEST(Ipvs, APodAddressIsLookedUpButStartsNoConnection) {
  const auto model = ipvs();
  HookPacket packet{.flow = {.exposure = Exposure::PodIp}};
  EXPECT_EQ(at(*model, Hook::Prerouting, packet)[StepKind::Rule], 5);
  std::map<StepKind, double> work = at(*model, Hook::Forward, packet);
  EXPECT_EQ(work[StepKind::IpvsLookup], 1);
  EXPECT_EQ(work[StepKind::IpvsService], 0);
  EXPECT_FALSE(packet.translated);
}

// net/netfilter/ipvs: ip_vs_rr, _wrr, _sh and _dh take one; _lc, _wlc, _sed and _nq compare all.
TEST(Ipvs, SchedulersLookAtOneDestinationOrAtAll) {
  const std::map<std::string, double> of_hundred = {{"rr", 1}, {"wrr", 1}, {"lc", 100},  {"wlc", 100},
                                                    {"sh", 1}, {"dh", 1},  {"sed", 100}, {"nq", 100}};
  for (const auto& [name, want] : of_hundred) {
    const auto model = ipvs(name);
    const double looked_at = model->make_chooser(RandomStreams(1))->looked_at(100);
    EXPECT_EQ(looked_at, want) << name;
    HookPacket packet = to_cluster_ip();
    EXPECT_EQ(at(*model, Hook::Input, packet, looked_at)[StepKind::IpvsSchedule], want) << name;
  }
}

}  // namespace
}  // namespace knetsim
