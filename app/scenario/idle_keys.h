#pragma once

#include <span>

#include "app/scenario/bound_variant.h"
#include "models/cluster/bind.h"
#include "sim/input/diagnostics.h"

namespace knetsim {

/// Notices of keys that were given and that no variant uses: the ports of a fat-tree in a scenario of leaf-spines,
/// a scheduler without ipvs.
void tell_idle_keys(std::span<const BoundVariant> variants, Diagnostics& diagnostics);

/// The same of `cluster.nodes`, whose machines are not used where the manifests bring Node objects.
void tell_idle_nodes(const BoundVariant& variant, const ClusterSummary& summary, Diagnostics& diagnostics);

}  // namespace knetsim
