#pragma once

#include "app/scenario/bound_variant.h"
#include "sim/input/diagnostics.h"

namespace knetsim {

/// Notices of connections that network policies forbid as the cluster is when a run begins: of which calls, at which end and
/// by which policies. Nothing where nobody enforces any.
void tell_forbidden(const BoundVariant& variant, Diagnostics& diagnostics);

}  // namespace knetsim
