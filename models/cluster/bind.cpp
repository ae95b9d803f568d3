#include "models/cluster/bind.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <span>
#include <unordered_map>
#include <utility>

#include "models/cluster/endpoint_builder.h"
#include "models/cluster/node_rules.h"
#include "models/cluster/owners.h"
#include "models/cluster/placement.h"
#include "models/cluster/pod_plan.h"
#include "sim/core/hash.h"

namespace knetsim {
namespace {

constexpr std::string_view kGated = "schedulingGates hold the scheduler back";
constexpr const char* kTemplateNode = "spec.template.spec.nodeName";

class Binder {
 public:
  Binder(Manifests& manifests, const ClusterOptions& options, Diagnostics& diagnostics)
      : manifests_(manifests), cluster_(manifests.cluster), options_(options), diagnostics_(diagnostics) {}

  ClusterSummary bind() {
    summary_.objects = manifests_.objects;
    provide_nodes();
    if (cluster_.nodes.empty()) return summary_;
    name_nodes();
    number_zones(cluster_);
    set_stated_nodes();
    const Owners owners(manifests_);
    place(owners);
    assign_addresses(cluster_, options_.addresses, diagnostics_);
    if (!diagnostics_.has_errors()) {
      BuiltEndpoints built = build_endpoints(manifests_, cluster_, options_.terminating_serve, diagnostics_);
      cluster_.endpoints = EndpointViews(std::move(built.table));
      cluster_.stated_hints = std::move(built.stated_hints);
      if (!cluster_.events.empty()) cluster_.possible_endpoints = possible_endpoints(manifests_, cluster_);
    }
    return summary_;
  }

 private:
  std::string_view intern(std::string_view text) { return cluster_.strings.intern(text); }

  void notice(const Mark& mark, std::string object, std::string path, std::string message) {
    Diagnostic diagnostic = Diagnostic::at(Severity::Notice, mark, std::move(path), std::move(message));
    diagnostic.object = std::move(object);
    diagnostics_.add(std::move(diagnostic));
  }

  /// `count` pods of a controller are not there.
  void leave_out(const Controller& controller, std::size_t count, std::string why) {
    summary_.pods_pending += count;
    cluster_.absent.push_back({controller.kind, controller.ns, controller.name, controller.pod_labels, std::move(why)});
  }

  void provide_nodes() {
    if (!cluster_.nodes.empty()) {
      for (ClusterNode& node : cluster_.nodes) {  // A hand-written Node has no status.
        if (node.capacity == Resources{}) node.capacity = node.allocatable = options_.nodes.capacity;
      }
      return;
    }
    summary_.nodes_made = make_nodes(manifests_, options_.nodes, options_.pools);
    if (!cluster_.nodes.empty()) return;
    diagnostics_.add(Diagnostic::at(Severity::Error, Mark{}, "cluster.nodes.count",
                                    "no nodes: the manifests hold no Node, and no count is given",
                                    "cluster.nodes: {count: 6, cpu: 8, memory: 32Gi}"));
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

  std::string no_such_node(std::string_view name) {
    constexpr std::size_t kMostSuggestions = 50;  // Each compares with every node's name.
    return fmt::format("no Node is named '{}'{}", name,
                       ++unknown_nodes_ <= kMostSuggestions ? suggest(name, node_names_) : std::string());
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
        notice(manifests_.pod_marks[i], object_label("Pod", pod.ns, pod.name), "spec.nodeName",
               "the pod stays pending: " + no_such_node(wanted));
      }
    }
  }

  void add_pod(const Controller& controller, WorkloadIndex workload, std::string_view name, NodeIndex node,
               std::optional<LabelSetId> labels = {}) {
    const auto index = static_cast<PodIndex>(cluster_.pods.size());
    cluster_.pods.push_back({.name = name,
                             .ns = controller.ns,
                             .workload = workload,
                             .spec = controller.spec,
                             .labels = labels.value_or(controller.pod_labels),
                             .node = node});
    cluster_.workloads[workload].pods.push_back(index);
  }

  /// The k-th pod of a controller. A StatefulSet counts its pods; the others' names end in random letters, for which a
  /// count stands here.
  void add_pod(const Controller& controller, WorkloadIndex workload, std::uint32_t k, NodeIndex node) {
    const bool stateful = controller.kind == "StatefulSet";
    const std::uint32_t number = stateful ? controller.first_ordinal + k : k + 1;
    const std::string_view name = intern(fmt::format("{}-{}", controller.name, number));
    if (stateful) {
      add_pod(controller, workload, name, node, labels_of_member(controller, name, number));
    } else {
      add_pod(controller, workload, name, node);
    }
  }

