// Goal: the quantile of all replicates together is the nearest rank, of what failed or did not end it says so, and its
// interval holds the truth. Method: samples of known order statistics, and exponential ones, whose quantiles are known.

#include "analysis/pooled_quantile.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace knetsim {
namespace {

using Kind = PooledQuantile::Kind;

Sample of(std::initializer_list<std::int64_t> times, std::uint64_t failed = 0, std::uint64_t unfinished = 0) {
  Sample sample{.failed = failed};
  sample.ages.record(0, unfinished);  // of no age that says anything
  for (const std::int64_t ns : times) sample.ns.record(ns);
  return sample;
}

TEST(PooledQuantile, IsTheNearestRankAndNeverBetweenTwoTimes) {
  Sample half;
  half.ns.record(57'000, 100);
  half.ns.record(2'000'000'000, 100);
  const std::vector<Sample> replicates{half, half};
  EXPECT_NEAR(pooled_quantile(replicates, 0.5).ns, 57'000, 57'000 / 1024.0);
  EXPECT_NEAR(pooled_quantile(replicates, 0.51).ns, 2e9, 2e9 / 1024.0);
}

TEST(PooledQuantile, OfEqualTimesIsThatTime) {
  const std::vector<Sample> replicates{of({1'000'000, 1'000'000}), of({1'000'000, 1'000'000})};
  EXPECT_EQ(pooled_quantile(replicates, 0.99).ns, 1e6);
  EXPECT_EQ(pooled_quantile(replicates, 0.99).interval_ns.low, 1e6);
  EXPECT_EQ(pooled_quantile(replicates, 0.99).interval_ns.high, 1e6);
}

// Of 100 requests the 99th is the p99: one that failed leaves it a time, two do not.
TEST(PooledQuantile, IsInfiniteWhereItsRankFailed) {
  Sample sample;
  sample.ns.record(1'000, 99);
  sample.failed = 1;
  EXPECT_EQ(pooled_quantile(std::vector{sample}, 0.99).kind, Kind::Finite);
  sample.ns = {};
  sample.ns.record(1'000, 98);
  sample.failed = 2;
  EXPECT_EQ(pooled_quantile(std::vector{sample}, 0.99).kind, Kind::Infinite);
}

TEST(PooledQuantile, IsALowerBoundWhereItsRankDidNotEnd) {
  EXPECT_EQ(pooled_quantile(std::vector{of({1, 2, 3}, 0, 5)}, 0.9).kind, Kind::LowerBound);
  EXPECT_EQ(pooled_quantile(std::vector{of({1, 2, 3}, 5, 1)}, 0.4).kind, Kind::LowerBound);
  EXPECT_EQ(pooled_quantile(std::vector{of({1, 2, 3}, 5, 1)}, 0.9).kind, Kind::Infinite);
}

TEST(PooledQuantile, OfNothingIsNone) { EXPECT_EQ(pooled_quantile(std::vector<Sample>(3), 0.5).kind, Kind::None); }

TEST(PooledQuantile, HasNoIntervalWithOneReplicate) {
  const PooledQuantile found = pooled_quantile(std::vector{of({1'000, 2'000, 3'000})}, 0.5);
  EXPECT_EQ(found.interval_ns.low, 0);
  EXPECT_TRUE(std::isinf(found.interval_ns.high));
}

// 1,000 experiments of ten replicates with 500 exponential times each, p99 = ln 100 = 4.605 means: 95 % of the intervals
// hold it, within four standard errors of that share.
TEST(PooledQuantile, IntervalHoldsTheTruthAsOftenAsItSays) {
  std::mt19937_64 random(1);
  std::exponential_distribution<double> exponential(1);
  int holds = 0;
  constexpr int kTrials = 1'000;
  for (int trial = 0; trial < kTrials; ++trial) {
    std::vector<Sample> replicates(10);
    for (Sample& sample : replicates) {
      for (int i = 0; i < 500; ++i) sample.ns.record(static_cast<std::int64_t>(exponential(random) * 1e6));
    }
    const PooledQuantile found = pooled_quantile(replicates, 0.99);
    const double truth = std::log(100.0) * 1e6;
    holds += found.interval_ns.low <= truth && truth <= found.interval_ns.high ? 1 : 0;
  }
  EXPECT_NEAR(holds, 0.95 * kTrials, 4 * std::sqrt(0.95 * 0.05 * kTrials));
}

}  // namespace
}  // namespace knetsim
