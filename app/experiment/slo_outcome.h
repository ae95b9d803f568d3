#pragma once

#include <vector>

#include "analysis/objective.h"
#include "app/experiment/simulation.h"
#include "app/scenario/slo.h"

namespace knetsim {

/// The calls that an objective is about. @pre  Its Service's name is that of the results, as read_slos() leaves it.
std::vector<EdgeIndex> edges_of(const Slo& slo, const BoundVariant& variant);

/// What the replicates of one variant tell of an objective; of a single one, what its parts do. Failed and timed-out
/// requests are infinitely late.
ObjectiveOutcome evaluate(const Slo& slo, const BoundVariant& variant, const std::vector<PointResult>& replicates);

}  // namespace knetsim
