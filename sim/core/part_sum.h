#pragma once

#include <cstdint>

#include "sim/core/histogram.h"

namespace knetsim {

/// Equal parts of the measured time of which sums are kept, to tell how far observations are independent.
inline constexpr std::uint32_t kParts = 20;

/// Of the times, in nanoseconds, that belong to one part.
struct PartSum {
  std::uint64_t count = 0;
  std::uint64_t sum_ns = 0;
  std::uint64_t sum_index = 0;  ///< Of Histogram::index_of: about 1,024 times the binary logarithm.

  void add(std::int64_t ns) {
    ++count;
    sum_ns += static_cast<std::uint64_t>(ns);
    sum_index += Histogram::index_of(ns);
  }
};

}  // namespace knetsim
