#pragma once

#include <cstdint>
#include <span>

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

/// mean +- half_width.
struct Interval {
  double mean = 0;
  double half_width = 0;  ///< Infinite for fewer than two values.
  double low() const { return mean - half_width; }
  double high() const { return mean + half_width; }
};

/// Confidence interval of the mean of independent values, by Student's t. @param confidence  0.95, say.
Interval mean_interval(std::span<const double> values, double confidence);

}  // namespace knetsim
