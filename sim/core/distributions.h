#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sim/core/random.h"

namespace knetsim {

/// A law that positive quantities (sizes, times) are drawn from: a small value, made by one of the named functions. Its
/// unit is its user's. Default-constructed, it is always 0.
///
/// Standard and Boost distributions differ in their draws between versions, and libm's functions between CPUs; these
/// stand on sim/core/math.h.
class Distribution {
 public:
  /// A point of a cumulative distribution: P(X <= value) = cumulative.
  struct Point {
    double value = 0;
    double cumulative = 0;
  };

  Distribution() = default;

  // Each throws std::invalid_argument where its parameters make no such law.
  static Distribution constant(double value);
  static Distribution uniform(double low, double high);
  static Distribution exponential(double mean);
  /// @param sigma  Of the logarithm.
  static Distribution lognormal_median(double median, double sigma);
  static Distribution lognormal_mean(double mean, double sigma);
  /// The law of this mean and 99th percentile with the smaller sigma. p99 / mean has to lie between 1 and 14.9.
  static Distribution lognormal_p99(double mean, double p99);
  static Distribution gamma(double mean, double shape);
  /// P(X > x) = (minimum / x)^alpha.
  static Distribution pareto(double minimum, double alpha);
  static Distribution bounded_pareto(double low, double high, double alpha);
  /// Linear between points. The cumulative values ascend to 1; if the first is above 0, it is an atom at the first
  /// value.
  static Distribution empirical(std::vector<Point> points);

  double sample(RngStream& stream) const;
  /// Of spans that follow each other and have done so for long: what is left of the one that an instant falls into, a
  /// uniform part of a span drawn in proportion to its length (the equilibrium law of a renewal process). Where the mean
  /// is infinite there is no such law, and a whole span is drawn.
  double sample_residual(RngStream& stream) const;
  double mean() const;
  /// E[X^2]: what Pollaczek-Khinchine's formula needs. Infinite where it is.
  double second_moment() const;
  /// "exponential, mean 0.0008"
  std::string describe() const;

 private:
  enum class Kind : std::uint8_t { Constant, Uniform, Exponential, Lognormal, Gamma, Pareto, BoundedPareto, Empirical };
  Distribution(Kind kind, double a, double b, double c = 0) : kind_(kind), a_(a), b_(b), c_(c) {}
  /// A draw of the law whose density is x times this one's, over its mean.
  double sample_by_length(RngStream& stream) const;

  Kind kind_ = Kind::Constant;
  double a_ = 0;
  double b_ = 0;
  double c_ = 0;
  std::shared_ptr<const std::vector<Point>> points_;
};

/// A draw from the standard normal distribution, by inversion: one uniform number each.
double standard_normal(RngStream& stream);

}  // namespace knetsim
