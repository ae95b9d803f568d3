#include "analysis/spread.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace knetsim {

Spread spread_of(std::span<const double> influence) {
  const auto n = static_cast<double>(influence.size());
  if (influence.size() < 2) return {std::numeric_limits<double>::infinity(), 0};
  double squares = 0, fourths = 0;
  for (const double one : influence) {
    squares += one * one;
    fourths += one * one * one * one;
  }
  if (!std::isfinite(squares)) return {std::numeric_limits<double>::infinity(), n - 1};
  if (squares == 0) return {0, n - 1};
  const double excess = std::max(0.0, n * fourths / (squares * squares) - 3);
  return {std::sqrt(squares / (n - 1) / n), 1 / (1 / (n - 1) + excess / (2 * n))};
}

Bounds student_interval(double estimate, const Spread& spread, double confidence) {
  if (spread.degrees <= 0 || std::isinf(spread.standard_error)) return {-kInfinity, kInfinity};
  const double reach = student_t_quantile((1 + confidence) / 2, spread.degrees) * spread.standard_error;
  return {estimate - reach, estimate + reach};
}

double student_p(double estimate, const Spread& spread) {
  if (spread.degrees <= 0 || std::isinf(spread.standard_error) || estimate == 0) return 1;
  return student_t_two_sided(estimate / spread.standard_error, spread.degrees);
}

}  // namespace knetsim
