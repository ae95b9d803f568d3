// Goal: the standard error of an estimate is that of a mean of its replicates' influences, with Student's degrees of
// freedom. Method: closed forms, and Satterthwaite's rule by hand.

#include "analysis/spread.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace knetsim {
namespace {

TEST(Spread, OfAlternatingInfluencesIsTheMeansOwn) {
  const std::vector<double> influence{1, -1, 1, -1, 1, -1};  // s^2 = 6/5, kurtosis 1: nothing stands out
  const Spread spread = spread_of(influence);
  EXPECT_NEAR(spread.standard_error, std::sqrt(1.2 / 6), 1e-12);
  EXPECT_NEAR(spread.degrees, 5, 1e-12);
}

TEST(Spread, HasFewerDegreesWhereOneReplicateStandsOut) {
  // Ten influences, nine of -1 and one of 9: sum of squares 90, of fourths 6,570; kurtosis 10 x 6,570 / 8,100 = 8.111.
  std::vector<double> influence(9, -1);
  influence.push_back(9);
  EXPECT_NEAR(spread_of(influence).degrees, 1 / (1.0 / 9 + (65'700.0 / 8'100 - 3) / 20), 1e-12);
}

TEST(Spread, OfOneReplicateSaysNothing) {
  const std::vector<double> influence{0};
  const Spread spread = spread_of(influence);
  EXPECT_TRUE(std::isinf(student_interval(3, spread, 0.95).high));
  EXPECT_TRUE(std::isinf(student_interval(3, spread, 0.95).low));
  EXPECT_EQ(student_p(3, spread), 1);
}

TEST(Spread, WithoutAnyIsCertain) {
  const std::vector<double> influence{0, 0, 0};
  const Spread spread = spread_of(influence);
  EXPECT_EQ(student_interval(3, spread, 0.95).high, 3);
  EXPECT_EQ(student_p(3, spread), 0);
  EXPECT_EQ(student_p(0, spread), 1);
}

TEST(Spread, IntervalAndProbabilityAgree) {
  const std::vector<double> influence{0.5, -1.5, 2, 0.25, -1.25};
  const Spread spread = spread_of(influence);
  const Bounds interval = student_interval(0, spread, 0.95);
  EXPECT_NEAR(student_p(interval.high, spread), 0.05, 1e-9);
}

}  // namespace
}  // namespace knetsim
