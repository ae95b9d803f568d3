#include "models/cluster/owners.h"

#include <functional>
#include <unordered_map>

namespace knetsim {
namespace {

struct KindAndName {
  std::string_view kind;
  std::string_view ns;
  std::string_view name;
  bool operator==(const KindAndName&) const = default;
};

struct KindAndNameHash {
  std::size_t operator()(const KindAndName& object) const {
    const std::hash<std::string_view> hash;
    return (hash(object.name) * 31 + hash(object.ns)) * 31 + hash(object.kind);
  }
};

using Table = std::unordered_map<KindAndName, std::uint32_t, KindAndNameHash>;

/// The owner's owner where the ReplicaSet itself was not read: a Deployment names its ReplicaSets after itself and the
/// hash that their pods carry as a label (k/k pkg/controller/deployment/sync.go, getNewReplicaSet).
OwnerReference above_replica_set(const LabelSets& label_sets, const Pod& pod, const OwnerReference& owner) {
  const auto hash = label_sets.value(pod.labels, "pod-template-hash");
  if (owner.kind != "ReplicaSet" || !hash || hash->empty()) return owner;
  if (owner.name.size() <= hash->size() + 1 || !owner.name.ends_with(*hash)) return owner;
  const std::string_view name = owner.name.substr(0, owner.name.size() - hash->size());
  if (name.back() != '-') return owner;
  return {"Deployment", name.substr(0, name.size() - 1)};
}

}  // namespace

Owners::Owners(Manifests& manifests) {
  Cluster& cluster = manifests.cluster;
  std::vector<Controller>& controllers = manifests.controllers;
  Table controller_named;
  for (std::uint32_t i = 0; i < controllers.size(); ++i) {
    controller_named.try_emplace({controllers[i].kind, controllers[i].ns, controllers[i].name}, i);
  }
  const auto controller_of = [&](std::string_view ns, const OwnerReference& owner) {
    const auto found = controller_named.find({owner.kind, ns, owner.name});
    return found == controller_named.end() ? kNoIndex : found->second;
  };
  Table workload_named;
  const auto workload = [&](const KindAndName& object, const Mark& mark) {
    const auto [entry, added] =
        workload_named.try_emplace(object, static_cast<std::uint32_t>(cluster.workloads.size()));
    if (added) {
      Workload& made = cluster.workloads.emplace_back();
      made.kind = object.kind;
      made.ns = object.ns;
      made.name = object.name;
      made.mark = mark;
      const auto controller = controller_named.find(object);
      if (controller != controller_named.end()) {
        const Controller& from = controllers[controller->second];
        made.strategy = from.strategy;
        made.spec = from.spec;
        made.pod_labels = from.pod_labels;
      }
    }
    return entry->second;
  };

  std::vector<bool> has_pods(controllers.size(), false);
  for (PodIndex i = 0; i < cluster.pods.size(); ++i) {
    Pod& pod = cluster.pods[i];
    OwnerReference owner = manifests.pod_owners[i];
    std::uint32_t top = kNoIndex;
    // Up the chain as far as it was read; a chain is at most as long as there are controllers, were it a ring.
    for (std::size_t step = 0; step <= controllers.size() && !owner.name.empty(); ++step) {
      const std::uint32_t next = controller_of(pod.ns, owner);
      if (next == kNoIndex) {
        if (step > 0) break;
        const OwnerReference above = above_replica_set(cluster.label_sets, pod, owner);
        if (above.kind == owner.kind) break;
        owner = {cluster.strings.intern(above.kind), cluster.strings.intern(above.name)};
        continue;
      }
      has_pods[next] = true;
      top = next;
      if (controllers[next].owner.name.empty()) break;
      owner = controllers[next].owner;
    }
    if (owner.name.empty() || owner.kind == "Node") {  // On its own, or a kubelet's static pod.
      pod.workload = workload({cluster.strings.intern("Pod"), pod.ns, pod.name}, manifests.pod_marks[i]);
    } else if (top != kNoIndex && controllers[top].name == owner.name && controllers[top].kind == owner.kind) {
      pod.workload = workload({owner.kind, pod.ns, owner.name}, controllers[top].mark);
    } else {
      pod.workload = workload({owner.kind, pod.ns, owner.name}, manifests.pod_marks[i]);
    }
    cluster.workloads[pod.workload].pods.push_back(i);
  }

  workload_of_controller_.assign(controllers.size(), kNoIndex);
  for (std::uint32_t i = 0; i < controllers.size(); ++i) {
    const Controller& controller = controllers[i];
    if (has_pods[i] || controller_of(controller.ns, controller.owner) != kNoIndex) continue;
    to_expand_.push_back(i);
    workload_of_controller_[i] = workload({controller.kind, controller.ns, controller.name}, controller.mark);
  }
}

}  // namespace knetsim
