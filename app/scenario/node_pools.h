#pragma once

#include <string>
#include <string_view>

#include "app/scenario/scenario.h"
#include "models/cluster/make_nodes.h"

namespace knetsim {

/// The nodes of `cluster.nodes` that belong to no pool.
NodePool made_nodes(const NodesSpec& nodes);
/// Those of a pool: what it does not state is that of all nodes.
NodePool made_nodes(const NodesSpec& nodes, std::string_view name, const NodePoolSpec& pool);
/// Equal for pools that give equal nodes.
std::string text_of(const NodePool& pool);

}  // namespace knetsim
