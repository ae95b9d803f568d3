#pragma once

#include <span>

#include "analysis/lab/measurement.h"
#include "models/cost/cost_profile.h"

namespace knetsim::lab {

/// How single operations vary around their medians: the residual's shape, as a profile holds it.
struct FittedShapes {
  double work_sigma = 0;   ///< Of steps in general.
  double entry_sigma = 0;  ///< Of conntrack.insert and nat.setup, which allocate and grow tables.
  double scan_sigma = 0;   ///< Of rule scans.
  Interruptions interruptions;
  double residual = 0;  ///< Root mean square of log(measured / fitted) over p90 and p99 of the cases.
};

/// Least squares in the logarithms of p90 and p99 of all warm cases, each over its own median as measured. Cold cases
/// are left out: a handful of samples a round has no percentiles.
/// @param profile  With medians fitted to the same cases; its shapes are where the search begins.
FittedShapes fit_shapes(std::span<const Measured> measured, const CostProfile& profile);

/// Puts the shapes into the profile, for the kinds that occur in a case.
void apply_shapes(const FittedShapes& shapes, std::span<const Measured> measured, const std::string& origin,
                  CostProfile& profile);

}  // namespace knetsim::lab
