#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "analysis/comparison.h"
#include "analysis/slo.h"

namespace knetsim {

/// "better", "cannot tell": as `run -o json` names a verdict.
std::string_view name_of(ComparisonVerdict verdict);
std::string_view name_of(VerdictReason reason);
std::string_view name_of(Holds holds);

/// Not one independent observation lies beyond the percentile, so that its figure would be some great one's.
bool is_out_of_reach(const Comparison& of_quantile);

/// "request p99 -14 % (-15 % ... -14 %): better"; empty where there is nothing to compare.
/// @param judged  How many comparisons the verdicts share.
std::string quantile_text(std::string_view what, const Comparison& found, std::size_t judged);

/// "ok 100 % -> 64 % of asked (-37 ... -35 points): worse"; empty where nothing failed in either.
/// @param base, other  ok / asked.
std::string availability_text(const Comparison& found, double base, double other, std::size_t judged);

/// What was observed, in the objective's unit, with its interval: "12.3ms (11.9ms ... 12.8ms)"; without one where
/// nothing bounds it on either side.
std::string observed_text(const Slo& slo, const ObjectiveOutcome& outcome);

}  // namespace knetsim
