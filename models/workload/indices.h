#pragma once

#include <cstdint>

namespace knetsim {

/// Places in the lists of a TrafficPlan.
using EdgeIndex = std::uint32_t;
using AppIndex = std::uint32_t;
using TrafficIndex = std::uint32_t;
/// Of an attempt among those of a run; used again once one has ended.
using AttemptIndex = std::uint32_t;
/// One client pod of one edge.
constexpr std::uint64_t client_key(EdgeIndex edge, std::uint32_t client) {
  return (std::uint64_t{edge} << 32) | client;
}
inline constexpr AttemptIndex kNoAttempt = ~AttemptIndex{0};
inline constexpr TrafficIndex kNoSource = ~TrafficIndex{0};

}  // namespace knetsim
