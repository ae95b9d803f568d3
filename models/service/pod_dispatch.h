#pragma once

#include <vector>

#include "models/cluster/cluster.h"

namespace knetsim {

/// How many rules of Felix' dispatch chains a packet from or to each pod evaluates on the pod's node, the one of its own
/// device included; 0 for pods without a device of their own. Shape (pods,).
///
/// Departure: a node's devices are those of the pods that are there at the beginning; one that comes later is added to
/// these alone.
std::vector<float> pod_dispatch(const Cluster& cluster);

}  // namespace knetsim
