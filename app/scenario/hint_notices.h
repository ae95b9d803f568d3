#pragma once

#include "app/scenario/bound_variant.h"
#include "sim/input/diagnostics.h"

namespace knetsim {

/// Notices of topology hints of Services that are asked, where they do nothing or not everywhere: the proxy does not read
/// them, an endpoint has none, nodes are in no zone, or the controller refuses them after a change in the run.
void tell_idle_hints(const BoundVariant& variant, Diagnostics& diagnostics);

}  // namespace knetsim
