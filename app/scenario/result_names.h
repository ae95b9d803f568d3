#pragma once

#include <string>

#include "app/scenario/bound_variant.h"

namespace knetsim {

// What results call the things of a bound variant.

/// "namespace/name", as endpoints are called.
std::string endpoint_name(const Pod& pod);
/// "namespace/name" of the pod's controller; its own where it has none.
std::string workload_name(const Cluster& cluster, const Pod& pod);
/// "namespace/name" of the Service that an edge asks for; "pod:", "hostPort:" or "localhost:" and a name without one.
std::string service_name(const BoundVariant& variant, EdgeIndex edge);

}  // namespace knetsim
