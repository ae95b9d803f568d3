// Goal: the number of rules that the first packet of a connection meets, as one derives it by hand from kube-proxy's
// chains. Method: R rules in KUBE-SERVICES, N in KUBE-NODEPORTS, N0 Services without endpoints; positions k, n, i bound
// to numbers; the closed forms stand in each test. Source: kubernetes/kubernetes pkg/proxy/iptables/proxier.go.
#include <gtest/gtest.h>

#include "counted_work.h"
#include "models/proxy/portmap.h"

namespace knetsim {
namespace {

constexpr double kR = 10'000;
constexpr double kN = 500;
constexpr double kN0 = 7;
constexpr double kPosition = 4'213;    // k
constexpr double kPortPosition = 321;  // n
constexpr double kEndpoint = 3;        // i
constexpr double kHostPort = 2;
constexpr std::uint32_t kContainers = 5;

const Symbols kSymbols = [] {
  Symbols symbols = node_symbols({.services_rules = static_cast<std::uint32_t>(kR),
                                  .node_ports = static_cast<std::uint32_t>(kN),
                                  .without_endpoints = static_cast<std::uint32_t>(kN0),
                                  .host_port_containers = kContainers});
  symbols[Symbol::ServicePosition] = kPosition;
  symbols[Symbol::NodePortPosition] = symbols[Symbol::NodePortsAlike] = kPortPosition;
  symbols[Symbol::EndpointIndex] = symbols[Symbol::EndpointDraws] = kEndpoint;
  symbols[Symbol::Endpoints] = 10;
  symbols[Symbol::HostPortPosition] = kHostPort;
  return symbols;
}();

std::unique_ptr<ProxyModel> mode(std::string_view name, ProxyParams params = {}) {
  params.large_cluster = true;
  return make_proxy(name, params);
}

std::vector<Step> steps_at(const ProxyModel& model, Hook hook, HookPacket& packet) {
  std::vector<Step> steps;
  StepSink sink{steps, Place::SoftirqCore, NodeRole::Client};
  model.at_hook(hook, packet, sink);
  return steps;
}

HookWork work_at(const ProxyModel& model, Hook hook, HookPacket& packet) {
  return counted(steps_at(model, hook, packet), kSymbols);
}

HookPacket to_cluster_ip(AddressKind source) {
  HookPacket packet{.flow = {.exposure = Exposure::ClusterIp}};
  packet.source = source;
  packet.destination = AddressKind::ClusterIp;
  packet.from_local_process = source == AddressKind::ThisNode;
  return packet;
}

HookPacket to_node_port(AddressKind source) {
  HookPacket packet{.flow = {.exposure = Exposure::NodePort}};
  packet.source = source;
  packet.destination = AddressKind::ThisNode;
  return packet;
}

TEST(IptablesWalk, PodToClusterIpMeetsKPlusIPlusFour) {
  const auto model = mode("iptables");
  HookPacket packet = to_cluster_ip(AddressKind::Pod);
  EXPECT_EQ(work_at(*model, Hook::Prerouting, packet).nat.rules, kPosition + kEndpoint + 4);
  EXPECT_TRUE(packet.translated);
  EXPECT_FALSE(packet.marked);
  EXPECT_EQ(work_at(*model, Hook::Forward, packet).filter.rules, 4 + 3 + kN0);
  EXPECT_EQ(work_at(*model, Hook::Postrouting, packet).nat.rules, 2);
  EXPECT_FALSE(packet.masqueraded);
}

TEST(IptablesWalk, HostToClusterIpMeetsOneMoreAndIsMasqueraded) {
  const auto model = mode("iptables");
  HookPacket packet = to_cluster_ip(AddressKind::ThisNode);
  const HookWork output = work_at(*model, Hook::Output, packet);
  EXPECT_EQ(output.nat.rules, kPosition + kEndpoint + 5);
  EXPECT_EQ(output.filter.rules, 4 + kN0);
  EXPECT_EQ(work_at(*model, Hook::Postrouting, packet).nat.rules, 4);
  EXPECT_TRUE(packet.masqueraded);
}

TEST(IptablesWalk, AffinityAddsOneCheckPerEndpointForANewClient) {
  const auto model = mode("iptables");
  HookPacket packet = to_cluster_ip(AddressKind::Pod);
  packet.flow.affinity = true;
  EXPECT_EQ(work_at(*model, Hook::Prerouting, packet).nat.rules, kPosition + 10 + kEndpoint + 4);
}

TEST(IptablesWalk, NodePortWithClusterPolicyMeetsRPlusNPlusIPlusEight) {
  const auto model = mode("iptables");
  HookPacket packet = to_node_port(AddressKind::OtherNode);
  EXPECT_EQ(work_at(*model, Hook::Prerouting, packet).nat.rules, kR + kPortPosition + kEndpoint + 8);
  EXPECT_EQ(work_at(*model, Hook::Forward, packet).filter.rules,
            4);  // accepted by its mark, in the second rule of three
  EXPECT_EQ(work_at(*model, Hook::Postrouting, packet).nat.rules, 4);
  EXPECT_TRUE(packet.masqueraded);
}

TEST(IptablesWalk, NodePortWithLocalPolicyKeepsTheClientsAddress) {
  const auto model = mode("iptables");
  HookPacket packet = to_node_port(AddressKind::OtherNode);
  packet.flow.local_policy = true;
  // The jump, R, the tail, n; four rules of KUBE-EXT; i of KUBE-SVL; two of KUBE-SEP.
  EXPECT_EQ(work_at(*model, Hook::Prerouting, packet).nat.rules, 1 + kR + 1 + kPortPosition + 4 + kEndpoint + 2);
  EXPECT_EQ(work_at(*model, Hook::Postrouting, packet).nat.rules, 2);
  EXPECT_FALSE(packet.masqueraded);
}

TEST(IptablesWalk, APodAddressMissesAllOfKubeServices) {
  const auto model = mode("iptables");
  HookPacket packet{.flow = {.exposure = Exposure::PodIp}};
  EXPECT_EQ(work_at(*model, Hook::Prerouting, packet).nat.rules, kR + 2);
  EXPECT_EQ(work_at(*model, Hook::Forward, packet).filter.rules, 4 + 3 + kN0);
  EXPECT_EQ(work_at(*model, Hook::Postrouting, packet).nat.rules, 2);
}

TEST(IptablesWalk, EstablishedPacketsAndRepliesMeetFiveRulesWhateverTheNumberOfServices) {
  const auto model = mode("iptables");
  HookPacket packet = to_cluster_ip(AddressKind::Pod);
  packet.state = CtState::Established;
  packet.translated = true;
  packet.destination = AddressKind::Pod;
  for (const bool reply : {false, true}) {
    packet.reply = reply;
    EXPECT_TRUE(steps_at(*model, Hook::Prerouting, packet).empty());
    EXPECT_EQ(work_at(*model, Hook::Forward, packet).filter.rules, 5);
    EXPECT_TRUE(steps_at(*model, Hook::Postrouting, packet).empty());
  }
}

// By hand: two guards with a comment and conntrack, one jump with a comment, conntrack, comment and mark, comment and
// conntrack. iptables-nft compares the mark by native expressions.
TEST(IptablesWalk, EstablishedPacketsEvaluateTheMatchExtensionsOfTheFilterRules) {
  for (const auto& [backend, mark] : {std::pair(IptablesBackend::Legacy, 1U), std::pair(IptablesBackend::Nft, 0U)}) {
    const auto model = mode("iptables", {.choices = {{"backend", backend == IptablesBackend::Nft ? "nft" : "legacy"}}});
    HookPacket packet = to_cluster_ip(AddressKind::Pod);
    packet.state = CtState::Established;
    packet.translated = true;
    packet.destination = AddressKind::Pod;
    EXPECT_EQ(work_at(*model, Hook::Forward, packet).filter.matches, 2 + 1 + 1 + (1 + mark) + 2);
    EXPECT_EQ(work_at(*model, Hook::Output, packet).filter.matches, 2 + 2);
    EXPECT_EQ(work_at(*model, Hook::Input, packet).filter.matches, 2 + 1 + 2);
  }
}

// The rules in front of the Service's fail at its address: of 4,213 rules only the last has its comment and its port
// looked at. The jump has a comment, each endpoint's rule draws (no comments in a cluster of this size), KUBE-SEP's
// has its protocol.
TEST(IptablesWalk, ALongScanEvaluatesMatchExtensionsInItsLastRuleAlone) {
  for (const auto& [backend, port] : {std::pair(IptablesBackend::Legacy, 1U), std::pair(IptablesBackend::Nft, 0U)}) {
    const auto model = mode("iptables", {.choices = {{"backend", backend == IptablesBackend::Nft ? "nft" : "legacy"}}});
    HookPacket packet = to_cluster_ip(AddressKind::Pod);
    EXPECT_EQ(work_at(*model, Hook::Prerouting, packet).nat.matches, 1 + (1 + port) + kEndpoint + 1);
    HookPacket miss{.flow = {.exposure = Exposure::PodIp}};
    EXPECT_EQ(work_at(*model, Hook::Prerouting, miss).nat.matches, 1 + 2U) << "the jump's comment, the tail's two";
    // A node port has no address: every rule in front of its own has its comment and port looked at.
    HookPacket to_port = to_node_port(AddressKind::OtherNode);
    EXPECT_EQ(work_at(*model, Hook::Prerouting, to_port).nat.matches,
              1 + 2 + (1 + port) * kPortPosition + 1 + kEndpoint + 1);
  }
}

TEST(IptablesWalk, UpTo120EachServiceHasTwoRules) {
  const auto model = mode("iptables", {.kubernetes = {1, 20}});
  HookPacket packet = to_cluster_ip(AddressKind::Pod);
  EXPECT_EQ(work_at(*model, Hook::Prerouting, packet).nat.rules, 1 + 2 * kPosition + kEndpoint + 2);
  HookPacket miss{.flow = {.exposure = Exposure::PodIp}};
  EXPECT_EQ(work_at(*model, Hook::Prerouting, miss).nat.rules, 2 * kR + 2);
}

// The tunnel's own packet: OUTPUT at the sender misses R rules; PREROUTING at the receiver misses them too and, its
// destination being local, all of KUBE-NODEPORTS. Only nat depends on whether the outer tuple is new.
TEST(IptablesWalk, OuterPacketsOfATunnelPayNatWhereTheirTupleIsNew) {
  const auto model = mode("iptables");
  HookPacket packet;
  packet.outer = true;
  packet.source = AddressKind::ThisNode;
  packet.destination = AddressKind::OtherNode;
  const std::vector<Step> output = steps_at(*model, Hook::Output, packet);
  EXPECT_EQ(counted(output, kSymbols, true).nat.rules, kR + 2);
  EXPECT_EQ(counted(output, kSymbols, false).nat.rules, 0);
  EXPECT_EQ(counted(output, kSymbols, false).filter.rules, 4 + kN0);
  std::swap(packet.source, packet.destination);
  const std::vector<Step> prerouting = steps_at(*model, Hook::Prerouting, packet);
  EXPECT_EQ(counted(prerouting, kSymbols, true).nat.rules, kR + 2 + kN);
  EXPECT_EQ(counted(prerouting, kSymbols, false).nat.rules, 0);
  const std::vector<Step> input = steps_at(*model, Hook::Input, packet);
  EXPECT_EQ(counted(input, kSymbols, false).filter.rules, 5);
}

TEST(IptablesWalk, ScansCarryTheBytesOfTheirBackEnd) {
  // Legacy: ipt_entry 112, comment 32 + 256, tcp 32 + 16, target 40. Nft: header 8, l4proto 40, address 40, comment 16,
  // port 40, counter 16, jump 32.
  for (const auto& [backend, bytes] :
       {std::pair(IptablesBackend::Legacy, 488U), std::pair(IptablesBackend::Nft, 192U)}) {
    const auto model = mode("iptables", {.choices = {{"backend", backend == IptablesBackend::Nft ? "nft" : "legacy"}}});
    HookPacket packet = to_cluster_ip(AddressKind::Pod);
    const std::vector<Step> steps = steps_at(*model, Hook::Prerouting, packet);
    ASSERT_GE(steps.size(), 3U);  // the table, the jump, KUBE-SERVICES
    EXPECT_EQ(steps[0].kind, backend == IptablesBackend::Legacy ? StepKind::IptablesTable : StepKind::NftChain);
    EXPECT_EQ(steps[2].count, Count(0, Symbol::ServicePosition));
    EXPECT_EQ(steps[2].rule_bytes, bytes);
    EXPECT_EQ(steps[2].kind, backend == IptablesBackend::Legacy ? StepKind::Rule : StepKind::NftRule);
    EXPECT_EQ(steps[2].table, RuleTable::Nat);
  }
}

TEST(NftablesWalk, WorkDoesNotDependOnTheNumberOfServices) {
  const auto model = mode("nftables");
  HookPacket packet = to_cluster_ip(AddressKind::Pod);
  // firewall-check: 2 rules, 1 lookup. Jump, cluster-ips, service-ips, dnat: 4 rules, 3 lookups.
  const HookWork prerouting = work_at(*model, Hook::Prerouting, packet);
  EXPECT_EQ(prerouting.filter.rules, 2U);
  EXPECT_EQ(prerouting.filter.lookups, 1U);
  EXPECT_EQ(prerouting.nat.rules, 4U);
  EXPECT_EQ(prerouting.nat.lookups, 3U);
  // Two jumps, no-endpoint-services, cluster-ips, Service range.
  const HookWork forward = work_at(*model, Hook::Forward, packet);
  EXPECT_EQ(forward.filter.rules, 5U);
  EXPECT_EQ(forward.filter.lookups, 2U);
  const HookWork postrouting = work_at(*model, Hook::Postrouting, packet);
  EXPECT_EQ(postrouting.nat.rules, 3U);
  EXPECT_EQ(postrouting.nat.lookups, 1U);
}

TEST(NftablesWalk, Before136TheServiceAndTheEndpointHaveRulesOfTheirOwn) {
  const auto model = mode("nftables", {.kubernetes = {1, 35}});
  HookPacket packet = to_cluster_ip(AddressKind::Pod);
  // Jump, service-ips; masquerade test, numgen; hairpin test, dnat.
  const HookWork prerouting = work_at(*model, Hook::Prerouting, packet);
  EXPECT_EQ(prerouting.nat.rules, 6U);
  EXPECT_EQ(prerouting.nat.lookups, 2U);
}

TEST(NftablesWalk, EstablishedPacketsFailTheGuards) {
  const auto model = mode("nftables");
  HookPacket packet = to_cluster_ip(AddressKind::Pod);
  packet.state = CtState::Established;
  packet.translated = true;
  packet.destination = AddressKind::Pod;
  EXPECT_EQ(work_at(*model, Hook::Prerouting, packet).filter.rules, 1U);
  const HookWork forward = work_at(*model, Hook::Forward, packet);
  EXPECT_EQ(forward.filter.rules, 2U);
  EXPECT_EQ(forward.filter.lookups, 0U);
}

TEST(NoProxy, HasNoRules) {
  const auto model = mode("none");
  EXPECT_FALSE(model->info().has_nat());
  HookPacket packet{.flow = {.exposure = Exposure::PodIp}};
  for (const Hook hook : {Hook::Prerouting, Hook::Input, Hook::Forward, Hook::Output, Hook::Postrouting}) {
    EXPECT_TRUE(steps_at(*model, hook, packet).empty());
  }
}

// hostPort: kube-proxy's rules miss first, then the local-destination test, h containers, three rules of the port.
TEST(PortMapWalk, FollowsKubeProxysMiss) {
  const auto model = mode("iptables");
  const PortMap portmap(IptablesBackend::Legacy);
  HookPacket packet{.flow = {.exposure = Exposure::HostPort}};
  packet.source = AddressKind::OtherNode;
  packet.destination = AddressKind::ThisNode;
  std::vector<Step> steps;
  StepSink sink{steps, Place::SoftirqCore, NodeRole::Server};
  rules_at_hook(*model, &portmap, Hook::Prerouting, packet, sink);
  EXPECT_EQ(counted(steps, kSymbols).nat.rules, kR + 2 + kN + 1 + kHostPort + 3);
  EXPECT_TRUE(packet.translated);
  EXPECT_EQ(packet.destination, AddressKind::Pod);
  steps.clear();
  rules_at_hook(*model, &portmap, Hook::Postrouting, packet, sink);
  EXPECT_EQ(counted(steps, kSymbols).nat.rules, 2 + 2U);
  EXPECT_FALSE(packet.masqueraded);
}

TEST(PortMapWalk, EveryOtherConnectionToTheNodePassesAllContainers) {
  const auto model = mode("none");
  const PortMap portmap(IptablesBackend::Legacy);
  HookPacket packet{.flow = {.exposure = Exposure::PodIp}};
  packet.destination = AddressKind::ThisNode;
  std::vector<Step> steps;
  StepSink sink{steps, Place::SoftirqCore, NodeRole::Server};
  rules_at_hook(*model, &portmap, Hook::Prerouting, packet, sink);
  EXPECT_EQ(counted(steps, kSymbols).nat.rules, 1 + kContainers);
  packet.destination = AddressKind::Pod;
  steps.clear();
  rules_at_hook(*model, &portmap, Hook::Prerouting, packet, sink);
  EXPECT_EQ(counted(steps, kSymbols).nat.rules, 1U);
}

}  // namespace
}  // namespace knetsim
