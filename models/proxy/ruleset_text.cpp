#include "models/proxy/ruleset_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace knetsim {
namespace {

[[noreturn]] void not_in(std::string_view syntax) {
  throw std::logic_error(fmt::format("a rule that {} cannot express", syntax));
}

template <class Strings>
std::string joined(const Strings& strings, std::string_view separator) {
  return fmt::format("{}", fmt::join(strings, separator));
}

std::string negation(bool negated) { return negated ? "! " : ""; }

// multiport and set bring their own match, so that the protocol's is not loaded.
bool has_ports_of_its_own(const Rule& rule) {
  return std::any_of(rule.matches.begin(), rule.matches.end(), [](const Match& m) {
    return std::holds_alternative<match::DestinationPorts>(m) || std::holds_alternative<match::InIpSet>(m);
  });
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
    }
    out += c;
  }
  return out + "\"";
}

// Which parts of the packet make the key: source or destination, dimension by dimension.
std::string_view directions(IpSet::Type type, bool source) {
  switch (type) {
    case IpSet::Type::Net:
      return source ? "src" : "dst";
    case IpSet::Type::Ip:
    case IpSet::Type::Port:
      return "dst";
    case IpSet::Type::IpPort:
      return "dst,dst";
    case IpSet::Type::IpPortIp:
    case IpSet::Type::IpPortNet:
      break;
  }
  return "dst,dst,src";
}

std::string iptables_state(const match::State& state) {
  std::vector<std::string> names;
  if (state.is_new) {
    names.emplace_back("NEW");
  }
  if (state.established) {
    names.emplace_back("RELATED,ESTABLISHED");
  }
  if (state.invalid) {
    names.emplace_back("INVALID");
  }
  if (state.dnat) {
    names.emplace_back("DNAT");
  }
  return fmt::format("-m conntrack {}--ctstate {}", negation(state.negated), joined(names, ","));
}

std::string iptables_match(const Match& any, const Ruleset& rules) {
  return std::visit(
      Overloaded{
          [&](const match::InIpSet& m) {
            return fmt::format("-m set {}--match-set {} {}", negation(m.negated), m.set,
                               directions(rules.ip_sets.at(m.set).type, m.source));
          },
          [](const match::Protocol& m) { return fmt::format("-m {0} -p {0}", to_text(m.transport)); },
          [](const match::Ipip&) { return std::string("-p 4"); },
          [](const match::InDevice& m) { return fmt::format("-i {}{}", m.name, m.prefix ? "+" : ""); },
          [](const match::OutDevice& m) { return fmt::format("-o {}{}", m.name, m.prefix ? "+" : ""); },
          [](const match::Comment& m) { return "-m comment --comment " + quoted(m.text); },
          [](const match::ReversePathFails&) { return std::string("-m rpfilter --validmark --invert"); },
          [](const match::Source& m) { return fmt::format("{}-s {}", negation(m.negated), to_text(m.range)); },
          [](const match::Destination& m) { return fmt::format("{}-d {}", negation(m.negated), to_text(m.range)); },
          [](const match::DestinationPort& m) { return fmt::format("--dport {}", m.port); },
          [](const match::DestinationPorts& m) {
            return fmt::format("-m multiport --destination-ports {}", joined(m.ports, ","));
          },
          [](const match::State& m) { return iptables_state(m); },
          [](const match::Mark& m) {
            return fmt::format("-m mark {}--mark {:#x}/{:#x}", negation(m.negated), m.bits, m.bits);
          },
          [](const match::SourceLocal& m) {
            return fmt::format("-m addrtype {}--src-type LOCAL{}", negation(m.negated),
                               m.of_out_device ? " --limit-iface-out" : "");
          },
          [](const match::NotByBridgePort&) { return std::string("-m physdev ! --physdev-is-in"); },
          [](const match::OfVirtualServer& m) {
            return fmt::format("-m ipvs --vaddr {} --vproto {} --vport {}", to_text(m.key.address),
                               to_text(m.key.transport), m.key.port);
          },
          [](const match::DestinationLocal& m) {
            return fmt::format("-m addrtype {}--dst-type LOCAL", negation(m.negated));
          },
          [](const match::Statistic& m) {
            return fmt::format("-m statistic --mode random --probability {:.10f}", 1.0 / (m.of - m.index));
          },
          [](const match::RecentCheck& m) {
            return fmt::format("-m recent --name {} --rcheck --seconds {} --reap", m.list, m.seconds);
          },
          [](const match::RecentSet& m) { return fmt::format("-m recent --name {} --set", m.list); },
          [](const auto&) -> std::string { not_in("iptables"); },
      },
      any);
}

