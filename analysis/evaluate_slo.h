#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "analysis/objective.h"
#include "analysis/recorded.h"
#include "analysis/slo.h"

namespace knetsim {

/// The calls that an objective is about, of those that a run has. @pre  Its Service's name is that of the results.
std::vector<std::size_t> calls_of(const Slo& slo, const Recorded& recorded, std::size_t run);

/// What the replicates of one variant tell of an objective; of a single one, what its parts do. Failed and timed-out
/// requests are infinitely late.
ObjectiveOutcome evaluate(const Slo& slo, const Recorded& recorded, std::string_view variant);

/// Writes an outcome into the results: a row of /objectives.
void add_objective(const Slo& slo, std::string_view variant, const ObjectiveOutcome& outcome,
                   ObjectiveResults& results);

}  // namespace knetsim
