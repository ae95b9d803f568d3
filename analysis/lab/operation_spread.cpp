#include "analysis/lab/operation_spread.h"

#include <cmath>

namespace knetsim::lab {
namespace {

/// Share of a lognormal above `value`.
double lognormal_above(double value, double median, double sigma) {
  if (value <= 0) return 1;
  if (sigma <= 0) return value < median ? 1 : 0;
  return 0.5 * std::erfc(std::log(value / median) / sigma / std::sqrt(2.0));
}

}  // namespace

double OperationSpread::above(double ns) const {
  double share = std::exp(-interruptions) * lognormal_above(ns, median_ns, sigma);
  double mass = std::exp(-interruptions);
  double left = 1 - mass;
  for (int count = 1; count < 64 && left > 1e-12; ++count) {
    mass *= interruptions / count;
    left -= mass;
    share += mass * lognormal_above(ns - median_ns, count * interruption_ns, interruption_sigma);
  }
  return share;
}

double OperationSpread::quantile(double q) const {
  double low = 0;
  double high = median_ns;
  while (above(high) > 1 - q) high *= 2;
  for (int halving = 0; halving < 60; ++halving) {
    const double middle = (low + high) / 2;
    (above(middle) > 1 - q ? low : high) = middle;
  }
  return high;
}

}  // namespace knetsim::lab
