#pragma once

#include <cstdint>
#include <vector>

#include "sim/core/histogram.h"
#include "sim/core/part_sum.h"

namespace knetsim {

/// What one replicate observed of one quantity.
struct Sample {
  Histogram ns{};                ///< Times of what succeeded.
  std::uint64_t failed = 0;      ///< Infinitely late: refused, timed out.
  std::uint64_t unfinished = 0;  ///< Later than what ended; how much is not known.
  std::vector<PartSum> parts{};  ///< Of `ns`, shape (kParts,), in the order of time.

  std::uint64_t size() const { return ns.count() + failed + unfinished; }
};

}  // namespace knetsim
