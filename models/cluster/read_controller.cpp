// Deployment, ReplicaSet, ReplicationController, StatefulSet and DaemonSet: a template and how many pods it makes.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "models/cluster/name_rules.h"
#include "models/cluster/object_reader.h"

namespace knetsim {
namespace {

// FieldValues of Kubernetes 1.36's apps/v1 and core/v1, and of the versions before them.
constexpr Keys kDeploymentKeys({"replicas", "selector", "template", "strategy", "minReadySeconds",
                                "revisionHistoryLimit", "paused", "progressDeadlineSeconds", "rollbackTo"});
constexpr Keys kReplicaSetKeys({"replicas", "selector", "template", "minReadySeconds"});
constexpr Keys kStatefulSetKeys({"replicas", "selector", "template", "volumeClaimTemplates", "serviceName",
                                 "podManagementPolicy", "updateStrategy", "revisionHistoryLimit", "minReadySeconds",
                                 "persistentVolumeClaimRetentionPolicy", "ordinals"});
constexpr Keys kDaemonSetKeys({"selector", "template", "updateStrategy", "minReadySeconds", "revisionHistoryLimit",
                               "templateGeneration"});
constexpr Keys kTemplateKeys({"apiVersion", "kind", "metadata", "spec"});
constexpr Keys kSelectorKeys({"matchLabels", "matchExpressions"});
constexpr Keys kExpressionKeys({"key", "operator", "values"});

/// What the kinds have in common.
struct SpecNodes {
  Node replicas;
  Node selector;
  Node pod_template;
  Node ordinals;
  Node paused;
  Node strategy;
  Node min_ready;
  Node service_name;
};

template <std::size_t N>
SpecNodes common(ObjectReader& reader, Node spec, const Keys<N>& keys, bool counts) {
  const FieldValues fields(reader, spec, keys);
  const auto known = [&](std::string_view key) {
    const std::size_t index = keys.find(key);
    return index == Keys<N>::kNotFound ? Node{} : fields[index];
  };
  return {.replicas = counts ? known("replicas") : Node{},
          .selector = known("selector"),
          .pod_template = known("template"),
          .ordinals = known("ordinals"),
          .paused = known("paused"),
          .strategy = known("strategy"),
          .min_ready = known("minReadySeconds"),
          .service_name = known("serviceName")};
}

/// "25%" or a number of pods.
void read_amount(ObjectReader& reader, Node node, PodAmount& amount) {
  if (is_absent(node)) return;
  const std::string_view text = node.text();
  std::uint32_t value = 0;
  const bool percent = text.ends_with('%');
  const std::string_view digits = percent ? text.substr(0, text.size() - 1) : text;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size() || !node.is_scalar() ||
      value > 1'000'000) {
    reader.error(node, "neither a number of pods nor a share of them", "1, or 25%");
    return;
  }
  amount = {.value = value, .percent = percent};
}

// k/k pkg/apis/apps/validation/validation.go, ValidateRollingUpdateDeployment: not both may be 0.
RolloutStrategy read_strategy(ObjectReader& reader, const SpecNodes& nodes) {
  constexpr Keys kStrategyKeys({"type", "rollingUpdate"});
  constexpr Keys kRollingKeys({"maxSurge", "maxUnavailable"});
  constexpr std::array<std::string_view, 2> kTypes{"RollingUpdate", "Recreate"};
  RolloutStrategy strategy;
  strategy.min_ready_s = reader.integer(nodes.min_ready, {}).value_or(0);
  const FieldValues fields(reader, nodes.strategy, kStrategyKeys);
  strategy.recreate = reader.choice(fields[kStrategyKeys["type"]], kTypes) == std::size_t{1};
  const Node rolling_node = fields[kStrategyKeys["rollingUpdate"]];
  const FieldValues rolling(reader, rolling_node, kRollingKeys);
  if (strategy.recreate && !is_absent(rolling_node)) {
    reader.error(rolling_node, "rollingUpdate beside the type Recreate", "no rollingUpdate");
  }
  read_amount(reader, rolling[kRollingKeys["maxSurge"]], strategy.max_surge);
  read_amount(reader, rolling[kRollingKeys["maxUnavailable"]], strategy.max_unavailable);
  if (strategy.max_surge.value == 0 && strategy.max_unavailable.value == 0) {
    reader.error(rolling_node, "maxSurge and maxUnavailable are both 0", "at least one of them above 0");
  }
  return strategy;
}

SpecNodes read_spec(ObjectReader& reader, Node spec, std::string_view kind) {
  if (kind == "Deployment") return common(reader, spec, kDeploymentKeys, true);
  if (kind == "StatefulSet") return common(reader, spec, kStatefulSetKeys, true);
  if (kind == "DaemonSet") return common(reader, spec, kDaemonSetKeys, false);
  return common(reader, spec, kReplicaSetKeys, true);
}

void say_mismatch(ObjectReader& reader, Node at, std::string what, std::span<const Label> labels) {
  std::vector<std::string> has;
  for (const Label& label : labels) has.push_back(fmt::format("{}={}", label.key, label.value));
  reader.error(at, fmt::format("the selector asks for {}, which the template's labels do not meet; it has {}", what,
                               has.empty() ? "none" : fmt::format("{}", fmt::join(has, ", "))));
}

void check_equalities(ObjectReader& reader, Node selector, std::span<const Label> template_labels) {
  const std::vector<Label> wanted = reader.labels(selector);
  for (const Label& label : wanted) {
    if (std::ranges::find(template_labels, label) != template_labels.end()) continue;
    say_mismatch(reader, selector[label.key], fmt::format("{}={}", label.key, label.value), template_labels);
  }
}

void check_expressions(ObjectReader& reader, Node list, std::span<const Label> template_labels) {
  constexpr std::array<std::string_view, 4> kOperators{"In", "NotIn", "Exists", "DoesNotExist"};
  if (!reader.mappings(list)) return;
  for (const Node node : list) {
    const FieldValues fields(reader, node, kExpressionKeys);
    const std::string_view key = reader.text(fields[kExpressionKeys["key"]]);
    // k/k staging/.../meta/v1/validation/validation.go, ValidateLabelSelectorRequirement.
    const auto op = reader.needed_choice(fields[kExpressionKeys["operator"]], "operator", node, kOperators);
    if (key.empty() && node.is_mapping() && is_absent(fields[kExpressionKeys["key"]])) {
      reader.error(node, "key is missing: a requirement needs one");
    }
    if (key.empty() || !op) continue;
    const auto label = std::ranges::find(template_labels, key, &Label::key);
    const bool exists = label != template_labels.end();
    bool listed = false;
    std::vector<std::string_view> values;
    if (const Node items = fields[kExpressionKeys["values"]]; reader.sequence(items)) {
      for (const Node item : items) values.push_back(reader.text(item));
    }
    if ((*op < 2) == values.empty()) {
      reader.error(fields[kExpressionKeys["operator"]],
                   fmt::format("operator {} {} values", kOperators[*op], *op < 2 ? "without" : "with"),
                   *op < 2 ? "at least one value" : "no values");
      continue;
    }
    listed = exists && std::ranges::find(values, label->value) != values.end();
    const std::array<bool, 4> holds{listed, !listed, exists, !exists};
    if (holds[*op]) continue;
    say_mismatch(reader, node,
                 values.empty() ? fmt::format("{} {}", key, kOperators[*op])
                                : fmt::format("{} {} ({})", key, kOperators[*op], fmt::join(values, ", ")),
                 template_labels);
  }
}

/// In these versions the API server fills in the template's labels where there is no selector: k/k (v1.15)
/// pkg/apis/{extensions/v1beta1,apps/v1beta1}/defaults.go.
bool fills_selector(std::string_view api_version) {
  return api_version == "extensions/v1beta1" || api_version == "apps/v1beta1";
}

void check_selector(ObjectReader& reader, Node spec, const SpecNodes& nodes, std::string_view api_version,
                    std::string_view kind, std::span<const Label> template_labels) {
  const Node selector = nodes.selector;
  if (kind == "ReplicationController") {  // A plain mapping; the template's labels when absent.
    if (reader.mapping(selector)) check_equalities(reader, selector, template_labels);
    return;
  }
  if (!selector.exists() || selector.is_null()) {
    const bool served_then = reader.kubernetes_minor() < 16;
    if (served_then && fills_selector(api_version)) return;
    std::string form = "selector: {matchLabels: {app: ...}}";
    if (!template_labels.empty()) {
      form = fmt::format("selector: {{matchLabels: {{{}: {}}}}}", template_labels.front().key,
                         template_labels.front().value);
    }
    reader.error(spec, fmt::format("selector is missing: apps/v1 asks for it in a {}", kind), form);
    return;
  }
  if (!reader.mapping(selector)) return;
  const FieldValues fields(reader, selector, kSelectorKeys);
  if (fields[kSelectorKeys["matchLabels"]].size() + fields[kSelectorKeys["matchExpressions"]].size() == 0) {
    // k/k pkg/apis/apps/validation/validation.go, ValidateDeploymentSpec and its siblings.
    reader.error(selector, fmt::format("an empty selector is not taken in a {}", kind), "matchLabels: {app: ...}");
    return;
  }
  check_equalities(reader, fields[kSelectorKeys["matchLabels"]], template_labels);
  check_expressions(reader, fields[kSelectorKeys["matchExpressions"]], template_labels);
}

}  // namespace

