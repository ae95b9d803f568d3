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

__extension__ using EventOrder = unsigned __int128;

/// fires_before() as one number: a < b exactly when a fires before b. Needs times of at least zero. One comparison
/// without branches is what a heap and a sort want.
constexpr EventOrder order_of(const EventKey& key) {
  return EventOrder{static_cast<std::uint64_t>(key.at.time_since_epoch().count())} << 64 |
         (std::uint64_t{key.source} << 32 | key.count);
}

/// An event: its key, and what the engine needs to know to handle it.
template <class Payload>
struct KeyedEvent {
  EventKey key;
  Payload payload;
};

}  // namespace knetsim
