#pragma once

#include <nlohmann/json.hpp>
#include <span>

#include "analysis/recorded.h"
#include "app/cli/verdict_lines.h"

namespace knetsim {

// What `run -o json` says of statistics: the same decisions as the screen's. Infinite figures, and those that there are
// none of, are null.

/// Each variant's outcome of each of its objectives; an empty list without objectives.
nlohmann::ordered_json json_of_slos(std::span<const JudgedSlo> slos);

/// What each variant does to each workload, against the first variant.
nlohmann::ordered_json json_of_comparison(const Recorded& recorded);

/// Percentiles of all replicates together, with their intervals. What failed is infinitely late.
nlohmann::ordered_json json_of_intervals(const Recorded& recorded);

}  // namespace knetsim
