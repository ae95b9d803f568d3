#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <string_view>

#include "sim/core/hash.h"

namespace knetsim {

/// Four 32-bit words of one Philox block.
using PhiloxBlock = std::array<std::uint32_t, 4>;

/// Philox4x32-10: a bijection of `counter` under `key` that passes BigCrush; the generator has no other state.
/// @source Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011, section 3.3 and
/// table 2.
constexpr PhiloxBlock philox_block(PhiloxBlock counter, std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t product0 = std::uint64_t{0xD2511F53u} * counter[0];
    const std::uint64_t product1 = std::uint64_t{0xCD9E8D57u} * counter[2];
    counter = {static_cast<std::uint32_t>(product1 >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(product1),
               static_cast<std::uint32_t>(product0 >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(product0)};
    key[0] += 0x9E3779B9u;
    key[1] += 0xBB67AE85u;
  }
  return counter;
}

/// What numbers are drawn for ("link.jitter"), hashed once. Build it from a literal as a constant, or at set-up.
class Purpose {
 public:
  constexpr explicit Purpose(std::string_view name) : hash_(hash_text(name)) {}

  /// The same purpose within a part: Purpose("request.size").of(workload) differs for each workload.
  constexpr Purpose of(std::uint64_t part) const { return Purpose(hash_combine(hash_, part)); }
  constexpr std::uint64_t hash() const { return hash_; }
  constexpr bool operator==(const Purpose&) const = default;

 private:
  constexpr explicit Purpose(std::uint64_t hash) : hash_(hash) {}
  std::uint64_t hash_;
};

/// Independent sequence of random numbers: a 48-byte value that can be copied to replay it. Construction only stores
/// the key; a block of four words is computed when the first is asked for. Meets UniformRandomBitGenerator with 64-bit
/// results.
class RngStream {
 public:
  using result_type = std::uint64_t;

  constexpr RngStream(std::uint64_t key, std::uint64_t id) : key_(key), id_(id) {}

  constexpr std::uint32_t next_u32() {
    if (used_ == 4) {
      refill();
    }
    return block_[used_++];
  }

  /// Two words of one block: from an odd position the word left over is dropped.
  constexpr std::uint64_t next_u64() {
    used_ = (used_ + 1) & ~1u;
    if (used_ == 4) {
      refill();
    }
    const std::uint64_t low = block_[used_];
    const std::uint64_t high = block_[used_ + 1];
    used_ += 2;
    return high << 32 | low;
  }

  /// Uniform on the open interval (0, 1): the 2^52 midpoints (k + 1/2) 2^-52, each equally likely. Neither 0 nor 1 can
  /// occur, so log(u) and log(1 - u) are finite, and 1 - u is exact. The smallest value is 2^-53. (With 53 random bits
  /// the midpoints would not fit a double and the last would round to 1.)
  constexpr double uniform() {
    return (static_cast<double>(static_cast<std::int64_t>(next_u64() >> 12)) + 0.5) * 0x1p-52;
  }

  /// Uniform on {0, ..., n - 1}, by the high half of a 64 x 64-bit product. The bias is below n 2^-64: at most 2^-32
  /// relative for any n up to 2^32; nothing is rejected, so each call draws the same amount of randomness.
  /// @param n  At least 1.
  constexpr std::uint64_t below(std::uint64_t n) {
    __extension__ using Uint128 = unsigned __int128;
    return static_cast<std::uint64_t>((Uint128{next_u64()} * n) >> 64);
  }

  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }
  constexpr result_type operator()() { return next_u64(); }

 private:
  constexpr void refill() {
    block_ = philox_block({static_cast<std::uint32_t>(next_block_), static_cast<std::uint32_t>(next_block_ >> 32),
                           static_cast<std::uint32_t>(id_), static_cast<std::uint32_t>(id_ >> 32)},
                          {static_cast<std::uint32_t>(key_), static_cast<std::uint32_t>(key_ >> 32)});
    ++next_block_;
    used_ = 0;
  }

  std::uint64_t key_;
  std::uint64_t id_;
  std::uint64_t next_block_ = 0;
  PhiloxBlock block_{};
  std::uint32_t used_ = 4;
};

/// Hands out the streams of one run. A stream depends on (seed, purpose, id) and nothing else, so one more draw in one
/// model changes no other. Ids of one purpose never share a block: the id is half of Philox's counter. Two purposes
/// share a key only if their 64-bit names' hashes collide.
class RandomStreams {
 public:
  constexpr explicit RandomStreams(std::uint64_t seed) : mixed_seed_(mix64(seed ^ 0x6b6e657473696d00u)) {}

  /// @param id  Entity, or the request that the numbers belong to.
  constexpr RngStream get(Purpose purpose, std::uint64_t id) const {
    return RngStream(mix64(purpose.hash() ^ mixed_seed_), id);
  }

  /// Hashes the name at each call; hot paths keep a Purpose.
  constexpr RngStream get(std::string_view purpose, std::uint64_t id) const { return get(Purpose(purpose), id); }

 private:
  std::uint64_t mixed_seed_;
};

}  // namespace knetsim
