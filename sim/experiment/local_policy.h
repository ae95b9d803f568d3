#pragma once

#include "sim/experiment/bound_variant.h"
#include "sim/input/diagnostics.h"

namespace knetsim {

/// Notices of traffic that a policy Local sends into the void: clients of a ClusterIP, or nodes that serve a NodePort,
/// without an endpoint of the Service on their node. kube-proxy drops those connections in silence, so that they end at
/// their timeouts.
void tell_dropped_by_policy(const BoundVariant& variant, Diagnostics& diagnostics);

}  // namespace knetsim
