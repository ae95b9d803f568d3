// Goal: a figure over times that are partly unknown is never more certain than they are. Method: small samples whose
// quantiles follow from the definition (nearest rank), and random ones whose unknown times are then filled in: what was
// said before has to hold whatever they turned out to be.

#include "sim/core/censored_times.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "sim/core/random.h"

namespace knetsim {
namespace {

using Kind = CensoredValue::Kind;

constexpr CensoredValue exactly(std::int64_t value) { return {.kind = Kind::Exact, .value = value}; }
constexpr CensoredValue at_least(std::int64_t value) { return {.kind = Kind::AtLeast, .value = value}; }
constexpr CensoredValue kInfinite = {.kind = Kind::Infinite};

Histogram of(const std::vector<std::int64_t>& values) {
  Histogram histogram;
  for (const std::int64_t value : values) histogram.record(value);
  return histogram;
}

TEST(NearestRank, IsTheProductRoundedUpWhateverItsRoundingError) {
  EXPECT_EQ(Histogram::nearest_rank(0.5, 200), 100u);
  EXPECT_EQ(Histogram::nearest_rank(0.5, 201), 101u);
  EXPECT_EQ(Histogram::nearest_rank(0.99, 100), 99u);
  EXPECT_EQ(Histogram::nearest_rank(0.999, 19), 19u);
  EXPECT_EQ(Histogram::nearest_rank(0, 7), 1u);
  EXPECT_EQ(Histogram::nearest_rank(1, 7), 7u);
  for (std::uint64_t percent = 1; percent <= 100; ++percent) {  // 0.07 x 100 is 7.000000000000001
    EXPECT_EQ(Histogram::nearest_rank(static_cast<double>(percent) / 100, 100), percent);
    EXPECT_EQ(Histogram::nearest_rank(static_cast<double>(percent) / 100, 100'000'000), percent * 1'000'000);
  }
}

TEST(CensoredTimes, WithoutUnknownOnesAQuantileIsAnObservation) {
  const Histogram half_and_half = of({57, 57, 57, 57, 2000, 2000, 2000, 2000});
  const CensoredTimes times(half_and_half, {});
  EXPECT_EQ(times.quantile(0.5), exactly(57));
  EXPECT_EQ(times.quantile(0.51), exactly(2000));
  EXPECT_EQ(times.mean(), exactly(1029));  // 1028.5
  EXPECT_EQ(times.max(), exactly(2000));
  EXPECT_EQ(CensoredTimes({}, {}).quantile(0.5), CensoredValue{});
}

TEST(CensoredTimes, FailedOnesAreInfinitelyLong) {
  const Histogram ended = of({1, 2, 3, 4, 5, 6, 7, 8, 9});
  const CensoredTimes times(ended, {}, 1);
  EXPECT_EQ(times.quantile(0.9), exactly(9));
  EXPECT_EQ(times.quantile(0.91), kInfinite);
  EXPECT_EQ(times.mean(), kInfinite);
  EXPECT_EQ(times.max(), kInfinite);
  EXPECT_EQ(CensoredTimes({}, {}, 3).quantile(0.01), kInfinite);
}

TEST(CensoredTimes, UnfinishedOnesMakeALowerBoundOnlyWhereTheyDecide) {
  const Histogram ended = of({10, 20, 30, 40, 50, 60, 70, 80});
  const Histogram old = of({100, 100}), young = of({15, 15});
  EXPECT_EQ(CensoredTimes(ended, old).quantile(0.8), exactly(80));
  EXPECT_EQ(CensoredTimes(ended, old).quantile(0.9), at_least(100));
  EXPECT_EQ(CensoredTimes(ended, young).quantile(0.1), exactly(10));
  EXPECT_EQ(CensoredTimes(ended, young).quantile(0.3), at_least(15));  // 30 where both end late, 15 where at once
  EXPECT_EQ(CensoredTimes(ended, young).quantile(0.8), at_least(60));
  EXPECT_EQ(CensoredTimes(ended, young).max(), at_least(80));
  EXPECT_EQ(CensoredTimes(ended, old, 10).quantile(0.5), at_least(100));
  EXPECT_EQ(CensoredTimes(ended, old, 10).quantile(0.51), kInfinite);
}

TEST(CensoredTimes, WhatIsSaidHoldsWhateverTheUnknownOnesTurnOutToBe) {
  RngStream draws = RandomStreams(1).get(Purpose("test.censored"), 0);
  for (int trial = 0; trial < 300; ++trial) {
    std::vector<std::int64_t> ended, ages, truth;
    const std::uint64_t failed = draws.below(4);
    for (std::uint64_t i = draws.below(20); i > 0; --i) {
      ended.push_back(static_cast<std::int64_t>(draws.below(2000)));
    }
    for (std::uint64_t i = draws.below(8); i > 0; --i) ages.push_back(static_cast<std::int64_t>(draws.below(2000)));
    const Histogram known = of(ended), unfinished = of(ages);
    const CensoredTimes times(known, unfinished, failed);
    if (times.count() == 0) continue;
    for (int completion = 0; completion < 10; ++completion) {
      constexpr std::int64_t kForEver = 1'000'000'000;
      truth = ended;
      for (const std::int64_t age : ages) {
        truth.push_back(draws.below(3) == 0 ? kForEver : age + static_cast<std::int64_t>(draws.below(1000)));
      }
      truth.insert(truth.end(), failed, kForEver);
      std::sort(truth.begin(), truth.end());
      for (const double q : {0.01, 0.25, 0.5, 0.75, 0.9, 0.99}) {
        const std::int64_t actual = truth[Histogram::nearest_rank(q, truth.size()) - 1];
        const CensoredValue said = times.quantile(q);
        if (said.kind == Kind::Infinite) {
          EXPECT_EQ(actual, kForEver);
        }
        if (said.kind == Kind::Exact) {
          EXPECT_EQ(actual, said.value);
        }
        if (said.kind == Kind::AtLeast) {
          EXPECT_GE(actual, said.value);
        }
      }
    }
  }
}

}  // namespace
}  // namespace knetsim