void read_controller(ObjectReader& reader, Node object, std::string_view api_version, std::string_view kind) {
  const FieldValues fields(reader, object, kObjectKeys);
  const std::optional<ObjectMeta> meta = reader.metadata(object, kind);
  if (!meta) return;
  // Its pods' hostnames: k/k pkg/apis/apps/validation/validation.go, ValidateStatefulSetName.
  if (kind == "StatefulSet" && !is_dns_label(meta->name)) {
    reader.error(object["metadata"]["name"], fmt::format("'{}' is not the name of a StatefulSet", meta->name),
                 std::string(kDnsLabel));
  }
  const Node spec = fields[kObjectKeys["spec"]];
  if (!spec.is_mapping()) {
    if (is_absent(spec)) reader.error(object, "spec is missing");
    reader.mapping(spec);
    return;
  }
  const SpecNodes nodes = read_spec(reader, spec, kind);
  Controller controller{.kind = reader.intern(kind), .ns = meta->ns, .name = meta->name, .owner = meta->owner};
  controller.mark = meta->mark;
  if (kind == "Deployment") controller.strategy = read_strategy(reader, nodes);
  if (const auto replicas = reader.integer(nodes.replicas, {.most = 1'000'000, .accepted = "0 to 1,000,000 pods"})) {
    controller.replicas = static_cast<std::uint32_t>(*replicas);
  }
  if (reader.boolean(nodes.paused, false) && controller.replicas > 0) {
    // Its controller makes no ReplicaSet: k/k pkg/controller/deployment/deployment_controller.go, syncDeployment.
    reader.notice(nodes.paused, "a paused Deployment makes no pods");
    controller.replicas = 0;
  }
  if (const auto start = reader.integer(nodes.ordinals["start"], {})) {
    controller.first_ordinal = static_cast<std::uint32_t>(*start);
  }
  if (!nodes.pod_template.is_mapping()) {
    if (is_absent(nodes.pod_template)) reader.error(spec, "template is missing");
    reader.mapping(nodes.pod_template);
    return;
  }
  const FieldValues parts(reader, nodes.pod_template, kTemplateKeys);
  const FieldValues pod_meta(reader, parts[kTemplateKeys["metadata"]], kMetadataKeys);
  std::vector<Label> labels = reader.labels(pod_meta[kMetadataKeys["labels"]]);
  note_annotations(reader, pod_meta[kMetadataKeys["annotations"]]);
  for (const Label& label : labels) {
    reader.uses(unmodelled_annotation(label.key, label.value), pod_meta[kMetadataKeys["labels"]]);
  }
  check_selector(reader, spec, nodes, api_version, kind, labels);
  const Node pod_spec = parts[kTemplateKeys["spec"]];
  if (is_absent(pod_spec)) reader.error(nodes.pod_template, "spec is missing: the template has no containers");
  if (const Node policy = pod_spec["restartPolicy"]; policy.text() == "OnFailure" || policy.text() == "Never") {
    reader.error(policy, fmt::format("restartPolicy {} in the template of a {}", policy.text(), kind), "Always");
  }
  if (const Node node = pod_spec["nodeName"]; node.exists()) {
    controller.node = reader.text(node);
    controller.node_mark = node.mark();
  }
  PodSpec read = read_pod_spec(reader, pod_spec);
  if (kind == "StatefulSet") {  // k/k pkg/controller/statefulset/stateful_set_utils.go, initIdentity
    read.dns.hostname_is_its_name = true;
    read.dns.subdomain = reader.text(nodes.service_name);
  }
  controller.spec = reader.add_spec({}, {}, std::move(read));
  controller.pod_labels = reader.cluster().label_sets.intern(labels);
  reader.manifests().controllers.push_back(controller);
}

}  // namespace knetsim
