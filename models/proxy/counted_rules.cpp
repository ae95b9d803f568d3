#include "models/proxy/counted_rules.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "models/proxy/felix_rules.h"
#include "models/proxy/hook_packets.h"
#include "models/proxy/iptables_rules.h"
#include "models/proxy/portmap_rules.h"
#include "models/proxy/rule_bytes.h"
#include "sim/core/ensure.h"

namespace knetsim {
namespace {

constexpr Ipv4 kOtherPod = ipv4(10, 244, 1, 250);  // no Service has it, and no container with a hostPort
constexpr std::uint16_t kOtherPort = 22;

/// A chain's name for people: without the hash of the canonical Service's, or of a pod's device.
std::string readable(const std::string& chain) {
  for (const char* prefix : {"KUBE-SVC", "KUBE-SVL", "KUBE-SEP", "KUBE-EXT", "KUBE-XLB", "KUBE-FW", "CNI-DN", "cali-fw",
                             "cali-tw", "cali-from-wl-dispatch", "cali-to-wl-dispatch"}) {
    if (chain.starts_with(std::string(prefix) + "-")) return prefix;
  }
  return chain;
}

}  // namespace

RuleKinds iptables_kinds(IptablesBackend backend) {
  const bool legacy = backend == IptablesBackend::Legacy;
  return {.table = legacy ? StepKind::IptablesTable : StepKind::NftChain,
          .rule = legacy ? StepKind::Rule : StepKind::NftRule,
          .match = legacy ? StepKind::XtMatch : StepKind::NftMatch,
          .scans = true,
          .backend = backend};
}

CountedRules::CountedRules(RuleWriter write, const RuleKinds& kinds, const SpecialAddresses& special)
    : write_(std::move(write)), kinds_(kinds), special_(special), known_(std::make_unique<Known>()) {}

CountedRules::Case CountedRules::case_of(Hook hook, const HookPacket& packet, NodeRole node) const {
  const FlowClass& flow = packet.flow;
  const bool of_service = asks_service(flow.exposure);
  const bool outside = asks_from_outside(flow.exposure);
  Case made{.hook = hook};
  made.containers = packet.outer ? Transport::Tcp : flow.transport;
  if (of_service && !packet.outer) {
    made.service = {.transport = flow.transport,
                    .node_port = flow.exposure == Exposure::NodePort,
                    .external_ip = flow.exposure == Exposure::ExternalIp,
                    .load_balancer = flow.load_balancer,
                    .firewalled = flow.firewalled,
                    .internal_local = outside ? flow.local_inside : flow.local_policy,
                    .external_local = outside && flow.local_policy,
                    .affinity = flow.affinity,
                    .host_network = flow.server_host_network};
    made.service.here = node == NodeRole::Server || flow.locality != Locality::Remote ||
                        keeps_to_the_node(asking_of(packet));  // or nobody answers
    made.service.one_here = !made.service.here && kinds_.drops_own_without_endpoint && made.service.external_local &&
                            packet.from_local_process;
    made.remembered = flow.affinity && flow.remembered;
  }
  CanonicalNode& base = nodes_for(made.service, made.containers)[0];
  const EndpointSpec service_endpoint = base.endpoint();
  const EndpointSpec endpoint = flow.exposure == Exposure::HostPort ? base.host_port_endpoint() : service_endpoint;
  const bool translates = of_service || flow.exposure == Exposure::HostPort;

  RulePacket& rule = made.packet;
  rule.transport = packet.outer ? Transport::Udp : flow.transport;
  rule.state = packet.state;
  rule.nat_bound = packet.nat_bound;
  rule.by_bridge_port = packet.by_bridge_port;
  rule.translated = packet.translated;
  rule.masqueraded = packet.masqueraded;
  rule.mark = (packet.marked ? kMasqueradeMark : 0) | (packet.cni_marked ? kPortMapMark : 0);
  switch (packet.source) {
    case AddressKind::Pod:
    case AddressKind::ClusterIp:
    case AddressKind::ExternalIp: {
      const bool itself = translates && flow.locality == Locality::SamePod && !packet.outer;
      const bool near = flow.locality != Locality::Remote || node == NodeRole::Client;
      rule.source = itself ? endpoint.address : near ? CanonicalNode::kPodHere : CanonicalNode::kPodElsewhere;
      break;
    }
    case AddressKind::ThisNode:
      rule.source = CanonicalNode::kNode;
      break;
    case AddressKind::OtherNode:
      rule.source = CanonicalNode::kOtherNode;
      break;
  }
  const bool reached = packet.translated && !packet.reply && translates && !packet.outer;
  rule.destination_port = reached ? endpoint.port : kOtherPort;
  switch (packet.destination) {
    case AddressKind::Pod:
      rule.destination = reached ? endpoint.address : kOtherPod;
      break;
    case AddressKind::ClusterIp:
      rule.destination = base.cluster_ip();
      rule.destination_port = CanonicalNode::kPort;
      break;
    case AddressKind::ThisNode:
      rule.destination = CanonicalNode::kNode;
      if (asks_node_port(packet, node)) rule.destination_port = CanonicalNode::kNodePort;
      if (flow.exposure == Exposure::HostPort && !packet.translated && !packet.outer && !packet.reply) {
        rule.destination_port = CanonicalNode::kHostPort;
      }
      break;
    case AddressKind::OtherNode:
      rule.destination = CanonicalNode::kOtherNode;
      break;
    case AddressKind::ExternalIp:
      rule.destination = base.external_ip();
      rule.destination_port = CanonicalNode::kPort;
      break;
  }
  if (special_.felix) set_devices(hook, packet, rule);
  return made;
}

void CountedRules::set_devices(Hook hook, const HookPacket& packet, RulePacket& rule) const {
  // A packet of the client's comes from its pod and goes to the server's; an answer the other way round.
  const auto of_pod = [&](bool sender) {
    return sender != packet.reply ? CanonicalNode::kClientDevice : CanonicalNode::kServerDevice;
  };
  if (packet.policy_marked) rule.mark |= kFelixAcceptMark;
  rule.ipip = packet.outer && packet.ipip;
  if (packet.outer) rule.destination_port = kVxlanPort;
  const std::string_view tunnel = tunnel_device(special_.felix->encapsulation);
  // What the node's own process asks of a Service is routed by that address until OUTPUT is over.
  const bool translates = !packet.flow.in_socket && packet.flow.exposure != Exposure::PodIp && !packet.outer;
  if (hook == Hook::Prerouting || hook == Hook::Input || hook == Hook::Forward) {
    rule.in = packet.from_pod ? of_pod(true) : CanonicalNode::kNic;
  }
  if (hook == Hook::Forward || hook == Hook::Output || hook == Hook::Postrouting) {
    const bool old_route = hook == Hook::Output && translates && !packet.reply;
    rule.out = old_route          ? CanonicalNode::kNic
               : packet.to_pod    ? of_pod(false)
               : packet.to_tunnel ? tunnel
                                  : CanonicalNode::kNic;
    rule.source_of_out = packet.from_local_process && packet.to_tunnel && !(translates && !packet.reply);
  }
}

CanonicalNodes& CountedRules::nodes_for(const CanonicalService& service, Transport containers) const {
  const auto found = known_->nodes.find({service, containers});
  if (found != known_->nodes.end()) return found->second;
  return known_->nodes
      .emplace(std::pair(service, containers), CanonicalNodes(write_, service, containers, kinds_.backend, special_))
      .first->second;
}

CountedRules::Outcome CountedRules::work_out(const Case& wanted) const {
  CanonicalNodes& nodes = nodes_for(wanted.service, wanted.containers);
  /// What is counted of one chain, or of a base chain and all that it leads to, at each node.
  struct Sum {
    bool nat = false;
    std::string note;
    std::vector<double> rules, bytes, matches, lookups;
  };
  std::vector<Sum> bases;   // by base chain
  std::vector<Sum> chains;  // by chain and size of its rules, in the order in which they are met
  std::vector<std::size_t> base_of;
  std::vector<std::pair<std::string, std::uint32_t>> names;
  Outcome outcome;
  const auto sized = [&](bool nat, std::string note) {
    const std::vector<double> zeros(nodes.size(), 0);
    return Sum{nat, std::move(note), zeros, zeros, zeros, zeros};
  };
  for (std::size_t n = 0; n < nodes.size(); ++n) {
    CanonicalNode& node = nodes[n];
    RulePacket packet = wanted.packet;
    const RuleChoice choice{.endpoint = node.chosen(),
                            .last_endpoint = wanted.remembered ? static_cast<int>(node.chosen()) : -1};
    // The packet to, or from, the endpoint that this node's connection has.
    const EndpointSpec chosen = nodes[0].endpoint();
    if (packet.destination == chosen.address && packet.destination_port == chosen.port) {
      packet.destination = node.endpoint().address;
      packet.destination_port = node.endpoint().port;
    }
    if (packet.source == chosen.address && !wanted.service.host_network) packet.source = node.endpoint().address;
    const EndpointSpec container = nodes[0].host_port_endpoint();
    if (packet.destination == container.address) packet.destination = node.host_port_endpoint().address;
    if (packet.source == container.address) packet.source = node.host_port_endpoint().address;
    node.interpreter().at_hook(wanted.hook, packet, choice);
    if (n == 0) outcome.packet = packet;
    std::size_t base = 0;
    for (const BaseChainVisit& entered : node.interpreter().visits()) {
      const Table& table = node.rules().tables[entered.table];
      const Chain& first = table.chains[entered.chain];
      if (first.rules.empty()) continue;
      if (base == bases.size()) {
        const bool named = node.rules().syntax == RuleSyntax::Iptables;
        bases.push_back(sized(first.base->nat, named ? table.name + " " + first.name : first.name));
      }
      for (const RuleVisit& visit : entered.rules) {
        const Chain& chain = table.chains[visit.chain];
        const std::uint32_t bytes = kinds_.scans ? rule_bytes(chain.rules[visit.rule], kinds_.backend) : 0;
        bases[base].rules[n] += 1;
        bases[base].matches[n] += visit.matches;
        bases[base].lookups[n] += visit.lookups;
        if (!kinds_.scans) continue;
        const std::string name = readable(chain.name);
        std::size_t at = 0;
        while (at < chains.size() && (base_of[at] != base || names[at] != std::pair(name, bytes))) ++at;
        if (at == chains.size()) {
          chains.push_back(sized(first.base->nat, name));
          base_of.push_back(base);
          names.emplace_back(name, bytes);
        }
        chains[at].rules[n] += 1;
        chains[at].bytes[n] += bytes;
      }
      ++base;
    }
  }
  const auto add = [&](std::optional<StepKind> kind, const Sum& sum, Count count, std::uint32_t bytes = 0) {
    if (!kind || count.is_zero()) return;
    outcome.work.push_back({*kind, sum.nat ? RuleTable::Nat : RuleTable::Filter, std::move(count), bytes, sum.note});
  };
  for (std::size_t base = 0; base < bases.size(); ++base) {
    add(kinds_.table, bases[base], 1);
    if (!kinds_.scans) add(kinds_.rule, bases[base], nodes.linear(bases[base].rules));
    // Rules of a chain that are always the same ones are one step, of their mean size.
    for (std::size_t at = 0; at < chains.size(); ++at) {
      if (base_of[at] != base) continue;
      Count count = nodes.linear(chains[at].rules);
      if (count.is_zero()) continue;
      const auto same = std::find_if(outcome.work.begin(), outcome.work.end(), [&](const Work& other) {
        return other.kind == kinds_.rule && other.note == chains[at].note && other.count.terms.empty() &&
               count.terms.empty() && other.table == (bases[base].nat ? RuleTable::Nat : RuleTable::Filter);
      });
      if (same == outcome.work.end()) {
        add(kinds_.rule, chains[at], std::move(count), names[at].second);
        continue;
      }
      const double rules = same->count.fixed + count.fixed;
      same->rule_bytes = static_cast<std::uint32_t>(
          std::llround((same->count.fixed * same->rule_bytes + count.fixed * names[at].second) / rules));
      same->count = rules;
    }
    add(kinds_.match, bases[base], nodes.linear(bases[base].matches));
    add(kinds_.lookup, bases[base], nodes.linear(bases[base].lookups));
  }
  return outcome;
}

const CountedRules::Outcome& CountedRules::outcome_of(Hook hook, const HookPacket& packet, NodeRole node) const {
  const std::lock_guard turn(known_->turn);
  const Case wanted = case_of(hook, packet, node);
  const auto found = known_->outcomes.find(wanted);
  if (found != known_->outcomes.end()) return found->second;
  return known_->outcomes.emplace(wanted, work_out(wanted)).first->second;
}

void CountedRules::at_hook(Hook hook, HookPacket& packet, StepSink& sink) const {
  const Outcome& outcome = outcome_of(hook, packet, sink.node);
  for (const Work& work : outcome.work) {
    Step& step = sink.add(work.kind, work.count, work.note);
    step.table = work.table;
    step.rule_bytes = work.rule_bytes;
    if (packet.outer && work.table == RuleTable::Nat) step.when = Condition::OuterUntracked;
  }
  packet.marked = (outcome.packet.mark & kMasqueradeMark) != 0;
  packet.cni_marked = (outcome.packet.mark & kPortMapMark) != 0 && !outcome.packet.masqueraded;
  packet.policy_marked = (outcome.packet.mark & kFelixAcceptMark) != 0;
  packet.masqueraded = outcome.packet.masqueraded;
  if (outcome.packet.translated && !packet.translated) translate(packet, sink.node);
}

}  // namespace knetsim
