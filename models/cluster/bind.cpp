#include "models/cluster/bind.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "models/cluster/endpoint_builder.h"
#include "models/cluster/node_rules.h"
#include "models/cluster/owners.h"
#include "models/cluster/placement.h"

namespace knetsim {
namespace {

constexpr const char* kTemplateNode = "spec.template.spec.nodeName";

class Binder {
 public:
  Binder(Manifests& manifests, const ClusterOptions& options, Diagnostics& diagnostics)
      : manifests_(manifests), cluster_(manifests.cluster), options_(options), diagnostics_(diagnostics) {}

  ClusterSummary bind() {
    summary_.objects = manifests_.objects;
    make_nodes();
    if (cluster_.nodes.empty()) return summary_;
    name_nodes();
    set_stated_nodes();
    const Owners owners(manifests_);
    place(owners);
    assign_addresses(cluster_, options_.addresses, diagnostics_);
    if (!diagnostics_.has_errors()) {
      cluster_.endpoints =
          EndpointViews(build_endpoints(manifests_, cluster_, options_.terminating_serve, diagnostics_));
    }
    return summary_;
  }

 private:
  std::string_view intern(std::string_view text) { return cluster_.strings.intern(text); }

  void report(const Mark& mark, std::string object, std::string path, std::string message, std::string accepted = {}) {
    Diagnostic diagnostic =
        Diagnostic::at(Severity::Error, mark, std::move(path), std::move(message), std::move(accepted));
    diagnostic.object = std::move(object);
    diagnostics_.add(std::move(diagnostic));
  }

  void make_node(std::string_view name) {
    std::vector<Label> labels{{intern("kubernetes.io/hostname"), name}, {intern("kubernetes.io/os"), intern("linux")}};
    const std::vector<std::string>& zones = options_.nodes.zones;
    std::string_view zone;
    if (!zones.empty()) {
      zone = intern(zones[summary_.nodes_made % zones.size()]);
      labels.push_back({intern("topology.kubernetes.io/zone"), zone});
    }
    cluster_.nodes.push_back({.name = name,
                              .labels = cluster_.label_sets.intern(labels),
                              .capacity = options_.nodes.capacity,
                              .allocatable = options_.nodes.capacity,
                              .max_pods = options_.nodes.max_pods,
                              .zone = zone});
    ++summary_.nodes_made;
  }

  void make_nodes() {
    if (!cluster_.nodes.empty()) {
      for (ClusterNode& node : cluster_.nodes) {  // A hand-written Node has no status.
        if (node.capacity == Resources{}) node.capacity = node.allocatable = options_.nodes.capacity;
      }
      return;
    }
    // Names that pods ask for come first, so that a snapshot without its nodes keeps its placement.
    std::unordered_set<std::string_view> named;
    const auto make_named = [&](std::string_view name) {
      if (!name.empty() && named.insert(name).second) make_node(name);
    };
    for (const std::string_view name : manifests_.pod_nodes) make_named(name);
    for (const Controller& controller : manifests_.controllers) make_named(controller.node);
    for (std::uint32_t i = 0; cluster_.nodes.size() < options_.nodes.count; ++i) {
      const std::string_view name = intern(fmt::format("node-{}", i));
      if (!named.contains(name)) make_node(name);
    }
    if (cluster_.nodes.empty()) {
      Diagnostic diagnostic = Diagnostic::at(Severity::Error, Mark{}, "cluster.nodes.count",
                                             "no nodes: the manifests hold no Node, and no count is given",
                                             "cluster.nodes: {count: 6, cpu: 8, memory: 32Gi}");
      diagnostics_.add(std::move(diagnostic));
    }
  }

  void name_nodes() {
    for (NodeIndex i = 0; i < cluster_.nodes.size(); ++i) {
      node_named_.try_emplace(cluster_.nodes[i].name, i);
      node_names_.push_back(cluster_.nodes[i].name);
    }
  }

  NodeIndex node_named(std::string_view name) const {
    const auto found = node_named_.find(name);
    return found == node_named_.end() ? kNoIndex : found->second;
  }

