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
  Histogram ages{};              ///< Of what had not ended: it takes at least so long.
  std::vector<PartSum> parts{};  ///< Of `ns`, shape (kParts,), in the order of time.

  std::uint64_t unfinished() const { return ages.count(); }
  std::uint64_t size() const { return ns.count() + failed + unfinished(); }
};

}  // namespace knetsim
