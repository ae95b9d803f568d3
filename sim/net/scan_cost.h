#pragma once

#include <cstdint>

#include "sim/core/math.h"
#include "sim/core/time.h"

namespace knetsim {

/// Cost of a linear scan of items that stand one behind another in memory, by a core whose cache still holds part of
/// them.
///
/// An item is found in the cache with probability w exp(-x / C): x is its offset from the scan's start, C the cache
/// that the table can count on, and w = exp(-g / T) what is left of it after a pause g since this core last scanned the
/// table, T being how long other work takes to displace it. An item found costs `warm`, another one `cold`. Summed over
/// n items of b bytes:
///
///     n cold - (cold - warm) w (C / b) (1 - exp(-n b / C))
///
/// Between the two bounds n warm and n cold, and convex in n: what stands further down is dearer. Departure: a scan
/// that ends early refreshes only what it touched; here it refreshes the table.
struct ScanCurve {
  double warm_ps = 0;      ///< One item in the cache.
  double cold_ps = 0;      ///< One item that is not; at least warm_ps.
  double cache_bytes = 1;  ///< C, above 0.
  double forget_ps = 1;    ///< T, above 0.

  /// @param items       n >= 0; an expected value may be fractional.
  /// @param item_bytes  b, above 0.
  /// @param since_last  g; the cost is that of a cold table beyond 40 T.
  /// @return            Picoseconds.
  double cost_ps(double items, std::uint32_t item_bytes, Duration since_last) const {
    const double forgotten = static_cast<double>(since_last.count()) / forget_ps;
    if (forgotten > 40) {
      return items * cold_ps;
    }
    const double left = math::exp(-forgotten);
    const double cached_items = cache_bytes / static_cast<double>(item_bytes);
    const double hits = cached_items * (1 - math::exp(-items / cached_items));
    return items * cold_ps - (cold_ps - warm_ps) * left * hits;
  }
};

}  // namespace knetsim
