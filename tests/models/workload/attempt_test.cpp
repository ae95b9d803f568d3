// Goal: an attempt goes through its caller's script and its server's steps, each of which takes the time that it says, and
// ends in the one way that it must. Method: scripts of constant times over walks that cost nothing, so that latencies,
// waits and connections follow from sums.

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include <vector>

#include "support/single_server.h"

namespace knetsim {
namespace {

using namespace std::chrono_literals;
using testing::SingleServer;

constexpr double kService = 10e-3;

/// A server of many cores and workers that takes 10 ms for each request.
SingleServer ten_milliseconds(std::uint32_t workers = 8) {
  SingleServer server = SingleServer::open_loop(1, Distribution::constant(kService), workers);
  server.cores = 16;
  server.duration = 10s;
  server.drain = 10s;
  return server;
}

std::vector<double> milliseconds(const Histogram& latencies) {
  std::vector<double> all;
  for (std::uint64_t rank = 0; rank < latencies.count(); ++rank) {
    const double q = (static_cast<double>(rank) + 0.5) / static_cast<double>(latencies.count());
    all.push_back(static_cast<double>(latencies.quantile(q)) * 1e-6);
  }
  return all;
}

void expect_latencies(const EdgeStats& stats, const std::vector<double>& ms) {
  ASSERT_EQ(stats.ok, ms.size());
  const std::vector<double> seen = milliseconds(stats.latency_ns);
  for (std::size_t i = 0; i < ms.size(); ++i) EXPECT_NEAR(seen[i], ms[i], 0.01 * ms[i]) << i;
}

Duration waited(const SingleServer::Outcome& outcome, Wait cause) {
  return Duration(outcome.sources[0].bands().total().sum.wait[static_cast<std::size_t>(cause)]);
}

// ---- handshakes

const Handshake kTwoRounds{.rounds = 2,
                           .client_bytes = Distribution::constant(300),
                           .server_bytes = Distribution::constant(3'000),
                           .server_work_seconds = Distribution::constant(1e-3),
                           .client_work_seconds = Distribution::constant(2e-3)};

TEST(Attempt, AHandshakesRoundsComeBeforeTheRequest) {
  SingleServer server = ten_milliseconds();
  server.plan.edges[0].connections.requests = 1;
  server.plan.edges[0].script = with_step(server.plan.edges[0].script, kTwoRounds);
  const SingleServer::Outcome outcome = server.asked_at({0ms, 100ms}).run();
  expect_latencies(outcome.stats, {16, 16});
  EXPECT_EQ(outcome.stats.connections, 2U);
  EXPECT_EQ(outcome.stats.bytes_sent, 2U) << "of requests alone";
}

TEST(Attempt, AKeptConnectionShakesHandsOnce) {
  SingleServer server = ten_milliseconds();
  server.plan.edges[0].script = with_step(server.plan.edges[0].script, kTwoRounds);
  const SingleServer::Outcome outcome = server.asked_at({0ms, 100ms, 200ms}).run();
  expect_latencies(outcome.stats, {10, 10, 16});
  EXPECT_EQ(outcome.stats.connections, 1U);
}

TEST(Attempt, AHandshakeTakesNoWorker) {
  SingleServer server = ten_milliseconds(1);
  server.plan.edges[0].connections.requests = 1;
  server.plan.edges[0].script = with_step(server.plan.edges[0].script, kTwoRounds);
  // The second shakes hands while the only worker is busy with the first, from 6 to 16 ms, and has it then.
  const SingleServer::Outcome outcome = server.asked_at({0ms, 8ms}).run();
  expect_latencies(outcome.stats, {16, 18});
  EXPECT_EQ(waited(outcome, Wait::Worker), 2ms);
}

// A proxy's tunnel, and TLS within it.
TEST(Attempt, TwoHandshakesFollowOneAnother) {
  SingleServer server = ten_milliseconds();
  Handshake tunnel = kTwoRounds;
  tunnel.rounds = 1;
  server.plan.edges[0].script = {Acquire{}, tunnel, kTwoRounds, exchange_of(server.plan.edges[0].script)};
  expect_latencies(server.asked_at({0ms, 100ms}).run().stats, {10, 3 + 6 + 10});
}

TEST(Attempt, WhoGivesUpInAHandshakeLeavesNothingBehind) {
  for (const Duration timeout : {500us, 2500us, 3500us}) {  // the server works, the client does, the second round
    SingleServer server = ten_milliseconds();
    server.plan.edges[0].connections = {.requests = 0, .limit = 1};
    server.plan.edges[0].script = with_step(server.plan.edges[0].script, kTwoRounds);
    server.plan.edges[0].timeout = timeout;
    const SingleServer::Outcome outcome = server.asked_at({0ms, 100ms}).run();
    EXPECT_EQ(outcome.stats.timeouts, 2U);
    EXPECT_EQ(outcome.stats.connections, 2U) << "the first made room";
    EXPECT_EQ(outcome.open_flows, 0U);
    EXPECT_EQ(outcome.stats.in_flight_end, 0U);
  }
}

// ---- names

/// The lookup is a call of the client's over an edge of its own, to an application that takes 5 ms.
SingleServer with_lookup(Duration timeout) {
  SingleServer server = ten_milliseconds();
  EdgeSpec lookup = server.plan.edges[0];
  lookup.name = "lookup";
  lookup.timeout = timeout;
  lookup.loopback = true;  // another application of the same pod
  lookup.app = 1;
  server.plan.apps.push_back(
      {.name = "names",
       .steps = {{.work_seconds = Distribution::constant(5e-3), .sleep_seconds = {}, .calls = {}}},
       .workers = 8});
  server.plan.edges.push_back(lookup);
  server.plan.edges[0].script = with_step(server.plan.edges[0].script, Resolve{1});
  return server;
}

TEST(Attempt, ANameIsLookedUpBeforeItsServerIsAsked) {
  const SingleServer::Outcome outcome = with_lookup(1s).asked_at({0ms, 100ms}).run();
  expect_latencies(outcome.stats, {15, 15});
  expect_latencies(outcome.edges[1], {5, 5});
}

TEST(Attempt, ALookupThatFailsIsAnErrorAndNobodyIsConnectedTo) {
  const SingleServer::Outcome outcome = with_lookup(2ms).asked_at({0ms}).run();
  EXPECT_EQ(outcome.stats.errors, 1U);
  EXPECT_EQ(outcome.stats.connections, 0U);
  EXPECT_EQ(outcome.edges[1].timeouts, 1U);
  EXPECT_EQ(outcome.stats.in_flight_end, 0U);
}

TEST(Attempt, WhoGivesUpWhileANameIsLookedUpLeavesNothingBehind) {
  SingleServer server = with_lookup(1s);
  server.plan.edges[0].timeout = 2ms;
  const SingleServer::Outcome outcome = server.asked_at({0ms}).run();
  EXPECT_EQ(outcome.stats.timeouts, 1U);
  EXPECT_EQ(outcome.edges[1].ok, 1U) << "the lookup goes on";
  EXPECT_EQ(outcome.stats.connections, 0U);
  EXPECT_EQ(outcome.stats.in_flight_end, 0U);
}

// ---- pools

TEST(Attempt, WhoFindsThePoolFullWaitsForAConnection) {
  for (const std::uint32_t requests : {0U, 1U}) {
    SingleServer server = ten_milliseconds();
    server.plan.edges[0].connections = {.requests = requests, .limit = 1};
    const SingleServer::Outcome outcome = server.asked_at({0ms, 0ms, 5ms}).run();
    expect_latencies(outcome.stats, {10, 20, 25});
    EXPECT_EQ(waited(outcome, Wait::Connection), 25ms);
    EXPECT_EQ(outcome.stats.connections, requests == 0 ? 1U : 3U);
    EXPECT_EQ(outcome.open_flows, requests == 0 ? 1U : 0U);
  }
}

TEST(Attempt, WhoGivesUpInLineLeavesTheConnectionToTheNext) {
  SingleServer server = ten_milliseconds();
  server.plan.edges[0].connections = {.requests = 0, .limit = 1};
  server.plan.edges[0].timeout = 15ms;
  // The second stands in line at 0 ms and would have the connection at 10; the third at 1 ms, up to 16.
  const SingleServer::Outcome outcome = server.asked_at({0ms, 0ms, 1ms}).run();
  EXPECT_EQ(outcome.stats.ok, 1U);
  EXPECT_EQ(outcome.stats.timeouts, 2U) << "one at the server, from 10 ms on, one in line";
  EXPECT_EQ(outcome.stats.connections, 1U);
  EXPECT_EQ(outcome.stats.in_flight_end, 0U);
}

TEST(Attempt, AConnectionThatNobodyUsesIsClosed) {
  SingleServer server = ten_milliseconds();
  server.plan.edges[0].connections = {.requests = 0, .idle_timeout = 1s};
  const SingleServer::Outcome outcome = server.asked_at({0ms, 500ms, 3s}).run();
  EXPECT_EQ(outcome.stats.connections, 2U);
  ASSERT_GE(outcome.hung_up.size(), 1U);
  EXPECT_EQ(outcome.hung_up[0], kTimeZero + 1'510ms);
}

TEST(Attempt, AConnectionThatIsTooOldIsClosedBeforeItsNextRequest) {
  SingleServer server = ten_milliseconds();
  server.plan.edges[0].connections = {.requests = 0, .max_age = 1s};
  // Each ages for 0.9 to 1.1 s.
  const SingleServer::Outcome outcome = server.asked_at({0ms, 500ms, 1500ms, 1600ms}).run();
  EXPECT_EQ(outcome.stats.ok, 4U);
  EXPECT_EQ(outcome.stats.connections, 2U);
  ASSERT_GE(outcome.hung_up.size(), 1U);
  EXPECT_EQ(outcome.hung_up[0], kTimeZero + 1500ms);
}

TEST(Attempt, AConnectionThatIsInUseEndsWithTheRequestInWhichItsAgeIsReached) {
  SingleServer server = ten_milliseconds();
  server.plan.edges[0].connections = {.requests = 0, .limit = 1, .max_age = 1s};
  std::vector<Duration> asked;
  for (Duration at{}; at < 9s; at += 11ms) asked.push_back(at);
  const SingleServer::Outcome outcome = server.asked_at(asked).run();
  EXPECT_EQ(outcome.stats.ok, asked.size());
  ASSERT_GE(outcome.hung_up.size(), 7U);
  std::set<Duration> ages;
  Time before = kTimeZero;
  for (const Time at : outcome.hung_up) {
    if (at - kTimeZero > 9s) break;
    EXPECT_GE(at - before, 900ms);
    EXPECT_LE(at - before, 1100ms + 2 * 11ms);
    ages.insert(at - before);
    before = at;
  }
  EXPECT_GT(ages.size(), 4U) << "each its own";
}

TEST(Attempt, TheAgeMakesRoomForOneWhoStandsInLine) {
  SingleServer server = ten_milliseconds();
  server.plan.edges[0].connections = {.requests = 0, .limit = 1, .max_age = 1ms};
  const SingleServer::Outcome outcome = server.asked_at({0ms, 1ms, 2ms}).run();
  EXPECT_EQ(outcome.stats.ok, 3U);
  EXPECT_EQ(outcome.stats.connections, 3U);
  EXPECT_EQ(outcome.open_flows, 0U);
}

TEST(Attempt, AConnectionThatComesToNothingMakesRoomInItsPool) {
  using Dialed = SingleServer::Dialed;
  SingleServer server = ten_milliseconds();
  server.plan.edges[0].connections = {.requests = 0, .limit = 1};
  server.plan.edges[0].timeout = 50ms;
  server.dialed = {Dialed::Refused, Dialed::Dropped, Dialed::Connected};
  // The first is refused after 20 us; the second hears nothing, and gives up at 51 ms; the third is in line from 2 ms on.
  const SingleServer::Outcome outcome = server.asked_at({0ms, 1ms, 2ms, 100ms}).run();
  EXPECT_EQ(outcome.stats.errors, 1U);
  EXPECT_EQ(outcome.stats.timeouts, 2U) << "the third at 52 ms, 1 ms after it got its connection";
  EXPECT_EQ(outcome.stats.connects_failed, 2U);
  EXPECT_EQ(outcome.stats.connections, 2U);
  EXPECT_EQ(outcome.stats.ok, 1U);
  EXPECT_EQ(outcome.stats.in_flight_end, 0U);
}

TEST(Attempt, ARetryStandsInLineAnew) {
  SingleServer server = ten_milliseconds();
  server.plan.edges[0].connections = {.requests = 0, .limit = 1};
  server.plan.edges[0].timeout = 8ms;  // less than the service
  server.plan.edges[0].retries = {.attempts = 1};
  const SingleServer::Outcome outcome = server.asked_at({0ms, 0ms}).run();
  EXPECT_EQ(outcome.stats.timeouts, 2U);
  EXPECT_EQ(outcome.stats.retried, 2U);
  EXPECT_EQ(outcome.stats.in_flight_end, 0U);
  EXPECT_EQ(outcome.open_flows, 0U) << "a connection whose answer nobody waits for is closed";
}

// connect() begins when there is room: what came before is not its time.
TEST(Attempt, TheSplitOfConnectBeginsWithConnect) {
  SingleServer server = ten_milliseconds();
  server.plan.edges[0].connections = {.requests = 1, .limit = 1};
  const SingleServer::Outcome outcome = server.asked_at({0ms, 0ms}).run();
  EXPECT_EQ(waited(outcome, Wait::Connection), 10ms);
  EXPECT_EQ(outcome.sources[0].connecting().total(), Duration{}) << "walks cost nothing here";
}

// More clients than connections pile up in line: that is a queue, and overload is told.
TEST(Attempt, APoolThatIsTooSmallIsAnOverload) {
  SingleServer server = ten_milliseconds();
  server.plan.edges[0].connections = {.requests = 0, .limit = 1};
  server.plan.sources[0].arrivals = PoissonArrivals{200};  // a connection carries 100 a second
  const SingleServer::Outcome outcome = server.run();
  EXPECT_NEAR(static_cast<double>(outcome.stats.in_window.ok), 1'000, 2);
  EXPECT_TRUE(outcome.stats.backlog_grows);
}

// ---- calls of a server

TEST(Attempt, ConcurrentCallsEndWithTheLastAndStepsFollowOneAnother) {
  SingleServer server = ten_milliseconds();
  for (const double seconds : {3e-3, 7e-3}) {
    EdgeSpec call = server.plan.edges[0];
    call.name = std::to_string(seconds);
    call.loopback = true;
    call.app = static_cast<AppIndex>(server.plan.apps.size());
    server.plan.apps.push_back(
        {.name = call.name,
         .steps = {{.work_seconds = Distribution::constant(seconds), .sleep_seconds = {}, .calls = {}}},
         .workers = 8});
    server.plan.edges.push_back(call);
  }
  server.plan.apps[0].steps = {{.work_seconds = {}, .sleep_seconds = {}, .calls = {1, 2}},
                               {.work_seconds = {}, .sleep_seconds = Distribution::constant(2e-3), .calls = {}},
                               {.work_seconds = Distribution::constant(kService), .sleep_seconds = {}, .calls = {}}};
  expect_latencies(server.asked_at({0ms}).run().stats, {7 + 2 + 10});
  server.plan.edges[2].timeout = 1ms;  // the longer call is given up: the others go on, and the request has failed
  const EdgeStats failed = server.run().stats;
  EXPECT_EQ(failed.errors, 1U);
  EXPECT_EQ(failed.ok, 0U);
}

}  // namespace
}  // namespace knetsim
