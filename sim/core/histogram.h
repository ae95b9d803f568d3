#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "sim/core/time.h"

namespace knetsim {

/// Log-linear histogram of numbers from 0 on, of any unit. Below 2,048 each number has a bucket of its own; above, each
/// octave is cut into 1,024 equal ones, so a quantile is within 1/2048 of a recorded value. Pages of buckets exist only
/// where something was recorded. All state is integers: merging is exact, in any order.
class Histogram {
 public:
  Histogram() = default;
  Histogram(const Histogram& other) { merge(other); }
  Histogram& operator=(const Histogram& other);
  Histogram(Histogram&&) noexcept = default;
  Histogram& operator=(Histogram&&) noexcept = default;

  /// @param value  Below 0 counts as 0.
  void record(std::int64_t value, std::uint64_t count = 1) {
    if (count == 0) {
      return;
    }
    value = std::max<std::int64_t>(0, value);
    const std::size_t index = index_of(value);
    const std::size_t page = index / kPage;
    if (page >= pages_.size() || !pages_[page]) [[unlikely]] {
      add_page(page);
    }
    (*pages_[page])[index % kPage] += count;
    count_ += count;
    sum_ += Int128{value} * static_cast<Int128>(count);
    sum_squares_ += Int128{value} * value * static_cast<Int128>(count);
    min_ = std::min(min_, value);
    max_ = std::max(max_, value);
  }

  /// Adds observations that a histogram had counted in the bucket that begins at `lower`, without their values: those
  /// are set by set_moments().
  /// @param lower  As for_each() gives it.
  void add_bucket(std::int64_t lower, std::uint64_t count);
  /// What the values of all added buckets came to.
  void set_moments(Int128 sum, Int128 sum_of_squares, std::int64_t min, std::int64_t max);

  void merge(const Histogram& other);

  std::uint64_t count() const { return count_; }
  bool empty() const { return count_ == 0; }
  Int128 sum() const { return sum_; }
  /// Exact as long as values stay below 2^47 in 2^32 observations.
  Int128 sum_of_squares() const { return sum_squares_; }
  /// 0 when empty, as max() and mean().
  std::int64_t min() const { return count_ == 0 ? 0 : min_; }
  std::int64_t max() const { return max_; }
  double mean() const { return count_ == 0 ? 0 : static_cast<double>(sum_) / static_cast<double>(count_); }

  /// The observation of rank nearest_rank(q, n). Does not fall with q. 0 when empty.
  /// @param q  0 .. 1.
  std::int64_t quantile(double q) const { return count_ == 0 ? 0 : at_rank(nearest_rank(q, count_)); }

  /// Middle of the bucket that holds the observation of this rank in ascending order, held between min() and max(); the
  /// first and the last observation themselves.
  /// @param rank  1 .. count().
  std::int64_t at_rank(std::uint64_t rank) const;

  /// Rank of a quantile among n observations: ceil(q n), at least 1, at most n (Hyndman and Fan, Sample Quantiles in
  /// Statistical Packages, 1996, definition 1). A q n that is whole but for its rounding (0.07 x 100) counts as whole.
  static std::uint64_t nearest_rank(double q, std::uint64_t n);

  /// Calls f(lower, upper, count) for each bucket in use, ascending: lower <= value < upper.
  template <class F>
  void for_each(F&& f) const {
    for (std::size_t page = 0; page < pages_.size(); ++page) {
      for (std::size_t slot = 0; pages_[page] && slot < kPage; ++slot) {
        if (const std::uint64_t count = (*pages_[page])[slot]; count > 0) {
          const std::size_t index = page * kPage + slot;
          f(lower_of(index), upper_of(index), count);
        }
      }
    }
  }

  static constexpr std::size_t index_of(std::int64_t value) {
    const auto bits = static_cast<std::uint64_t>(value);
    const int shift = std::max(0, static_cast<int>(std::bit_width(bits)) - 11);
    return static_cast<std::size_t>(shift) * 1024 + static_cast<std::size_t>(bits >> shift);
  }
  /// Smallest value of a bucket, and the smallest above it (saturated).
  static constexpr std::int64_t lower_of(std::size_t index) {
    const std::size_t shift = index < 2048 ? 0 : index / 1024 - 1;
    return static_cast<std::int64_t>(std::uint64_t{index - shift * 1024} << shift);
  }
  static constexpr std::int64_t upper_of(std::size_t index) {
    const std::size_t shift = index < 2048 ? 0 : index / 1024 - 1;
    const std::uint64_t upper = std::uint64_t{index - shift * 1024 + 1} << shift;
    return upper > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())
               ? std::numeric_limits<std::int64_t>::max()
               : static_cast<std::int64_t>(upper);
  }

 private:
  static constexpr std::size_t kPage = 256;
  using Page = std::array<std::uint64_t, kPage>;
  void add_page(std::size_t page);

  std::vector<std::unique_ptr<Page>> pages_;
  std::uint64_t count_ = 0;
  Int128 sum_ = 0;
  Int128 sum_squares_ = 0;
  std::int64_t min_ = std::numeric_limits<std::int64_t>::max();
  std::int64_t max_ = 0;
};

}  // namespace knetsim
