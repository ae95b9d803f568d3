#include "sim/net/scan_cost.h"

#include <gtest/gtest.h>

#include <cmath>

// Goal: a scan costs what its definition says: per item, by the probabilities of the cache level that holds it.
// Method: the closed form against the sum of its integrand over many small slices, and its bounds.

namespace knetsim {
namespace {

constexpr ScanCurve kCurve{
    .warm_ps = 4'000, .far_ps = 12'000, .cold_ps = 24'000, .cache_bytes = 1 << 20, .forget_ps = 5e9};  // 1 MiB, 5 ms

double by_slices(const ScanCurve& curve, double items, double item_bytes, double pause_ps) {
  constexpr int kSlices = 200'000;
  double sum = 0;
  for (int i = 0; i < kSlices; ++i) {
    const double offset = items * item_bytes * (i + 0.5) / kSlices;
    const double kept = std::exp(-pause_ps / curve.forget_ps);
    const double near = std::exp(-offset / curve.cache_bytes);
    sum += (kept * (near * curve.warm_ps + (1 - near) * curve.far_ps) + (1 - kept) * curve.cold_ps) * items / kSlices;
  }
  return sum;
}

TEST(ScanCost, ClosedFormEqualsTheSumOverItems) {
  for (const double items : {1.0, 50.0, 5'000.0, 30'000.0}) {
    for (const std::int64_t pause_us : {0, 100, 5'000, 20'000}) {
      const double expected = by_slices(kCurve, items, 200, static_cast<double>(pause_us) * 1e6);
      EXPECT_NEAR(kCurve.cost_ps(items, 200, std::chrono::microseconds(pause_us)) / expected, 1, 1e-9)
          << items << " items after " << pause_us << " us";
    }
  }
}

TEST(ScanCost, LiesBetweenWarmAndColdAndGrowsWithThePause) {
  double before = 0;
  for (const std::int64_t pause_us : {0, 10, 1'000, 10'000, 100'000, 1'000'000}) {
    const double cost = kCurve.cost_ps(1'000, 200, std::chrono::microseconds(pause_us));
    EXPECT_GE(cost, 1'000 * kCurve.warm_ps);
    EXPECT_LE(cost, 1'000 * kCurve.cold_ps);
    EXPECT_GT(cost, before);
    before = cost;
  }
  EXPECT_EQ(kCurve.cost_ps(1'000, 200, std::chrono::seconds(1)), 1'000 * kCurve.cold_ps);
}

TEST(ScanCost, ARuleFurtherDownIsDearerThanTheOneBeforeIt) {
  double last = 0;
  for (double items = 1'000; items <= 20'000; items += 1'000) {
    const double step = kCurve.cost_ps(items, 200, Duration{}) - kCurve.cost_ps(items - 1'000, 200, Duration{});
    EXPECT_GT(step, last);
    last = step;
  }
}

TEST(ScanCost, NothingScannedCostsNothing) { EXPECT_EQ(kCurve.cost_ps(0, 200, Duration{}), 0); }

}  // namespace
}  // namespace knetsim