std::string iptables_action(const Action& any) {
  return std::visit(Overloaded{
                        [](const action::Jump& a) { return "-j " + a.chain; },
                        [](const action::Goto& a) { return "-g " + a.chain; },
                        [](const action::Return&) { return std::string("-j RETURN"); },
                        [](const action::Accept&) { return std::string("-j ACCEPT"); },
                        [](const action::Drop&) { return std::string("-j DROP"); },
                        [](const action::Reject&) { return std::string("-j REJECT"); },
                        [](const action::Dnat& a) {
                          return fmt::format("-j DNAT --to-destination {}:{}", to_text(a.endpoint.address),
                                             a.endpoint.port);
                        },
                        [](const action::Masquerade& a) {
                          std::string text = "-j MASQUERADE";
                          if (a.first_port != 0) text += fmt::format(" --to-ports {}-{}", a.first_port, a.last_port);
                          return text + (a.fully_random ? " --random-fully" : "");
                        },
                        [](const action::SetMark& a) { return fmt::format("-j MARK --or-mark {:#x}", a.bits); },
                        [](const action::ClearMark& a) { return fmt::format("-j MARK --xor-mark {:#x}", a.bits); },
                        [](const action::ResetMark& a) { return fmt::format("-j MARK --set-xmark 0x0/{:#x}", a.bits); },
                        [](const action::NoTrack&) { return std::string("-j NOTRACK"); },
                        [](const auto&) -> std::string { not_in("iptables"); },
                    },
                    any);
}

std::string nft_endpoint(const EndpointSpec& endpoint, std::string_view separator) {
  return fmt::format("{}{}{}", to_text(endpoint.address), separator, endpoint.port);
}

std::string nft_key(action::Key key) {
  return key == action::Key::AddressProtocolPort ? "ip daddr . meta l4proto . th dport" : "meta l4proto . th dport";
}

std::string nft_match(const Match& any) {
  return std::visit(
      Overloaded{
          [](const match::Protocol& m) { return fmt::format("meta l4proto {}", to_text(m.transport)); },
          [](const match::Source& m) { return fmt::format("ip saddr {}{}", m.negated ? "!= " : "", to_text(m.range)); },
          [](const match::SourceAmong& m) {
            std::vector<std::string> ranges;
            for (const Ipv4Range& range : m.ranges) ranges.push_back(to_text(range));
            return fmt::format("ip saddr {}{{ {} }}", m.negated ? "!= " : "", joined(ranges, " , "));
          },
          [](const match::Destination& m) {
            return fmt::format("ip daddr {}{}", m.negated ? "!= " : "", to_text(m.range));
          },
          [](const match::State& m) -> std::string {
            if (!m.is_new || m.established || m.invalid || m.dnat || m.negated) {
              not_in("this nftables writer");
            }
            return "ct state new";
          },
          [](const match::Mark& m) { return fmt::format("mark and {:#x} {} 0", m.bits, m.negated ? "==" : "!="); },
          [](const match::SourceLocal&) { return std::string("fib saddr type local"); },
          [](const match::DestinationLocal&) { return std::string("fib daddr type local"); },
          [](const match::InSet& m) { return fmt::format("ip {} @{}", m.destination ? "daddr" : "saddr", m.set); },
          [](const match::AffinitySet& m) { return fmt::format("ip saddr @{}", m.set); },
          [](const match::DestinationTranslated&) { return std::string("ct status dnat"); },
          [](const match::Hairpin& m) {
            return fmt::format("ip saddr . ip daddr . meta l4proto . th dport @{}", m.set);
          },
          [](const auto&) -> std::string { not_in("nftables"); },
      },
      any);
}

