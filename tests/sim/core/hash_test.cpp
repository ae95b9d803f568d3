// The mixer is a bijection that spreads single-bit changes; text hashes are pinned, because streams of random numbers
// hang on them.
#include "sim/core/hash.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <set>
#include <string>

namespace knetsim {
namespace {

// SplitMix64 seeded with 0 is mix64 of multiples of the golden-ratio increment; its first output is published in many
// places.
static_assert(mix64(0x9e3779b97f4a7c15u) == 0xe220a8397b1dcdafu);
// FNV-1a of the empty text is its offset basis.
static_assert(hash_text("") == mix64(0xcbf29ce484222325u));
// FNV-1a of "foobar" (Fowler, Noll and Vo's test vectors).
static_assert(hash_text("foobar") == mix64(0x85944171f73967e8u));

TEST(Mix64, EachInputBitFlipsHalfOfTheOutput) {
  for (int bit = 0; bit < 64; ++bit) {
    int flipped = 0;
    constexpr int kSamples = 4000;
    for (std::uint64_t i = 0; i < kSamples; ++i) {
      const std::uint64_t x = i * 0x2545f4914f6cdd1du + i;
      flipped += std::popcount(mix64(x) ^ mix64(x ^ (std::uint64_t{1} << bit)));
    }
    // Five standard errors of 64 x 4000 fair coins.
    EXPECT_NEAR(flipped, 32 * kSamples, 5 * std::sqrt(16.0 * kSamples)) << "bit " << bit;
  }
}

TEST(HashCombine, DependsOnOrderAndKeepsShortKeysApart) {
  EXPECT_NE(hash_combine(1, 2), hash_combine(2, 1));
  std::set<std::uint64_t> seen;
  for (std::uint64_t a = 0; a < 200; ++a) {
    for (std::uint64_t b = 0; b < 200; ++b) {
      seen.insert(hash_combine(a, b));
    }
  }
  EXPECT_EQ(seen.size(), 40'000u);
}

TEST(HashText, SmallNamesDoNotCollide) {
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 20'000; ++i) {
    seen.insert(hash_text("pod-" + std::to_string(i)));
  }
  EXPECT_EQ(seen.size(), 20'000u);
}

}  // namespace
}  // namespace knetsim
