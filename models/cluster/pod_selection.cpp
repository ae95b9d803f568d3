#include "models/cluster/pod_selection.h"

#include <algorithm>
#include <functional>

namespace knetsim {

std::size_t PodSelection::KeyHash::operator()(const Key& key) const {
  const std::hash<std::string_view> hash;
  return (hash(key.label.value) * 31 + hash(key.label.key)) * 31 + hash(key.ns);
}

PodSelection::PodSelection(const Cluster& cluster) : cluster_(cluster) {
  // Keyed by the address of the interned namespace: identity only, groups keep the order of their first pod.
  std::unordered_map<std::uint64_t, std::vector<std::uint32_t>> by_hash;
  std::vector<std::string_view> namespaces;
  for (PodIndex i = 0; i < cluster.member_pods().size(); ++i) {
    const Pod& pod = cluster.pods[i];
    const std::uint64_t hash = reinterpret_cast<std::uintptr_t>(pod.ns.data()) * 0x9e3779b97f4a7c15u + pod.labels;
    std::vector<std::uint32_t>& candidates = by_hash[hash];
    const auto same = std::ranges::find_if(candidates, [&](std::uint32_t group) {
      return groups_[group].labels == pod.labels && namespaces[group] == pod.ns;
    });
    if (same != candidates.end()) {
      groups_[*same].pods.push_back(i);
      continue;
    }
    const auto group = static_cast<std::uint32_t>(groups_.size());
    candidates.push_back(group);
    groups_.push_back({.labels = pod.labels, .pods = {i}});
    namespaces.push_back(pod.ns);
    by_namespace_[pod.ns].push_back(group);
    for (const Label& label : cluster.label_sets.labels(pod.labels)) by_label_[{pod.ns, label}].push_back(group);
  }
}

std::vector<PodIndex> PodSelection::select(std::string_view ns, std::span<const Label> wanted) const {
  const std::vector<std::uint32_t>* groups = nullptr;
  if (wanted.empty()) {
    const auto found = by_namespace_.find(ns);
    if (found == by_namespace_.end()) return {};
    groups = &found->second;
  }
  for (const Label& label : wanted) {
    const auto found = by_label_.find({ns, label});
    if (found == by_label_.end()) return {};
    if (groups == nullptr || found->second.size() < groups->size()) groups = &found->second;
  }
  std::vector<PodIndex> pods;
  for (const std::uint32_t group : *groups) {
    if (!cluster_.label_sets.contains(groups_[group].labels, wanted)) continue;
    pods.insert(pods.end(), groups_[group].pods.begin(), groups_[group].pods.end());
  }
  std::ranges::sort(pods);
  return pods;
}

std::vector<PodIndex> PodSelection::matching(const Selector& selector, std::string_view ns) const {
  std::vector<PodIndex> pods;
  for (const Group& group : groups_) {
    if (!ns.empty() && cluster_.pods[group.pods.front()].ns != ns) continue;
    const auto value = [&](std::string_view key) { return cluster_.label_sets.value(group.labels, key); };
    if (selector.matches(value)) pods.insert(pods.end(), group.pods.begin(), group.pods.end());
  }
  std::ranges::sort(pods);
  return pods;
}

}  // namespace knetsim
