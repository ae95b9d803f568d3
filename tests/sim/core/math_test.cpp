// Elementary functions against libm's long double versions (64-bit significands) in units in the last place, over every
// magnitude; the normal quantile against Boost.Math. A digest of many results is pinned, because runs must give the
// same bits on every CPU and from every compiler.
#include "sim/core/math.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>

#include "sim/core/hash.h"
#include "sim/core/random.h"

namespace knetsim {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Error of `found` in units in the last place of the true value, whose own error is 2^-11 of one.
double ulps(double found, long double truth) {
  int exponent = 0;
  std::frexp(static_cast<double>(truth), &exponent);
  const long double unit = std::ldexp(1.0L, std::max(exponent - 53, -1074));
  return static_cast<double>(std::fabs(static_cast<long double>(found) - truth) / unit);
}

/// Largest error over 200,000 arguments.
double worst(const std::function<double(RngStream&)>& argument, const std::function<double(double)>& function,
             const std::function<long double(long double)>& truth) {
  RngStream rng = RandomStreams(1).get("arguments", 0);
  double most = 0;
  for (int i = 0; i < 200'000; ++i) {
    const double x = argument(rng);
    most = std::max(most, ulps(function(x), truth(static_cast<long double>(x))));
  }
  return most;
}

long double true_log(long double x) { return std::log(x); }
long double true_exp(long double x) { return std::exp(x); }

TEST(Log, IsWithinOneUlp) {
  EXPECT_LT(worst([](RngStream& rng) { return rng.uniform(); }, math::log, true_log), 1);
  EXPECT_LT(worst([](RngStream& rng) { return 1 + 0.05 * (rng.uniform() - 0.5); }, math::log, true_log), 1);
  EXPECT_LT(worst([](RngStream& rng) { return 1 + (rng.uniform() - 0.5) * std::exp2(-50 * rng.uniform()); }, math::log,
                  true_log),
            1);
  EXPECT_LT(worst([](RngStream& rng) { return std::exp2(-1074 + 2098 * rng.uniform()); }, math::log, true_log), 1);
}

TEST(Log, HasItsLimits) {
  EXPECT_EQ(math::log(1.0), 0.0);
  EXPECT_EQ(math::log(0.0), -kInfinity);
  EXPECT_EQ(math::log(kInfinity), kInfinity);
  EXPECT_TRUE(std::isnan(math::log(-1.0)));
  EXPECT_TRUE(std::isnan(math::log(std::numeric_limits<double>::quiet_NaN())));
  EXPECT_EQ(math::log(std::numeric_limits<double>::denorm_min()), -744.4400719213812);
}

TEST(Exp, IsWithinOneUlp) {
  EXPECT_LT(worst([](RngStream& rng) { return 2 * rng.uniform() - 1; }, math::exp, true_exp), 1);
  EXPECT_LT(
      worst([](RngStream& rng) { return (rng.uniform() - 0.5) * std::exp2(-60 * rng.uniform()); }, math::exp, true_exp),
      1);
  EXPECT_LT(worst([](RngStream& rng) { return -708 + 1417 * rng.uniform(); }, math::exp, true_exp), 1);
  EXPECT_LT(worst([](RngStream& rng) { return -745 + 40 * rng.uniform(); }, math::exp, true_exp), 1);
}

TEST(Exp, HasItsLimits) {
  EXPECT_EQ(math::exp(0.0), 1.0);
  EXPECT_EQ(math::exp(-kInfinity), 0.0);
  EXPECT_EQ(math::exp(-746.0), 0.0);
  EXPECT_EQ(math::exp(710.0), kInfinity);
  EXPECT_EQ(math::exp(kInfinity), kInfinity);
  EXPECT_EQ(math::exp(709.75), static_cast<double>(std::exp(709.75L)));
  EXPECT_TRUE(std::isnan(math::exp(std::numeric_limits<double>::quiet_NaN())));
}

TEST(Pow, IsWithinOneUlpWhateverTheExponent) {
  for (const double y : {0.001, 0.37, -2.0 / 3, 2.5, -12.0, 50.0}) {
    const double octaves = std::min(2000.0, 1400 / std::fabs(y));
    EXPECT_LT(worst([=](RngStream& rng) { return std::exp2((rng.uniform() - 0.5) * octaves); },
                    [=](double x) { return math::pow(x, y); },
                    [=](long double x) { return std::pow(x, static_cast<long double>(y)); }),
              1)
        << y;
  }
  EXPECT_LT(worst([](RngStream& rng) { return 1 + 0.01 * (rng.uniform() - 0.5); },
                  [](double x) { return math::pow(x, 3000.0); }, [](long double x) { return std::pow(x, 3000.0L); }),
            1);
}

TEST(Pow, HasItsLimits) {
  EXPECT_EQ(math::pow(2.0, 10.0), 1024.0);
  EXPECT_EQ(math::pow(7.0, 0.0), 1.0);
  EXPECT_EQ(math::pow(0.0, 0.5), 0.0);
  EXPECT_EQ(math::pow(0.0, -0.5), kInfinity);
  EXPECT_EQ(math::pow(10.0, 400.0), kInfinity);
  EXPECT_EQ(math::pow(10.0, -400.0), 0.0);
}

TEST(NormalQuantile, AgreesWithBoostFromTheMiddleToTheFarthestTail) {
  const boost::math::normal_distribution<long double> normal;
  RngStream rng = RandomStreams(2).get("quantiles", 0);
  for (int i = 0; i < 20'000; ++i) {
    const double p = i % 2 == 0 ? rng.uniform() : std::exp2(-1 - 1000 * rng.uniform());
    const auto truth = static_cast<double>(boost::math::quantile(normal, static_cast<long double>(p)));
    ASSERT_NEAR(math::normal_quantile(p), truth, 4e-15 * std::fabs(truth) + 1e-17) << p;
  }
  EXPECT_EQ(math::normal_quantile(0.5), 0.0);
  EXPECT_EQ(math::normal_quantile(0.0), -kInfinity);
  EXPECT_EQ(math::normal_quantile(1.0), kInfinity);
  EXPECT_TRUE(std::isnan(math::normal_quantile(1.5)));
}

TEST(Math, BitsArePinned) {
  RngStream rng = RandomStreams(3).get("bits", 0);
  std::uint64_t digest = 0;
  const auto fold = [&digest](double value) { digest = hash_combine(digest, std::bit_cast<std::uint64_t>(value)); };
  for (int i = 0; i < 100'000; ++i) {
    const double u = rng.uniform();
    fold(math::log(u));
    fold(math::exp(1400 * (u - 0.5)));
    fold(math::pow(1e6 * u, 1.7));
    fold(math::normal_quantile(u));
  }
  EXPECT_EQ(digest, 18405263772357324697u);
}

}  // namespace
}  // namespace knetsim
