#include "models/service/policy_rules.h"

#include <utility>

#include "models/proxy/rule_bytes.h"
#include "models/proxy/ruleset.h"

namespace knetsim {
namespace {

constexpr Symbol kPods = Symbol::PolicyPods;

/// A pod's own chain around its policies: RELATED,ESTABLISHED and the own node's traffic in front; NFLOG, REJECT and two
/// MARKs behind.
constexpr double kChainRules = 6;
/// Their extensions: of the two in front conntrack with its comment, and for what comes in addrtype likewise; of those
/// behind a mark and a comment twice, and a comment.
constexpr double kChainMatches = 2 + 2 + 2 + 1;
constexpr double kOwnNodeMatches = 2;

/// "-d POD -j KUBE-POD-FW-x".
Rule jump_of_pod() {
  return {.matches = {match::Destination{}}, .actions = {action::Jump{"KUBE-POD-FW"}}, .comment = "x"};
}
/// "--match-set SRC src --match-set DST dst -j MARK".
Rule rule_of_policy() {
  return {
      .matches = {match::InIpSet{"src"}, match::InIpSet{"dst"}}, .actions = {action::SetMark{0x10000}}, .comment = "x"};
}

}  // namespace

PolicyRules::PolicyRules(IptablesBackend backend)
    : kinds_(iptables_kinds(backend)),
      scanned_bytes_(rule_bytes(jump_of_pod(), backend)),
      chained_bytes_(rule_bytes(rule_of_policy(), backend)) {}

void PolicyRules::pass_chain(Work& work, bool of_source, double times) {
  const Symbol rules = of_source ? Symbol::EgressRules : Symbol::IngressRules;
  work.chained.add(Symbol::None, times * kChainRules);
  work.chained.add(rules, times);
  work.matches.add(Symbol::None, times * (kChainMatches + (of_source ? 0 : kOwnNodeMatches)));
  work.matches.add(rules, times);
  work.sets.add(of_source ? Symbol::EgressSets : Symbol::IngressSets, times);
}

PolicyRules::Work PolicyRules::at_forward(const PolicyPassage& packet) const {
  Work work{.scanned = 1, .matches = 1};  // the jump, which has a comment
  if (!packet.from_pod && !packet.to_pod) {
    work.scanned.add(kPods, 4);
    work.scanned.add(Symbol::None, 1);
    work.matches.add(Symbol::None, 2);
    return work;
  }
  work.accepted = true;
  if (packet.is_new) {
    work.scanned.add(kPods, 4);
    work.scanned.add(Symbol::None, 1);
    work.matches.add(Symbol::None, 2);
    for (const bool source : {true, false}) {
      if (!(source ? packet.from_pod : packet.to_pod)) continue;
      work.matches.add(Symbol::None, packet.bridged ? 3 : 2);  // the routed rule's comment; physdev, and its comment
      pass_chain(work, source, packet.bridged ? 2 : 1);
    }
    return work;
  }
  if (packet.from_pod && packet.to_pod) {
    // The first of two stands behind (P + 1) / 3 - 1 other pods; of its four rules the first matches, or the third.
    work.scanned.add(Symbol::None, 4.0 / 3 - 4 + 2);
    work.scanned.add(kPods, 4.0 / 3);
  } else {
    work.scanned.add(Symbol::None, (packet.from_pod ? 3 : 1) - 2);  // behind (P - 1) / 2 others
    work.scanned.add(kPods, 2);
  }
  work.chained = 1;
  work.matches.add(Symbol::None, 1 + 2);
  return work;
}

PolicyRules::Work PolicyRules::at_output(const PolicyPassage& packet) const {
  Work work{.scanned = 1, .matches = 1};
  const bool ends = packet.from_pod || packet.to_pod;
  if (!ends || (packet.is_new && !packet.from_node)) {
    work.scanned.add(kPods, 2);
    work.scanned.add(Symbol::None, 1);
    work.matches.add(Symbol::None, 2);
    for (const bool source : {true, false}) {
      if (!(source ? packet.from_pod : packet.to_pod)) continue;
      work.matches.add(Symbol::None, 1);
      pass_chain(work, source, 1);
    }
    work.accepted = ends;
    return work;
  }
  if (packet.from_pod && packet.to_pod) {
    work.scanned.add(Symbol::None, 2.0 / 3 - 2 + 1.5);
    work.scanned.add(kPods, 2.0 / 3);
  } else {
    work.scanned.add(Symbol::None, (packet.from_pod ? 2 : 1) - 1);
    work.scanned.add(kPods, 1);
  }
  work.chained = packet.is_new ? 2 : 1;  // and the own node's, where it is new
  work.matches.add(Symbol::None, 1 + 2 + (packet.is_new ? kOwnNodeMatches : 0));
  work.accepted = true;
  return work;
}

PolicyRules::Work PolicyRules::at_input(const PolicyPassage& packet) const {
  Work work{.scanned = 1, .matches = 1};
  if (packet.for_service) {
    work.scanned.add(Symbol::None, 1);  // RETURN for the range of cluster IPs
    work.matches.add(Symbol::None, 1);
    return work;
  }
  work.scanned.add(Symbol::None, 3);  // that range, and node ports of TCP and UDP
  if (!packet.from_pod || packet.is_new) {
    work.scanned.add(kPods, 1);
    work.scanned.add(Symbol::None, 1);
    work.matches.add(Symbol::None, 2);
    if (!packet.from_pod) return work;
    work.matches.add(Symbol::None, 1);
    pass_chain(work, true, 1);
  } else {
    work.scanned.add(Symbol::None, 0.5);
    work.scanned.add(kPods, 0.5);
    work.chained = 1;
    work.matches.add(Symbol::None, 1 + 2);
  }
  work.accepted = true;
  return work;
}

bool PolicyRules::at_hook(Hook hook, const PolicyPassage& packet, StepSink& sink) const {
  if (hook == Hook::Prerouting || hook == Hook::Postrouting) return false;
  const Work work = hook == Hook::Forward  ? at_forward(packet)
                    : hook == Hook::Output ? at_output(packet)
                                           : at_input(packet);
  const auto add = [&](std::optional<StepKind> kind, const Count& count, std::uint32_t bytes, const char* note) {
    if (!kind || count.is_zero()) return;
    Step& step = sink.add(*kind, count, note);
    step.table = RuleTable::Filter;
    step.rule_bytes = kinds_.scans ? bytes : 0;
  };
  const char* const chain = hook == Hook::Forward  ? "KUBE-ROUTER-FORWARD"
                            : hook == Hook::Output ? "KUBE-ROUTER-OUTPUT"
                                                   : "KUBE-ROUTER-INPUT";
  // Where kube-proxy's rules follow they enter the table.
  if (work.accepted && hook == Hook::Forward) add(kinds_.table, 1, 0, "filter FORWARD");
  add(kinds_.rule, work.scanned, scanned_bytes_, chain);
  add(kinds_.rule, work.chained, chained_bytes_, "KUBE-POD-FW and KUBE-NWPLCY");
  add(kinds_.match, work.matches, 0, "network policies");
  add(StepKind::IpSet, work.sets, 0, "network policies");
  return work.accepted;
}

}  // namespace knetsim
