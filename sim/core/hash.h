#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace knetsim {

/// Bijective mixer of 64 bits: each input bit flips each output bit with probability close to one half; 0 maps to 0.
/// @source Stafford's variant 13 of the MurmurHash3 finalizer, as in SplitMix64 (Steele, Lea and Flood, "Fast
///         splittable pseudorandom number generators", OOPSLA 2014, section 3).
constexpr std::uint64_t mix64(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

/// Folds `value` into `hash`; order matters. For a fixed `hash` it is a bijection of `value`, so two values never
/// collide under one prefix. The golden-ratio step keeps runs of zeros from staying zero.
constexpr std::uint64_t hash_combine(std::uint64_t hash, std::uint64_t value) {
  return mix64(mix64(hash + 0x9e3779b97f4a7c15u) ^ value);
}

/// Hash of a text, byte by byte: the same on every platform and in constant expressions. For names, not for bulk data.
/// @source FNV-1a (draft-eastlake-fnv), finished by mix64 because FNV's low bits are weak for short texts.
constexpr std::uint64_t hash_text(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x00000100000001b3u;
  }
  return mix64(hash);
}

}  // namespace knetsim
