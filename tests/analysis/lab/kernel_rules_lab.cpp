#include "kernel_rules_lab.h"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <utility>

#include "analysis/lab/surroundings.h"
#include "models/cni/cni_model.h"
#include "models/proxy/iptables_rules.h"
#include "models/proxy/nftables_rules.h"
#include "models/proxy/portmap_rules.h"
#include "models/proxy/ruleset_text.h"
#include "models/service/addressing.h"
#include "models/service/datapath.h"

namespace knetsim {
namespace {

using namespace std::chrono_literals;

Version version_of(Loader loader) { return loader == Loader::NftablesBefore136 ? Version{1, 35} : Version{1, 36}; }

IptablesBackend backend_of(Loader loader) {
  return loader == Loader::IptablesNft ? IptablesBackend::Nft : IptablesBackend::Legacy;
}

HookWork& operator+=(HookWork& sum, const HookWork& more) {
  sum.nat.rules += more.nat.rules;
  sum.nat.lookups += more.nat.lookups;
  sum.nat.matches += more.nat.matches;
  sum.filter.rules += more.filter.rules;
  sum.filter.lookups += more.filter.lookups;
  sum.filter.matches += more.filter.matches;
  return sum;
}

bool same(const HookWork& a, const HookWork& b) { return a.nat == b.nat && a.filter == b.filter; }

std::string program(Loader loader, const char* what) {
  return std::string(loader == Loader::IptablesLegacy ? "iptables-legacy-" : "iptables-nft-") + what;
}

}  // namespace

void PrintTo(Loader loader, std::ostream* out) {
  const char* const names[] = {"IptablesLegacy", "IptablesNft", "Nftables", "NftablesBefore136"};
  *out << names[static_cast<std::size_t>(loader)];
}

void KernelRulesLab::SetUp() {
  if (const std::string why = lab::lab_impossible(); !why.empty()) GTEST_SKIP() << why;
  const lab::Surroundings here = lab::look_around();
  if (!here.bridge_netfilter) GTEST_SKIP() << "no br_netfilter: a bridge's packets pass no rules here";
  const bool has = GetParam() == Loader::IptablesLegacy ? here.iptables_legacy
                   : GetParam() == Loader::IptablesNft  ? here.iptables_nft
                                                        : here.nftables;
  if (!has) GTEST_SKIP() << ::testing::PrintToString(here.notes);
}

void KernelRulesOverVxlan::SetUp() {
  KernelRulesLab::SetUp();
  if (IsSkipped()) return;
  const lab::Surroundings here = lab::look_around();
  if (!here.vxlan) GTEST_SKIP() << ::testing::PrintToString(here.notes);
}

void KernelRulesLab::stand(std::uint32_t count, const WantedService& wanted) {
  local_endpoints_ = kEndpoints - (wanted.first_elsewhere ? 1 : 0);
  cluster_ = std::make_unique<lab::LabCluster>(
      lab::LabSpec{.nodes = count,
                   .fabric = count > 1 ? lab::Fabric::Vxlan : lab::Fabric::HostRoutes,
                   .pods = {{.node = 0}, {.node = count - 1, .addresses = kEndpoints}}});
  ASSERT_EQ(cluster_->pod_address(0), kClientPod);
  add_outside();
  // A default route takes what a process of the node or a pod asks until it is translated, or refused.
  if (count == 1) cluster_->node(0).ip("route add default dev up9 src " + to_text(kNodeA));
  for (std::uint32_t index = 0; index < count; ++index) load(index, index + 1 == count, wanted);
  cast(NodeRole::Client, 0);
  cast(NodeRole::Ingress, count / 2);
  cast(NodeRole::Server, count - 1);
}

// A route to the external addresses stands for the router's, or for what an announcing node's ARP answers bring about.
void KernelRulesLab::add_outside() {
  const lab::NetNamespace& first = cluster_->node(0);
  outside_ = std::make_unique<lab::NetNamespace>("outside");
  lab::NetNamespace::cable({first, "up9", 0x901}, {*outside_, "eth0", 0x902});
  outside_->ip("addr add " + to_text(kOutside) + "/32 dev eth0");
  outside_->ip("route add " + to_text(kNodeA) + " dev eth0");
  outside_->neighbour(to_text(kNodeA), "eth0", 0x901);
  for (const Ipv4 address : {kExternalIp, kLoadBalancerIp}) {
    outside_->ip("route add " + to_text(address) + " via " + to_text(kNodeA));
  }
  first.ip("route add " + to_text(kOutside) + " dev up9");
  first.neighbour(to_text(kOutside), "up9", 0x902);
}

void KernelRulesLab::load(std::uint32_t index, bool has_server, const WantedService& wanted) {
  std::vector<Ipv4> servers;
  for (std::uint32_t e = 0; e < kEndpoints; ++e) servers.push_back(server(e));
  const std::vector<ServicePortSpec> services = lab_services(servers, has_server, wanted);
  const NodeSpec spec{.primary_address = lab::LabCluster::node_address(index)};
  const lab::NetNamespace& space = cluster_->node(index);
  std::vector<HostPortSpec> containers;
  Ruleset rules;
  if (is_iptables(GetParam())) {
    containers = lab_containers(index, has_server ? server(0) : 0);
    rules = iptables_rules(spec, services);
    add_portmap_rules(rules, containers);
    space.in(program(GetParam(), "restore"), iptables_text(rules));
  } else {
    rules = nftables_rules(spec, services, version_of(GetParam()));
    space.in("nft -f -", nftables_text(rules, NftCounters::EvaluatedAndMatched));
  }
  auto made = std::make_unique<LabNode>(space, cluster_->addresses_of(index), std::move(rules));
  made->sizes = lab_sizes(services, containers);
  made->model = make_proxy(is_iptables(GetParam()) ? "iptables" : "nftables",
                           {.kubernetes = version_of(GetParam()),
                            .choices = {{"backend", backend_of(GetParam()) == IptablesBackend::Nft ? "nft" : "legacy"}},
                            .special = {.firewalled = wanted.external}});
  made->portmap = std::make_unique<PortMap>(backend_of(GetParam()));
  nodes_.push_back(std::move(made));
}

KernelRulesLab::Opened KernelRulesLab::open(const lab::NetNamespace& from, const RulePacket& syn) const {
  const ProbeResult result =
      open_and_reset(from, cluster_->pod(1), {syn.destination, syn.destination_port}, kServerPort);
  EXPECT_TRUE(result.connected) << "no connection to " << to_text(syn.destination) << ":" << syn.destination_port;
  return {.connected = result.connected, .endpoint = result.endpoint - server(0), .source = result.source};
}

std::uint32_t KernelRulesLab::refused(const lab::NetNamespace& from, const RulePacket& syn) {
  const FailedProbe probe = ask_in_vain(from, {syn.destination, syn.destination_port}, 10s);
  EXPECT_EQ(probe.error, ECONNREFUSED);
  return probe.syns;
}

std::uint32_t KernelRulesLab::unanswered(const lab::NetNamespace& from, const RulePacket& syn) {
  const FailedProbe probe = ask_in_vain(from, {syn.destination, syn.destination_port}, 300ms);
  EXPECT_EQ(probe.error, 0);
  return probe.syns;
}

RulePacket KernelRulesLab::connection_at(NodeRole role, const RulePacket& syn, const RuleChoice& choice,
                                         const HooksPassed& hooks) {
  const RulePacket left = knetsim::connection_at(at(role).interpreter, syn, choice, hooks);
  first_.push_back({.role = role,
                    .packet = syn,
                    .hooks = hooks.there,
                    .translated = left.translated,
                    .masqueraded = left.masqueraded});
  return left;
}

void KernelRulesLab::tunnel_between(NodeRole client_side, NodeRole server_side) {
  const Ipv4 source = lab::LabCluster::node_address(roles_.at(client_side));
  const Ipv4 destination = lab::LabCluster::node_address(roles_.at(server_side));
  tunnel_packets(at(client_side).interpreter, source, at(server_side).interpreter, destination, 3);
  const RulePacket outer = outer_packet(source, destination);
  first_.push_back({.role = client_side, .packet = outer, .hooks = kSent, .outer = true});
  first_.push_back({.role = server_side, .packet = outer, .hooks = kReceived, .outer = true});
  tunnel_back(server_side, client_side);
}

void KernelRulesLab::tunnel_back(NodeRole server_side, NodeRole client_side) {
  tunnel_packets(at(server_side).interpreter, lab::LabCluster::node_address(roles_.at(server_side)),
                 at(client_side).interpreter, lab::LabCluster::node_address(roles_.at(client_side)), 1);
}

void KernelRulesLab::compare() {
  for (const std::unique_ptr<LabNode>& on : nodes_) {
    SCOPED_TRACE(on->space.name());
    if (is_iptables(GetParam())) {
      const std::string saved = on->space.in(program(GetParam(), "save") + " -c");
      EXPECT_GT(expect_iptables_counters(saved, on->rules, on->interpreter).rules, 80U);
    } else {
      const std::string listed = on->space.in("nft list table ip kube-proxy");
      EXPECT_GT(expect_nft_counters(listed, on->rules, on->interpreter).rules, 25U);
    }
  }
}

void KernelRulesLab::models_agree(const FlowClass& flow, std::uint32_t endpoint) {
  // The node's own pods and processes reach every endpoint by a node port, whatever the external policy.
  const bool own_node = asks_from_outside(flow.exposure) && flow.ingress == IngressNode::ClientNode;
  const std::uint32_t choices = flow.local_policy && !own_node ? local_endpoints_ : kEndpoints;
  const Symbols symbols{{Symbol::ServicePosition, service_position_},
                        {Symbol::NodePortPosition, kWantedNodePort},
                        {Symbol::NodePortsAlike, kWantedNodePort},
                        {Symbol::EndpointIndex, endpoint + 1.0},
                        {Symbol::EndpointDraws, std::min(endpoint + 1, choices - 1)},
                        {Symbol::Endpoints, choices},
                        {Symbol::SourceRange, kWantedRange},
                        {Symbol::HostPortPosition, kWantedHostPort}};
  std::map<NodeRole, HookWork> evaluated;
  bool translated = false;
  bool masqueraded = false;
  for (const FirstPacket& first : std::exchange(first_, {})) {
    HookPacket packet{.flow = flow};
    packet.outer = first.outer;
    if (first.outer) {
      const bool sent = first.hooks == kSent;
      packet.source = sent ? AddressKind::ThisNode : AddressKind::OtherNode;
      packet.destination = sent ? AddressKind::OtherNode : AddressKind::ThisNode;
    } else {
      packet.source = masqueraded ? AddressKind::OtherNode : client_address(flow, first.role);
      packet.destination = translated ? endpoint_address(flow, first.role) : service_address(flow, first.role);
    }
    packet.from_local_process = first.hooks == kSent;
    evaluated[first.role] += proxy_agrees(first, packet, symbols, endpoint);
    translated = translated || first.translated;
    masqueraded = masqueraded || first.masqueraded;
  }
  EXPECT_FALSE(evaluated.empty());
  for (const auto& [role, rules] : evaluated) {
    const HookWork walk = walked(role, flow, symbols);
    EXPECT_TRUE(same(rules, walk)) << "role " << static_cast<int>(role) << "\n rules " << rules << "\n walk " << walk;
  }
}

/// @return  What the packet evaluates at all the hooks, by a fresh interpreter.
HookWork KernelRulesLab::proxy_agrees(const FirstPacket& first, HookPacket packet, const Symbols& symbols,
                                      std::uint32_t endpoint) {
  const LabNode& on = at(first.role);
  RulesetInterpreter fresh(on.rules, on.addresses, backend_of(GetParam()));
  RulePacket rule = first.packet;
  const RuleChoice choice{.endpoint = endpoint,
                          .last_endpoint = packet.flow.remembered ? static_cast<int>(endpoint) : -1};
  HookWork sum;
  for (const Hook hook : first.hooks) {
    std::vector<Step> steps;
    StepSink sink{steps, Place::SoftirqCore, first.role};
    const HookWork want = fresh.at_hook(hook, rule, choice);
    rules_at_hook(*on.model, on.portmap.get(), hook, packet, sink);
    const HookWork got = counted(steps, with_sizes(first.role, symbols));
    EXPECT_TRUE(same(want, got)) << "role " << static_cast<int>(first.role) << (first.outer ? " outer" : "") << " hook "
                                 << static_cast<int>(hook) << "\n rules " << want << "\n model " << got;
    sum += want;
  }
  return sum;
}

/// What the walk has the SYN and its outer packets evaluate at one machine.
HookWork KernelRulesLab::walked(NodeRole role, const FlowClass& flow, const Symbols& symbols) {
  const std::unique_ptr<CniModel> cni =
      cni_kind_named(nodes_.size() > 1 ? "flannel" : "bridge")->make({.masquerade = false});
  const Walk walk =
      describe(flow, PacketClass::First, {.proxy = *at(role).model, .cni = *cni, .host_ports = at(role).portmap.get()});
  std::vector<Step> steps;
  std::copy_if(walk.steps.begin(), walk.steps.end(), std::back_inserter(steps),
               [&](const Step& step) { return step.node == role && step.passage == Passage::Message; });
  return counted(steps, with_sizes(role, symbols));
}

Symbols KernelRulesLab::with_sizes(NodeRole role, Symbols symbols) const {
  symbols.merge(node_symbols(nodes_[roles_.at(role)]->sizes));
  return symbols;
}

}  // namespace knetsim
