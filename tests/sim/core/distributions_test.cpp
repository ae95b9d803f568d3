// Each law against theory: the Kolmogorov-Smirnov distance of 100,000 draws from Boost.Math's distribution function (or
// from the closed form where Boost has none), the means of draws within five of their standard errors, and mean() and
// second_moment() against numerical integrals or Boost. Fixed seeds; the bounds come from theory, not from what passed.
#include "sim/core/distributions.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/math/distributions/exponential.hpp>
#include <boost/math/distributions/gamma.hpp>
#include <boost/math/distributions/lognormal.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/pareto.hpp>
#include <cmath>
#include <functional>
#include <limits>
#include <stdexcept>
#include <vector>

namespace knetsim {
namespace {

constexpr int kDraws = 100'000;

std::vector<double> draw(const Distribution& law, std::uint64_t seed = 1) {
  RngStream rng = RandomStreams(seed).get("draws", 0);
  std::vector<double> values(kDraws);
  for (double& value : values) {
    value = law.sample(rng);
  }
  return values;
}

/// Kolmogorov-Smirnov: the distance stays below 1.95 / sqrt(n) with probability 0.999 (limit of the Kolmogorov law).
void expect_follows(const Distribution& law, const std::function<double(double)>& cdf) {
  std::vector<double> values = draw(law);
  std::sort(values.begin(), values.end());
  double distance = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double at = cdf(values[i]);
    distance = std::max({distance, at - static_cast<double>(i) / kDraws, static_cast<double>(i + 1) / kDraws - at});
  }
  EXPECT_LT(distance, 1.95 / std::sqrt(kDraws)) << law.describe();
}

void expect_mean_of_draws(const Distribution& law) {
  double sum = 0;
  for (const double value : draw(law, 2)) {
    sum += value;
  }
  const double variance = law.second_moment() - law.mean() * law.mean();
  EXPECT_NEAR(sum / kDraws, law.mean(), 5 * std::sqrt(variance / kDraws)) << law.describe();
}

template <class Boost>
void expect_agrees_with_boost(const Distribution& law, const Boost& boost) {
  expect_follows(law, [&boost](double x) { return boost::math::cdf(boost, x); });
  const double mean = boost::math::mean(boost);
  EXPECT_NEAR(law.mean(), mean, 1e-12 * mean) << law.describe();
  const double second_moment = boost::math::variance(boost) + mean * mean;
  EXPECT_NEAR(law.second_moment(), second_moment, 1e-12 * second_moment) << law.describe();
  expect_mean_of_draws(law);
}

TEST(Distribution, ConstantAlwaysDrawsItsValueAndNoRandomness) {
  RngStream rng(1, 2);
  const RngStream untouched = rng;
  const Distribution law = Distribution::constant(3.5);
  EXPECT_EQ(law.sample(rng), 3.5);
  EXPECT_EQ(law.mean(), 3.5);
  EXPECT_EQ(law.second_moment(), 12.25);
  RngStream copy = untouched;
  EXPECT_EQ(rng.next_u64(), copy.next_u64());
  EXPECT_EQ(Distribution().sample(rng), 0.0);
}

TEST(Distribution, UniformFollowsItsLaw) {
  const Distribution law = Distribution::uniform(2, 5);
  expect_follows(law, [](double x) { return (x - 2) / 3; });
  EXPECT_EQ(law.mean(), 3.5);
  EXPECT_NEAR(law.second_moment(), 13, 1e-12);  // 3.5^2 + 9 / 12
  expect_mean_of_draws(law);
}

TEST(Distribution, ExponentialFollowsItsLaw) {
  expect_agrees_with_boost(Distribution::exponential(0.25), boost::math::exponential(4.0));
}

TEST(Distribution, LognormalFollowsItsLawHoweverItIsNamed) {
  const double sigma = 0.8;
  const boost::math::lognormal boost(std::log(3.0), sigma);
  expect_agrees_with_boost(Distribution::lognormal_median(3, sigma), boost);
  const double mean = boost::math::mean(boost);
  expect_agrees_with_boost(Distribution::lognormal_mean(mean, sigma), boost);
  expect_agrees_with_boost(Distribution::lognormal_p99(mean, boost::math::quantile(boost, 0.99)), boost);
  EXPECT_EQ(Distribution::lognormal_p99(2, 2).second_moment(), 4.0);  // no spread at all
}

TEST(Distribution, GammaFollowsItsLawOnBothSidesOfShapeOne) {
  for (const double shape : {0.3, 1.0, 2.5, 40.0}) {
    expect_agrees_with_boost(Distribution::gamma(6, shape), boost::math::gamma_distribution(shape, 6 / shape));
  }
}

TEST(Distribution, ParetoFollowsItsLaw) {
  expect_agrees_with_boost(Distribution::pareto(2, 2.5), boost::math::pareto(2, 2.5));
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(Distribution::pareto(2, 1.5).second_moment(), infinity);
  EXPECT_EQ(Distribution::pareto(2, 1).mean(), infinity);
}

TEST(Distribution, BoundedParetoFollowsItsLawAndStaysInside) {
  for (const double alpha : {0.5, 1.0, 1.2, 2.0, 3.0}) {
    const Distribution law = Distribution::bounded_pareto(1, 1000, alpha);
    const double share = 1 - std::pow(1000, -alpha);
    expect_follows(law, [=](double x) { return (1 - std::pow(x, -alpha)) / share; });
    // E[X^k] is the integral of Q(u)^k over u, by the midpoint rule in 1 - u = w^8, which flattens the tail.
    double mean = 0;
    double second_moment = 0;
    constexpr int kSteps = 200'000;
    for (int i = 0; i < kSteps; ++i) {
      const double w = (i + 0.5) / kSteps;
      const double weight = 8 * std::pow(w, 7) / kSteps;
      const double x = std::pow(1 - (1 - std::pow(w, 8)) * share, -1 / alpha);
      mean += weight * x;
      second_moment += weight * x * x;
    }
    EXPECT_NEAR(law.mean(), mean, 1e-6 * mean) << alpha;
    EXPECT_NEAR(law.second_moment(), second_moment, 1e-5 * second_moment) << alpha;
    expect_mean_of_draws(law);
    for (const double value : draw(law, 3)) {
      ASSERT_GE(value, 1 - 1e-12);
      ASSERT_LE(value, 1000 * (1 + 1e-12));
    }
  }
}

TEST(Distribution, EmpiricalIsLinearInsideASegmentAndKeepsAtoms) {
  // A fifth of the mass at 10, then two straight segments, and a jump of a tenth at 40.
  const Distribution law = Distribution::empirical({{10, 0.2}, {20, 0.5}, {40, 0.9}, {40, 1}});
  EXPECT_NEAR(law.mean(), 0.2 * 10 + 0.3 * 15 + 0.4 * 30 + 0.1 * 40, 1e-12);
  EXPECT_NEAR(law.second_moment(), 0.2 * 100 + 0.3 * 700.0 / 3 + 0.4 * 2800.0 / 3 + 0.1 * 1600, 1e-9);
  expect_mean_of_draws(law);
  int low = 0;
  int middle = 0;
  int high = 0;
  for (const double value : draw(law)) {
    low += value == 10 ? 1 : 0;
    middle += value > 10 && value <= 20 ? 1 : 0;
    high += value == 40 ? 1 : 0;
  }
  const auto five_errors = [](double p) { return 5 * std::sqrt(kDraws * p * (1 - p)); };
  EXPECT_NEAR(low, 0.2 * kDraws, five_errors(0.2));
  EXPECT_NEAR(middle, 0.3 * kDraws, five_errors(0.3));
  EXPECT_NEAR(high, 0.1 * kDraws, five_errors(0.1));
  expect_follows(Distribution::empirical({{0, 0}, {10, 0.5}, {100, 1}}),
                 [](double x) { return x < 10 ? x / 20 : 0.5 + (x - 10) / 180; });
}

/// What is left of the span that holds the instant 0, of a renewal process begun at random 100 to 101 means before.
double residual_of_walk(const Distribution& law, RngStream& rng) {
  double at = -(100 + rng.uniform()) * law.mean();
  while (at < 0) at += law.sample(rng);
  return at;
}

// Two samples of one law: the Kolmogorov-Smirnov distance stays below 1.95 sqrt(2 / n) with probability 0.999.
TEST(Distribution, AResidualIsWhatARenewalProcessLeaves) {
  constexpr int kResiduals = 20'000;
  for (const Distribution& law :
       {Distribution::constant(3), Distribution::uniform(2, 5), Distribution::exponential(0.25),
        Distribution::lognormal_median(3, 0.8), Distribution::gamma(6, 0.3), Distribution::gamma(6, 2.5),
        Distribution::pareto(2, 3.5), Distribution::bounded_pareto(1, 20, 0.5), Distribution::bounded_pareto(1, 20, 1),
        Distribution::bounded_pareto(1, 20, 2), Distribution::empirical({{10, 0.2}, {20, 0.5}, {40, 0.9}, {40, 1}}),
        Distribution::empirical({{0, 0.5}, {1, 0.5}, {2, 1}})}) {
    RngStream rng = RandomStreams(4).get("residuals", 0);
    std::vector<double> draws(kResiduals);
    std::vector<double> walks(kResiduals);
    for (double& draw : draws) draw = law.sample_residual(rng);
    for (double& walk : walks) walk = residual_of_walk(law, rng);
    std::sort(draws.begin(), draws.end());
    std::sort(walks.begin(), walks.end());
    double distance = 0;
    for (auto at = draws.begin(); at != draws.end(); ++at) {
      const auto below = std::lower_bound(walks.begin(), walks.end(), *at) - walks.begin();
      distance = std::max(distance, std::fabs(static_cast<double>(below - (at - draws.begin()))) / kResiduals);
    }
    EXPECT_LT(distance, 1.95 * std::sqrt(2.0 / kResiduals)) << law.describe();
  }
  RngStream rng(1, 2);
  EXPECT_EQ(Distribution().sample_residual(rng), 0.0);
  EXPECT_EQ(Distribution::empirical({{0, 1}}).sample_residual(rng), 0.0);
  EXPECT_GE(Distribution::pareto(2, 1).sample_residual(rng), 2.0) << "no law: a whole span";
}

TEST(Distribution, StandardNormalFollowsItsLaw) {
  RngStream rng = RandomStreams(1).get("normal", 0);
  std::vector<double> values(kDraws);
  for (double& value : values) {
    value = standard_normal(rng);
  }
  std::sort(values.begin(), values.end());
  const boost::math::normal normal;
  double distance = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    distance =
        std::max(distance, std::fabs(boost::math::cdf(normal, values[i]) - (static_cast<double>(i) + 0.5) / kDraws));
  }
  EXPECT_LT(distance, 1.95 / std::sqrt(kDraws));
}

