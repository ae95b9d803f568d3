#include "models/cluster/pod_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "models/cluster/object_name.h"
#include "models/cluster/rolling_update.h"
#include "sim/core/hash.h"
#include "sim/input/units_text.h"

namespace knetsim {
namespace {

using Kind = ClusterEvent::Kind;

Duration seconds_of(std::int64_t seconds) { return std::chrono::seconds(seconds); }

class PodPlan {
 public:
  PodPlan(Cluster& cluster, Placement& placement, const ControlTimes& times, Diagnostics& diagnostics)
      : cluster_(cluster), placement_(placement), times_(times), diagnostics_(diagnostics) {
    for (PodIndex pod = 0; pod < cluster.pods.size(); ++pod) {
      const Pod& one = cluster.pods[pod];
      pods_.push_back({.pod = pod,
                       .workload = one.workload,
                       .spec = one.spec,
                       .labels = one.labels,
                       .serves = true,
                       .ready = one.ready,
                       .probed = one.ready,
                       .available = one.ready,
                       .terminating = one.terminating});
    }
    for (const Workload& workload : cluster.workloads) {
      controllers_.push_back({.replicas = static_cast<std::uint32_t>(std::ranges::count_if(
                                  workload.pods, [&](PodIndex pod) { return !cluster.pods[pod].terminating; }))});
    }
    nodes_.resize(cluster.nodes.size());
  }

  std::vector<ClusterEvent> run(std::span<const TimelineEntry> timeline) {
    std::vector<const TimelineEntry*> entries;
    for (const TimelineEntry& entry : timeline) entries.push_back(&entry);
    std::ranges::stable_sort(entries, {}, &TimelineEntry::at);
    for (const TimelineEntry* entry : entries) {
      at(kTimeZero + entry->at,
         [this, entry] { std::visit([&](const auto& what) { apply(what, entry->place); }, entry->what); });
    }
    while (!queue_.empty()) {
      const auto next = queue_.extract(queue_.begin());
      now_ = next.key().first;
      next.mapped()();
    }
    tell_waiting();
    return std::move(events_);
  }

 private:
  /// A pod as its controller and its kubelet have it.
  struct Planned {
    PodIndex pod = kNoIndex;  ///< kNoIndex while it fits no node.
    WorkloadIndex workload = kNoIndex;
    PodSpecIndex spec = kNoIndex;
    LabelSetId labels = 0;
    std::uint32_t revision = 0;
    std::string_view name{};    ///< Of one that waits for room.
    NodeIndex only = kNoIndex;  ///< A DaemonSet's: where it has to run.
    bool serves = false;
    bool ready = false;        ///< As the API server has it.
    bool fails_probe = false;  ///< Somebody said so.
    bool probed = false;       ///< Its probe would succeed.
    bool held = false;         ///< Its start waits for its node.
    bool available = false;    ///< Ready for minReadySeconds.
    bool terminating = false;
    bool gone = false;
    Time created{};
    Time ready_since{};
  };
  struct ControllerState {
    std::uint32_t replicas = 0;
    std::uint32_t revision = 0;
    std::uint32_t made = 0;  ///< Names given to later pods.
  };
  struct NodeState {
    bool down = false;
    bool not_ready = false;
    std::uint32_t turn = 0;  ///< Of its last change: what was scheduled before it is void.
  };
  using PlannedIndex = std::size_t;

  void at(Time when, std::function<void()> what) { queue_.emplace(std::pair(when, ++sequence_), std::move(what)); }
  void emit(Kind kind, PodIndex pod) { events_.push_back({.at = now_, .kind = kind, .pod = pod}); }
  const Workload& workload_of(const Planned& pod) const { return cluster_.workloads[pod.workload]; }
  NodeIndex node_of(const Planned& pod) const { return cluster_.pods[pod.pod].node; }
  bool active(const Planned& pod) const { return !pod.terminating && !pod.gone; }

  // ---- what somebody asks for

