#pragma once

#include <cstdint>

#include "sim/core/time.h"

namespace knetsim {

/// When an event fires, and what decides among events of one instant. 16 bytes: what a heap moves. Of the second eight,
/// 24 bits say which entity and 40 bits how often: 16 million entities, each with 10^12 events. With 32 and 32 a node
/// that takes 10,000 requests a second came to its end within a day.
class EventKey {
 public:
  static constexpr int kCountBits = 40;
  static constexpr std::uint64_t kMaxCount = (std::uint64_t{1} << kCountBits) - 1;
  static constexpr std::uint32_t kMaxSource = (std::uint32_t{1} << (64 - kCountBits)) - 1;

  Time at;

  constexpr EventKey() = default;
  /// @pre  source <= kMaxSource, count <= kMaxCount
  constexpr EventKey(Time when, std::uint32_t source, std::uint64_t count)
      : at(when), turn_(std::uint64_t{source} << kCountBits | count) {}

  /// Entity that scheduled it.
  constexpr std::uint32_t source() const { return static_cast<std::uint32_t>(turn_ >> kCountBits); }
  /// How many events the source had scheduled before this one.
  constexpr std::uint64_t count() const { return turn_ & kMaxCount; }
  /// Both as one number, in the order of the source and then the count.
  constexpr std::uint64_t turn() const { return turn_; }

  constexpr bool operator==(const EventKey&) const = default;

 private:
  std::uint64_t turn_ = 0;
};

/// Total order. Ties break by the source's own count, which no partition of the entities can change.
constexpr bool fires_before(const EventKey& a, const EventKey& b) {
  return a.at < b.at || (a.at == b.at && a.turn() < b.turn());
}

__extension__ using EventOrder = unsigned __int128;

/// fires_before() as one number: a < b exactly when a fires before b. Needs times of at least zero. One comparison
/// without branches is what a heap and a sort want.
constexpr EventOrder order_of(const EventKey& key) {
  return EventOrder{static_cast<std::uint64_t>(key.at.time_since_epoch().count())} << 64 | key.turn();
}

/// An event: its key, and what the engine needs to know to handle it.
template <class Payload>
struct KeyedEvent {
  EventKey key;
  Payload payload;
};

}  // namespace knetsim
