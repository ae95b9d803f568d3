#include "sim/core/statistics.h"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/special_functions/beta.hpp>
#include <cmath>
#include <limits>
#include <numeric>

namespace knetsim {

double student_t_quantile(double p, double degrees) {
  return boost::math::quantile(boost::math::students_t(degrees), p);
}

double student_t_two_sided(double t, double degrees) {
  if (std::isinf(t)) return 0;
  return 2 * boost::math::cdf(boost::math::students_t(degrees), -std::fabs(t));
}

Interval mean_interval(std::span<const double> values, double confidence) {
  Moments moments;
  for (const double value : values) {
    moments.add(value);
  }
  if (moments.count() < 2) {
    return {moments.mean(), std::numeric_limits<double>::infinity()};
  }
  const auto n = static_cast<double>(moments.count());
  return {moments.mean(), student_t_quantile((1 + confidence) / 2, n - 1) * std::sqrt(moments.variance() / n)};
}

Bounds binomial_bounds(double successes, double trials, double confidence) {
  const double beyond = (1 - confidence) / 2;
  const double failures = trials - successes;
  return {successes <= 0 ? 0 : boost::math::ibeta_inv(successes, failures + 1, beyond),
          failures <= 0 ? 1 : boost::math::ibeta_inv(successes + 1, failures, 1 - beyond)};
}

double binomial_at_least(double successes, double trials, double p) {
  if (successes <= 0) return 1;
  if (successes > trials) return 0;
  return boost::math::ibeta(successes, trials - successes + 1, p);
}

std::vector<double> holm_adjusted(std::span<const double> p) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p[a] < p[b]; });
  std::vector<double> adjusted(p.size());
  double greatest = 0;
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    greatest = std::max(greatest, p[order[rank]] * static_cast<double>(order.size() - rank));
    adjusted[order[rank]] = std::min(1.0, greatest);
  }
  return adjusted;
}

}  // namespace knetsim
