// What a pod's spec says about the nodes that it may run on.

#include <fmt/format.h>

#include <array>

#include "models/cluster/object_reader.h"

namespace knetsim {
namespace {

// FieldValues of Kubernetes 1.36's core/v1.
constexpr Keys kAffinityKeys({"nodeAffinity", "podAffinity", "podAntiAffinity"});
constexpr Keys kNodeAffinityKeys({"requiredDuringSchedulingIgnoredDuringExecution",
                                  "preferredDuringSchedulingIgnoredDuringExecution",
                                  "requiredDuringSchedulingRequiredDuringExecution"});
constexpr Keys kNodeSelectorKeys({"nodeSelectorTerms"});
constexpr Keys kNodeTermKeys({"matchExpressions", "matchFields"});
constexpr Keys kRequirementKeys({"key", "operator", "values"});
constexpr Keys kTolerationKeys({"key", "operator", "value", "effect", "tolerationSeconds"});
constexpr std::array<std::string_view, 3> kTaintEffects{"NoSchedule", "PreferNoSchedule", "NoExecute"};

std::vector<NodeRequirement> read_requirements(ObjectReader& reader, Node list, bool on_field) {
  constexpr std::array<std::string_view, 6> kOperators{"In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"};
  std::vector<NodeRequirement> requirements;
  if (!reader.mappings(list)) return requirements;
  for (const Node node : list) {
    const FieldValues fields(reader, node, kRequirementKeys);
    NodeRequirement requirement{.key = reader.text(fields[kRequirementKeys["key"]]), .on_field = on_field};
    if (requirement.key.empty() && node.is_mapping() && is_absent(fields[kRequirementKeys["key"]])) {
      reader.error(node, "key is missing: a requirement needs one");
    }
    const auto op = reader.needed_choice(fields[kRequirementKeys["operator"]], "operator", node, kOperators);
    if (!op) continue;
    requirement.op = static_cast<NodeRequirement::Operator>(*op);
    if (const Node values = fields[kRequirementKeys["values"]]; reader.sequence(values)) {
      for (const Node value : values) requirement.values.push_back(reader.text(value));
    }
    // k/k pkg/apis/core/validation/validation.go, ValidateNodeSelectorRequirement.
    using Operator = NodeRequirement::Operator;
    const std::size_t count = requirement.values.size();
    const Node op_node = fields[kRequirementKeys["operator"]];
    if ((requirement.op == Operator::In || requirement.op == Operator::NotIn) && count == 0) {
      reader.error(op_node, fmt::format("operator {} without values", kOperators[*op]), "at least one value");
    } else if ((requirement.op == Operator::Exists || requirement.op == Operator::DoesNotExist) && count > 0) {
      reader.error(op_node, fmt::format("operator {} with values", kOperators[*op]), "no values");
    } else if ((requirement.op == Operator::Gt || requirement.op == Operator::Lt) && count != 1) {
      reader.error(op_node, fmt::format("operator {} with {} values", kOperators[*op], count),
                   "one whole number in quotes");
    }
    requirements.push_back(std::move(requirement));
  }
  return requirements;
}

void read_affinity(ObjectReader& reader, Node affinity, bool placed, SchedulingRules& rules) {
  const FieldValues fields(reader, affinity, kAffinityKeys);
  const Node of_node = fields[kAffinityKeys["nodeAffinity"]];
  const FieldValues node_fields(reader, of_node, kNodeAffinityKeys);
  const Node required = node_fields[kNodeAffinityKeys["requiredDuringSchedulingIgnoredDuringExecution"]];
  const FieldValues selector(reader, required, kNodeSelectorKeys);
  const Node terms = selector[kNodeSelectorKeys["nodeSelectorTerms"]];
  // k/k pkg/apis/core/validation/validation.go, ValidateNodeSelector.
  if (required.is_mapping() && terms.size() == 0 && (is_absent(terms) || terms.is_sequence())) {
    reader.error(terms.exists() ? terms : required, "nodeSelectorTerms is missing: at least one is needed");
  }
  if (reader.sequence(terms)) {  // a null term is one that matches nothing
    for (const Node term : terms) {
      const FieldValues parts(reader, term, kNodeTermKeys);
      auto all = read_requirements(reader, parts[kNodeTermKeys["matchExpressions"]], false);
      auto on_fields = read_requirements(reader, parts[kNodeTermKeys["matchFields"]], true);
      all.insert(all.end(), on_fields.begin(), on_fields.end());
      rules.node_affinity.push_back(std::move(all));
    }
  }
  if (placed) return;
  const Node preferred = node_fields[kNodeAffinityKeys["preferredDuringSchedulingIgnoredDuringExecution"]];
  if (preferred.size() > 0) reader.uses(Unmodelled::Preferences, preferred);
  for (const std::size_t other : {kAffinityKeys["podAffinity"], kAffinityKeys["podAntiAffinity"]}) {
    if (fields[other].size() > 0) reader.uses(Unmodelled::PodAffinity, fields[other]);
  }
}

void read_tolerations(ObjectReader& reader, Node list, SchedulingRules& rules) {
  constexpr std::array<std::string_view, 4> kOperators{"Equal", "Exists", "Gt", "Lt"};
  if (!reader.mappings(list)) return;
  for (const Node node : list) {
    const FieldValues fields(reader, node, kTolerationKeys);
    Toleration toleration{.key = reader.text(fields[kTolerationKeys["key"]]),
                          .value = reader.text(fields[kTolerationKeys["value"]])};
    const auto op = reader.choice(fields[kTolerationKeys["operator"]], kOperators);
    const Node op_node = fields[kTolerationKeys["operator"]];
    toleration.exists = op == std::size_t{1} || (!op && op_node.exists());  // A misspelt one is reported once, here.
    if (const auto effect = reader.choice(fields[kTolerationKeys["effect"]], kTaintEffects)) {
      toleration.effect = static_cast<TaintEffect>(*effect);
    }
    // k/k pkg/apis/core/validation/validation.go, ValidateTolerations.
    if (toleration.exists && op && !toleration.value.empty()) {
      reader.error(fields[kTolerationKeys["value"]], "a value beside operator Exists", "no value, or operator: Equal");
    }
    if (!toleration.exists && toleration.key.empty() && node.is_mapping()) {
      reader.error(node, "a toleration without key takes every taint", "operator: Exists");
    }
    rules.tolerations.push_back(toleration);
  }
}

}  // namespace

SchedulingRules read_scheduling_rules(ObjectReader& reader, const SchedulingNodes& nodes, bool placed) {
  SchedulingRules rules;
  rules.node_selector = reader.labels(nodes.node_selector);
  for (const Label& label : rules.node_selector) {
    reader.uses(unmodelled_annotation(label.key, label.value), nodes.node_selector);
  }
  if (nodes.affinity.exists()) read_affinity(reader, nodes.affinity, placed, rules);
  read_tolerations(reader, nodes.tolerations, rules);
  return rules;
}

}  // namespace knetsim
