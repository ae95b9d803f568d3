#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "models/cluster/cluster.h"

namespace knetsim {

/// What keeps a pod off a node, room aside.
enum class NodeRefusal : std::uint8_t { None, Selector, Taint, Unschedulable };

/// Whether a node's labels and taints let a pod with these rules on.
/// @param host_network  The pod shares the node's network: a daemon of that sort starts before the network is ready.
/// @param daemon        With the tolerations that the DaemonSet controller adds to its pods (not ready, unreachable,
///                      pressures, unschedulable): k/k pkg/controller/daemon/util, AddOrUpdateDaemonPodTolerations.
/// @source k/k pkg/scheduler/framework/plugins/nodeaffinity, tainttoleration and nodeunschedulable.
NodeRefusal node_refusal(const LabelSets& label_sets, const ClusterNode& node, const SchedulingRules& rules,
                         bool daemon, bool host_network);

/// The first taint of the node that keeps the pod off it, as `kubectl taint` writes it: "dedicated=db:NoSchedule";
/// empty when none does.
std::string refusing_taint(const ClusterNode& node, const SchedulingRules& rules, bool daemon, bool host_network);

/// k/k staging/src/k8s.io/api/core/v1/toleration.go, ToleratesTaint.
bool tolerates(const Toleration& toleration, const Taint& taint);

}  // namespace knetsim
