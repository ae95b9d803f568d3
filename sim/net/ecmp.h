#pragma once

#include <cstdint>

namespace knetsim {

/// Bijection of 64 bits in which every input bit moves about half of the output bits (the finalizer of SplitMix64).
/// @source Steele, Lea, Flood, Fast Splittable Pseudorandom Number Generators, OOPSLA 2014, figure 16 (variant 13 of
/// Stafford).
constexpr std::uint64_t mix64(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

/// Uniform choice among `ways` by the upper 32 bits of a hash, without a division. The excess of one choice over
/// another is below ways / 2^32.
constexpr std::uint32_t pick_way(std::uint64_t hash, std::uint32_t ways) {
  return static_cast<std::uint32_t>(((hash >> 32) * ways) >> 32);
}

/// The salt of one switch, or of one host's receive queues. Two owners must differ, or the choices along a path are the
/// same choice again: a second tier of switches would then use one uplink of its many (hash polarisation).
constexpr std::uint64_t hash_salt(std::uint64_t seed, std::uint64_t owner) {
  return mix64(mix64(seed + 0x9e3779b97f4a7c15ULL) + 0x9e3779b97f4a7c15ULL * (owner + 1));
}

/// Which of `ways` equal-cost next hops (or receive queues) the flow takes at the owner of `salt`.
constexpr std::uint32_t ecmp_choice(std::uint64_t flow_hash, std::uint64_t salt, std::uint32_t ways) {
  return ways == 1 ? 0 : pick_way(mix64(flow_hash ^ salt), ways);
}

}  // namespace knetsim