  /// k/k pkg/controller/statefulset/stateful_set_utils.go, updateIdentity.
  LabelSetId labels_of_member(const Controller& controller, std::string_view name, std::uint32_t number) {
    const auto of_template = cluster_.label_sets.labels(controller.pod_labels);
    std::vector<Label> labels(of_template.begin(), of_template.end());
    const auto set = [&](std::string_view key, std::string_view value) {
      const auto known = std::ranges::find(labels, key, &Label::key);
      if (known != labels.end()) {
        known->value = value;
      } else {
        labels.push_back({intern(key), value});
      }
    };
    set("statefulset.kubernetes.io/pod-name", name);
    constexpr std::uint32_t kPodIndexLabel = 28;  // KEP-4017
    if (manifests_.kubernetes_minor >= kPodIndexLabel) {
      set("apps.kubernetes.io/pod-index", intern(fmt::format("{}", number)));
    }
    return cluster_.label_sets.intern(labels);
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

  /// Pods that a nodeName binds to a node which does not run them. The scheduler does not see such pods.
  void leave_on_node(const Controller& controller, std::size_t count, const std::string& why) {
    notice(controller.node_mark, object_label(controller.kind, controller.ns, controller.name), kTemplateNode,
           (count == 1 ? "the pod does not run: " : "the pods do not run: ") + why);
    leave_out(controller, count, "do not run on the node of their nodeName: " + why);
  }

  /// A controller whose pods are never placed, or never made; empty where nothing keeps them back. 52 characters and the
  /// ten of a hash are the longest value of a label (k/k pkg/controller/statefulset/stateful_set_utils.go,
  /// setPodRevision).
  std::string_view kept_back(const Controller& controller) const {
    constexpr std::size_t kLongestStatefulSet = 52;
    if (controller.kind == "StatefulSet" && controller.name.size() > kLongestStatefulSet) {
      return "its name has more than 52 characters, so that their label controller-revision-hash is too long";
    }
    return is_gated(controller.spec) ? kGated : std::string_view{};
  }

  bool is_gated(PodSpecIndex spec) const { return cluster_.pod_specs[spec].scheduling.gated; }

  void leave_back(const Controller& controller, std::string_view why, const Placement& placement) {
    const std::size_t pods = controller.kind == "DaemonSet"
                                 ? placement.daemon_nodes(cluster_.pod_specs[controller.spec]).size()
                                 : controller.replicas;
    if (pods == 0) return;
    const std::string said = fmt::format("{}: {}", why == kGated ? "stay pending" : "are not made", why);
    notice(controller.mark, object_label(controller.kind, controller.ns, controller.name), {}, "its pods " + said);
    leave_out(controller, pods, said);
  }

  void expand_on_node(const Controller& controller, WorkloadIndex workload, Placement& placement) {
    const NodeIndex node = node_named(controller.node);
    if (node == kNoIndex) return leave_on_node(controller, controller.replicas, no_such_node(controller.node));
    const std::string_view name = cluster_.nodes[node].name;
    if (const auto why = kubelet_refusal(cluster_.pod_specs[controller.spec], cluster_.nodes[node]); !why.empty()) {
      return leave_on_node(controller, controller.replicas, fmt::format("node {} {}", name, why));
    }
    for (std::uint32_t k = 0; k < controller.replicas; ++k) {
      if (!placement.has_room(controller.spec, node)) {
        const std::uint32_t left = controller.replicas - k;
        return leave_on_node(
            controller, left,
            fmt::format("{} of {} pods do not fit node {}, to which nodeName binds them; {}", left, controller.replicas,
                        name, placement.why_not(controller.spec, true, std::span(&node, 1))));
      }
      add_pod(controller, workload, k, node);
      placement.book(controller.spec, workload, node);
      ++summary_.pods_kept;
    }
  }

  void expand_daemon(const Controller& controller, WorkloadIndex workload, Placement& placement) {
    const bool one = !controller.node.empty();  // k/k pkg/controller/daemon, NodeShouldRunDaemonPod
    const NodeIndex only = one ? node_named(controller.node) : kNoIndex;
    if (one && only == kNoIndex) return leave_on_node(controller, 1, no_such_node(controller.node));
    std::vector<NodeIndex> nodes = placement.daemon_nodes(cluster_.pod_specs[controller.spec]);
    if (one) std::erase_if(nodes, [&](NodeIndex node) { return node != only; });
    std::vector<NodeIndex> full;
    for (const NodeIndex node : nodes) {
      if (!placement.has_room(controller.spec, node)) {
        full.push_back(node);
        continue;
      }
      add_pod(controller, workload, intern(fmt::format("{}-{}", controller.name, cluster_.nodes[node].name)), node);
      placement.book(controller.spec, workload, node);
      ++(one ? summary_.pods_kept : summary_.pods_placed);
    }
    const std::string label = object_label("DaemonSet", controller.ns, controller.name);
    if (nodes.empty()) {
      const std::string why = one ? placement.why_not(controller.spec, true, std::span(&only, 1))
                                  : placement.why_not(controller.spec, true);
      notice(controller.mark, label, {}, fmt::format("runs on no node; {}", why));
      leave_out(controller, 0, "run on no node: " + why);
    } else if (!full.empty()) {
      const std::string why = placement.why_not(controller.spec, true, full);
      notice(controller.mark, label, {},
             fmt::format("{} of its {} pods stay{} pending; {}", full.size(), nodes.size(), full.size() == 1 ? "s" : "",
                         why));
      leave_out(controller, full.size(), "stay pending: " + why);
    }
  }

  /// A pod draws by its own name: the same whatever other pods there are.
  static std::uint64_t identity(const Pod& pod) { return hash_combine(hash_text(pod.ns), hash_text(pod.name)); }

  /// Kubernetes is built for 150,000 pods (kubernetes.io/docs/setup/best-practices/cluster-large).
  bool few_enough(const Owners& owners) {
    constexpr std::uint64_t kMostPods = 1'000'000;
    std::uint64_t pods = cluster_.pods.size();
    for (const std::uint32_t i : owners.to_expand()) {
      const Controller& controller = manifests_.controllers[i];
      pods += controller.kind == "DaemonSet" ? cluster_.nodes.size() : controller.replicas;
      if (pods <= kMostPods) continue;
      Diagnostic diagnostic =
          Diagnostic::at(Severity::Error, controller.mark, {},
                         fmt::format("with its pods there are more than {} of them in the cluster", kMostPods));
      diagnostic.object = object_label(controller.kind, controller.ns, controller.name);
      diagnostics_.add(std::move(diagnostic));
      return false;
    }
    return true;
  }

  void place(const Owners& owners) {
    std::vector<PodIndex> unplaced;
    for (PodIndex i = 0; i < cluster_.pods.size(); ++i) {
      // One with an unknown nodeName was told; it is not to be put anywhere else.
      if (cluster_.pods[i].node == kNoIndex && manifests_.pod_nodes[i].empty()) unplaced.push_back(i);
    }
    if (!few_enough(owners)) return;
    Placement placement(cluster_, options_.seed);
    std::vector<std::uint32_t> to_expand;
    for (const std::uint32_t i : owners.to_expand()) {
      const Controller& controller = manifests_.controllers[i];
      if (const std::string_view why = kept_back(controller); !why.empty()) {
        leave_back(controller, why, placement);
      } else {
        to_expand.push_back(i);
      }
    }
    for (const std::uint32_t i : to_expand) {
      const Controller& controller = manifests_.controllers[i];
      if (controller.kind == "DaemonSet") {
        expand_daemon(controller, owners.workload_of(i), placement);
      } else if (!controller.node.empty()) {
        expand_on_node(controller, owners.workload_of(i), placement);
      }
    }
    for (const std::uint32_t i : to_expand) {
      const Controller& controller = manifests_.controllers[i];
      if (controller.kind == "DaemonSet" || !controller.node.empty()) continue;
      for (std::uint32_t k = 0; k < controller.replicas; ++k) {
        unplaced.push_back(static_cast<PodIndex>(cluster_.pods.size()));
        add_pod(controller, owners.workload_of(i), k, kNoIndex);
      }
    }
    PendingWorkloads pending;
    for (const PodIndex i : unplaced) {
      Pod& pod = cluster_.pods[i];
      if (is_gated(pod.spec)) {
        notice(manifests_.pod_marks[i], object_label("Pod", pod.ns, pod.name), "spec.schedulingGates",
               fmt::format("the pod stays pending: {}", kGated));
        continue;
      }
      pod.node = placement.place(pod.spec, pod.workload, identity(pod));
      if (pod.node != kNoIndex) {
        ++summary_.pods_placed;
      } else {
        pending.add(pod, placement);
      }
    }
    tell_pending(pending);
    take_out_pending(pending);
    if (options_.timeline.empty()) return;
    cluster_.events = plan_pods(cluster_, placement, options_.timeline, options_.control, diagnostics_);
    for (PodIndex i = 0; i < cluster_.pods.size(); ++i) {
      if (cluster_.pods[i].later) cluster_.workloads[cluster_.pods[i].workload].pods.push_back(i);
    }
  }

  /// Workloads with pods that no node took, in the order of their first.
  struct PendingWorkloads {
    struct Row {
      WorkloadIndex workload = kNoIndex;
      std::size_t pods = 0;
      std::string why;  ///< As of the first pod: what comes later takes room away.
    };
    static constexpr std::size_t kExplained = 100;  // Each takes a look at every node.

    void add(const Pod& pod, Placement& placement) {
      const auto [entry, first] = row_of.try_emplace(pod.workload, rows.size());
      if (first) {
        rows.push_back(
            {.workload = pod.workload, .why = rows.size() < kExplained ? placement.why_not(pod.spec) : std::string()});
      }
      ++rows[entry->second].pods;
    }

    std::vector<Row> rows;
    std::unordered_map<WorkloadIndex, std::size_t> row_of;
  };

  void tell_pending(const PendingWorkloads& pending) {
    for (const PendingWorkloads::Row& row : pending.rows) {
      const Workload& workload = cluster_.workloads[row.workload];
      const std::string pods =
          workload.pods.size() == 1
              ? "the pod fits no node and stays pending"
              : fmt::format("{} of {} pods fit{} no node and stay{} pending", row.pods, workload.pods.size(),
                            row.pods == 1 ? "s" : "", row.pods == 1 ? "s" : "");
      notice(workload.mark, object_label(workload.kind, workload.ns, workload.name), {},
             row.why.empty() ? pods : fmt::format("{}; {}", pods, row.why));
    }
  }

  /// Only pods that run are kept; of the others, what is missed when they are looked for.
  void take_out_pending(const PendingWorkloads& pending) {
    std::set<std::pair<WorkloadIndex, LabelSetId>> known;
    std::vector<Pod> running;
    running.reserve(cluster_.pods.size());
    for (Workload& workload : cluster_.workloads) workload.pods.clear();
    for (const Pod& pod : cluster_.pods) {
      Workload& workload = cluster_.workloads[pod.workload];
      if (pod.node != kNoIndex) {
        workload.pods.push_back(static_cast<PodIndex>(running.size()));
        running.push_back(pod);
        continue;
      }
      ++summary_.pods_pending;
      if (!known.insert({pod.workload, pod.labels}).second) continue;
      const auto row = pending.row_of.find(pod.workload);
      std::string why = "stay pending: there is no node of their nodeName";
      if (is_gated(pod.spec)) {
        why = fmt::format("stay pending: {}", kGated);
      } else if (row != pending.row_of.end()) {
        why = "fit no node: " + pending.rows[row->second].why;
      }
      cluster_.absent.push_back({workload.kind, workload.ns, workload.name, pod.labels, std::move(why)});
    }
    cluster_.pods = std::move(running);
  }

  Manifests& manifests_;
  Cluster& cluster_;
  const ClusterOptions& options_;
  Diagnostics& diagnostics_;
  ClusterSummary summary_;
  std::unordered_map<std::string_view, NodeIndex> node_named_;
  std::vector<std::string_view> node_names_;
  std::size_t unknown_nodes_ = 0;
};

}  // namespace

BoundCluster bind_cluster(Manifests manifests, const ClusterOptions& options, Diagnostics& diagnostics) {
  ClusterSummary summary = Binder(manifests, options, diagnostics).bind();
  summary.not_used = std::move(manifests.not_used);
  summary.kube_proxy = std::move(manifests.kube_proxy);
  return {std::move(manifests.cluster), std::move(summary)};
}

}  // namespace knetsim
