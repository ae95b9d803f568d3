// Goal: the application's queue and the cores beneath it are the textbook's queues. Method: twenty fixed seeds,
// measured after a warm-up; the 99 % interval of the mean by Student's t must be narrow (1 % of the mean, 3 % at load
// 0.95) and hold the theory. So many requests that half the interval is 2.2 % at load 0.95 in expectation: of M/M/1 the
// variance of a mean over n waits is load (2 + 5 load - 4 load^2 + load^3) / (1 - load)^4 / n in service times squared
// (Daley, The serial correlation coefficients of waiting times in a stationary single server queue, 1968).

#include <gtest/gtest.h>

#include <cmath>

#include "sim/core/statistics.h"
#include "support/single_server.h"

namespace knetsim {
namespace {

using namespace std::chrono_literals;
using testing::SingleServer;

constexpr double kService = 1e-3;  // mean service time, s

struct Measured {
  Interval sojourn;  // s
  Histogram latency_ns;
};

Measured measure(double load, const Distribution& service, std::uint32_t servers, double requests_per_seed) {
  const double rate = load * servers / kService;
  std::vector<double> means;
  Measured measured;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SingleServer server = SingleServer::open_loop(rate, service, servers);
    server.seed = seed;
    // Relaxation takes about 1 / (1 - sqrt(load))^2 services (Cohen, The Single Server Queue, 1982): twenty of them.
    server.warm_up = from_seconds(20 * kService / std::pow(1 - std::sqrt(load), 2));
    server.duration = from_seconds(requests_per_seed / rate);
    const auto outcome = server.run();
    means.push_back(outcome.stats.latency_ns.mean() * 1e-9);
    measured.latency_ns.merge(outcome.stats.latency_ns);
  }
  measured.sojourn = mean_interval(means, 0.99);
  return measured;
}

void expect_within(const Interval& interval, double theory, double relative_half_width) {
  EXPECT_LE(interval.half_width, relative_half_width * interval.mean);
  EXPECT_GE(theory, interval.low());
  EXPECT_LE(theory, interval.high());
}

// Pollaczek and Khinchine: W = E[S] + lambda E[S^2] / (2 (1 - load)).
double mg1(double load, const Distribution& service) {
  return service.mean() + load / service.mean() * service.second_moment() / (2 * (1 - load));
}

// Erlang C for k servers.
double mmk(double load, std::uint32_t servers) {
  const double offered = load * servers;
  double term = 1, sum = 1;
  for (std::uint32_t i = 1; i < servers; ++i) {
    term *= offered / i;
    sum += term;
  }
  const double last = term * offered / servers / (1 - load);
  return kService * (1 + last / (sum + last) / (servers * (1 - load)));
}

TEST(Queueing, MM1AtHalfLoad) {
  expect_within(measure(0.5, Distribution::exponential(kService), 1, 60'000).sojourn, kService / 0.5, 0.01);
}

// At load 0.8 the sojourn time is exponential with mean 5: p50 3.4657, p99 23.0259 service times. The quantiles'
// tolerance is three standard errors, from the asymptotic variance of the mean, which for an exponential law bounds
// theirs.
TEST(Queueing, MM1AtEightyPercentLoadWithItsQuantiles) {
  const Measured measured = measure(0.8, Distribution::exponential(kService), 1, 400'000);
  expect_within(measured.sojourn, 5 * kService, 0.01);
  EXPECT_NEAR(static_cast<double>(measured.latency_ns.quantile(0.5)) * 1e-9, 3.465736 * kService,
              0.01 * 3.465736 * kService);
  EXPECT_NEAR(static_cast<double>(measured.latency_ns.quantile(0.99)) * 1e-9, 23.025851 * kService,
              0.02 * 23.025851 * kService);
}

TEST(Queueing, MM1AtNinetyFivePercentLoad) {
  expect_within(measure(0.95, Distribution::exponential(kService), 1, 1'300'000).sojourn, 20 * kService, 0.03);
}

TEST(Queueing, MD1AtHalfEightyAndNinetyFivePercentLoad) {
  const Distribution service = Distribution::constant(kService);
  expect_within(measure(0.5, service, 1, 40'000).sojourn, mg1(0.5, service), 0.01);
  expect_within(measure(0.8, service, 1, 300'000).sojourn, mg1(0.8, service), 0.01);
  expect_within(measure(0.95, service, 1, 500'000).sojourn, mg1(0.95, service), 0.03);
}

TEST(Queueing, MMkForFourAndEightServers) {
  const Distribution service = Distribution::exponential(kService);
  expect_within(measure(0.5, service, 4, 40'000).sojourn, mmk(0.5, 4), 0.01);
  expect_within(measure(0.8, service, 4, 200'000).sojourn, mmk(0.8, 4), 0.01);
  expect_within(measure(0.8, service, 8, 200'000).sojourn, mmk(0.8, 8), 0.01);
  expect_within(measure(0.95, service, 4, 1'300'000).sojourn, mmk(0.95, 4), 0.03);
}

TEST(Queueing, MG1WithLognormalAndGammaService) {
  const Distribution lognormal = Distribution::lognormal_mean(kService, 1);
  expect_within(measure(0.5, lognormal, 1, 220'000).sojourn, mg1(0.5, lognormal), 0.01);
  const Distribution gamma = Distribution::gamma(kService, 2);
  expect_within(measure(0.8, gamma, 1, 300'000).sojourn, mg1(0.8, gamma), 0.01);
}

// The test's own power: a service time that is 3 % too long is seen.
TEST(Queueing, AServiceTimeWrongByThreePercentIsFound) {
  const Interval interval = measure(0.8, Distribution::exponential(1.03 * kService), 1, 100'000).sojourn;
  EXPECT_GT(interval.low(), 5 * kService);
}

}  // namespace
}  // namespace knetsim
