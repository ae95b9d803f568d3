#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "app/scenario/bound_variant.h"

namespace knetsim {

// What results call the things of a bound variant.

/// "namespace/name", as endpoints are called.
std::string endpoint_name(const Pod& pod);
/// "namespace/name" of the pod's controller; its own where it has none.
std::string workload_name(const Cluster& cluster, const Pod& pod);
/// "namespace/name" of the Service that an edge asks for; of the controller of the pods, or of the only one, where it
/// asks for none.
std::string service_name(const BoundVariant& variant, EdgeIndex edge);

/// Kinds of address at which something is asked, by exposure_of().
inline constexpr std::array<std::string_view, 6> kExposureNames{"podIP",    "clusterIP", "nodePort",
                                                                "hostPort", "loopback",  "externalIP"};
/// Position of an edge's in kExposureNames.
std::size_t exposure_of(const EdgeTarget& target);

}  // namespace knetsim
