// Philox against its authors' implementation and published answers; streams against their promises: a stream depends on
// (seed, purpose, id) alone, two streams do not overlap, and uniforms pass moment and chi-square tests whose bounds
// come from theory. Fixed seeds.
#include "sim/core/random.h"

#include <gtest/gtest.h>

#include <Random123/philox.h>

#include <algorithm>
#include <cmath>
#include <random>  // uniform_random_bit_generator
#include <set>
#include <vector>

namespace knetsim {
namespace {

static_assert(std::uniform_random_bit_generator<RngStream>);
static_assert(sizeof(RngStream) <= 48);

// Known answers of Random123's test suite (kat_vectors, philox4x32 with 10 rounds).
static_assert(philox_block({0, 0, 0, 0}, {0, 0}) == PhiloxBlock{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
static_assert(philox_block({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}) ==
              PhiloxBlock{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
static_assert(philox_block({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
              PhiloxBlock{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});

TEST(Philox, AgreesWithRandom123OnRandomCountersAndKeys) {
  std::uint64_t state = 1;
  const auto word = [&state] { return static_cast<std::uint32_t>(mix64(++state)); };
  for (int i = 0; i < 10'000; ++i) {
    const PhiloxBlock counter{word(), word(), word(), word()};
    const std::array<std::uint32_t, 2> key{word(), word()};
    const r123::Philox4x32 reference;
    const auto expected =
        reference({{counter[0], counter[1], counter[2], counter[3]}}, r123::Philox4x32::ukey_type{{key[0], key[1]}});
    const PhiloxBlock found = philox_block(counter, key);
    ASSERT_TRUE(std::equal(found.begin(), found.end(), expected.begin())) << i;
  }
}

TEST(RngStream, StartsAtTheFirstBlockOfItsKeyAndId) {
  RngStream stream(0x1122334455667788u, 0x99aabbccddeeff00u);
  for (std::uint32_t block = 0; block < 3; ++block) {
    const PhiloxBlock expected = philox_block({block, 0, 0xddeeff00u, 0x99aabbccu}, {0x55667788u, 0x11223344u});
    for (const std::uint32_t word : expected) {
      EXPECT_EQ(stream.next_u32(), word);
    }
  }
}

TEST(RngStream, SixtyFourBitsAreTwoWordsOfOneBlock) {
  RngStream words(7, 9);
  RngStream pairs(7, 9);
  std::vector<std::uint32_t> w;
  for (int i = 0; i < 12; ++i) {
    w.push_back(words.next_u32());
  }
  const auto join = [&w](std::size_t low) { return std::uint64_t{w[low + 1]} << 32 | w[low]; };
  EXPECT_EQ(pairs.next_u64(), join(0));
  EXPECT_EQ(pairs.next_u32(), w[2]);
  EXPECT_EQ(pairs.next_u64(), join(4));  // word 3 is dropped
  EXPECT_EQ(pairs.next_u32(), w[6]);
  EXPECT_EQ(pairs.next_u32(), w[7]);
  EXPECT_EQ(pairs.next_u64(), join(8));
}

TEST(RngStream, CopyReplays) {
  RngStream stream = RandomStreams(3).get("copy", 1);
  stream.next_u32();
  RngStream copy = stream;
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(stream.next_u64(), copy.next_u64());
  }
}

TEST(RngStream, UniformStaysInsideTheOpenIntervalAtBothEnds) {
  // The extreme words, through the same arithmetic.
  const auto uniform_of = [](std::uint64_t bits) {
    return (static_cast<double>(static_cast<std::int64_t>(bits >> 12)) + 0.5) * 0x1p-52;
  };
  EXPECT_EQ(uniform_of(0), 0x1p-53);
  EXPECT_EQ(uniform_of(~std::uint64_t{0}), 1.0 - 0x1p-53);
  RngStream stream(1, 2);
  RngStream bits(1, 2);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(stream.uniform(), uniform_of(bits.next_u64()));
  }
}

TEST(RngStream, UniformHasTheMomentsAndTheFlatHistogramOfTheUniformLaw) {
  constexpr int kDraws = 1'000'000;
  constexpr int kCells = 1000;
  std::vector<int> cells(kCells);
  double sum = 0;
  double squares = 0;
  double lagged = 0;
  double previous = 0.5;
  RngStream stream = RandomStreams(42).get("uniformity", 0);
  for (int i = 0; i < kDraws; ++i) {
    const double u = stream.uniform();
    sum += u;
    squares += u * u;
    lagged += (u - 0.5) * (previous - 0.5);
    previous = u;
    ++cells[static_cast<std::size_t>(u * kCells)];
  }
  // Five standard errors each: Var(u) = 1/12, Var(u^2) = 4/45, Var of a product of two centred uniforms = 1/144.
  const double root = std::sqrt(static_cast<double>(kDraws));
  EXPECT_NEAR(sum / kDraws, 1.0 / 2, 5 * std::sqrt(1.0 / 12) / root);
  EXPECT_NEAR(squares / kDraws, 1.0 / 3, 5 * std::sqrt(4.0 / 45) / root);
  EXPECT_NEAR(lagged / kDraws, 0, 5 * std::sqrt(1.0 / 144) / root);
  double chi_square = 0;
  for (const int n : cells) {
    chi_square += (n - 1e-3 * kDraws) * (n - 1e-3 * kDraws) / (1e-3 * kDraws);
  }
  EXPECT_NEAR(chi_square, kCells - 1, 5 * std::sqrt(2.0 * (kCells - 1)));
}

// What one request draws must say nothing about the next request's draws: the first uniforms of consecutive ids, of
// consecutive parts and of consecutive seeds are themselves uniform and uncorrelated.
TEST(RandomStreams, NeighbouringIdsPartsAndSeedsAreIndependent) {
  constexpr int kDraws = 200'000;
  const auto check = [](auto first_of) {
    double sum = 0;
    double lagged = 0;
    double previous = 0.5;
    std::vector<int> cells(100);
    for (int i = 0; i < kDraws; ++i) {
      const double u = first_of(static_cast<std::uint64_t>(i));
      sum += u;
      lagged += (u - 0.5) * (previous - 0.5);
      previous = u;
      ++cells[static_cast<std::size_t>(u * 100)];
    }
    const double root = std::sqrt(static_cast<double>(kDraws));
    EXPECT_NEAR(sum / kDraws, 0.5, 5 * std::sqrt(1.0 / 12) / root);
    EXPECT_NEAR(lagged / kDraws, 0, 5 * std::sqrt(1.0 / 144) / root);
    double chi_square = 0;
    for (const int n : cells) {
      chi_square += (n - 0.01 * kDraws) * (n - 0.01 * kDraws) / (0.01 * kDraws);
    }
    EXPECT_NEAR(chi_square, 99, 5 * std::sqrt(2.0 * 99));
  };
  constexpr Purpose kPurpose("request.size");
  const RandomStreams streams(42);
  check([&](std::uint64_t i) { return streams.get(kPurpose, i).uniform(); });
  check([&](std::uint64_t i) { return streams.get(kPurpose.of(i), 0).uniform(); });
  check([&](std::uint64_t i) { return RandomStreams(i).get(kPurpose, 0).uniform(); });
}

TEST(RandomStreams, StreamDependsOnSeedPurposeAndIdOnly) {
  const RandomStreams streams(5);
  RngStream other = streams.get("other", 1);
  other.next_u64();
  EXPECT_EQ(streams.get("link.jitter", 3).next_u64(), RandomStreams(5).get(Purpose("link.jitter"), 3).next_u64());
  std::set<std::uint64_t> firsts;
  for (const std::uint64_t seed : {0u, 1u, 2u}) {
    for (const char* purpose : {"", "a", "b", "ab", "ba"}) {
      for (const std::uint64_t id : {0u, 1u, 2u}) {
        firsts.insert(RandomStreams(seed).get(purpose, id).next_u64());
      }
    }
  }
  EXPECT_EQ(firsts.size(), 45u);
}

TEST(RandomStreams, FirstValuesArePinned) {
  // Results of all runs hang on these; a change here is a change of every result.
  RngStream stream = RandomStreams(42).get("arrivals", 7);
  EXPECT_EQ(stream.next_u64(), 6095471827745195406u);
  EXPECT_EQ(stream.next_u64(), 4621215177090921502u);
  EXPECT_EQ(stream.next_u64(), 10817484218040170227u);
}

TEST(RngStream, BelowCoversItsRangeEvenly) {
  constexpr int kDraws = 700'000;
  std::vector<int> hits(7);
  RngStream stream(11, 13);
  for (int i = 0; i < kDraws; ++i) {
    const std::uint64_t k = stream.below(7);
    ASSERT_LT(k, 7u);
    ++hits[k];
  }
  for (const int n : hits) {
    EXPECT_NEAR(n, 100'000, 5 * std::sqrt(kDraws * (1.0 / 7) * (6.0 / 7)));
  }
  EXPECT_EQ(stream.below(1), 0u);
}

}  // namespace
}  // namespace knetsim
