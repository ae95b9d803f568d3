#pragma once

#include <cstdint>

#include "sim/core/histogram.h"

namespace knetsim {

/// What a run knows of a figure over times of which some never came to an end.
struct CensoredValue {
  enum class Kind : std::uint8_t {
    Nothing,   ///< There was no observation.
    Exact,     ///< It is `value`, to the histogram's error.
    AtLeast,   ///< It is `value` or more: those that decide it had not ended when they were last seen.
    Infinite,  ///< It belongs to what failed.
  };
  Kind kind = Kind::Nothing;
  std::int64_t value = 0;  ///< Unit of the histograms; 0 for Nothing and Infinite.

  bool exact() const { return kind == Kind::Exact; }
  friend bool operator==(const CensoredValue&, const CensoredValue&) = default;
};

/// Times of three sorts, taken together:
/// - those that ended, known to the histogram's error;
/// - those that had not ended when they were last seen, known to be at least their age then (right-censored);
/// - those that failed, which never reach what they were meant to: infinitely long.
///
/// With no failed ones it describes those that succeed (what a person is shown); with them, all that were asked for
/// (what an objective or a verdict judges).
///
///     CensoredTimes(stats.latency_ns, stats.unfinished_age_ns).quantile(0.99)                    // of successes
///     CensoredTimes(stats.latency_ns, stats.unfinished_age_ns, stats.failed()).quantile(0.99)    // of requests
class CensoredTimes {
 public:
  /// @param ended  Outlives this.
  CensoredTimes(const Histogram& ended, const Histogram& unfinished_age, std::uint64_t failed = 0)
      : ended_(ended), known_(ended), failed_(failed) {
    known_.merge(unfinished_age);
  }

  std::uint64_t count() const { return known_.count() + failed_; }

  /// The time of rank Histogram::nearest_rank(q, count()). Whatever the unfinished ones turn out to be, it lies between
  /// the one of that rank where each ended at once, at its age, and where none ever ends: where both are of one bucket
  /// it is exact, else the first is a lower bound.
  /// @param q  0 .. 1.
  CensoredValue quantile(double q) const;
  /// Arithmetic mean, of the ages where some are unfinished; infinite where one failed.
  CensoredValue mean() const;
  CensoredValue max() const;

 private:
  CensoredValue of_all(std::int64_t value) const;

  const Histogram& ended_;
  Histogram known_;  // ended, and unfinished with their ages
  std::uint64_t failed_;
};

}  // namespace knetsim
