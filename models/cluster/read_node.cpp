// Nodes: room, labels, taints and addresses.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "models/cluster/node_labels.h"
#include "models/cluster/object_reader.h"

namespace knetsim {
namespace {

constexpr Keys kNodeKeys({"podCIDR", "podCIDRs", "providerID", "unschedulable", "taints", "configSource",
                          "externalID"});
constexpr Keys kTaintKeys({"key", "value", "effect", "timeAdded"});
constexpr std::array<std::string_view, 3> kEffects{"NoSchedule", "PreferNoSchedule", "NoExecute"};

void read_taints(ObjectReader& reader, Node list, ClusterNode& node) {
  if (!reader.mappings(list)) return;
  for (const Node one : list) {
    const FieldValues fields(reader, one, kTaintKeys);
    Taint taint{.key = reader.text(fields[kTaintKeys["key"]]), .value = reader.text(fields[kTaintKeys["value"]])};
    // k/k pkg/apis/core/validation/validation.go, validateNodeTaints.
    if (taint.key.empty() && one.is_mapping() && is_absent(fields[kTaintKeys["key"]])) {
      reader.error(one, "key is missing: a taint needs one");
    }
    const auto effect = reader.needed_choice(fields[kTaintKeys["effect"]], "effect", one, kEffects);
    if (!effect) continue;
    if (static_cast<TaintEffect>(*effect) == TaintEffect::PreferNoSchedule) {
      reader.uses(Unmodelled::Preferences, fields[kTaintKeys["effect"]]);
    }
    taint.effect = static_cast<TaintEffect>(*effect);
    node.taints.push_back(taint);
  }
}

void read_status(ObjectReader& reader, Node status, ClusterNode& node) {
  node.capacity = reader.resources(status["capacity"], /*node_status=*/true).or_zero();
  node.allocatable = reader.resources(status["allocatable"], /*node_status=*/true).or_zero();
  if (node.allocatable == Resources{}) node.allocatable = node.capacity;
  if (node.capacity == Resources{}) node.capacity = node.allocatable;
  const Node allocatable_pods = status["allocatable"]["pods"];
  const Node pods = allocatable_pods.exists() ? allocatable_pods : status["capacity"]["pods"];
  if (const auto most = reader.quantity(pods)) {
    node.max_pods = static_cast<std::uint32_t>(std::min<std::int64_t>(most->value(), 1'000'000));
  }
  for (const Node address : status["addresses"]) {
    if (address["type"].text() != "InternalIP") continue;
    const auto ip = reader.ip(address["address"]);
    if (!ip) continue;
    if (!node.ip) {
      node.ip = *ip;
    } else if (ip->family() != node.ip.family() && !node.secondary_ip) {
      node.secondary_ip = *ip;
    }
  }
  for (const Node condition : status["conditions"]) {
    if (condition["type"].text() == "Ready") node.ready = condition["status"].text() == "True";
  }
}

}  // namespace

void read_node(ObjectReader& reader, Node object) {
  const FieldValues fields(reader, object, kObjectKeys);
  const std::optional<ObjectMeta> meta = reader.metadata(object, "Node", /*namespaced=*/false);
  if (!meta) return;
  const FieldValues spec(reader, fields[kObjectKeys["spec"]], kNodeKeys);
  Cluster& cluster = reader.cluster();
  const auto stated = cluster.label_sets.labels(meta->labels);
  std::vector<Label> labels(stated.begin(), stated.end());
  add_node_labels(cluster.strings, meta->name, labels);
  ClusterNode node{.name = meta->name, .labels = cluster.label_sets.intern(labels)};
  node.mark = meta->mark;
  node.zone = cluster.label_sets.value(node.labels, "topology.kubernetes.io/zone").value_or(std::string_view{});
  node.unschedulable = reader.boolean(spec[kNodeKeys["unschedulable"]], false);
  read_taints(reader, spec[kNodeKeys["taints"]], node);
  if (const Node cidr = spec[kNodeKeys["podCIDR"]]; cidr.exists() && !cidr.text().empty()) {
    node.pod_cidr = parse_cidr(cidr.text());
    if (!node.pod_cidr && is_masked(cidr.text())) {
      reader.note_masked(cidr);
    } else if (!node.pod_cidr && cidr.text().find(':') == std::string_view::npos) {
      reader.error(cidr, fmt::format("'{}' is not an address block", cidr.text()), "such as 10.244.3.0/24");
    }
  }
  read_status(reader, fields[kObjectKeys["status"]], node);
  cluster.nodes.push_back(std::move(node));
}

}  // namespace knetsim
