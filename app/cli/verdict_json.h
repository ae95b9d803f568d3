#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "app/experiment/experiment.h"
#include "app/scenario/slo.h"

namespace knetsim {

// What `run -o json` says of statistics: the same decisions as the screen's. Infinite figures, and those that there are
// none of, are null.

/// Each variant's outcome of each of its objectives; an empty list without objectives.
/// @param found  Shape of `slos`: by variant.
nlohmann::ordered_json json_of_slos(const std::vector<BoundVariant>& variants,
                                    const std::vector<std::vector<Slo>>& slos,
                                    const std::vector<std::vector<ObjectiveOutcome>>& found);

/// What each variant does to each workload, against the first variant.
nlohmann::ordered_json json_of_comparison(const std::vector<BoundVariant>& variants, const ExperimentOutcome& outcome);

/// Percentiles of all replicates together, with their intervals. What failed is infinitely late.
nlohmann::ordered_json json_of_intervals(const std::vector<BoundVariant>& variants, const ExperimentOutcome& outcome);

}  // namespace knetsim
