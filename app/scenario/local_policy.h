#pragma once

#include "app/scenario/bound_variant.h"
#include "sim/input/diagnostics.h"

namespace knetsim {

/// Notices of traffic that a policy Local keeps from an answer: clients of a ClusterIP, or nodes that serve a NodePort,
/// whose rules drop or refuse it for want of an endpoint on the node, or send it where no answer comes back from.
void tell_dropped_by_policy(const BoundVariant& variant, Diagnostics& diagnostics);

}  // namespace knetsim
