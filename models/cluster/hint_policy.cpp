#include "models/cluster/hint_policy.h"

#include <string_view>
#include <unordered_map>

#include "models/cluster/cluster.h"

namespace knetsim {
namespace {

/// Whose CPU is none for the pods of Services. @source topologycache.go, hasExcludedLabels
bool is_control_plane(const Cluster& cluster, const ClusterNode& node) {
  return cluster.label_sets.value(node.labels, "node-role.kubernetes.io/control-plane").has_value() ||
         cluster.label_sets.value(node.labels, "node-role.kubernetes.io/master").has_value();
}

ZoneCpu cpu_of(const Cluster& cluster) {
  std::vector<ZonedNode> nodes;
  for (const ClusterNode& node : cluster.members()) {
    if (!node.ready || is_control_plane(cluster, node)) continue;
    nodes.push_back({.zone = node.zone_index, .cpu_milli = node.allocatable.cpu_milli});
  }
  return zone_cpu(nodes, cluster.zones.size());
}

}  // namespace

void number_zones(Cluster& cluster) {
  std::unordered_map<std::string_view, ZoneIndex> known;
  cluster.zones.clear();
  for (ClusterNode& node : cluster.nodes) {
    node.zone_index = kNoIndex;
    if (node.zone.empty()) continue;
    const auto [entry, added] = known.try_emplace(node.zone, static_cast<ZoneIndex>(cluster.zones.size()));
    if (added) cluster.zones.push_back(node.zone);
    node.zone_index = entry->second;
  }
}

HintSetter::HintSetter(const Cluster& cluster) : cluster_(cluster), cpu_(cpu_of(cluster)) {}

ZoneIndex HintSetter::zone_of(const Endpoint& endpoint) const {
  return endpoint.node == kNoIndex ? kNoIndex : cluster_.nodes[endpoint.node].zone_index;
}

HintSetter::Set HintSetter::hints(HintPolicy policy, std::span<const Endpoint> endpoints) const {
  if (policy == HintPolicy::None) return {};
  Set set;
  std::vector<ZoneIndex> zones;  // of the ready ones
  for (const Endpoint& one : endpoints) {
    if (one.ready) zones.push_back(zone_of(one));
  }
  if (policy == HintPolicy::Auto) {
    ProportionalHints proportional = proportional_hints(zones, cpu_);
    if (proportional.zone.empty()) return {.refusal = proportional.refusal, .zones = cpu_.zones()};
    zones = std::move(proportional.zone);
  }
  auto zone = zones.begin();
  for (const Endpoint& one : endpoints) {
    EndpointHints& hints = set.hints.emplace_back();
    if (!one.ready) continue;
    if (*zone != kNoIndex) hints.zones.push_back(*zone);
    hints.for_zones = *zone++ != kNoIndex;
    if (policy == HintPolicy::SameNode && one.node != kNoIndex) {
      hints.for_nodes = true;
      hints.nodes.push_back(one.node);
    }
  }
  return set;
}

HintSetter::Set HintSetter::hints(HintPolicy policy, std::span<const Endpoint> endpoints,
                                  std::span<const EndpointHints> present) const {
  if (policy == HintPolicy::Auto && !present.empty()) {
    std::vector<std::vector<ZoneIndex>> hinted;
    for (std::size_t i = 0; i < endpoints.size(); ++i) {
      if (endpoints[i].ready) hinted.push_back(present[i].zones);
    }
    if (hints_stand(hinted, cpu_)) return {.hints = {present.begin(), present.end()}};
  }
  return hints(policy, endpoints);
}

}  // namespace knetsim
