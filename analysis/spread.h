#pragma once

#include <limits>
#include <span>

#include "sim/core/statistics.h"

namespace knetsim {

inline constexpr double kConfidence = 0.95;  ///< Of every interval that is shown or judged by.
inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// How far an estimate may be from what it estimates, by the part that each replicate has in it.
struct Spread {
  double standard_error = 0;
  double degrees = 0;  ///< Of freedom, for Student's t. 0: of fewer than two replicates nothing is known.
};

/// Of an estimate that is, to first order, the true value plus the mean of the replicates' influences. The degrees of
/// freedom are fewer than n - 1 where a few replicates stand out: the variance of s^2 is sigma^4 (2 / (n - 1) + k / n)
/// with k the excess kurtosis, and a chi-square's of d degrees 2 sigma^4 / d.
/// @param influence  By replicate; their sum is 0 to rounding.
/// @source Satterthwaite, Biometrics Bulletin 2, 1946, for the matching of variances.
Spread spread_of(std::span<const double> influence);

/// estimate +- t x standard error. Unbounded for fewer than two replicates.
Bounds student_interval(double estimate, const Spread& spread, double confidence);

/// P-value of "the true value is 0".
double student_p(double estimate, const Spread& spread);

}  // namespace knetsim
