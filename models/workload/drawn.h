#pragma once

#include <algorithm>
#include <cstdint>

#include "sim/core/time.h"
#include "sim/core/units.h"

namespace knetsim {

/// What a law with a heavy tail gives may be beyond any run, and beyond what 64 bits hold. A draw of more than two days
/// is two days: no run is longer, so that neither ends in it.
inline Duration drawn_span(double seconds) { return from_seconds(std::clamp(seconds, 0.0, 2 * 86'400.0)); }

/// A size of at least a byte and at most 1 TiB, to the nearest byte.
inline Bytes drawn_size(double bytes) {
  return Bytes(static_cast<std::int64_t>(std::clamp(bytes + 0.5, 1.0, 1'099'511'627'776.0)));
}

}  // namespace knetsim
