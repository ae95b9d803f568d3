// Moments against closed forms and against cancellation, Student's t against printed tables, and the interval's
// promise: the true mean lies inside as often as it says.
#include "sim/core/statistics.h"

#include <gtest/gtest.h>

#include <cmath>
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
