#pragma once

#include <cstdint>

#include "sim/core/hash.h"

namespace knetsim {

/// Uniform choice among `ways` by the upper 32 bits of a hash, without a division. The excess of one choice over
/// another is below ways / 2^32.
constexpr std::uint32_t pick_way(std::uint64_t hash, std::uint32_t ways) {
  return static_cast<std::uint32_t>(((hash >> 32) * ways) >> 32);
}

/// The salt of one switch, or of one host's receive queues. Two owners must differ, or the choices along a path are the
/// same choice again: a second tier of switches would then use one uplink of its many (hash polarisation).
constexpr std::uint64_t hash_salt(std::uint64_t seed, std::uint64_t owner) { return hash_combine(mix64(seed), owner); }

/// Which of `ways` equal-cost next hops (or receive queues) the flow takes at the owner of `salt`.
constexpr std::uint32_t ecmp_choice(std::uint64_t flow_hash, std::uint64_t salt, std::uint32_t ways) {
  return ways == 1 ? 0 : pick_way(mix64(flow_hash ^ salt), ways);
}

}  // namespace knetsim
