#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "analysis/lab/lab_case.h"
#include "analysis/lab/measurement.h"
#include "models/cost/cost_profile.h"

namespace knetsim::lab {

/// A cost as fitted: its value, and the standard error of its logarithm (0.05 is 5 %).
struct FittedCost {
  double ps = 0;  ///< Per unit of the kind.
  double standard_error = 0;
  bool measured = false;  ///< The data say something: they cut the prior's uncertainty to less than half.
};

/// How the cost of a scanned rule depends on the table.
struct FittedScan {
  FittedCost warm;         ///< A rule in the near cache.
  FittedCost far;          ///< One in a cache beyond it.
  FittedCost cold;         ///< One in none.
  FittedCost cache_bytes;  ///< Not picoseconds but bytes.
};

/// What the cases say about the costs of step kinds, on top of what was believed before.
struct CostFit {
  std::array<std::optional<FittedCost>, kStepKinds> costs{};  ///< Of kinds that occur in a case.
  std::optional<FittedScan> legacy;
  std::optional<FittedScan> nft;
  std::optional<FittedCost> cold_factor;  ///< Not picoseconds but a factor; where a case is cold.
  double residual = 0;                    ///< Root mean square of log(measured / fitted), over all cases.
};

/// Least squares in the logarithm of all costs at once: minimises
///
///     sum over cases ((measured - sum of counts x costs - scans) / uncertainty)^2
///     + sum over costs (log(cost / before) / tau)^2
///
/// The second sum is the prior: a cost is believed to lie within a factor exp(tau) of the profile's until something is
/// measured. It decides only how a sum that no case takes apart is shared among its steps, and keeps costs positive.
/// The standard errors are the square roots of the diagonal of the inverse of the normal matrix.
/// @param before  The profile whose figures are the starting point.
CostFit fit_costs(std::span<const Measured> measured, const CostProfile& before);

/// The profile with the fitted figures in it, each saying where it comes from.
/// @param origin  "measured on Intel Xeon, Linux 6.18, 2026-01-31"
CostProfile fitted_profile(const CostProfile& before, const CostFit& fit, const std::string& origin);

}  // namespace knetsim::lab
