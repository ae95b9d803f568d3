#include "models/proxy/ip_masq_agent.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "models/proxy/kube_chains.h"
#include "models/proxy/rule_bytes.h"
#include "models/proxy/ruleset_interpreter.h"
#include "sim/core/ensure.h"

namespace knetsim {
namespace {

constexpr const char* kChain = "IP-MASQ-AGENT";

/// The first address a.0.0.1 that no range has.
Ipv4 outside_of(std::span<const Ipv4Range> ranges) {
  for (std::uint8_t first = 1; first < 224; ++first) {
    if (range_of(ipv4(first, 0, 0, 1), ranges) == 0) return ipv4(first, 0, 0, 1);
  }
  KNETSIM_ENSURE(false, "an address outside of ranges that hold all");
  return 0;
}

}  // namespace

std::uint8_t range_of(Ipv4 address, std::span<const Ipv4Range> ranges) {
  const auto found = std::ranges::find_if(ranges, [&](const Ipv4Range& range) { return range.contains(address); });
  return found == ranges.end() ? std::uint8_t{0} : static_cast<std::uint8_t>(found - ranges.begin() + 1);
}

void add_ip_masq_rules(Ruleset& rules, std::span<const Ipv4Range> kept) {
  Table& nat = rules.table("nat");
  nat.ensure_chain("POSTROUTING")
      .rules.push_back({.matches = {match::DestinationLocal{.negated = true}},
                        .actions = {action::Jump{kChain}},
                        .comment = std::string("ip-masq-agent: ensure nat POSTROUTING directs all non-LOCAL "
                                               "destination traffic to our custom ") +
                                   kChain + " chain"});
  std::vector<Rule>& own = nat.ensure_chain(kChain).rules;
  for (const Ipv4Range& range : kept) {
    own.push_back({.matches = {match::Destination{range}},
                   .actions = {action::Return{}},
                   .comment = "ip-masq-agent: local traffic is not subject to MASQUERADE"});
  }
  own.push_back({.actions = {action::Masquerade{.first_port = kAgentFirstPort, .last_port = kAgentLastPort}},
                 .comment = "ip-masq-agent: outbound traffic is subject to MASQUERADE (must be last in chain)"});
}

Ipv4 IpMasqAgent::destination_of(const HookPacket& packet, NodeRole node) const {
  switch (packet.destination) {
    case AddressKind::Pod:
    case AddressKind::ClusterIp:
    case AddressKind::ExternalIp:
      return options_.pod;
    case AddressKind::ThisNode:
      return options_.node;
    case AddressKind::OtherNode:
      break;
  }
  const std::uint8_t range = packet.flow.kept_range;
  if (!packet.flow.server_external || packet.outer || node == NodeRole::Server) return options_.node + 1;
  return range > 0 ? options_.kept[range - 1].address : outside_of(options_.kept);
}

void IpMasqAgent::at_postrouting(HookPacket& packet, StepSink& sink) const {
  if (packet.state != CtState::New || packet.nat_bound || packet.masqueraded) return;
  Ruleset rules{.tables = {{.name = "nat", .chains = nat_base_chains()}}};
  for (Chain& chain : rules.tables[0].chains) chain.rules.clear();
  add_ip_masq_rules(rules, options_.kept);
  RulesetInterpreter interpreter(rules, {options_.node}, options_.backend);
  RulePacket seen{.transport = packet.outer ? Transport::Udp : packet.flow.transport,
                  .source = packet.source == AddressKind::ThisNode ? options_.node : options_.pod,
                  .destination = destination_of(packet, sink.node)};
  interpreter.at_hook(Hook::Postrouting, seen, {});
  const RuleKinds kinds = iptables_kinds(options_.backend);
  for (const BaseChainVisit& entered : interpreter.visits()) {
    double matches = 0;
    // The rules of a chain that are met are one step, of their mean size.
    for (std::size_t first = 0; first < entered.rules.size();) {
      const Chain& chain = rules.tables[0].chains[entered.rules[first].chain];
      std::size_t last = first;
      double bytes = 0;
      for (; last < entered.rules.size() && entered.rules[last].chain == entered.rules[first].chain; ++last) {
        bytes += rule_bytes(chain.rules[entered.rules[last].rule], options_.backend);
        matches += entered.rules[last].matches;
      }
      const auto met = static_cast<double>(last - first);
      Step& step = sink.add(kinds.rule, met, chain.name);
      step.table = RuleTable::Nat;
      step.rule_bytes = static_cast<std::uint32_t>(std::llround(bytes / met));
      if (packet.outer) step.when = Condition::OuterUntracked;
      first = last;
    }
    if (matches > 0) {
      Step& step = sink.add(*kinds.match, matches, "nat POSTROUTING");
      step.table = RuleTable::Nat;
      if (packet.outer) step.when = Condition::OuterUntracked;
    }
  }
  packet.masqueraded = seen.masqueraded;
}

void rules_at_hook(const ProxyModel& proxy, const PortMap* portmap, const IpMasqAgent* agent, Hook hook,
                   HookPacket& packet, StepSink& sink, const Felix* felix) {
  rules_at_hook(proxy, portmap, hook, packet, sink, felix);
  if (agent != nullptr && hook == Hook::Postrouting) agent->at_postrouting(packet, sink);
}

}  // namespace knetsim
