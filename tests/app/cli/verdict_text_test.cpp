// Goal: a line of the screen says what is known and what is not. Method: comparisons and outcomes made by hand.

#include "app/cli/verdict_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "app/cli/shown_quantile.h"

namespace knetsim {
namespace {

using testing::HasSubstr;
using testing::Not;

// Ranks by hand: 1 in 1 / (1 - q) lies beyond, and the median is everyone's.
TEST(ShownQuantile, NeedsOneObservationBeyondIt) {
  EXPECT_FALSE(has_quantile(0, 0.5));
  EXPECT_TRUE(has_quantile(1, 0.5));
  EXPECT_FALSE(has_quantile(9, 0.9));
  EXPECT_TRUE(has_quantile(10, 0.9)) << "10 x (1 - 0.9) is less than 1 in floating point";
  EXPECT_FALSE(has_quantile(99, 0.99));
  EXPECT_TRUE(has_quantile(100, 0.99));
  EXPECT_FALSE(has_quantile(999, 0.999));
  EXPECT_TRUE(has_quantile(1'000, 0.999));
}

Comparison compared(VerdictReason reason, double effective) {
  Comparison one;
  one.reason = reason;
  one.verdict = ComparisonVerdict::CannotTell;
  one.change = 0.25;
  one.interval = {-0.5, 2};
  one.effective = effective;
  return one;
}

TEST(VerdictText, ARowIsNeverMissingForWantOfObservations) {
  EXPECT_THAT(quantile_text("request p99", compared(VerdictReason::TooShort, 23), 1),
              HasSubstr("run too short (23 of 60 effective: 2.6x as long)"));
  for (const VerdictReason reason : {VerdictReason::TooShort, VerdictReason::OneReplicate}) {
    EXPECT_EQ(quantile_text("request p99", compared(reason, 0.4), 1),
              "request p99 not compared: run too short (less than 1 of 60 effective)");
  }
  EXPECT_EQ(quantile_text("request p99", compared(VerdictReason::OneReplicate, 1.5), 1),
            "request p99 +25 % (one replicate: no interval)");
}

TEST(VerdictText, ALowerBoundThatNothingBoundsHasNoInterval) {
  using std::numeric_limits;
  Slo slo;
  ObjectiveOutcome outcome{.holds = Holds::CannotTell,
                           .note = ObjectiveOutcome::Note::LowerBound,
                           .observed = 1.5e9,
                           .interval = {-1e9, numeric_limits<double>::infinity()}};
  EXPECT_EQ(observed_text(slo, outcome), "\u22651.50s (no interval)");
  outcome.interval.low = 1e9;
  EXPECT_EQ(observed_text(slo, outcome), "\u22651.50s (1s \u2026 no bound)");
  outcome.note = ObjectiveOutcome::Note::None;
  outcome.interval = {1e9, 2e9};
  EXPECT_EQ(observed_text(slo, outcome), "1.50s (1s \u2026 2s)");
}

}  // namespace
}  // namespace knetsim
