#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace knetsim {

/// Mean and variance of a sequence, one pass. @source Welford, Technometrics 4, 1962.
class Moments {
 public:
  void add(double value) {
    ++count_;
    const double delta = value - mean_;
    mean_ += delta / static_cast<double>(count_);
    squares_ += delta * (value - mean_);
  }
  std::uint64_t count() const { return count_; }
  double mean() const { return mean_; }
  /// Of the sample (n - 1 below); 0 for fewer than two values.
  double variance() const { return count_ < 2 ? 0 : squares_ / static_cast<double>(count_ - 1); }

 private:
  std::uint64_t count_ = 0;
  double mean_ = 0;
  double squares_ = 0;
};

/// Quantile of Student's t distribution. @param p  0 < p < 1. @param degrees  Above 0.
double student_t_quantile(double p, double degrees);

/// Probability that Student's t lies at least this far from 0, on either side: the p-value of a two-sided test. 0 for
/// an infinite t. @param degrees  Above 0.
double student_t_two_sided(double t, double degrees);

/// mean +- half_width.
struct Interval {
  double mean = 0;
  double half_width = 0;  ///< Infinite for fewer than two values.
  double low() const { return mean - half_width; }
  double high() const { return mean + half_width; }
};

/// Confidence interval of the mean of independent values, by Student's t. @param confidence  0.95, say.
Interval mean_interval(std::span<const double> values, double confidence);

struct Bounds {
  double low = 0;
  double high = 0;
};

/// Exact confidence interval of a probability: no true value outside it would give so few or so many successes as often
/// as (1 - confidence) / 2. Numbers may be fractional, as effective ones are. [0, 1] without trials.
/// @source Clopper and Pearson, Biometrika 26, 1934.
Bounds binomial_bounds(double successes, double trials, double confidence);

/// P(X >= successes) for X binomial. @param p  0 .. 1.
double binomial_at_least(double successes, double trials, double p);

/// P-values adjusted for being several: rejecting those that are at most alpha errs on any true hypothesis with
/// probability at most alpha, however they depend on each other. Shape and order of `p`; each is at most 1.
/// @source Holm, "A simple sequentially rejective multiple test procedure", Scand. J. Statist. 6, 1979.
std::vector<double> holm_adjusted(std::span<const double> p);

}  // namespace knetsim