  void report_unknown_node(std::string_view name, const Mark& mark, std::string object, std::string path) {
    constexpr std::size_t kMostSuggestions = 50;  // Each compares with every node's name.
    report(mark, std::move(object), std::move(path),
           fmt::format("no Node is named '{}'{}", name,
                       ++unknown_nodes_ <= kMostSuggestions ? suggest(name, node_names_) : std::string()));
  }

  void set_stated_nodes() {
    for (PodIndex i = 0; i < cluster_.pods.size(); ++i) {
      Pod& pod = cluster_.pods[i];
      const std::string_view wanted = manifests_.pod_nodes[i];
      if (wanted.empty()) continue;
      pod.node = node_named(wanted);
      if (pod.node != kNoIndex) {
        ++summary_.pods_kept;
      } else {
        report_unknown_node(wanted, manifests_.pod_marks[i], object_label("Pod", pod.ns, pod.name), "spec.nodeName");
      }
    }
  }

  void add_pod(const Controller& controller, WorkloadIndex workload, std::string_view name, NodeIndex node) {
    const auto index = static_cast<PodIndex>(cluster_.pods.size());
    cluster_.pods.push_back({.name = name,
                             .ns = controller.ns,
                             .workload = workload,
                             .spec = controller.spec,
                             .labels = controller.pod_labels,
                             .node = node});
    cluster_.workloads[workload].pods.push_back(index);
  }

  /// A StatefulSet counts its pods; the others' names end in random letters, for which a count stands here.
  std::string_view pod_name(const Controller& controller, std::uint32_t k) {
    const std::uint32_t number = controller.kind == "StatefulSet" ? controller.first_ordinal + k : k + 1;
    return intern(fmt::format("{}-{}", controller.name, number));
  }

  /// The node that a template names; kNoIndex, and reported, where there is none.
  NodeIndex template_node(const Controller& controller) {
    const NodeIndex node = node_named(controller.node);
    if (node == kNoIndex) {
      report_unknown_node(controller.node, controller.node_mark,
                          object_label(controller.kind, controller.ns, controller.name), kTemplateNode);
    }
    return node;
  }

  /// What the kubelet of a node holds against a pod that is bound to it; empty when it takes it. Cordons and taints
  /// that keep pods from being scheduled are not its business (k/k pkg/kubelet/lifecycle/predicate.go, generalFilter).
  std::string_view kubelet_refusal(const PodSpec& spec, const ClusterNode& node) const {
    SchedulingRules rules = spec.scheduling;
    for (const Taint& taint : node.taints) {
      const auto bears = [&](const Toleration& toleration) { return tolerates(toleration, taint); };
      if (taint.effect == TaintEffect::NoExecute && std::ranges::none_of(rules.tolerations, bears)) {
        return "has a NoExecute taint that the template does not tolerate";
      }
    }
    rules.tolerations.assign(1, Toleration{.exists = true});
    const bool matches =
        node_refusal(cluster_.label_sets, node, rules, /*daemon=*/false, spec.host_network) == NodeRefusal::None;
    return matches ? "" : "does not match the template's nodeSelector or node affinity";
  }

  /// The scheduler does not see pods that name their node.
  void expand_on_node(const Controller& controller, WorkloadIndex workload, Placement& placement) {
    const NodeIndex node = template_node(controller);
    if (node == kNoIndex) return;
    const auto refuse = [&](std::string message) {
      report(controller.node_mark, object_label(controller.kind, controller.ns, controller.name), kTemplateNode,
             std::move(message));
    };
    const std::string_view name = cluster_.nodes[node].name;
    if (const auto why = kubelet_refusal(cluster_.pod_specs[controller.spec], cluster_.nodes[node]); !why.empty()) {
      return refuse(fmt::format("node {} {}", name, why));
    }
    for (std::uint32_t k = 0; k < controller.replicas; ++k) {
      if (!placement.has_room(controller.spec, node)) {
        return refuse(fmt::format("{} of {} pods do not fit node {}, to which nodeName binds them",
                                  controller.replicas - k, controller.replicas, name));
      }
      add_pod(controller, workload, pod_name(controller, k), node);
      placement.book(controller.spec, workload, node);
      ++summary_.pods_kept;
    }
  }

