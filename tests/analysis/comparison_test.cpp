// Goal: what is called better or worse is; failures never make a variant better; several comparisons are told apart from
// one. Method: samples whose ratio is known by construction.

#include "analysis/comparison.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "analysis/effective_sample.h"

namespace knetsim {
namespace {

/// Replicates of `requests` lognormal times, each times `factor`; the same seed gives the same times.
std::vector<Sample> samples(double factor, std::uint64_t seed = 1, std::size_t replicates = 5,
                            std::size_t requests = 5'000) {
  std::mt19937_64 random(seed);
  std::lognormal_distribution<double> time(14, 0.4);
  std::vector<Sample> all(replicates);
  for (Sample& sample : all) {
    sample.parts.resize(kParts);
    for (std::size_t i = 0; i < requests; ++i) {
      const auto ns = static_cast<std::int64_t>(time(random) * factor);
      sample.ns.record(ns);
      sample.parts[i * kParts / requests].add(ns);
    }
  }
  return all;
}

Comparison judged(const std::vector<Sample>& base, const std::vector<Sample>& other) {
  VariantComparison found{.connect_p99 = {}, .request_p99 = compare_quantile(base, other, 0.99), .availability = {}};
  judge({&found, 1});
  return found.request_p99;
}

TEST(Comparison, OfScaledTimesFindsTheFactor) {
  const Comparison faster = judged(samples(1), samples(0.8));
  EXPECT_EQ(faster.verdict, ComparisonVerdict::Better);
  EXPECT_NEAR(faster.change, -0.2, 0.002);  // to the histogram's buckets
  EXPECT_LE(faster.interval.low, -0.2 + 0.002);
  EXPECT_GE(faster.interval.high, -0.2 - 0.002);
  EXPECT_EQ(judged(samples(1), samples(1.3)).verdict, ComparisonVerdict::Worse);
}

TEST(Comparison, OfTheSameIsTheSame) { EXPECT_EQ(judged(samples(1), samples(1)).verdict, ComparisonVerdict::Same); }

TEST(Comparison, OfOneLawWithOtherNumbersCannotTell) {
  const Comparison found = judged(samples(1, 1), samples(1, 2));
  EXPECT_EQ(found.verdict, ComparisonVerdict::CannotTell);
  EXPECT_LT(found.interval.low, 0);
  EXPECT_GT(found.interval.high, 0);
}

TEST(Comparison, NeverFallsByMoreThanAll) {
  const Comparison found = judged(samples(1, 1, 2, 3'000), samples(1e-4, 2, 2, 3'000));
  EXPECT_GT(found.interval.low, -1);
  EXPECT_LT(found.interval.low, found.change);
}

TEST(Comparison, OfFewRequestsIsTooShort) {
  const Comparison found = judged(samples(1, 1, 5, 300), samples(3, 1, 5, 300));  // 15 beyond the p99
  EXPECT_EQ(found.reason, VerdictReason::TooShort);
  EXPECT_EQ(found.verdict, ComparisonVerdict::CannotTell);
  EXPECT_LT(found.effective, kEnoughBeyond);
}

TEST(Comparison, OfOneReplicateHasNoVerdict) {
  const Comparison found = judged(samples(1, 1, 1), samples(0.5, 1, 1));
  EXPECT_EQ(found.reason, VerdictReason::OneReplicate);
  EXPECT_EQ(found.verdict, ComparisonVerdict::NotCompared);
  EXPECT_NEAR(found.change, -0.5, 0.002);
}

std::vector<Sample> with_failures(std::vector<Sample> all, std::uint64_t failed, std::uint64_t unfinished = 0) {
  for (Sample& sample : all) {
    sample.failed = failed;
    sample.ages.record(0, unfinished);
  }
  return all;
}

std::vector<Asked> asked_of(const std::vector<Sample>& all) {
  std::vector<Asked> asked;
  for (const Sample& sample : all) asked.push_back({sample.size(), sample.ns.count()});
  return asked;
}

VariantComparison whole(const std::vector<Sample>& base, const std::vector<Sample>& other) {
  VariantComparison found{.connect_p99 = {},
                          .request_p99 = compare_quantile(base, other, 0.99),
                          .availability = compare_availability(asked_of(base), asked_of(other))};
  judge({&found, 1});
  return found;
}

TEST(Comparison, AVariantThatFailsAThirdIsWorseHoweverFastTheRest) {
  const VariantComparison found = whole(samples(1), with_failures(samples(0.1), 2'800));  // 36 %
  EXPECT_EQ(found.request_p99.reason, VerdictReason::Infinite);
  EXPECT_EQ(found.request_p99.verdict, ComparisonVerdict::Worse);
  EXPECT_EQ(found.availability.verdict, ComparisonVerdict::Worse);
  EXPECT_NEAR(found.availability.change, -2'800.0 / 7'800, 1e-9);
}

TEST(Comparison, AFasterVariantThatFailsAFewMoreIsNotBetter) {
  const VariantComparison found = whole(samples(1), with_failures(samples(0.5), 20));  // 0.4 %
  EXPECT_EQ(found.request_p99.alone, ComparisonVerdict::Better);
  EXPECT_EQ(found.request_p99.verdict, ComparisonVerdict::NotBetter);
}

TEST(Comparison, FailuresInOneReplicateAreNoProofButNotBetterEither) {
  std::vector<Sample> bursty = samples(0.5);
  bursty[2].failed = 150;
  const VariantComparison found = whole(samples(1), bursty);
  EXPECT_EQ(found.availability.verdict, ComparisonVerdict::CannotTell);
  EXPECT_NE(found.request_p99.verdict, ComparisonVerdict::Better);
}

TEST(Comparison, FailuresThatBothHaveDoNotHideWhatIsFaster) {
  const VariantComparison found = whole(with_failures(samples(1), 10), with_failures(samples(0.5), 10));
  EXPECT_EQ(found.request_p99.verdict, ComparisonVerdict::Better);
}

TEST(Comparison, TwoLossesAlikeInTwoReplicatesAreNoProof) {
  const std::vector<Asked> base{{100'000, 100'000}, {100'000, 100'000}};
  const std::vector<Asked> other{{100'000, 99'999}, {100'000, 99'999}};
  VariantComparison found{.connect_p99 = {}, .request_p99 = {}, .availability = compare_availability(base, other)};
  judge({&found, 1});
  EXPECT_EQ(found.availability.verdict, ComparisonVerdict::CannotTell);
}

TEST(Comparison, OfALowerBoundThereIsNone) {
  const VariantComparison found = whole(samples(1), with_failures(samples(0.1), 0, 500));
  EXPECT_EQ(found.request_p99.reason, VerdictReason::LowerBound);
  EXPECT_EQ(found.request_p99.verdict, ComparisonVerdict::NotCompared);
}

// Twenty comparisons of one law: alone, one in twenty is significant; together none is, with 95 % probability.
TEST(Comparison, WhatIsSignificantAloneIsNotSoAmongMany) {
  std::vector<VariantComparison> all;
  const std::vector<Sample> base = samples(1, 1);
  for (std::uint64_t seed = 2; seed < 22; ++seed) {
    all.push_back(
        {.connect_p99 = {}, .request_p99 = compare_quantile(base, samples(1, seed), 0.99), .availability = {}});
  }
  all.push_back({.connect_p99 = {}, .request_p99 = compare_quantile(base, samples(0.7, 1), 0.99), .availability = {}});
  judge(all);
  EXPECT_EQ(count_judged(all), 21U);
  for (std::size_t i = 0; i + 1 < all.size(); ++i) {
    const Comparison& one = all[i].request_p99;
    EXPECT_EQ(one.verdict, ComparisonVerdict::CannotTell);
    EXPECT_EQ(one.reason == VerdictReason::SeveralJudged, one.alone != ComparisonVerdict::CannotTell);
    EXPECT_GE(one.p_adjusted, one.p);
  }
  EXPECT_EQ(all.back().request_p99.verdict, ComparisonVerdict::Better);
}

}  // namespace
}  // namespace knetsim
