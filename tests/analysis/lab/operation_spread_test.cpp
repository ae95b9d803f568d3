// Goal: percentiles of an operation are those of what the engine would draw. Method: the closed form against 400,000
// operations drawn from the engine's own laws, at a fixed seed; tolerance: three standard errors of a sample quantile,
// and the stated departure, that the steps' own noise is left out beside an interruption.

#include "analysis/lab/operation_spread.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "sim/core/random.h"
#include "sim/net/interruptions.h"
#include "sim/net/noise.h"

namespace knetsim::lab {
namespace {

std::vector<double> drawn(const OperationSpread& spread, std::size_t count) {
  const NoiseShape shape(spread.sigma);
  const InterruptionLaw law{.kind = 0,
                            .per_ps = spread.interruptions / (spread.median_ns * 1e3),
                            .median_ps = spread.interruption_ns * 1e3,
                            .sigma = spread.interruption_sigma};
  RngStream draw(21, 0);
  std::vector<double> times(count);
  for (double& ns : times) {
    ns = spread.median_ns * shape.factor(draw) + law.drawn_ps(spread.median_ns * 1e3, draw.uniform()) * 1e-3;
  }
  std::sort(times.begin(), times.end());
  return times;
}

TEST(OperationSpread, QuantilesAreThoseOfWhatTheEngineDraws) {
  constexpr std::size_t kDrawn = 400'000;
  for (const double expected : {0.005, 0.05, 0.3, 1.5}) {
    const OperationSpread spread{.median_ns = 30'000,
                                 .sigma = 0.06,
                                 .interruptions = expected,
                                 .interruption_ns = 45'000,
                                 .interruption_sigma = 0.4};
    const std::vector<double> times = drawn(spread, kDrawn);
    for (const double q : {0.5, 0.9, 0.99, 0.999}) {
      const double half = 3 * std::sqrt(q * (1 - q) * kDrawn);
      const auto at = [&](double rank) { return times[static_cast<std::size_t>(std::clamp(rank, 0.0, kDrawn - 1.0))]; };
      EXPECT_GE(spread.quantile(q), at(q * kDrawn - half) * 0.97) << expected << " q " << q;
      EXPECT_LE(spread.quantile(q), at(q * kDrawn + half) * 1.03) << expected << " q " << q;
    }
  }
}

TEST(OperationSpread, WithoutInterruptionsItIsALognormal) {
  const OperationSpread spread{.median_ns = 10'000, .sigma = 0.2};
  EXPECT_NEAR(spread.quantile(0.5), 10'000, 1);
  EXPECT_NEAR(spread.quantile(0.9), 10'000 * std::exp(0.2 * 1.2815515655446004), 1);
  const OperationSpread fixed{.median_ns = 10'000};
  EXPECT_NEAR(fixed.quantile(0.99), 10'000, 1);
}

}  // namespace
}  // namespace knetsim::lab
