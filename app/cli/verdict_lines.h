#pragma once

#include <span>
#include <string>
#include <vector>

#include "analysis/comparison.h"
#include "app/experiment/experiment.h"
#include "app/scenario/slo.h"

namespace knetsim {

// The lines of the screen that judge, below the table of figures.

/// One line for each objective: in how many variants it is met, and what was observed where it is not.
/// @param slos  By variant.
std::string slo_lines(const std::vector<BoundVariant>& variants, const ExperimentOutcome& outcome,
                      const std::vector<std::vector<Slo>>& slos);

/// One line for each variant but the base: what it does to the base's p99s, and to the share that succeeds.
/// @param ok_shares   ok / asked of each variant, shape (variants,).
/// @param found       Shape (variants - 1,).
/// @param judged      How many comparisons the verdicts share.
/// @param name_width  Columns of the variants' names, the two in front of them counted.
std::string comparison_lines(const std::vector<BoundVariant>& variants, std::span<const double> ok_shares,
                             std::span<const VariantComparison> found, std::size_t judged, std::size_t name_width);

}  // namespace knetsim
