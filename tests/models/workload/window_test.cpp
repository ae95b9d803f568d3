// Goal: throughput is what a system gives off in the window, and nothing is said of requests that is not known. Method:
// systems whose throughput, latencies and failures follow from arithmetic: servers that are never idle, users who are
// always served, timeouts shorter and longer than the run.

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "sim/core/censored_times.h"
#include "sim/core/statistics.h"
#include "support/single_server.h"

namespace knetsim {
namespace {

using namespace std::chrono_literals;
using testing::SingleServer;
using Kind = CensoredValue::Kind;

/// One worker that takes 1 ms for each request, asked `rate` times a second.
SingleServer thousand_a_second(double rate, Duration warm_up, Duration duration) {
  SingleServer server = SingleServer::open_loop(rate, Distribution::constant(1e-3), 1);
  server.warm_up = warm_up;
  server.duration = duration;
  server.drain = duration;
  return server;
}

TEST(Window, AServerThatIsNeverIdleGivesOffItsCapacityHoweverLongItsQueueHasGrown) {
  for (const Duration warm_up : {Duration(1s), Duration(5s), Duration(20s)}) {
    const EdgeStats stats = thousand_a_second(2000, warm_up, 2s).run().stats;
    EXPECT_NEAR(static_cast<double>(stats.in_window.ok), 2000, 1) << to_seconds(warm_up);
    EXPECT_NEAR(static_cast<double>(stats.asked), 4000, 5 * 63);
    EXPECT_TRUE(stats.backlog_grows);
  }
}

// Ten users who do not think, ten workers, exponential services of 1 s: ten a second, in any window.
TEST(Window, UsersWhoAreAlwaysServedGiveOffTheirNumberAServiceTime) {
  std::vector<double> rates;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SingleServer server = SingleServer::open_loop(1, Distribution::exponential(1), 10);
    server.plan.sources[0].arrivals = ClosedLoop{.users = 10, .think_seconds = Distribution::constant(0)};
    server.warm_up = 5s;
    server.duration = 5s;
    server.drain = 60s;
    server.seed = seed;
    const EdgeStats stats = server.run().stats;
    EXPECT_EQ(stats.unfinished, 0u);
    EXPECT_FALSE(stats.backlog_grows);
    rates.push_back(static_cast<double>(stats.in_window.ok) / 5);
  }
  const Interval rate = mean_interval(rates, 0.99);
  EXPECT_LE(rate.low(), 10);
  EXPECT_GE(rate.high(), 10);
  EXPECT_LT(rate.half_width, 1.2);
}

// A thousand users who think for exactly 10 s and are answered at once ask 100 times a second from the start: of the
// first 5 s each user's first request falls with probability 1/2, each for itself.
TEST(Window, UsersHaveBeenThinkingBeforeTheRunBegins) {
  SingleServer server = SingleServer::open_loop(1, Distribution::constant(0), 1);
  server.plan.sources[0].arrivals = ClosedLoop{.users = 1000, .think_seconds = Distribution::constant(10)};
  server.warm_up = 0s;
  server.duration = 5s;
  const EdgeStats stats = server.run().stats;
  EXPECT_NEAR(static_cast<double>(stats.asked), 500, 5 * std::sqrt(1000 * 0.25));
}

// Half of capacity: the last of the window's requests ends within milliseconds, and the run with it.
TEST(Window, TheRunEndsWithTheLastRequestOfTheWindow) {
  SingleServer server = thousand_a_second(500, 1s, 2s);
  const SingleServer::Outcome cut = server.run();
  server.drain = 1h;
  const SingleServer::Outcome whole = server.run();
  EXPECT_EQ(whole.stats.unfinished, 0u);
  EXPECT_EQ(whole.stats.ok, whole.stats.asked);
  EXPECT_EQ(whole.stats.latency_ns.count(), whole.stats.ok);
  EXPECT_EQ(whole.events, cut.events) << "the bound plays no part";
}

// Twice the capacity: the request that begins at t ends at 2 t. Of those that begin in [2 s, 4 s) half have ended 2 s
// after the window, and the youngest of the others is 2 s old then.
TEST(Window, ARankAmongUnfinishedRequestsIsALowerBound) {
  const SingleServer::Outcome outcome = thousand_a_second(2000, 2s, 2s).run();
  const EdgeStats& stats = outcome.stats;
  EXPECT_EQ(stats.asked, stats.ok + stats.unfinished);
  EXPECT_NEAR(static_cast<double>(stats.ok), 2000, 200);
  const CensoredTimes times(stats.latency_ns, stats.unfinished_age_ns);
  // Ages are spread over 2 .. 3 s as the latencies of those that ended are: rank 400 of both lies at 2.1 s.
  EXPECT_EQ(times.quantile(0.1).kind, Kind::AtLeast);
  EXPECT_NEAR(static_cast<double>(times.quantile(0.1).value) * 1e-9, 2.1, 0.1);
  EXPECT_EQ(times.quantile(0.99).kind, Kind::AtLeast);
  EXPECT_GE(times.quantile(0.99).value, 2'000'000'000);
  EXPECT_EQ(CensoredTimes(stats.latency_ns, stats.unfinished_age_ns, stats.failed()).quantile(0.99).kind,
            Kind::AtLeast);
}

// Two hundred times too much: 100,000 wait after half a second, and twice as many after another half. An hour's drain
// ends there.
TEST(Window, ABacklogThatDoublesEndsTheDrain) {
  SingleServer server = thousand_a_second(200'000, 0s, 500ms);
  server.drain = 1h;
  const EdgeStats stats = server.run().stats;
  EXPECT_GT(stats.unfinished, 90'000u);
  EXPECT_NEAR(static_cast<double>(stats.unfinished_age_ns.max()) * 1e-9, 1, 0.05);
}

// Five seconds after the window the last has ended, and latencies are spread over 2 .. 4 s.
TEST(Window, AfterALongEnoughDrainNothingIsUnknown) {
  SingleServer server = thousand_a_second(2000, 2s, 2s);
  server.drain = 5s;
  const EdgeStats stats = server.run().stats;
  EXPECT_EQ(stats.unfinished, 0u);
  const CensoredTimes times(stats.latency_ns, stats.unfinished_age_ns);
  EXPECT_EQ(times.quantile(0.1).kind, Kind::Exact);
  EXPECT_NEAR(static_cast<double>(times.quantile(0.1).value) * 1e-9, 2.2, 0.15);
  EXPECT_NEAR(static_cast<double>(times.quantile(0.99).value) * 1e-9, 3.98, 0.15);
}

// The same with a timeout of 100 ms: what ends in the window are timeouts, one for each request begun 100 ms before.
TEST(Window, WhatIsGivenUpIsNoThroughputAndHasNoLatency) {
  SingleServer server = thousand_a_second(2000, 2s, 2s);
  server.plan.edges[0].timeout = 100ms;
  const EdgeStats stats = server.run().stats;
  EXPECT_EQ(stats.in_window.ok, 0u);
  EXPECT_NEAR(static_cast<double>(stats.in_window.timeouts), 4000, 5 * 63);
  EXPECT_EQ(stats.timeouts, stats.asked);
  EXPECT_EQ(stats.unfinished, 0u);
  EXPECT_TRUE(stats.latency_ns.empty());
  EXPECT_EQ(CensoredTimes(stats.latency_ns, stats.unfinished_age_ns, stats.failed()).quantile(0.01).kind,
            Kind::Infinite);
  EXPECT_TRUE(stats.backlog_grows) << "the server works on what nobody waits for";
}

}  // namespace
}  // namespace knetsim
