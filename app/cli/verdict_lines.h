#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/comparison.h"
#include "analysis/objective.h"
#include "analysis/slo.h"

namespace knetsim {

/// An objective of one variant, and what came of it.
struct JudgedSlo {
  std::string variant;
  Slo slo;
  ObjectiveOutcome outcome;
};

// The lines of the screen that judge, below the table of figures.

/// One line for each objective: in how many variants it is met, and what was observed where it is not.
std::string slo_lines(std::span<const JudgedSlo> slos);

/// One line for each variant but the base: what it does to the base's p99s, and to the share that succeeds.
/// @param variants    The base first.
/// @param ok_shares   ok / asked of each variant, shape (variants,).
/// @param found       Shape (variants - 1,).
/// @param judged      How many comparisons the verdicts share.
/// @param name_width  Columns of the variants' names, the two in front of them counted.
std::string comparison_lines(std::span<const std::string_view> variants, std::span<const double> ok_shares,
                             std::span<const VariantComparison> found, std::size_t judged, std::size_t name_width);

}  // namespace knetsim
