#include "models/proxy/kube_chains.h"

#include <utility>

#include "models/proxy/iptables_rules.h"

namespace knetsim {

Rule jump_to(std::string chain, std::vector<Match> matches, std::string comment) {
  return {.matches = std::move(matches), .actions = {action::Jump{std::move(chain)}}, .comment = std::move(comment)};
}

std::vector<Chain> nat_base_chains() {
  const std::string portals = "kubernetes service portals";
  return {
      {.name = "PREROUTING",
       .base = BaseHook{Hook::Prerouting, kNatDestinationPriority, true},
       .rules = {jump_to("KUBE-SERVICES", {}, portals)}},
      {.name = "INPUT", .base = BaseHook{Hook::Input, kNatSourcePriority, true}},
      {.name = "OUTPUT",
       .base = BaseHook{Hook::Output, kNatDestinationPriority, true},
       .rules = {jump_to("KUBE-SERVICES", {}, portals)}},
      {.name = "POSTROUTING",
       .base = BaseHook{Hook::Postrouting, kNatSourcePriority, true},
       .rules = {jump_to("KUBE-POSTROUTING", {}, "kubernetes postrouting rules")}},
  };
}

Chain mark_masquerade_chain() {
  return {.name = "KUBE-MARK-MASQ", .rules = {{.actions = {action::SetMark{kMasqueradeMark}}}}};
}

std::vector<Rule> masquerade_marked() {
  return {{.matches = {match::Mark{kMasqueradeMark, true}}, .actions = {action::Return{}}},
          {.actions = {action::ClearMark{kMasqueradeMark}}},
          {.actions = {action::Masquerade{}}, .comment = "kubernetes service traffic requiring SNAT"}};
}

Chain mark_drop_chain() { return {.name = "KUBE-MARK-DROP", .rules = {{.actions = {action::SetMark{kDropMark}}}}}; }

Chain local_firewall_chain(Version kubernetes) {
  Chain chain{.name = "KUBE-FIREWALL"};
  if (kubernetes < Version{1, 27}) {
    chain.rules.push_back({.matches = {match::Mark{kDropMark}},
                           .actions = {action::Drop{}},
                           .comment = "kubernetes firewall for dropping marked packets"});
  }
  if (kubernetes >= Version{1, 19}) {
    chain.rules.push_back(
        {.matches = {match::Destination{{ipv4(127, 0, 0, 0), 8}}, match::Source{{ipv4(127, 0, 0, 0), 8}, true},
                     match::State{.established = true, .dnat = true, .negated = true}},
         .actions = {action::Drop{}},
         .comment = "block incoming localnet connections"});
  }
  return chain;
}

}  // namespace knetsim
