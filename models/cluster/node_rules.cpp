#include "models/cluster/node_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace knetsim {
namespace {

constexpr std::string_view kUnschedulableKey = "node.kubernetes.io/unschedulable";

std::optional<std::int64_t> integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool holds(const LabelSets& label_sets, const ClusterNode& node, const NodeRequirement& requirement) {
  using Operator = NodeRequirement::Operator;
  const std::optional<std::string_view> value =
      requirement.on_field ? std::optional(node.name) : label_sets.value(node.labels, requirement.key);
  const bool listed = value && std::ranges::find(requirement.values, *value) != requirement.values.end();
  switch (requirement.op) {
    case Operator::In:
      return listed;
    case Operator::NotIn:
      return !listed;  // A node without the label passes, as it does for a label selector.
    case Operator::Exists:
      return value.has_value();
    case Operator::DoesNotExist:
      return !value.has_value();
    case Operator::Gt:
    case Operator::Lt:
      break;
  }
  if (!value || requirement.values.size() != 1) return false;
  const std::optional<std::int64_t> has = integer(*value);
  const std::optional<std::int64_t> bound = integer(requirement.values.front());
  if (!has || !bound) return false;
  return requirement.op == Operator::Gt ? *has > *bound : *has < *bound;
}

bool daemon_tolerates(const Taint& taint, bool host_network) {
  constexpr std::array<std::string_view, 4> kNoSchedule{"node.kubernetes.io/disk-pressure",
                                                        "node.kubernetes.io/memory-pressure",
                                                        "node.kubernetes.io/pid-pressure", kUnschedulableKey};
  constexpr std::array<std::string_view, 2> kNoExecute{"node.kubernetes.io/not-ready",
                                                       "node.kubernetes.io/unreachable"};
  if (taint.effect == TaintEffect::NoExecute) return std::ranges::find(kNoExecute, taint.key) != kNoExecute.end();
  return std::ranges::find(kNoSchedule, taint.key) != kNoSchedule.end() ||
         (host_network && taint.key == "node.kubernetes.io/network-unavailable");
}

}  // namespace

bool tolerates(const Toleration& toleration, const Taint& taint) {
  if (toleration.effect && *toleration.effect != taint.effect) return false;
  if (!toleration.key.empty() && toleration.key != taint.key) return false;
  if (toleration.exists) return true;
  return !toleration.key.empty() && toleration.value == taint.value;
}

namespace {

bool is_tolerated(const Taint& taint, const SchedulingRules& rules, bool daemon, bool host_network) {
  return (daemon && daemon_tolerates(taint, host_network)) ||
         std::ranges::any_of(rules.tolerations, [&](const Toleration& t) { return tolerates(t, taint); });
}

const Taint* first_refusing(const ClusterNode& node, const SchedulingRules& rules, bool daemon, bool host_network) {
  const auto refuses = [&](const Taint& taint) {
    return taint.effect != TaintEffect::PreferNoSchedule && !is_tolerated(taint, rules, daemon, host_network);
  };
  const auto found = std::ranges::find_if(node.taints, refuses);
  return found == node.taints.end() ? nullptr : &*found;
}

}  // namespace

std::string refusing_taint(const ClusterNode& node, const SchedulingRules& rules, bool daemon, bool host_network) {
  constexpr std::array<std::string_view, 3> kEffects{"NoSchedule", "PreferNoSchedule", "NoExecute"};
  const Taint* taint = first_refusing(node, rules, daemon, host_network);
  if (taint == nullptr) return {};
  return fmt::format("{}{}{}:{}", taint->key, taint->value.empty() ? "" : "=", taint->value,
                     kEffects[static_cast<std::size_t>(taint->effect)]);
}

NodeRefusal node_refusal(const LabelSets& label_sets, const ClusterNode& node, const SchedulingRules& rules,
                         bool daemon, bool host_network) {
  if (node.unschedulable &&
      !is_tolerated({kUnschedulableKey, "", TaintEffect::NoSchedule}, rules, daemon, host_network)) {
    return NodeRefusal::Unschedulable;
  }
  if (first_refusing(node, rules, daemon, host_network) != nullptr) return NodeRefusal::Taint;
  if (!label_sets.contains(node.labels, rules.node_selector)) return NodeRefusal::Selector;
  const auto term_holds = [&](const std::vector<NodeRequirement>& term) {
    return !term.empty() && std::ranges::all_of(term, [&](const auto& r) { return holds(label_sets, node, r); });
  };
  if (!rules.node_affinity.empty() && !std::ranges::any_of(rules.node_affinity, term_holds)) {
    return NodeRefusal::Selector;
  }
  return NodeRefusal::None;
}

}  // namespace knetsim
