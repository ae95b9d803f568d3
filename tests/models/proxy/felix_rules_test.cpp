// Goal: what Calico's agent writes on a node is what its source writes, and the model counts it as it stands.
// Method: names of devices and trees of dispatch chains against those of Calico's own tests; rules of packets written out
// by hand from felix/rules, hook by hook; and the model, which has learned from small nodes, against the interpreter on a
// node with many pods and Services.
#include "models/proxy/felix_rules.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "counted_work.h"
#include "models/proxy/felix.h"
#include "models/proxy/iptables_rules.h"
#include "models/proxy/ruleset_text.h"

namespace knetsim {
namespace {

constexpr Ipv4 kFelixNode = ipv4(192, 168, 1, 1);
constexpr Ipv4 kFelixOther = ipv4(192, 168, 1, 2);
constexpr Ipv4 kFelixPod = ipv4(10, 244, 1, 200);
constexpr Ipv4 kFelixFar = ipv4(10, 244, 2, 200);

// "The calculation of this name should be consistent between releases": libcalico-go's conversion_test.go.
TEST(FelixRules, DevicesHaveTheNamesThatCalicoGivesThem) {
  EXPECT_EQ(pod_device("default", "podA"), "cali7f94ce7c295");
}

TEST(FelixRules, DevicesAreSortedByTheCharacterBehindWhatAllHaveInCommon) {
  const auto rules = [](const std::vector<std::string>& devices) { return dispatch_rules(devices); };
  using Counts = std::vector<std::uint32_t>;
  EXPECT_EQ(rules({"cali1234"}), (Counts{1}));                 // one device: a rule of the root
  EXPECT_EQ(rules({"cali1234", "cali2333"}), (Counts{1, 2}));  // two branches of one each: no chains below
  EXPECT_EQ(rules({"cali1234", "cali2333", "cali2444"}), (Counts{1, 3, 4}));
  EXPECT_EQ(rules({"cali11", "cali12"}), (Counts{1, 2}));  // in common: cali1
  EXPECT_EQ(rules({}), Counts{});
}

class FelixNode {
 public:
  FelixNode(Encapsulation encapsulation, std::uint32_t pods, std::uint32_t services) {
    for (std::uint32_t i = 0; i < pods; ++i)
      node_.pod_devices.push_back(pod_device("default", "p" + std::to_string(i)));
    std::ranges::sort(node_.pod_devices);
    for (std::uint32_t i = 0; i < services; ++i) {
      services_.push_back({.name = "s" + std::to_string(i),
                           .cluster_ip = ipv4(10, 96, 0, 10) + i,
                           .port = 80,
                           .endpoints = {{ipv4(10, 244, 2, 10) + i, 8'000, false}}});
    }
    rules_ = iptables_rules(node_, services_);
    add_felix_rules(rules_, node_, {.encapsulation = encapsulation});
  }

  HookWork at(Hook hook, RulePacket& packet) {
    RulesetInterpreter interpreter(rules_, {kFelixNode});
    return interpreter.at_hook(hook, packet, {});
  }
  std::uint32_t rules_at(Hook hook, RulePacket packet) {
    const HookWork work = at(hook, packet);
    EXPECT_EQ(work.verdict, Verdict::Accept);
    return work.nat.rules + work.filter.rules;
  }
  const std::string& device(std::size_t i) const { return node_.pod_devices[i]; }
  double dispatch(std::size_t i) const { return dispatch_rules(node_.pod_devices)[i]; }
  Ipv4 cluster_ip(std::size_t i) const { return services_[i].cluster_ip; }
  const Ruleset& rules() const { return rules_; }

 private:
  NodeSpec node_{.primary_address = kFelixNode};
  std::vector<ServicePortSpec> services_;
  Ruleset rules_;
};

// One pod: its dispatch takes a rule. kube-proxy without Services: KUBE-SERVICES has its tail alone (3 rules with the
// jump and KUBE-NODEPORTS without any), FORWARD 4 jumps and KUBE-FORWARD, 7 for a new connection.
TEST(FelixRules, APodsPacketsMeetThemInFrontOfKubeProxys) {
  FelixNode node(Encapsulation::None, 1, 0);
  const std::string device = node.device(0);
  const RulePacket out{.source = kFelixPod, .destination = kFelixFar, .destination_port = 80, .in = device};
  // raw: jump, marks reset, from a pod, the way back skipped or checked, host endpoints, accepted; mangle: jump and 4;
  // nat: jump, floating IPs, then KUBE-SERVICES and its tail.
  EXPECT_EQ(node.rules_at(Hook::Prerouting, out), (1 + 6) + (1 + 4) + (1 + 1) + 2);
  RulePacket later = out;
  later.state = CtState::Established;
  EXPECT_EQ(node.rules_at(Hook::Prerouting, later), (1 + 6) + (1 + 1));

  // filter: jump and 6; the device's rule; established, invalid, reset, VXLAN, IP in IP, the profile and its one rule,
  // return; KUBE's 7; and the rule at the end that accepts.
  RulePacket forwarded = out;
  forwarded.out = "eth0";
  EXPECT_EQ(node.rules_at(Hook::Forward, forwarded), (1 + 6) + 1 + 8 + 7 + 1);
  forwarded.state = CtState::Established;
  EXPECT_EQ(node.rules_at(Hook::Forward, forwarded), (1 + 3) + 1 + 1);  // accepted by the pod's chain: KUBE's not met

  // To the pod, without the two rules of what pods must not send; its device is the fourth rule's.
  RulePacket arriving{
      .source = kFelixFar, .destination = kFelixPod, .destination_port = 80, .in = "eth0", .out = device};
  EXPECT_EQ(node.rules_at(Hook::Forward, arriving), (1 + 6) + 1 + 6 + 7 + 1);
  arriving.state = CtState::Established;
  EXPECT_EQ(node.rules_at(Hook::Forward, arriving), (1 + 4) + 1 + 1);

  // Behind FORWARD what is new has its mark: mangle returns at its first rule; nat: floating IPs, pools, KUBE's 2.
  RulePacket leaving{.source = kFelixPod, .destination = kFelixFar, .mark = 0x10000, .out = "eth0"};
  EXPECT_EQ(node.rules_at(Hook::Postrouting, leaving), (1 + 1) + (1 + 2 + 1) + 2);
  leaving.state = CtState::Established;
  leaving.mark = 0;
  EXPECT_EQ(node.rules_at(Hook::Postrouting, leaving), 1 + 4);
}

TEST(FelixRules, TunnelsPacketsAreAcceptedBeforeKubeProxysRules) {
  FelixNode ipip(Encapsulation::Ipip, 3, 2);
  RulePacket sent{
      .source = kFelixNode, .destination = kFelixOther, .state = CtState::Established, .ipip = true, .out = "eth0"};
  EXPECT_EQ(ipip.rules_at(Hook::Output, sent), (1 + 3) + (1 + 3));  // raw; filter: accepted, to pods, IP in IP
  EXPECT_EQ(ipip.rules_at(Hook::Postrouting, sent), 1 + 4);         // mangle
  RulePacket received{
      .source = kFelixOther, .destination = kFelixNode, .state = CtState::Established, .ipip = true, .in = "eth0"};
  EXPECT_EQ(ipip.rules_at(Hook::Prerouting, received), (1 + 6) + (1 + 1));
  EXPECT_EQ(ipip.rules_at(Hook::Input, received), 1 + 1);
  received.source = ipv4(203, 0, 113, 9);  // of no host
  EXPECT_EQ(ipip.at(Hook::Input, received).verdict, Verdict::Drop);

  // VXLAN: exempt from conntrack by a rule more in raw, so that nat is not asked, and new to nobody.
  FelixNode vxlan(Encapsulation::Vxlan, 3, 2);
  RulePacket datagram{.transport = Transport::Udp,
                      .source = kFelixOther,
                      .destination = kFelixNode,
                      .destination_port = 4789,
                      .in = "eth0"};
  const HookWork work = vxlan.at(Hook::Prerouting, datagram);
  EXPECT_EQ(datagram.state, CtState::Untracked);
  EXPECT_EQ(work.nat.rules, 0U);
  EXPECT_EQ(work.filter.rules, (1U + 7U) + (1U + 4U));
  EXPECT_EQ(vxlan.rules_at(Hook::Input, datagram), 1 + 1);
}

TEST(FelixRules, WhatLeavesThePoolIsMasqueraded) {
  FelixNode node(Encapsulation::Ipip, 1, 0);
  const auto masqueraded = [&](RulePacket packet) {
    node.at(Hook::Postrouting, packet);
    return packet.masqueraded;
  };
  EXPECT_FALSE(masqueraded({.source = kFelixPod, .destination = kFelixFar, .out = "tunl0"}));
  EXPECT_TRUE(masqueraded({.source = kFelixPod, .destination = kFelixOther, .out = "eth0"}));
  // A process of the node that has asked a Service leaves by the tunnel with the node's address.
  EXPECT_TRUE(masqueraded({.source = kFelixNode, .destination = kFelixFar, .out = "tunl0"}));
  EXPECT_FALSE(masqueraded({.source = kFelixNode, .destination = kFelixFar, .out = "tunl0", .source_of_out = true}));
}

// Learned from nodes with a handful of pods, it holds for 60 of them, each pod's own place bound to the symbols.
TEST(FelixRules, TheModelCountsThemOnANodeOfAnySize) {
  for (const Encapsulation encapsulation : {Encapsulation::None, Encapsulation::Ipip, Encapsulation::Vxlan}) {
    FelixNode node(encapsulation, 60, 12);
    ProxyParams params;
    params.special.felix = FelixOptions{.encapsulation = encapsulation};
    const auto model = make_proxy("iptables", params);
    Symbols symbols = node_symbols({.service_ports = 12, .services_rules = 12, .endpoints = 12});
    for (const std::size_t pod : {0UL, 7UL, 31UL, 59UL}) {
      symbols[Symbol::ClientDispatch] = symbols[Symbol::ServerDispatch] = node.dispatch(pod);
      symbols[Symbol::ServicePosition] = 5;
      symbols[Symbol::EndpointIndex] = symbols[Symbol::Endpoints] = 1;
      symbols[Symbol::EndpointDraws] = 0;
      const std::string device = node.device(pod);
      const auto agree = [&](const char* what, Hook hook, RulePacket& rules, HookPacket& packet) {
        const HookWork expected = node.at(hook, rules);
        std::vector<Step> steps;
        StepSink sink{steps, Place::SoftirqCore, NodeRole::Client};
        model->at_hook(hook, packet, sink);
        const HookWork modelled = counted(steps, symbols);
        EXPECT_TRUE(modelled.nat == expected.nat && modelled.filter == expected.filter)
            << what << ", pod " << pod << ": " << modelled << " beside " << expected;
        EXPECT_EQ(packet.masqueraded, rules.masqueraded) << what;
      };
      // A new connection of the pod to a Service, and what it sends later.
      for (const CtState state : {CtState::New, CtState::Established}) {
        const bool first = state == CtState::New;
        RulePacket rules{.source = kFelixPod, .destination_port = 80, .state = state, .in = device};
        rules.destination = first ? node.cluster_ip(4) : ipv4(10, 244, 2, 14);
        rules.translated = !first;
        HookPacket packet{.flow = {.exposure = Exposure::ClusterIp},
                          .state = state,
                          .destination = first ? AddressKind::ClusterIp : AddressKind::Pod,
                          .translated = !first,
                          .from_pod = true,
                          .to_tunnel = encapsulation != Encapsulation::None};
        agree("PREROUTING", Hook::Prerouting, rules, packet);
        rules.out = packet.to_tunnel ? tunnel_device(encapsulation) : "eth0";
        agree("FORWARD", Hook::Forward, rules, packet);
        rules.in = {};
        agree("POSTROUTING", Hook::Postrouting, rules, packet);
      }
      // An answer that comes in for it.
      RulePacket rules{.source = kFelixFar,
                       .destination = kFelixPod,
                       .destination_port = 22,
                       .state = CtState::Established,
                       .in = "eth0",
                       .out = device};
      HookPacket packet{
          .flow = {.exposure = Exposure::ClusterIp}, .state = CtState::Established, .reply = true, .to_pod = true};
      agree("FORWARD of an answer", Hook::Forward, rules, packet);
    }
  }
}

// Beside kube-proxy's nftables rules Felix' stand in tables of their own.
TEST(FelixRules, BesideAnotherRulesetTheyAreCountedByThemselves) {
  const Felix felix({.encapsulation = Encapsulation::None}, IptablesBackend::Legacy);
  std::vector<Step> steps;
  StepSink sink{steps, Place::SoftirqCore, NodeRole::Client};
  HookPacket packet{.flow = {}, .from_pod = true};
  felix.at_hook(Hook::Forward, packet, sink);
  Symbols symbols = node_symbols({});
  symbols[Symbol::ClientDispatch] = 4;
  EXPECT_EQ(counted(steps, symbols).filter.rules, (1U + 6U) + 4U + 8U + 1U);
}

// A text that iptables-restore reads has all of it.
TEST(FelixRules, AreWrittenAsText) {
  const FelixNode node(Encapsulation::Vxlan, 3, 0);
  const std::string text = iptables_text(node.rules());
  for (const char* const line :
       {"-A cali-FORWARD -m comment --comment \"cali:\" -i cali+ -j cali-from-wl-dispatch",
        "-A cali-PREROUTING -m comment --comment \"cali:\" -m udp -p udp --dport 4789 -j NOTRACK",
        "-A cali-nat-outgoing -m comment --comment \"cali:\" -m set --match-set cali40masq-ipam-pools src -m set ! "
        "--match-set cali40all-ipam-pools dst -j MASQUERADE"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << '\n' << text.substr(0, 3000);
  }
}

}  // namespace
}  // namespace knetsim