TEST(Distribution, ParametersThatMakeNoLawAreRefused) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto refused = [](auto make) { EXPECT_THROW(make(), std::invalid_argument); };
  refused([=] { return Distribution::constant(nan); });
  refused([] { return Distribution::uniform(2, 1); });
  refused([] { return Distribution::exponential(0); });
  refused([=] { return Distribution::exponential(nan); });
  refused([] { return Distribution::lognormal_mean(-1, 1); });
  refused([] { return Distribution::lognormal_median(1, -1); });
  refused([] { return Distribution::lognormal_p99(1, 0.9); });
  refused([] { return Distribution::lognormal_p99(1, 15); });
  refused([] { return Distribution::gamma(1, 0); });
  refused([] { return Distribution::pareto(0, 1); });
  refused([] { return Distribution::bounded_pareto(2, 2, 1); });
  refused([] { return Distribution::empirical({}); });
  refused([] { return Distribution::empirical({{1, 0.5}}); });
  refused([] { return Distribution::empirical({{2, 0.5}, {1, 1}}); });
}

TEST(Distribution, FirstDrawsArePinned) {
  // The results of all runs hang on these; a change here is a change of every result.
  const auto first = [](const Distribution& law) {
    RngStream rng = RandomStreams(42).get("pinned", 7);
    return law.sample(rng);
  };
  EXPECT_EQ(first(Distribution::uniform(0, 1)), 0x1.67099a033bb74p-3);
  EXPECT_EQ(first(Distribution::exponential(1)), 0x1.bdbec471199fep+0);
  EXPECT_EQ(first(Distribution::lognormal_median(1, 1)), 0x1.92a8a33f30667p-2);
  EXPECT_EQ(first(Distribution::gamma(1, 2.5)), 0x1.b348b8beca0ecp-2);
  EXPECT_EQ(first(Distribution::gamma(1, 0.5)), 0x1.d5bf9915bf68bp-3);
  EXPECT_EQ(first(Distribution::pareto(1, 1.5)), 0x1.98a2d71d4a7fep+1);
  EXPECT_EQ(first(Distribution::bounded_pareto(1, 100, 1.5)), 0x1.230fcb4af5eb5p+0);
  EXPECT_EQ(first(Distribution::empirical({{0, 0}, {3, 1}})), 0x1.0d4733826cc97p-1);
}

}  // namespace
}  // namespace knetsim