  WorkloadIndex deployment(const std::string& name, Node place) {
    const auto [ns, plain] = split_name(name, "default");
    std::vector<std::string_view> known;
    for (WorkloadIndex i = 0; i < cluster_.workloads.size(); ++i) {
      const Workload& one = cluster_.workloads[i];
      if (one.kind != "Deployment") continue;
      if (one.ns == ns && one.name == plain) return i;
      known.push_back(one.name);
    }
    diagnostics_.error(place, fmt::format("no Deployment is named '{}'{}", name, suggest(plain, known)));
    return kNoIndex;
  }

  void apply(const ScaleDeployment& scale, Node place) {
    const WorkloadIndex index = deployment(scale.deployment, place);
    if (index == kNoIndex) return;
    controllers_[index].replicas = scale.replicas;
    reconcile(index);
  }

  void apply(const RolloutDeployment& rollout, Node place) {
    const WorkloadIndex index = deployment(rollout.deployment, place);
    if (index == kNoIndex) return;
    ++controllers_[index].revision;
    reconcile(index);
  }

  std::optional<PlannedIndex> pod_named(const std::string& name, Node place) {
    const auto [ns, plain] = split_name(name, "default");
    std::vector<std::string_view> known;
    for (PlannedIndex i = 0; i < pods_.size(); ++i) {
      if (pods_[i].pod == kNoIndex) continue;
      const Pod& pod = cluster_.pods[pods_[i].pod];
      if (pod.ns == ns && pod.name == plain && !pods_[i].gone) return i;
      if (known.size() < 1'000 && !pods_[i].gone) known.push_back(pod.name);
    }
    diagnostics_.error(place, fmt::format("there is no pod '{}' at {}{}", name, human(now_.time_since_epoch()),
                                          suggest(plain, known)));
    return std::nullopt;
  }

  void apply(const DeletePod& what, Node place) {
    if (const auto pod = pod_named(what.pod, place); pod && !pods_[*pod].terminating) {
      remove(*pod);
      reconcile(pods_[*pod].workload);
    }
  }

  void apply(const SetPodReady& what, Node place) {
    const auto index = pod_named(what.pod, place);
    if (!index) return;
    pods_[*index].fails_probe = !what.value;
    if (pods_[*index].serves) pods_[*index].probed = true;
    update_ready(*index);
  }

  void apply(const SetNodeDown& what, Node place) {
    const auto found = std::ranges::find(cluster_.nodes, what.name, &ClusterNode::name);
    if (found == cluster_.nodes.end()) {
      std::vector<std::string_view> known;
      for (const ClusterNode& node : cluster_.nodes) {
        if (known.size() < 1'000) known.push_back(node.name);
      }
      diagnostics_.error(place, fmt::format("no Node is named '{}'{}", what.name, suggest(what.name, known)));
      return;
    }
    const auto node = static_cast<NodeIndex>(found - cluster_.nodes.begin());
    NodeState& state = nodes_[node];
    if (state.down == what.down) return;
    state.down = what.down;
    const std::uint32_t turn = ++state.turn;
    events_.push_back({.at = now_, .kind = what.down ? Kind::NodeDown : Kind::NodeUp, .node = node});
    if (what.down) {
      at(now_ + times_.node_monitor_grace, [=, this] { silent(node, turn); });
      return;
    }
    state.not_ready = false;
    placement_.close(node, false);
    for (const PlannedIndex i : pods_on(node)) {
      if (pods_[i].terminating) {
        at(now_ + shutdown(pods_[i]), [=, this] { stopped(i); });
      } else if (pods_[i].held) {
        at(now_ + times_.pod_start, [=, this] { serves(i); });
      } else {
        update_ready(i);
      }
    }
    place_waiting();
  }

  // ---- nodes

  std::vector<PlannedIndex> pods_on(NodeIndex node) const {
    std::vector<PlannedIndex> there;
    for (PlannedIndex i = 0; i < pods_.size(); ++i) {
      if (pods_[i].pod != kNoIndex && !pods_[i].gone && node_of(pods_[i]) == node) there.push_back(i);
    }
    return there;
  }

  void silent(NodeIndex node, std::uint32_t turn) {
    if (nodes_[node].turn != turn) return;
    nodes_[node].not_ready = true;
    placement_.close(node, true);
    for (const PlannedIndex i : pods_on(node)) update_ready(i);
    at(now_ + times_.eviction, [=, this] { evict(node, turn); });
  }

  // DaemonSets' pods tolerate it for ever (k/k pkg/controller/daemon/util, AddOrUpdateDaemonPodTolerations).
  void evict(NodeIndex node, std::uint32_t turn) {
    if (nodes_[node].turn != turn) return;
    std::vector<WorkloadIndex> touched;
    for (const PlannedIndex i : pods_on(node)) {
      if (pods_[i].terminating || workload_of(pods_[i]).kind == "DaemonSet") continue;
      touched.push_back(pods_[i].workload);
      remove(i);
    }
    for (const WorkloadIndex workload : touched) reconcile(workload);
  }

  // ---- pods

  void update_ready(PlannedIndex index) {
    Planned& pod = pods_[index];
    if (pod.pod == kNoIndex || pod.gone) return;
    const NodeState& node = nodes_[node_of(pod)];
    if (node.down && !node.not_ready) return;  // nobody hears its kubelet
    const bool ready = pod.serves && pod.probed && !pod.fails_probe && !node.not_ready;
    if (ready == pod.ready) return;
    pod.ready = ready;
    pod.ready_since = now_;
    emit(ready ? Kind::Ready : Kind::NotReady, pod.pod);
    if (!ready) {
      pod.available = false;
      reconcile(pod.workload);
      return;
    }
    const Time since = now_;
    at(now_ + seconds_of(workload_of(pod).strategy.min_ready_s), [=, this] {
      Planned& later = pods_[index];
      if (!later.ready || later.ready_since != since || !active(later)) return;
      later.available = true;
      reconcile(later.workload);
    });
  }

  void create(WorkloadIndex workload, std::uint32_t revision, const Planned* after = nullptr) {
    const Workload& owner = cluster_.workloads[workload];
    Planned planned{.workload = workload, .revision = revision, .created = now_};
    const auto model = std::ranges::find(pods_, workload, &Planned::workload);
    if (after != nullptr || owner.spec == kNoIndex) {
      planned.spec = after != nullptr ? after->spec : model->spec;
      planned.labels = after != nullptr ? after->labels : model->labels;
    } else {
      planned.spec = owner.spec;
      planned.labels = owner.pod_labels;
    }
    planned.name = new_name(owner, workload, after);
    if (after != nullptr && owner.kind == "DaemonSet") planned.only = node_of(*after);
    pods_.push_back(planned);
    waiting_.push_back(pods_.size() - 1);
    place_waiting();
  }

  /// A StatefulSet's pod has its name again, which tells its two lives apart here: web-1#2.
  std::string_view new_name(const Workload& owner, WorkloadIndex workload, const Planned* after) {
    std::uint32_t& made = controllers_[workload].made;
    ++made;
    if (after != nullptr) {
      const std::string_view old = cluster_.pods[after->pod].name;
      return cluster_.strings.intern(fmt::format("{}#{}", old.substr(0, old.find('#')), made + 1));
    }
    return cluster_.strings.intern(fmt::format("{}-{}", owner.name, owner.pods.size() + made));
  }

  /// Those that wait for room and find some, each in its turn.
  void place_waiting() {
    std::erase_if(waiting_, [&](PlannedIndex index) {
      Planned& planned = pods_[index];
      if (!active(planned)) return true;
      const std::uint64_t identity =
          hash_combine(hash_text(cluster_.workloads[planned.workload].ns), hash_text(planned.name));
      NodeIndex node = planned.only;
      if (node == kNoIndex) {
        node = placement_.place(planned.spec, planned.workload, identity);
      } else if (placement_.has_room(planned.spec, node)) {
        placement_.book(planned.spec, planned.workload, node);
      } else {
        node = kNoIndex;
      }
      if (node == kNoIndex) return false;
      planned.pod = static_cast<PodIndex>(cluster_.pods.size());
      Pod& pod = cluster_.pods.emplace_back();
      pod.name = planned.name;
      pod.ns = cluster_.workloads[planned.workload].ns;
      pod.workload = planned.workload;
      pod.spec = planned.spec;
      pod.labels = planned.labels;
      pod.node = node;
      pod.later = true;
      at(now_ + times_.pod_start, [=, this] { serves(index); });
      return true;
    });
  }

  void serves(PlannedIndex index) {
    Planned& pod = pods_[index];
    if (pod.gone || pod.terminating || pod.serves) return;
    pod.held = nodes_[node_of(pod)].down;  // its kubelet has not heard of it, and starts it when it is back
    if (pod.held) return;
    pod.serves = true;
    emit(Kind::Serves, pod.pod);
    at(now_ + seconds_of(cluster_.pod_specs[pod.spec].lifecycle.ready_after_s), [=, this] {
      pods_[index].probed = true;
      if (!pods_[index].terminating) update_ready(index);
    });
  }

  Duration shutdown(const Planned& pod) const {
    const PodLifecycle& lifecycle = cluster_.pod_specs[pod.spec].lifecycle;
    return pod.serves ? from_seconds(std::min(static_cast<double>(lifecycle.grace_s), lifecycle.pre_stop_s))
                      : Duration{};
  }

  void remove(PlannedIndex index) {
    Planned& pod = pods_[index];
    pod.terminating = true;
    pod.available = false;
    if (pod.pod == kNoIndex) {
      pod.gone = true;
      return;
    }
    emit(Kind::Terminating, pod.pod);
    tell_unknown_hook(pod);
    at(now_ + shutdown(pod), [=, this] { stopped(index); });
  }

  void stopped(PlannedIndex index) {
    Planned& pod = pods_[index];
    if (pod.gone || nodes_[node_of(pod)].down) return;  // nobody confirms it
    pod.gone = true;
    pod.serves = pod.ready = false;
    emit(Kind::Stopped, pod.pod);
    placement_.release(pod.spec, pod.workload, node_of(pod));
    const std::string_view kind = workload_of(pod).kind;
    if (kind == "StatefulSet" || kind == "DaemonSet") {
      const Planned old = pod;
      create(old.workload, old.revision, &old);
    }
    place_waiting();
    reconcile(pods_[index].workload);
  }

  // ---- controllers

  void reconcile(WorkloadIndex index) {
    const std::string_view kind = cluster_.workloads[index].kind;
    if (kind == "Deployment" || kind == "ReplicaSet" || kind == "ReplicationController") {
      std::vector<PlannedIndex> fresh, old;
      for (PlannedIndex i = 0; i < pods_.size(); ++i) {
        if (pods_[i].workload != index || !active(pods_[i])) continue;
        (pods_[i].revision == controllers_[index].revision ? fresh : old).push_back(i);
      }
      if (old.empty()) {
        keep_number(index, fresh);
      } else if (cluster_.workloads[index].strategy.recreate) {
        for (const PlannedIndex i : old) remove(i);
      } else {
        roll(index, fresh, old);
      }
    }
  }

  /// A ReplicaSet. One of a Recreate rollout waits until the old pods have gone.
  void keep_number(WorkloadIndex index, const std::vector<PlannedIndex>& pods) {
    const ControllerState& wanted = controllers_[index];
    if (cluster_.workloads[index].strategy.recreate && wanted.revision > 0) {
      const bool some_left = std::ranges::any_of(pods_, [&](const Planned& pod) {
        return pod.workload == index && pod.revision != wanted.revision && !pod.gone;
      });
      if (some_left) return;
    }
    for (std::size_t have = pods.size(); have < wanted.replicas; ++have) create(index, wanted.revision);
    if (pods.size() > wanted.replicas) remove_some(pods, pods.size() - wanted.replicas);
  }

  void roll(WorkloadIndex index, const std::vector<PlannedIndex>& fresh, const std::vector<PlannedIndex>& old) {
    const auto wanted = std::size_t{controllers_[index].replicas};
    if (fresh.size() > wanted) remove_some(fresh, fresh.size() - wanted);
    // Of the oldest template first (ReplicaSetsByCreationTimestamp).
    std::map<std::uint32_t, std::vector<PlannedIndex>> available;
    std::vector<PlannedIndex> unavailable;
    for (const PlannedIndex i : old) (pods_[i].available ? available[pods_[i].revision] : unavailable).push_back(i);
    const RollingStep step = rolling_step(
        cluster_.workloads[index].strategy,
        {.wanted = static_cast<std::int64_t>(wanted),
         .fresh = static_cast<std::int64_t>(fresh.size()),
         .fresh_available = std::ranges::count_if(fresh, [&](PlannedIndex i) { return pods_[i].available; }),
         .old_available = static_cast<std::int64_t>(old.size() - unavailable.size()),
         .old_unavailable = static_cast<std::int64_t>(unavailable.size())});
    for (std::int64_t i = 0; i < step.remove_unavailable; ++i) remove(unavailable[static_cast<std::size_t>(i)]);
    auto left = static_cast<std::size_t>(step.remove_available);
    for (const auto& [revision, pods] : available) {
      const std::size_t some = std::min(left, pods.size());
      remove_some(pods, some);
      left -= some;
    }
    for (std::int64_t i = 0; i < step.create; ++i) create(index, controllers_[index].revision);
    // What was taken away makes room for more in the same moment.
    if (step.remove_unavailable + step.remove_available > 0) at(now_, [=, this] { reconcile(index); });
  }

  /// Pods that wait first, then those that do not serve or are not ready, of nodes with more of them, ready for less
  /// time, newer ones.
  void remove_some(std::vector<PlannedIndex> pods, std::size_t count) {
    if (count == 0) return;
    std::map<NodeIndex, std::uint32_t> on_node;  // of all of its owner (getPodsRankedByRelatedPodsOnSameNode)
    for (const Planned& one : pods_) {
      if (one.pod != kNoIndex && active(one) && one.workload == pods_[pods.front()].workload) ++on_node[node_of(one)];
    }
    const auto key = [&](PlannedIndex i) {
      const Planned& pod = pods_[i];
      const bool placed = pod.pod != kNoIndex;
      return std::tuple(placed, pod.serves, pod.ready, placed ? -static_cast<std::int64_t>(on_node[node_of(pod)]) : 0,
                        -pod.ready_since.time_since_epoch().count(), -pod.created.time_since_epoch().count(),
                        -static_cast<std::int64_t>(i));
    };
    std::ranges::sort(pods, {}, key);
    for (std::size_t i = 0; i < count; ++i) remove(pods[i]);
  }

  void tell_unknown_hook(const Planned& pod) {
    const Workload& owner = workload_of(pod);
    if (!cluster_.pod_specs[pod.spec].lifecycle.unknown_pre_stop || !told_hooks_.insert(pod.workload).second) return;
    Diagnostic notice = Diagnostic::at(Severity::Notice, owner.mark, {},
                                       "how long the preStop of its pods takes is not known: it is taken as no time; "
                                       "known are 'sleep' and the command sleep");
    notice.object = object_label(owner.kind, owner.ns, owner.name);
    diagnostics_.add(std::move(notice));
  }

  void tell_waiting() {
    for (const PlannedIndex index : waiting_) {
      const Planned& pod = pods_[index];
      if (!active(pod)) continue;
      const Workload& owner = workload_of(pod);
      Diagnostic notice = Diagnostic::at(
          Severity::Notice, owner.mark, {},
          fmt::format("pod {} of the timeline fits no node to the end; {}", pod.name, placement_.why_not(pod.spec)));
      notice.object = object_label(owner.kind, owner.ns, owner.name);
      diagnostics_.add(std::move(notice));
    }
  }

  Cluster& cluster_;
  Placement& placement_;
  const ControlTimes& times_;
  Diagnostics& diagnostics_;
  std::vector<Planned> pods_;
  std::vector<ControllerState> controllers_;  // shape (workloads,)
  std::vector<NodeState> nodes_;
  std::vector<PlannedIndex> waiting_;
  std::set<WorkloadIndex> told_hooks_;
  std::multimap<std::pair<Time, std::uint64_t>, std::function<void()>> queue_;
  std::uint64_t sequence_ = 0;
  Time now_ = kTimeZero;
  std::vector<ClusterEvent> events_;
};

}  // namespace

std::vector<ClusterEvent> plan_pods(Cluster& cluster, Placement& placement, std::span<const TimelineEntry> timeline,
                                    const ControlTimes& times, Diagnostics& diagnostics) {
  return PodPlan(cluster, placement, times, diagnostics).run(timeline);
}

}  // namespace knetsim