std::string nft_action(const Action& any) {
  return std::visit(Overloaded{
                        [](const action::Jump& a) { return "jump " + a.chain; },
                        [](const action::Goto& a) { return "goto " + a.chain; },
                        [](const action::Return&) { return std::string("return"); },
                        [](const action::Accept&) { return std::string("accept"); },
                        [](const action::Drop&) { return std::string("drop"); },
                        [](const action::Reject&) { return std::string("reject"); },
                        [](const action::Dnat& a) { return "dnat to " + nft_endpoint(a.endpoint, ":"); },
                        [](const action::Masquerade& a) {
                          return std::string(a.fully_random ? "masquerade fully-random" : "masquerade");
                        },
                        [](const action::SetMark& a) { return fmt::format("mark set mark or {:#x}", a.bits); },
                        [](const action::ClearMark& a) { return fmt::format("mark set mark xor {:#x}", a.bits); },
                        [](const action::ResetMark& a) { return fmt::format("mark set mark and {:#x}", ~a.bits); },
                        [](const action::NoTrack&) { return std::string("notrack"); },
                        [](const action::UpdateAffinity& a) { return fmt::format("update @{} {{ ip saddr }}", a.set); },
                        [](const action::VerdictMap& a) { return fmt::format("{} vmap @{}", nft_key(a.key), a.map); },
                        [](const action::RandomGoto& a) {
                          std::vector<std::string> elements;
                          for (std::size_t i = 0; i < a.chains.size(); ++i) {
                            elements.push_back(fmt::format("{} : goto {}", i, a.chains[i]));
                          }
                          return fmt::format("numgen random mod {} vmap {{ {} }}", a.chains.size(),
                                             joined(elements, " , "));
                        },
                        [](const action::RandomDnat& a) {
                          std::vector<std::string> elements;
                          for (std::size_t i = 0; i < a.endpoints.size(); ++i) {
                            elements.push_back(fmt::format("{} : {}", i, nft_endpoint(a.endpoints[i], " . ")));
                          }
                          return fmt::format("dnat ip addr . port to numgen random mod {} map {{ {} }}",
                                             a.endpoints.size(), joined(elements, " , "));
                        },
                    },
                    any);
}

std::string nft_rule(const Rule& rule, NftCounters counters) {
  std::vector<std::string> parts;
  const bool counting = counters == NftCounters::EvaluatedAndMatched;
  if (counting) {
    parts.emplace_back("counter");
  }
  for (const Match& m : rule.matches) {
    parts.push_back(nft_match(m));
  }
  if (counting) {
    parts.emplace_back("counter");
  }
  for (const Action& a : rule.actions) {
    parts.push_back(nft_action(a));
  }
  if (!rule.comment.empty()) {
    parts.push_back("comment " + quoted(rule.comment));
  }
  return joined(parts, " ");
}

std::string_view nft_hook(Hook hook) {
  switch (hook) {
    case Hook::Prerouting:
      return "prerouting";
    case Hook::Input:
      return "input";
    case Hook::Forward:
      return "forward";
    case Hook::Output:
      return "output";
    case Hook::Postrouting:
      break;
  }
  return "postrouting";
}

std::string nft_element(action::Key key, const ServiceKey& element) {
  const std::string rest = fmt::format("{} . {}", to_text(element.transport), element.port);
  return key == action::Key::AddressProtocolPort ? fmt::format("{} . {}", to_text(element.address), rest) : rest;
}

