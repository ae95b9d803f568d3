#include "models/proxy/ruleset_interpreter.h"

#include <algorithm>
#include <optional>
#include <stdexcept>

#include "models/proxy/match_extensions.h"

namespace knetsim {
namespace {

ServiceKey key_of(action::Key key, const RulePacket& packet) {
  return {key == action::Key::AddressProtocolPort ? packet.destination : 0, packet.transport, packet.destination_port};
}

bool is_in(const IpSet& set, const RulePacket& packet, bool source) {
  const ServiceKey whole{packet.destination, packet.transport, packet.destination_port};
  switch (set.type) {
    case IpSet::Type::Ip:
      return std::any_of(set.members.begin(), set.members.end(),
                         [&](const ServiceKey& member) { return member.address == packet.destination; });
    case IpSet::Type::IpPort:
      return set.members.contains(whole);
    case IpSet::Type::IpPortIp:
      return packet.source == packet.destination && set.members.contains(whole);
    case IpSet::Type::IpPortNet:
      return std::any_of(set.sources.begin(), set.sources.end(), [&](const auto& member) {
        return member.first == whole && member.second.contains(packet.source);
      });
    case IpSet::Type::Net:
      return std::any_of(set.networks.begin(), set.networks.end(), [&](const Ipv4Range& network) {
        return network.contains(source ? packet.source : packet.destination);
      });
    case IpSet::Type::Port:  // bitmap:port looks at no protocol
      return std::any_of(set.members.begin(), set.members.end(),
                         [&](const ServiceKey& member) { return member.port == packet.destination_port; });
  }
  return false;
}

}  // namespace

RulesetInterpreter::RulesetInterpreter(const Ruleset& rules, std::vector<Ipv4> local_addresses, IptablesBackend backend)
    : rules_(rules), local_(std::move(local_addresses)), backend_(backend) {
  for (std::size_t t = 0; t < rules.tables.size(); ++t) {
    index_.emplace_back();
    counters_.emplace_back();
    for (std::size_t c = 0; c < rules.tables[t].chains.size(); ++c) {
      const Chain& chain = rules.tables[t].chains[c];
      index_[t].emplace(chain.name, c);
      counters_[t].emplace_back(chain.rules.size());
      if (chain.base) {
        base_.push_back({t, c});
      }
    }
  }
  std::stable_sort(base_.begin(), base_.end(), [&](Position a, Position b) {
    return rules_.tables[a.table].chains[a.chain].base->priority <
           rules_.tables[b.table].chains[b.chain].base->priority;
  });
}

bool RulesetInterpreter::is_local(Ipv4 address) const {
  return Ipv4Range{ipv4(127, 0, 0, 0), 8}.contains(address) ||
         std::find(local_.begin(), local_.end(), address) != local_.end();
}

HookWork RulesetInterpreter::at_hook(Hook hook, RulePacket& packet, const RuleChoice& choice) {
  HookWork work;
  visits_.clear();
  for (const Position at : base_) {
    const BaseHook& base = *rules_.tables[at.table].chains[at.chain].base;
    if (base.hook != hook || (base.nat && (packet.state != CtState::New || packet.nat_bound))) {
      continue;
    }
    visits_.push_back({static_cast<std::uint32_t>(at.table), static_cast<std::uint32_t>(at.chain)});
    const Flow flow = run_chain(at, packet, choice, base.nat ? work.nat : work.filter);
    if (flow == Flow::Drop || flow == Flow::Reject) {
      work.verdict = flow == Flow::Drop ? Verdict::Drop : Verdict::Reject;
      return work;
    }
  }
  return work;
}

RulesetInterpreter::Flow RulesetInterpreter::run_named(std::size_t table, const std::string& chain, RulePacket& packet,
                                                       const RuleChoice& choice, RuleWork& work) {
  const auto found = index_[table].find(chain);
  if (found == index_[table].end()) {
    throw std::out_of_range("no chain named " + chain);
  }
  return run_chain({table, found->second}, packet, choice, work);
}

void RulesetInterpreter::note(std::size_t visit, const RuleWork& before, const RuleWork& work) {
  RuleVisit& own = visits_.back().rules[visit];
  own.matches += work.matches - before.matches;
  own.lookups += work.lookups - before.lookups;
}

RulesetInterpreter::Flow RulesetInterpreter::run_chain(Position at, RulePacket& packet, const RuleChoice& choice,
                                                       RuleWork& work) {
  const std::vector<Rule>& rules = rules_.tables[at.table].chains[at.chain].rules;
  for (std::size_t r = 0; r < rules.size(); ++r) {
    RuleCounters& counters = counters_[at.table][at.chain][r];
    ++work.rules;
    ++counters.evaluated;
    const std::size_t visit = visits_.back().rules.size();
    visits_.back().rules.push_back({static_cast<std::uint32_t>(at.chain), static_cast<std::uint32_t>(r)});
    RuleWork before = work;
    const bool matched = holds(at.table, rules[r], packet, choice, work);
    note(visit, before, work);
    if (!matched) {
      continue;
    }
    ++counters.matched;
    // A jump comes back with Continue or with a verdict; a goto leaves this chain for good.
    const auto jump = [&](const std::string& chain) {
      const Flow flow = run_named(at.table, chain, packet, choice, work);
      return flow == Flow::Return ? Flow::Continue : flow;
    };
    const auto leave = [&](const std::string& chain) {
      const Flow flow = run_named(at.table, chain, packet, choice, work);
      return flow == Flow::Continue ? Flow::Return : flow;
    };
    const auto translate = [&](const EndpointSpec& endpoint) {
      packet.destination = endpoint.address;
      packet.destination_port = endpoint.port;
      packet.translated = true;
      return Flow::Accept;
    };
    for (const Action& any : rules[r].actions) {
      before = work;
      const auto look_up = [&] {
        ++work.lookups;
        note(visit, before, work);
      };
      const Flow flow =
          std::visit(Overloaded{
                         [&](const action::Jump& a) { return jump(a.chain); },
                         [&](const action::Goto& a) { return leave(a.chain); },
                         [&](const action::Return&) { return Flow::Return; },
                         [&](const action::Accept&) { return Flow::Accept; },
                         [&](const action::Drop&) { return Flow::Drop; },
                         [&](const action::Reject&) { return Flow::Reject; },
                         [&](const action::Dnat& a) { return translate(a.endpoint); },
                         [&](const action::Masquerade&) {
                           packet.masqueraded = true;
                           return Flow::Accept;
                         },
                         [&](const action::SetMark& a) {
                           packet.mark |= a.bits;
                           return Flow::Continue;
                         },
                         [&](const action::ClearMark& a) {
                           packet.mark ^= a.bits;
                           return Flow::Continue;
                         },
                         [&](const action::ResetMark& a) {
                           packet.mark &= ~a.bits;
                           return Flow::Continue;
                         },
                         [&](const action::NoTrack&) {
                           packet.state = CtState::Untracked;
                           return Flow::Continue;
                         },
                         [&](const action::UpdateAffinity&) {
                           look_up();
                           return Flow::Continue;
                         },
                         [&](const action::VerdictMap& a) {
                           look_up();
                           const NamedMap& map = rules_.tables[at.table].maps.at(a.map);
                           const auto found = map.elements.find(key_of(a.key, packet));
                           if (found == map.elements.end()) {
                             return Flow::Continue;
                           }
                           return found->second.goto_chain.empty() ? Flow::Drop : leave(found->second.goto_chain);
                         },
                         [&](const action::RandomGoto& a) {
                           look_up();
                           return leave(a.chains.at(choice.endpoint));
                         },
                         [&](const action::RandomDnat& a) {
                           look_up();
                           return translate(a.endpoints.at(choice.endpoint));
                         },
                     },
                     any);
      if (flow != Flow::Continue) {
        return flow;
      }
    }
  }
  return Flow::Continue;
}

bool RulesetInterpreter::holds(std::size_t table, const Rule& rule, const RulePacket& packet, const RuleChoice& choice,
                               RuleWork& work) const {
  const auto test = [&](const Match& m) { return matches(table, m, packet, choice, work); };
  const std::vector<Match>& all = rule.matches;
  if (rules_.syntax == RuleSyntax::Nftables) {
    return std::all_of(all.begin(), all.end(), test);
  }
  if (!std::all_of(all.begin(), all.end(), [&](const Match& m) { return !is_of_entry(m) || test(m); })) {
    return false;
  }
  work.matches += rule.comment.empty() ? 0U : 1U;
  return std::all_of(all.begin(), all.end(), [&](const Match& m) {
    work.matches += is_extension(m, rule, backend_) ? 1U : 0U;
    return is_of_entry(m) || test(m);
  });
}

bool RulesetInterpreter::matches(std::size_t table, const Match& any, const RulePacket& packet,
                                 const RuleChoice& choice, RuleWork& work) const {
  return std::visit(
      Overloaded{
          [&](const match::Protocol& m) { return !packet.ipip && packet.transport == m.transport; },
          [&](const match::Ipip&) { return packet.ipip; },
          [&](const match::InDevice& m) { return m.prefix ? packet.in.starts_with(m.name) : packet.in == m.name; },
          [&](const match::OutDevice& m) { return m.prefix ? packet.out.starts_with(m.name) : packet.out == m.name; },
          [&](const match::Comment&) { return true; },
          // Nobody here takes another's address.
          [&](const match::ReversePathFails&) { return false; },
          [&](const match::Source& m) { return m.range.contains(packet.source) != m.negated; },
          [&](const match::SourceAmong& m) {
            ++work.lookups;
            const auto has = [&](const Ipv4Range& range) { return range.contains(packet.source); };
            return std::any_of(m.ranges.begin(), m.ranges.end(), has) != m.negated;
          },
          [&](const match::Destination& m) { return m.range.contains(packet.destination) != m.negated; },
          [&](const match::DestinationPort& m) { return packet.destination_port == m.port; },
          [&](const match::DestinationPorts& m) {
            return std::find(m.ports.begin(), m.ports.end(), packet.destination_port) != m.ports.end();
          },
          [&](const match::State& m) {
            const bool in = (m.is_new && packet.state == CtState::New) ||
                            (m.established && packet.state == CtState::Established) || (m.dnat && packet.translated);
            return in != m.negated;
          },
          [&](const match::Mark& m) { return ((packet.mark & m.bits) == m.bits) != m.negated; },
          [&](const match::SourceLocal& m) {
            return (m.of_out_device ? packet.source_of_out : is_local(packet.source)) != m.negated;
          },
          [&](const match::NotByBridgePort&) { return !packet.by_bridge_port; },
          // Packets of the node's own that carry its virtual servers' addresses are sent to them.
          [&](const match::OfVirtualServer& m) { return packet.source == m.key.address; },
          [&](const match::DestinationLocal& m) { return is_local(packet.destination) != m.negated; },
          [&](const match::Statistic& m) { return choice.endpoint == m.index; },
          [&](const match::RecentCheck& m) { return choice.last_endpoint == static_cast<int>(m.index); },
          [&](const match::RecentSet&) { return true; },
          [&](const match::InSet& m) {
            ++work.lookups;
            const std::vector<Ipv4>& set = rules_.tables[table].sets.at(m.set).addresses;
            return std::find(set.begin(), set.end(), m.destination ? packet.destination : packet.source) != set.end();
          },
          [&](const match::AffinitySet& m) {
            ++work.lookups;
            return choice.last_endpoint == static_cast<int>(m.index);
          },
          [&](const match::InIpSet& m) {
            ++work.lookups;
            return is_in(rules_.ip_sets.at(m.set), packet, m.source) != m.negated;
          },
          [&](const match::DestinationTranslated&) { return packet.translated; },
          [&](const match::Hairpin& m) {
            ++work.lookups;
            const std::vector<ServiceKey>& pins = rules_.tables[table].sets.at(m.set).hairpins;
            const ServiceKey wanted{packet.destination, packet.transport, packet.destination_port};
            return packet.source == packet.destination && std::find(pins.begin(), pins.end(), wanted) != pins.end();
          },
      },
      any);
}

}  // namespace knetsim
