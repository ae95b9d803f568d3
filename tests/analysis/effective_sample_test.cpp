// Goal: a series that is alike over n observations is worth an n-th of them. Method: independent ones; blocks of equal
// times, whose design effect is the block's length; M/M/1 at two loads.

#include "analysis/effective_sample.h"

#include <gtest/gtest.h>

#include <random>

#include "mm1.h"

namespace knetsim {
namespace {

/// `blocks` blocks of `length` equal lognormal times over the measured time.
Sample in_blocks(std::mt19937_64& random, std::size_t blocks, std::size_t length) {
  std::lognormal_distribution<double> time(13, 0.5);
  Sample sample;
  sample.parts.resize(kParts);
  for (std::size_t block = 0; block < blocks; ++block) {
    const auto ns = static_cast<std::int64_t>(time(random));
    for (std::size_t i = 0; i < length; ++i) {
      sample.ns.record(ns);
      sample.parts[block * kParts / blocks].add(ns);
    }
  }
  return sample;
}

// The estimate is a chi-square over its 57 or more degrees: within 3 x sqrt(2 / 57) = 56 % of the truth.
TEST(DesignEffect, OfBlocksIsTheirLength) {
  std::mt19937_64 random(7);
  for (const std::size_t replicates : {5U, 20U, 60U}) {
    for (const std::size_t length : {1U, 10U, 100U}) {
      std::vector<Sample> samples;
      for (std::size_t i = 0; i < replicates; ++i) samples.push_back(in_blocks(random, 200, length));
      const auto truth = static_cast<double>(length);
      EXPECT_NEAR(design_effect(samples), truth, 0.56 * truth) << replicates << " replicates, " << length;
      EXPECT_GE(design_effect(samples), 1);
    }
  }
}

TEST(DesignEffect, DoesNotTakeALoadThatChangesForCorrelation) {
  std::vector<Sample> samples(20);
  std::mt19937_64 random(3);
  std::lognormal_distribution<double> time(13, 0.2);
  for (Sample& sample : samples) {
    sample.parts.resize(kParts);
    for (std::size_t i = 0; i < 2'000; ++i) {
      const auto ns =
          static_cast<std::int64_t>(time(random) * (i < 1'000 ? 1 : 4));  // four times as slow, from the middle on
      sample.ns.record(ns);
      sample.parts[i * kParts / 2'000].add(ns);
    }
  }
  EXPECT_LT(design_effect(samples), 1.5);
}

TEST(DesignEffect, OfNothingIsOne) {
  std::vector<Sample> samples(2);
  for (Sample& sample : samples) sample.parts.resize(kParts);
  EXPECT_EQ(design_effect(samples), 1);
  EXPECT_EQ(effective_beyond(samples, 0.99), 0);
}

// The load decides how many requests are worth one: of the waiting time's mean 3.8 at 0.3 and 154 at 0.85, by its
// asymptotic variance over its variance, (2 + 5r - 4r^2 + r^3) / ((2 - r) (1 - r)^2) (Whitt, Management Science 35, 1989);
// of the logarithm fewer, since it is in the short times that come between.
TEST(DesignEffect, OfAQueueGrowsWithItsLoad) {
  const auto at = [](double load) {
    std::vector<Sample> samples;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      samples.push_back(testing::PairOfQueues{
          .arrivals_per_s = 1'000 * load, .service_s = 1e-3, .other_service_s = 1e-3, .measured_s = 20}
                            .sample(seed)[0]);
    }
    return design_effect(samples);
  };
  EXPECT_LT(at(0.3), 3.8);
  EXPECT_GT(at(0.85), 20);
  EXPECT_LT(at(0.85), 154);
}

}  // namespace
}  // namespace knetsim
