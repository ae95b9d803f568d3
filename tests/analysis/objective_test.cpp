// Goal: an objective is met or missed only where the replicates show it; failures and what did not end are never to its
// favour. Method: samples made by hand against exact binomial limits.

#include "analysis/objective.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace knetsim {
namespace {

using Note = ObjectiveOutcome::Note;

Sample times(std::int64_t ns, std::uint64_t count, std::uint64_t failed = 0, std::uint64_t unfinished = 0) {
  Sample sample{.failed = failed};
  sample.ages.record(0, unfinished);  // of no age that says anything
  sample.parts.resize(kParts);
  for (std::uint64_t i = 0; i < count; ++i) {
    sample.ns.record(ns);
    sample.parts[i * kParts / count].add(ns);
  }
  return sample;
}

// Without one late request of n, the share of late ones is below 1 - 0.025^(1/n): 1 % from n = 368 on.
TEST(QuantileBelow, NeedsEnoughRequestsToBeMet) {
  const Limit limit{.value = 10e6};
  EXPECT_EQ(quantile_below(std::vector{times(5'000'000, 19)}, 0.99, limit).holds, Holds::CannotTell);
  EXPECT_EQ(quantile_below(std::vector{times(5'000'000, 366)}, 0.99, limit).holds, Holds::CannotTell);
  EXPECT_EQ(quantile_below(std::vector{times(5'000'000, 370)}, 0.99, limit).holds, Holds::Met);
  EXPECT_EQ(quantile_below(std::vector{times(5'000'000, 200), times(5'000'000, 200)}, 0.99, limit).holds, Holds::Met);
}

TEST(QuantileBelow, IsMissedWhereAllIsLate) {
  EXPECT_EQ(quantile_below(std::vector{times(20'000'000, 100)}, 0.99, {.value = 10e6}).holds, Holds::Missed);
  EXPECT_EQ(quantile_below(std::vector{times(10'000'000, 100)}, 0.99, {.value = 10e6}).holds, Holds::Missed);
  EXPECT_EQ(quantile_below(std::vector{times(10'000'000, 1'000)}, 0.99, {.value = 10e6, .or_equal = true}).holds,
            Holds::Met);
}

TEST(QuantileBelow, NothingThatSucceedsMeetsNothing) {
  const ObjectiveOutcome found = quantile_below(std::vector{times(0, 0, 60), times(0, 0, 60)}, 0.99, {.value = 10e6});
  EXPECT_EQ(found.holds, Holds::Missed);
  EXPECT_EQ(found.note, Note::Infinite);
  EXPECT_TRUE(std::isinf(found.observed));
}

TEST(QuantileBelow, ALowerBoundPassesNothing) {
  const ObjectiveOutcome found = quantile_below(std::vector{times(1'000, 900, 0, 100)}, 0.99, {.value = 10e6});
  EXPECT_EQ(found.holds, Holds::CannotTell);
  EXPECT_EQ(found.note, Note::LowerBound);
}

// Whatever they come to, requests that have gone on for 10 s are later than 10 ms: a server that answers nobody misses.
TEST(QuantileBelow, WhatHasGoneOnForLongerThanTheLimitIsLate) {
  const auto waiting = [](std::uint64_t answered, std::uint64_t hanging) {
    Sample sample = times(1'000, answered);
    sample.ages.record(10'000'000'000, hanging);
    return std::vector{sample, sample, sample};
  };
  const Limit limit{.value = 10e6};
  for (const double q : {0.5, 0.99}) {
    const ObjectiveOutcome found = quantile_below(waiting(0, 500), q, limit);
    EXPECT_EQ(found.holds, Holds::Missed);
    EXPECT_EQ(found.note, Note::LowerBound);
    EXPECT_NEAR(found.observed, 10e9, 10e9 / 128) << "what it takes at least";
  }
  EXPECT_EQ(quantile_below(waiting(500, 500), 0.9, limit).holds, Holds::Missed);
  EXPECT_EQ(quantile_below(waiting(500, 100), 0.5, limit).holds, Holds::Met) << "they may take as long as they like";
  EXPECT_EQ(quantile_below(waiting(500, 500), 0.9, {.value = 20e9}).holds, Holds::CannotTell) << "20 s are not over";
  EXPECT_EQ(mean_below(waiting(500, 500), limit).holds, Holds::Missed);
  EXPECT_EQ(mean_below({waiting(0, 500).data(), 1}, limit).holds, Holds::Missed);
  EXPECT_EQ(mean_below(waiting(500, 500), {.value = 20e9}).holds, Holds::CannotTell);
  EXPECT_EQ(maximum_below(waiting(500, 1), limit).holds, Holds::Missed);
  EXPECT_EQ(maximum_below(waiting(500, 1), {.value = 20e9}).holds, Holds::CannotTell);
}

TEST(QuantileBelow, OfNothingIsMissed) {
  const ObjectiveOutcome found = quantile_below(std::vector{times(0, 0)}, 0.99, {.value = 10e6});
  EXPECT_EQ(found.holds, Holds::Missed);
  EXPECT_EQ(found.note, Note::NothingObserved);
}

// Five replicates of lognormal times whose true p99 is exp(14 + 0.4 x 2.3263) = 3.05 ms: a bound a tenth above is met, a
// tenth below missed, the p99 itself cannot be told.
TEST(QuantileBelow, KnowsNoise) {
  std::mt19937_64 random(5);
  std::lognormal_distribution<double> time(14, 0.4);
  std::vector<Sample> replicates(5);
  for (Sample& sample : replicates) {
    sample.parts.resize(kParts);
    for (std::size_t i = 0; i < 10'000; ++i) {
      const auto ns = static_cast<std::int64_t>(time(random));
      sample.ns.record(ns);
      sample.parts[i * kParts / 10'000].add(ns);
    }
  }
  const double p99 = std::exp(14 + 0.4 * 2.326348);
  EXPECT_EQ(quantile_below(replicates, 0.99, {.value = 1.1 * p99}).holds, Holds::Met);
  EXPECT_EQ(quantile_below(replicates, 0.99, {.value = 0.9 * p99}).holds, Holds::Missed);
  EXPECT_EQ(quantile_below(replicates, 0.99, {.value = p99}).holds, Holds::CannotTell);
}

TEST(MeanBelow, IsJudgedByItsInterval) {
  const std::vector<Sample> replicates{times(9'000'000, 100), times(10'000'000, 100), times(11'000'000, 100)};
  // 10 ms, s = 1 ms, t(0.975, 2) = 4.303: 10 +- 2.48 ms.
  const ObjectiveOutcome found = mean_below(replicates, {.value = 11e6});
  EXPECT_EQ(found.observed, 10e6);
  EXPECT_NEAR(found.interval.high, 10e6 + 4.3027 * 1e6 / std::sqrt(3.0), 1e3);
  EXPECT_EQ(found.holds, Holds::CannotTell);
  EXPECT_EQ(mean_below(replicates, {.value = 13e6}).holds, Holds::Met);
  EXPECT_EQ(mean_below(replicates, {.value = 7e6}).holds, Holds::Missed);
  EXPECT_EQ(mean_below(std::vector{times(1'000, 100, 1)}, {.value = 13e6}).holds, Holds::Missed);
}

TEST(MaximumBelow, SpeaksOfWhatWasSimulated) {
  EXPECT_EQ(maximum_below(std::vector{times(100, 5)}, {.value = 100}).holds, Holds::Missed);
  EXPECT_EQ(maximum_below(std::vector{times(100, 5)}, {.value = 100, .or_equal = true}).holds, Holds::Met);
  EXPECT_EQ(maximum_below(std::vector{times(100, 5, 1)}, {.value = 200}).holds, Holds::Missed);
  EXPECT_EQ(maximum_below(std::vector{times(100, 5, 0, 1)}, {.value = 200}).holds, Holds::CannotTell);
}

TEST(ShareBelow, IsExactWithoutEvents) {
  const std::vector<Tally> none{{0, 1'000}, {0, 1'000}};
  EXPECT_NEAR(share_interval(none, 0.95).high, 1 - std::pow(0.025, 1.0 / 2'000), 1e-12);
  EXPECT_EQ(share_below(none, none, {.value = 0.01}).holds, Holds::Met);
  EXPECT_EQ(share_below(none, none, {.value = 0.001}).holds, Holds::CannotTell);  // 0.18 % is not excluded
}

// Failures that come in one of five replicates tell less than as many that come evenly.
TEST(ShareBelow, KnowsBursts) {
  const std::vector<Tally> even{{10, 10'000}, {11, 10'000}, {9, 10'000}, {10, 10'000}, {10, 10'000}};
  const std::vector<Tally> burst{{50, 10'000}, {0, 10'000}, {0, 10'000}, {0, 10'000}, {0, 10'000}};
  EXPECT_EQ(share_below(even, even, {.value = 0.002}).holds, Holds::Met);
  EXPECT_EQ(share_below(burst, burst, {.value = 0.002}).holds, Holds::CannotTell);
  EXPECT_EQ(share_below(even, even, {.value = 0.0002}).holds, Holds::Missed);
}

TEST(ShareBelow, WhatDidNotEndCountsAgainstBoth) {
  const std::vector<Tally> certain{{0, 10'000}, {0, 10'000}};
  const std::vector<Tally> possible{{500, 10'000}, {500, 10'000}};
  EXPECT_EQ(share_below(certain, possible, {.value = 0.01}).holds, Holds::CannotTell);
}

TEST(RateAbove, IsJudgedByItsInterval) {
  const std::vector<double> rates{990, 1'000, 1'010};  // 1,000 +- 24.8
  EXPECT_EQ(rate_above(rates, {.value = 900}).holds, Holds::Met);
  EXPECT_EQ(rate_above(rates, {.value = 990}).holds, Holds::CannotTell);
  EXPECT_EQ(rate_above(rates, {.value = 1'100}).holds, Holds::Missed);
  const std::vector<double> even(3, 900);
  EXPECT_EQ(rate_above(even, {.value = 900}).holds, Holds::Missed);
  EXPECT_EQ(rate_above(even, {.value = 900, .or_equal = true}).holds, Holds::Met);
}

}  // namespace
}  // namespace knetsim
