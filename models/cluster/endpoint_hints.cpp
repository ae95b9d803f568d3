#include "models/cluster/endpoint_hints.h"

#include <algorithm>

namespace knetsim {
namespace {

const HintedEndpoints::Group* group_of(std::span<const HintedEndpoints::Group> groups, std::uint32_t key) {
  const auto found = std::ranges::lower_bound(groups, key, {}, &HintedEndpoints::Group::key);
  return found != groups.end() && found->key == key ? &*found : nullptr;
}

}  // namespace

std::shared_ptr<const HintedEndpoints> HintedEndpoints::of(std::span<const Endpoint> endpoints,
                                                           std::span<const EndpointHints> hints) {
  if (hints.empty()) return nullptr;
  bool by_zone = true;
  bool by_node = true;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> in_zones, on_nodes;  // zone or node, position
  for (std::uint32_t i = 0; i < endpoints.size(); ++i) {
    if (!endpoints[i].ready) continue;
    by_zone = by_zone && hints[i].for_zones;
    by_node = by_node && hints[i].for_nodes;
    for (const ZoneIndex zone : hints[i].zones) in_zones.emplace_back(zone, i);
    for (const NodeIndex node : hints[i].nodes) on_nodes.emplace_back(node, i);
  }
  auto made = std::make_shared<HintedEndpoints>();
  if (by_zone) made->add_groups(made->by_zone_, in_zones, endpoints);
  if (by_node) made->add_groups(made->by_node_, on_nodes, endpoints);
  if (made->all_.empty()) return nullptr;
  return made;
}

void HintedEndpoints::add_groups(std::vector<Group>& groups,
                                 std::vector<std::pair<std::uint32_t, std::uint32_t>>& members,
                                 std::span<const Endpoint> endpoints) {
  std::ranges::sort(members);
  members.erase(std::unique(members.begin(), members.end()), members.end());
  for (const auto& [key, position] : members) {
    if (groups.empty() || groups.back().key != key) {
      groups.push_back({.key = key, .begin = static_cast<std::uint32_t>(all_.size())});
    }
    all_.push_back(endpoints[position]);
    ++groups.back().count;
  }
}

std::span<const Endpoint> HintedEndpoints::kept(const NodePlace& at, HintsRead read) const {
  if (read == HintsRead::ZonesAndNodes) {
    if (const Group* own = group_of(by_node_, at.node)) return endpoints(*own);
  }
  if (read == HintsRead::None || at.zone == kNoIndex) return {};
  const Group* zone = group_of(by_zone_, at.zone);
  return zone != nullptr ? endpoints(*zone) : std::span<const Endpoint>();
}

}  // namespace knetsim
