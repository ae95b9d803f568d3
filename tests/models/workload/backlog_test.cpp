// Goal: "overloaded" is said of a queue that has more to do than it can, and of nothing else. Method: queues of known
// load, on both sides of their capacity by 2 %; systems that fill without anybody waiting; many seeds, so that a rule
// that cries wolf, or sleeps, shows.

#include "models/workload/backlog.h"

#include <gtest/gtest.h>

#include "support/single_server.h"

namespace knetsim {
namespace {

using namespace std::chrono_literals;
using testing::SingleServer;

/// Of `seeds` runs, those that are called overloaded.
int overloaded(SingleServer server, int seeds) {
  int found = 0;
  for (int seed = 1; seed <= seeds; ++seed) {
    server.seed = static_cast<std::uint64_t>(seed);
    found += server.run().stats.backlog_grows ? 1 : 0;
  }
  return found;
}

SingleServer one_worker(double rate, const Distribution& service, Duration duration) {
  SingleServer server = SingleServer::open_loop(rate, service, 1);
  server.duration = duration;
  server.drain = 1s;
  return server;
}

// 102 % of 1,000 a second, evenly spaced services: the backlog of n arrivals is 0.02 n on average, with a spread of
// sqrt(n). After 100,000 it is 2,000 with a spread of 316.
TEST(Backlog, TwoPercentTooMuchShowsInALongRun) {
  EXPECT_EQ(overloaded(one_worker(1020, Distribution::constant(1e-3), 100s), 20), 20);
}

// At 98 % the number in the system is 25 on average (M/D/1), after a start from an empty one.
TEST(Backlog, TwoPercentToSpareAreNoOverload) {
  EXPECT_EQ(overloaded(one_worker(980, Distribution::constant(1e-3), 100s), 20), 0);
  EXPECT_EQ(overloaded(one_worker(980, Distribution::constant(1e-3), 2s), 60), 0);
  EXPECT_LE(overloaded(one_worker(980, Distribution::exponential(1e-3), 5s), 60), 1);
}

// Exactly at capacity what waits is a random walk: one in 400 moves by three standard deviations.
TEST(Backlog, AtCapacityChanceIsNotTakenForGrowth) {
  EXPECT_LE(overloaded(one_worker(1000, Distribution::exponential(1e-3), 3s), 100), 2);
}

// Work of 300 ms on 64 cores, 50 a second, from an empty system on: 15 on average are in it, and nobody waits.
TEST(Backlog, ASystemThatFillsIsNotOverloaded) {
  SingleServer server = SingleServer::open_loop(50, Distribution::constant(0.3), 64);
  server.duration = 3s;
  server.drain = 1s;
  EXPECT_EQ(overloaded(server, 40), 0);
  server.duration = 400ms;  // it fills during most of the window
  EXPECT_EQ(overloaded(server, 40), 0);
}

// A pause of 2 s without a core, 1,000 a second for 1 s: 1,000 are in the system at the end, none of them waits.
TEST(Backlog, APipeThatFillsForTheWholeWindowIsNotOverloaded) {
  SingleServer server = SingleServer::open_loop(1000, Distribution::constant(1e-6), 8);
  server.plan.apps[0].workers = 10'000;
  server.plan.apps[0].steps.push_back({.work_seconds = {}, .sleep_seconds = Distribution::constant(2), .calls = {}});
  server.duration = 1s;
  server.drain = 5s;
  EXPECT_EQ(overloaded(server, 10), 0);
  server.plan.edges[0].timeout = 100ms;  // and its callers do not wait for the end
  server.drain = 5s;
  EXPECT_EQ(overloaded(server, 10), 0);
}

// The same pause with 100 workers: 50 a second are served, at almost no CPU time.
TEST(Backlog, WorkersThatSleepCanBeOverloadedWithoutCpuTime) {
  SingleServer server = SingleServer::open_loop(100, Distribution::constant(1e-6), 8);
  server.plan.apps[0].workers = 100;
  server.plan.apps[0].steps.push_back({.work_seconds = {}, .sleep_seconds = Distribution::constant(2), .calls = {}});
  server.warm_up = 4s;
  server.duration = 10s;
  server.drain = 5s;
  EXPECT_EQ(overloaded(server, 10), 10);
}

// A closed loop has no more in the system than its users, however slow the server is; those who time out and ask again
// leave their work behind.
TEST(Backlog, UsersWhoWaitDoNotPileUpAndUsersWhoGiveUpDo) {
  SingleServer server = one_worker(1, Distribution::constant(1e-3), 5s);
  server.plan.sources[0].arrivals = ClosedLoop{.users = 1000, .think_seconds = Distribution::exponential(0.1)};
  EXPECT_EQ(overloaded(server, 10), 0);
  server.plan.edges[0].timeout = 20ms;
  EXPECT_EQ(overloaded(server, 10), 10);
}

// Fifty times too much: what was asked in the window is not even begun.
TEST(Backlog, AHopelessOverloadIsOne) {
  SingleServer server = one_worker(50'000, Distribution::constant(1e-3), 500ms);
  server.warm_up = 500ms;
  server.drain = 100ms;
  EXPECT_EQ(overloaded(server, 5), 5);
}

}  // namespace
}  // namespace knetsim