  void expand_daemon(const Controller& controller, WorkloadIndex workload, Placement& placement) {
    const bool one = !controller.node.empty();  // k/k pkg/controller/daemon, nodeShouldRunDaemonPod
    const NodeIndex only = one ? template_node(controller) : kNoIndex;
    for (const NodeIndex node : placement.daemon_nodes(cluster_.pod_specs[controller.spec])) {
      if (one && node != only) continue;
      const std::string_view name = intern(fmt::format("{}-{}", controller.name, cluster_.nodes[node].name));
      if (!placement.has_room(controller.spec, node)) {
        report(controller.mark, object_label("DaemonSet", controller.ns, controller.name), {},
               fmt::format("its pod does not fit node {}, as one of each matching node has to",
                           cluster_.nodes[node].name));
        return;
      }
      add_pod(controller, workload, name, node);
      placement.book(controller.spec, workload, node);
      ++(one ? summary_.pods_kept : summary_.pods_placed);
    }
  }

  void place(const Owners& owners) {
    for (Pod& pod : cluster_.pods) {
      if (pod.node == kNoIndex) unplaced_.push_back(static_cast<PodIndex>(&pod - cluster_.pods.data()));
    }
    Placement placement(cluster_);
    for (const std::uint32_t i : owners.to_expand()) {
      const Controller& controller = manifests_.controllers[i];
      if (controller.kind == "DaemonSet") {
        expand_daemon(controller, owners.workload_of(i), placement);
      } else if (!controller.node.empty()) {
        expand_on_node(controller, owners.workload_of(i), placement);
      }
    }
    for (const std::uint32_t i : owners.to_expand()) {
      const Controller& controller = manifests_.controllers[i];
      if (controller.kind == "DaemonSet" || !controller.node.empty()) continue;
      for (std::uint32_t k = 0; k < controller.replicas; ++k) {
        unplaced_.push_back(static_cast<PodIndex>(cluster_.pods.size()));
        add_pod(controller, owners.workload_of(i), pod_name(controller, k), kNoIndex);
      }
    }
    struct Refused {
      WorkloadIndex workload = kNoIndex;
      std::size_t pods = 0;
      std::string why;  ///< As of the first pod: what comes later takes room away.
    };
    constexpr std::size_t kExplained = 100;  // Each takes a look at every node.
    std::vector<Refused> refused;
    std::unordered_map<WorkloadIndex, std::size_t> place_in_refused;
    for (const PodIndex i : unplaced_) {
      Pod& pod = cluster_.pods[i];
      // An unknown nodeName was reported; the pod is not to be put anywhere else.
      if (i < manifests_.pod_nodes.size() && !manifests_.pod_nodes[i].empty()) continue;
      pod.node = placement.place(pod.spec, pod.workload);
      if (pod.node != kNoIndex) {
        ++summary_.pods_placed;
        continue;
      }
      const auto [entry, first] = place_in_refused.try_emplace(pod.workload, refused.size());
      if (first) {
        refused.push_back({.workload = pod.workload,
                           .why = refused.size() < kExplained ? "; " + placement.why_not(pod.spec) : std::string()});
      }
      ++refused[entry->second].pods;
    }
    for (const Refused& one : refused) {
      const Workload& workload = cluster_.workloads[one.workload];
      const std::string pods =
          workload.pods.size() == 1 ? "the pod fits" : fmt::format("{} of {} pods fit", one.pods, workload.pods.size());
      report(workload.mark, object_label(workload.kind, workload.ns, workload.name), {},
             fmt::format("{} no node{}", pods, one.why));
    }
  }

  Manifests& manifests_;
  Cluster& cluster_;
  const ClusterOptions& options_;
  Diagnostics& diagnostics_;
  ClusterSummary summary_;
  std::unordered_map<std::string_view, NodeIndex> node_named_;
  std::vector<std::string_view> node_names_;
  std::size_t unknown_nodes_ = 0;
  std::vector<PodIndex> unplaced_;
};

}  // namespace

BoundCluster bind_cluster(Manifests manifests, const ClusterOptions& options, Diagnostics& diagnostics) {
  ClusterSummary summary = Binder(manifests, options, diagnostics).bind();
  summary.not_used = std::move(manifests.not_used);
  summary.kube_proxy = std::move(manifests.kube_proxy);
  return {std::move(manifests.cluster), std::move(summary)};
}

}  // namespace knetsim
