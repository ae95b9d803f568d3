#pragma once

#include <cstdint>
#include <tuple>

#include "sim/core/time.h"

namespace knetsim {

/// When an event fires, and what decides among events of one instant.
struct EventKey {
  Time at;
  std::uint32_t source = 0;  ///< Entity that scheduled it.
  std::uint32_t count = 0;   ///< How many events `source` had scheduled before this one; a wrap is an error, checked.

  constexpr bool operator==(const EventKey&) const = default;
};

/// Total order. Ties break by the source's own count, which no partition of the entities can change.
constexpr bool fires_before(const EventKey& a, const EventKey& b) {
  return std::tie(a.at, a.source, a.count) < std::tie(b.at, b.source, b.count);
}

}  // namespace knetsim
