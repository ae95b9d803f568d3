#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "models/cluster/cluster.h"
#include "models/cluster/node_rules.h"
#include "sim/core/random.h"

namespace knetsim {

/// Chooses nodes as the default scheduler does. A node is feasible when its labels, taints and free requests (CPU,
/// memory, number of pods, host ports) allow the pod; the feasible node with the highest sum of
///   NodeResourcesFit (LeastAllocated, weight 1) + NodeResourcesBalancedAllocation (1) + PodTopologySpread (2)
/// wins, where the spread counts pods of the same workload by the scheduler's own default constraints (hostname with
/// maxSkew 3, zone with maxSkew 5). From 100 nodes on only a part of them is looked at for each pod, the scan going on
/// where the last one ended, as percentageOfNodesToScore does by default: 150,000 pods on 5,000 nodes take about a
/// second.
///
/// Among nodes of equal score one is drawn, each as likely as the other, as selectHost does; the draws of a pod are a
/// stream of its own, so that it meets the same ones whatever other pods there are.
///
/// Departures: pods are placed one at a time in the order of the input, where the queue sorts by priority and age and
/// the filters' threads find nodes in an order of their own; pods without a controller spread over nothing, where the
/// scheduler spreads those that a Service selects; preferred affinities, pod affinity, explicit
/// topologySpreadConstraints, PreferNoSchedule taints, image locality, volumes, pre-emption and extended resources are
/// not considered.
/// @source k/k v1.34 pkg/scheduler: schedule_one.go (findNodesThatPassFilters, numFeasibleNodesToFind, selectHost) and
///         framework/plugins/{noderesources,podtopologyspread,nodeaffinity,tainttoleration,nodeports}.
class Placement {
 public:
  /// Pods that have a node already use up its room. Pods, specs and workloads may be added to the cluster later; nodes
  /// not.
  /// @param seed  Of the draws among nodes of equal score.
  explicit Placement(const Cluster& cluster, std::uint64_t seed = 1);

  /// Nodes that a DaemonSet with this spec covers; room is not asked for.
  std::vector<NodeIndex> daemon_nodes(const PodSpec& spec) const;

  /// The node has room for one more pod of this spec.
  bool has_room(PodSpecIndex spec, NodeIndex node) { return fits(shape(spec), node); }
  /// Books a pod of this spec and workload on the node, whether there is room or not.
  void book(PodSpecIndex spec, WorkloadIndex workload, NodeIndex node);
  /// Takes such a booking back: the pod is gone.
  void release(PodSpecIndex spec, WorkloadIndex workload, NodeIndex node);

  /// Nothing is placed on the node from now on, or is again: it has the taint of one that is not ready.
  void close(NodeIndex node, bool closed);

  /// Chooses a node for a pod and books it. kNoIndex when no node is feasible.
  /// @param pod  Tells the pod from others: two with one number draw alike.
  NodeIndex place(PodSpecIndex spec, WorkloadIndex workload, std::uint64_t pod);

  /// Why no node took the pod: "of 6 nodes: 2 have a taint that it does not tolerate, 4 lack CPU (4 asked, at most
  /// 1500m free)".
  /// @param daemon  Of a DaemonSet, which tolerates more.
  std::string why_not(PodSpecIndex spec, bool daemon = false) { return why_not(spec, daemon, all_nodes_); }
  /// The same, of some nodes alone.
  std::string why_not(PodSpecIndex spec, bool daemon, std::span<const NodeIndex> nodes);

 private:
  struct HostPort {
    std::uint16_t port = 0;
    Protocol protocol = Protocol::Tcp;
    IpAddress address;
    WorkloadIndex owner = kNoIndex;  ///< Of one that is taken.
  };
  /// One node's room, within a cache line.
  struct Room {
    std::int64_t cpu_milli = 0;
    std::int64_t memory = 0;
    std::int64_t used_cpu_milli = 0;
    std::int64_t used_memory = 0;
    std::int64_t scored_cpu_milli = 0;  ///< Used, with the scheduler's defaults for containers that state no request.
    std::int64_t scored_memory = 0;
    std::int32_t free_pods = 0;
    std::uint32_t zone = 0;  ///< Index into zone_names_; its size for a node without zone.
  };
  /// What placing needs to know of a PodSpec, computed once.
  struct Shape {
    bool known = false;
    bool hopeless = false;  ///< Was refused by every node, and will be again until something is released.
    std::uint32_t eligibility = 0;
    Resources requests;
    Resources scored;
    std::vector<HostPort> host_ports;
  };
  /// Pods of one workload by node and zone. Only the workload placed last is kept: pods come workload by workload.
  struct Spread {
    WorkloadIndex workload = kNoIndex;
    std::vector<std::uint32_t> by_node;
    std::vector<std::uint32_t> by_zone;
  };
  /// What one spec scores on each node, kept from one pod to the next: pods come spec by spec, and a pod that is booked
  /// changes one node.
  struct ResourceScores {
    PodSpecIndex spec = kNoIndex;
    std::uint32_t turn = 0;             ///< Of the spec; a node with another number is to be scored again.
    std::vector<std::uint32_t> scored;  ///< Shape (nodes,): the turn at which the score was taken.
    std::vector<std::int32_t> scores;   ///< Shape (nodes,): of resources; kNotFeasible where the pod cannot go.
  };
  struct Candidate {
    NodeIndex node = 0;
    std::int32_t resources = 0;
    std::int64_t skew = 0;
  };
  static constexpr std::int32_t kNotFeasible = -1;

  Shape& shape(PodSpecIndex spec);
  std::uint32_t eligibility(const SchedulingRules& rules);
  bool fits(const Shape& shape, NodeIndex node) const;
  /// The host port of a node that keeps the pod off it; null when none does.
  const HostPort* port_conflict(const Shape& shape, NodeIndex node) const;
  void count_spread(WorkloadIndex workload);
  bool is_feasible(const Shape& shape, NodeIndex node) const;
  std::int32_t resource_score(const Shape& shape, NodeIndex node) const;
  void collect_candidates(PodSpecIndex spec);
  void measure_skew();
  NodeIndex best_candidate(std::uint64_t pod) const;
  std::string refused_labels(const PodSpec& spec) const;

  const Cluster& cluster_;
  RandomStreams streams_;
  std::vector<NodeIndex> all_nodes_{};
  std::vector<Room> rooms_{};
  std::vector<std::vector<HostPort>> ports_{};
  std::vector<Shape> shapes_{};
  std::vector<std::vector<std::uint8_t>> eligible_{};  ///< By class of SchedulingRules, then by node.
  std::unordered_map<std::string, std::uint32_t> class_of_rules_;
  std::vector<std::vector<NodeIndex>> booked_{};  ///< Nodes of each workload's pods.
  std::vector<std::string_view> zone_names_{};
  Spread spread_;
  std::vector<bool> closed_{};  ///< Shape (nodes,), or empty.
  ResourceScores resources_;
  std::size_t next_start_ = 0;
  std::vector<Candidate> candidates_{};
};

/// How many feasible nodes the scheduler looks for before it scores them: all below 100 nodes, else 50 - nodes/125
/// percent of them, at least 5 percent and 100 nodes.
/// @source k/k pkg/scheduler/schedule_one.go, numFeasibleNodesToFind, with percentageOfNodesToScore at its default 0.
std::size_t feasible_nodes_to_find(std::size_t nodes);

}  // namespace knetsim
