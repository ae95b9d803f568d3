#include "sim/core/statistics.h"

#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>

namespace knetsim {

double student_t_quantile(double p, double degrees) {
  return boost::math::quantile(boost::math::students_t(degrees), p);
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

}  // namespace knetsim
