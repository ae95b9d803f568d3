#pragma once

#include <bit>
#include <cstdint>

#include "sim/core/event_key.h"
#include "sim/core/hash.h"

namespace knetsim {

/// Fingerprint of a run: what happened, and in which order. Two runs that must be equal (repeats, thread counts,
/// machines) are compared by it. It proves equality, not correctness, and is no defence against intent.
class RunDigest {
 public:
  constexpr void add(std::uint64_t word) { value_ = hash_combine(value_, word); }
  /// By its bits: 0.0 and -0.0 differ.
  constexpr void add(double number) { add(std::bit_cast<std::uint64_t>(number)); }
  constexpr void add(const EventKey& key) {
    add(static_cast<std::uint64_t>(key.at.time_since_epoch().count()));
    add(std::uint64_t{key.source()} << 32 ^ key.count());  // as when both had 32 bits, while they fit
  }
  constexpr std::uint64_t value() const { return value_; }
  constexpr bool operator==(const RunDigest&) const = default;

 private:
  std::uint64_t value_ = 0;
};

}  // namespace knetsim
