#pragma once

#include "app/scenario/bound_variant.h"
#include "sim/input/diagnostics.h"

namespace knetsim {

/// A notice where apps are asked for so much more than their pods can do that the run would end at the bound of
/// requests in flight (kMostInFlight). By arithmetic from what a scenario states: work of apps on the cores that pods,
/// limits and nodes (by weight) leave them, and workers. The kernel's own work, retries and timeouts are left out; none of them
/// makes the queue of an open loop shorter.
void tell_overload(const BoundVariant& variant, Diagnostics& diagnostics);

}  // namespace knetsim