void write_named_objects(const Table& table, std::string& out) {
  const std::string in = "ip " + table.name;
  for (const auto& [name, set] : table.sets) {
    std::string type = "type ipv4_addr ;";
    if (set.is_hairpin) {
      type = "type ipv4_addr . ipv4_addr . inet_proto . inet_service ;";
    } else if (set.affinity_seconds) {
      type += fmt::format(" flags dynamic,timeout ; timeout {}s ;", *set.affinity_seconds);
    }
    const std::string comment = set.comment.empty() ? "" : fmt::format(" comment {} ;", quoted(set.comment));
    out += fmt::format("add set {} {} {{ {}{} }}\n", in, name, type, comment);
  }
  for (const auto& [name, map] : table.maps) {
    const bool with_address = map.key == action::Key::AddressProtocolPort;
    out += fmt::format("add map {} {} {{ type {}inet_proto . inet_service : verdict ; comment {} ; }}\n", in, name,
                       with_address ? "ipv4_addr . " : "", quoted(map.comment));
  }
}

void write_elements(const Table& table, std::string& out) {
  for (const auto& [name, set] : table.sets) {
    for (const Ipv4 address : set.addresses) {
      out += fmt::format("add element ip {} {} {{ {} }}\n", table.name, name, to_text(address));
    }
    for (const ServiceKey& pin : set.hairpins) {
      out += fmt::format("add element ip {0} {1} {{ {2} . {2} . {3} . {4} }}\n", table.name, name, to_text(pin.address),
                         to_text(pin.transport), pin.port);
    }
  }
  for (const auto& [name, map] : table.maps) {
    for (const auto& [key, verdict] : map.elements) {
      const std::string to = verdict.goto_chain.empty() ? "drop" : "goto " + verdict.goto_chain;
      out += fmt::format("add element ip {} {} {{ {} : {} }}\n", table.name, name, nft_element(map.key, key), to);
    }
  }
}

}  // namespace

std::string iptables_text(const Ruleset& rules) {
  std::string out;
  for (const Table& table : rules.tables) {
    out += fmt::format("*{}\n", table.name);
    for (const Chain& chain : table.chains) {
      out += fmt::format(":{} {} [0:0]\n", chain.name, chain.base ? "ACCEPT" : "-");
    }
    for (const Chain& chain : table.chains) {
      for (const Rule& rule : chain.rules) {
        out += "-A " + chain.name;
        if (!rule.comment.empty()) {
          out += " -m comment --comment " + quoted(rule.comment);
        }
        for (const Match& m : rule.matches) {
          out += " " + (has_ports_of_its_own(rule) && std::holds_alternative<match::Protocol>(m)
                            ? fmt::format("-p {}", to_text(std::get<match::Protocol>(m).transport))
                            : iptables_match(m, rules));
        }
        for (const Action& a : rule.actions) {
          out += " " + iptables_action(a);
        }
        out += "\n";
      }
    }
    out += "COMMIT\n";
  }
  return out;
}

std::string nftables_text(const Ruleset& rules, NftCounters counters) {
  std::string out;
  for (const Table& table : rules.tables) {
    out += fmt::format("add table ip {} {{ comment \"rules for kube-proxy\" ; }}\n", table.name);
    write_named_objects(table, out);
    for (const Chain& chain : table.chains) {
      if (chain.base) {
        out += fmt::format("add chain ip {} {} {{ type {} hook {} priority {} ; }}\n", table.name, chain.name,
                           chain.base->nat ? "nat" : "filter", nft_hook(chain.base->hook), chain.base->priority);
      } else {
        out += fmt::format("add chain ip {} {}\n", table.name, chain.name);
      }
    }
    for (const Chain& chain : table.chains) {
      for (const Rule& rule : chain.rules) {
        out += fmt::format("add rule ip {} {} {}\n", table.name, chain.name, nft_rule(rule, counters));
      }
    }
    write_elements(table, out);
  }
  return out;
}

}  // namespace knetsim
