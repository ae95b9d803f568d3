// Moments against closed forms and against cancellation, Student's t against printed tables, and the interval's
// promise: the true mean lies inside as often as it says.
#include "sim/core/statistics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "sim/core/distributions.h"

namespace knetsim {
namespace {

TEST(Moments, MatchTheClosedFormOfOneToN) {
  Moments moments;
  for (int i = 1; i <= 1000; ++i) {
    moments.add(i);
  }
  EXPECT_EQ(moments.count(), 1000u);
  EXPECT_NEAR(moments.mean(), 500.5, 1e-10);
  EXPECT_NEAR(moments.variance(), 1000 * 1001 / 12.0, 1e-7);
}

TEST(Moments, SurviveASmallSpreadOnALargeMean) {
  Moments moments;
  for (const double value : {1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16}) {
    moments.add(value);
  }
  EXPECT_EQ(moments.mean(), 1e9 + 10);
  EXPECT_NEAR(moments.variance(), 30, 1e-9);
}

TEST(Moments, OfFewerThanTwoValuesHaveNoSpread) {
  Moments moments;
  EXPECT_EQ(moments.variance(), 0);
  moments.add(3);
  EXPECT_EQ(moments.mean(), 3);
  EXPECT_EQ(moments.variance(), 0);
}

TEST(StudentT, AgreesWithPrintedTables) {
  // NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2, upper critical values of Student's t.
  EXPECT_NEAR(student_t_quantile(0.975, 1), 12.706, 5e-4);
  EXPECT_NEAR(student_t_quantile(0.975, 4), 2.776, 5e-4);
  EXPECT_NEAR(student_t_quantile(0.995, 19), 2.861, 5e-4);
  EXPECT_NEAR(student_t_quantile(0.95, 100), 1.660, 5e-4);
}

TEST(StudentT, TwoSidedProbabilityUndoesTheQuantile) {
  for (const double degrees : {1.0, 4.0, 7.5, 19.0, 99.0}) {
    EXPECT_NEAR(student_t_two_sided(student_t_quantile(0.975, degrees), degrees), 0.05, 1e-9);
    EXPECT_NEAR(student_t_two_sided(-student_t_quantile(0.995, degrees), degrees), 0.01, 1e-9);
  }
  EXPECT_EQ(student_t_two_sided(0, 4), 1);
  EXPECT_EQ(student_t_two_sided(std::numeric_limits<double>::infinity(), 4), 0);
}

// The ends of Clopper and Pearson's interval are where the binomial tails are 2.5 %: without successes 1 - 0.025^(1/n),
// the "rule of three" at one side; of 4 in 20 as R's binom.test(4, 20) prints it: 0.05733400 0.43661410.
TEST(BinomialBounds, AreTheExactOnes) {
  EXPECT_NEAR(binomial_bounds(0, 19, 0.95).high, 1 - std::pow(0.025, 1.0 / 19), 1e-12);
  EXPECT_EQ(binomial_bounds(0, 19, 0.95).low, 0);
  EXPECT_NEAR(binomial_bounds(19, 19, 0.95).low, std::pow(0.025, 1.0 / 19), 1e-12);
  EXPECT_EQ(binomial_bounds(19, 19, 0.95).high, 1);
  EXPECT_NEAR(binomial_bounds(4, 20, 0.95).low, 0.0573340, 1e-7);
  EXPECT_NEAR(binomial_bounds(4, 20, 0.95).high, 0.4366141, 1e-7);
  EXPECT_EQ(binomial_bounds(0, 0, 0.95).low, 0);
  EXPECT_EQ(binomial_bounds(0, 0, 0.95).high, 1);
}

TEST(BinomialAtLeast, SumsTheTail) {
  EXPECT_NEAR(binomial_at_least(3, 3, 0.5), 0.125, 1e-12);
  EXPECT_NEAR(binomial_at_least(2, 3, 0.5), 0.5, 1e-12);
  EXPECT_EQ(binomial_at_least(0, 3, 0.5), 1);
  EXPECT_EQ(binomial_at_least(4, 3, 0.5), 0);
}

// The example of Holm's procedure that multiple-testing texts compute by hand: the smallest of four counts four times,
// the next three times, and none may fall below the one before it.
TEST(HolmAdjusted, MultipliesByWhatIsLeftAndNeverFalls) {
  const std::vector<double> p{0.01, 0.04, 0.03, 0.005};
  const std::vector<double> adjusted = holm_adjusted(p);
  EXPECT_NEAR(adjusted[3], 0.02, 1e-12);
  EXPECT_NEAR(adjusted[0], 0.03, 1e-12);
  EXPECT_NEAR(adjusted[2], 0.06, 1e-12);
  EXPECT_NEAR(adjusted[1], 0.06, 1e-12);  // 0.04 times 1 would fall below
  EXPECT_TRUE(holm_adjusted({}).empty());
  EXPECT_EQ(holm_adjusted(std::vector<double>{0.9, 0.8})[1], 1);
}

TEST(MeanInterval, IsInfiniteForFewerThanTwoValues) {
  EXPECT_TRUE(std::isinf(mean_interval({}, 0.95).half_width));
  const std::vector<double> one{3};
  EXPECT_EQ(mean_interval(one, 0.95).mean, 3);
  EXPECT_TRUE(std::isinf(mean_interval(one, 0.95).half_width));
}

TEST(MeanInterval, HoldsTheTrueMeanAsOftenAsItSays) {
  // 4,000 samples of five normal numbers: 95 % of the intervals hold 0, within five standard errors of that share.
  RngStream rng = RandomStreams(1).get("samples", 0);
  int inside = 0;
  constexpr int kSamples = 4000;
  for (int i = 0; i < kSamples; ++i) {
    std::vector<double> values(5);
    for (double& value : values) {
      value = standard_normal(rng);
    }
    const Interval interval = mean_interval(values, 0.95);
    inside += interval.low() <= 0 && 0 <= interval.high() ? 1 : 0;
  }
  EXPECT_NEAR(inside, 0.95 * kSamples, 5 * std::sqrt(0.95 * 0.05 * kSamples));
}

}  // namespace
}  // namespace knetsim
