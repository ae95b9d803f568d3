#pragma once

#include <cstdint>

#include "sim/core/math.h"
#include "sim/core/time.h"

namespace knetsim {

/// Cost of a linear scan of items that stand one behind another in memory, by a core whose cache still holds part of
/// them.
///
/// w = exp(-g / T) of the table is still in some cache after a pause g since this core last scanned it, T being how
/// long other work takes to displace it. An item of that stands in the near cache with probability exp(-x / C), x being
/// its offset from the scan's start and C the near cache that the table can count on. It costs `warm` there, `far` in a
/// cache beyond, and `cold` where it has been displaced. Summed over n items of b bytes:
///
///     n cold - w (cold - far) n - w (far - warm) (C / b) (1 - exp(-n b / C))
///
/// Between the bounds n warm and n cold, and convex in n: what stands further down is dearer. Where far = cold there
/// are two levels, not three. Departure: a scan that ends early refreshes only what it touched; here it refreshes the
/// table.
struct ScanCurve {
  double warm_ps = 0;      ///< One item in the near cache.
  double far_ps = 0;       ///< One in a cache beyond it; at least warm_ps.
  double cold_ps = 0;      ///< One that is in none; at least far_ps.
  double cache_bytes = 1;  ///< C, above 0.
  double forget_ps = 1;    ///< T, above 0.

  /// @param items       n >= 0; an expected value may be fractional.
  /// @param item_bytes  b, above 0; of items of several sizes the mean.
  /// @param since_last  g; the cost is that of a cold table beyond 40 T.
  /// @return            Picoseconds.
  double cost_ps(double items, double item_bytes, Duration since_last) const {
    const double forgotten = static_cast<double>(since_last.count()) / forget_ps;
    if (forgotten > 40) {
      return items * cold_ps;
    }
    const double left = math::exp(-forgotten);
    const double cached_items = cache_bytes / item_bytes;
    const double hits = cached_items * (1 - math::exp(-items / cached_items));
    return items * cold_ps - (far_ps - warm_ps) * left * hits - (cold_ps - far_ps) * left * items;
  }
};

}  // namespace knetsim
