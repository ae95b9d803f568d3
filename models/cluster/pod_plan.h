#pragma once

#include <span>
#include <vector>

#include "models/cluster/cluster.h"
#include "models/cluster/placement.h"
#include "sim/input/diagnostics.h"

namespace knetsim {

/// Plays the controllers of a cluster through a timeline, from the start of a run on: ReplicaSets that keep their number
/// of pods, Deployments that roll out, StatefulSets and DaemonSets that make a deleted pod anew, nodes that go and are
/// noticed. Pods that are made on the way are added to the cluster (Pod::later) and placed in the room that is there by
/// then; one that fits nowhere waits for room, and is none of the cluster's while it waits.
///
/// Controllers act at once; what takes time are starts (ControlTimes::pod_start), readiness and minReadySeconds, preStop
/// and grace, and what a node's silence takes. A process ends with its preStop: at SIGTERM, or killed at the end of the
/// grace period. A machine that comes back has its pods as they were.
/// Left out: StatefulSets' and DaemonSets' own rollouts, the shares in which a Deployment that is scaled in the midst of a
/// rollout spreads the change over old and new pods (the new ones take all of it here), ages of pods by buckets, PodDisruptionBudgets (evictions for a node's sake do not ask
/// them), deletion costs, restarts of containers, rollouts that exceed their deadline.
/// @source k/k pkg/controller/deployment/rolling.go, util/deployment_util.go (NewRSNewReplicas, ResolveFenceposts);
/// pkg/controller/controller_utils.go, ActivePodsWithRanks; pkg/controller/nodelifecycle.
/// @pre Pods have nodes; `placement` has them booked.
/// @return  By time; those of one instant in the order in which they take place.
std::vector<ClusterEvent> plan_pods(Cluster& cluster, Placement& placement, std::span<const TimelineEntry> timeline,
                                    const ControlTimes& times, Diagnostics& diagnostics);

}  // namespace knetsim
