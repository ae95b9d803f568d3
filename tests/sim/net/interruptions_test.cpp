// Goal: interruptions come as a Poisson process over the time worked and last as a lognormal says. Method: uniform
// numbers on an even grid in place of drawn ones, so that shares and means come out to the grid's error, against the
// closed forms.

#include "sim/net/interruptions.h"

#include <gtest/gtest.h>

#include <cmath>

namespace knetsim {
namespace {

constexpr InterruptionLaw kLaw{.kind = 3, .per_ps = 1e-9, .median_ps = 40e6, .sigma = 0.5};  // 1,000/s of 40 us
constexpr int kGrid = 1'000'000;

double uniform(int i) { return (i + 0.5) / kGrid; }

TEST(Interruptions, ComeAsOftenAsAPoissonProcessAndTakeTheirMean) {
  for (const double work_ps : {1e6, 100e6, 1e9, 5e9}) {
    int none = 0;
    double lost = 0;
    for (int i = 0; i < kGrid; ++i) {
      const double span = kLaw.drawn_ps(work_ps, uniform(i));
      none += span == 0 ? 1 : 0;
      lost += span / kGrid;
    }
    const double expected = work_ps * kLaw.per_ps;
    EXPECT_NEAR(none, kGrid * std::exp(-expected), 2) << work_ps;
    const double mean = expected * kLaw.median_ps * std::exp(kLaw.sigma * kLaw.sigma / 2);
    EXPECT_NEAR(lost / mean, 1, 0.01) << work_ps;
  }
}

TEST(Interruptions, TheSameNumberTakesNoLessFromLongerWork) {
  for (int i = 0; i < 1'000; ++i) {
    const double at = (i + 0.5) / 1'000;
    bool hit = false;
    for (const double work_ps : {1e6, 1e7, 1e8, 1e9}) {
      const bool now = kLaw.drawn_ps(work_ps, at) > 0;
      EXPECT_TRUE(now || !hit);
      hit = now;
    }
  }
}

TEST(Interruptions, NoWorkLosesNothingAndTheEdgesAreFinite) {
  EXPECT_EQ(kLaw.drawn_ps(0, 0.999999), 0);
  EXPECT_TRUE(std::isfinite(kLaw.drawn_ps(1e9, 1 - 1e-16)));
}

}  // namespace
}  // namespace knetsim
