// Goal: a client's pool gives out the connection that was put back last, never more than its limit, to those in line in
// order of arrival, and gives up what nobody used for long. Method: pools of one and two clients by hand, then many random
// steps beside a plain list.

#include <gtest/gtest.h>

#include <deque>
#include <set>
#include <vector>

#include "models/workload/connections.h"
#include "sim/core/random.h"

namespace knetsim {
namespace {

using namespace std::chrono_literals;
using Turn = Connections::Turn;

constexpr EdgeIndex kEdge = 0;
constexpr PodIndex kClient = 7;

const auto kAll = [](AttemptIndex, std::uint64_t) { return true; };

Connections one_edge(const ConnectionPolicy& policy) { return Connections(std::vector<ConnectionPolicy>{policy}); }

Connection opened(const Connections::Taken& taken, FlowIndex flow) {
  Connection connection = taken.connection;
  connection.flow = flow;
  return connection;
}

TEST(Connections, WhatServesOneRequestIsNeverKept) {
  Connections pools = one_edge({.requests = 1});
  for (AttemptIndex attempt = 0; attempt < 3; ++attempt) {
    const Connections::Taken taken = pools.take(kEdge, kClient, attempt, 1);
    EXPECT_EQ(taken.turn, Turn::Open);
    EXPECT_EQ(taken.connection.requests_left, 1U);
    EXPECT_FALSE(taken.connection.counted);
  }
}

TEST(Connections, TheLastPutBackIsTakenFirstAndClientsHaveTheirOwn) {
  Connections pools = one_edge({.requests = 0});
  const Connection a = opened(pools.take(kEdge, kClient, 0, 1), 100);
  const Connection b = opened(pools.take(kEdge, kClient, 1, 1), 101);
  pools.put_back(a, kTimeZero);
  pools.put_back(b, kTimeZero);
  EXPECT_EQ(pools.take(kEdge, kClient + 1, 2, 1).turn, Turn::Open);
  EXPECT_EQ(pools.take(kEdge, kClient, 2, 1).connection.flow, 101U);
  EXPECT_EQ(pools.take(kEdge, kClient, 3, 1).connection.flow, 100U);
  EXPECT_EQ(pools.take(kEdge, kClient, 4, 1).turn, Turn::Open);
}

TEST(Connections, ThoseInLineTakeWhatIsPutBackOrGoneInOrderOfArrival) {
  Connections pools = one_edge({.requests = 0, .limit = 1});
  const Connection only = opened(pools.take(kEdge, kClient, 0, 1), 100);
  for (AttemptIndex attempt = 1; attempt <= 3; ++attempt) {
    EXPECT_EQ(pools.take(kEdge, kClient, attempt, attempt).turn, Turn::Wait);
  }
  EXPECT_EQ(pools.next_in_line(PoolIndex{0}, kAll), std::nullopt) << "nothing is free";
  pools.put_back(only, kTimeZero);
  EXPECT_EQ(pools.next_in_line(PoolIndex{0}, [](AttemptIndex attempt, std::uint64_t) { return attempt != 1; }), 2U)
      << "the first has given up";
  EXPECT_EQ(pools.take(kEdge, kClient, 2, 2).connection.flow, 100U);
  EXPECT_EQ(pools.next_in_line(PoolIndex{0}, kAll), std::nullopt);
  pools.gone(only);
  EXPECT_EQ(pools.next_in_line(PoolIndex{0}, kAll), 3U);
  EXPECT_EQ(pools.take(kEdge, kClient, 3, 3).turn, Turn::Open);
}

TEST(Connections, AConnectionThatNobodyUsesExpiresAtItsOwnTime) {
  Connections pools = one_edge({.requests = 0, .limit = 2, .idle_timeout = 10s});
  const Connection a = opened(pools.take(kEdge, kClient, 0, 1), 100);
  const Connection b = opened(pools.take(kEdge, kClient, 1, 1), 101);
  EXPECT_EQ(pools.put_back(a, kTimeZero + 1s), kTimeZero + 11s);
  EXPECT_EQ(pools.put_back(b, kTimeZero + 4s), std::nullopt) << "somebody comes at 11 s anyway";
  std::optional<Time> next;
  const std::vector<Connection> old = pools.expire(PoolIndex{0}, kTimeZero + 11s, next);
  ASSERT_EQ(old.size(), 1U);
  EXPECT_EQ(old[0].flow, 100U);
  EXPECT_EQ(next, kTimeZero + 14s);
  EXPECT_EQ(pools.take(kEdge, kClient, 2, 1).connection.flow, 101U);
  EXPECT_EQ(pools.take(kEdge, kClient, 3, 1).turn, Turn::Open) << "there is room again";
  EXPECT_TRUE(pools.expire(PoolIndex{0}, kTimeZero + 14s, next).empty()) << "it is in use";
  EXPECT_EQ(next, std::nullopt);
  EXPECT_EQ(pools.put_back(b, kTimeZero + 20s), kTimeZero + 30s) << "and the timer starts anew";
}

// Ten thousand random steps beside a list: never more than the limit, nobody overtaken, nothing lost.
TEST(Connections, KeepTheirLimitWhateverComes) {
  constexpr std::uint32_t kLimit = 3;
  Connections pools = one_edge({.requests = 0, .limit = kLimit});
  RngStream random = RandomStreams(11).get(Purpose("connections.test"), 0);
  std::vector<Connection> busy;
  std::deque<AttemptIndex> line;
  std::size_t idle = 0;
  FlowIndex flows = 0;
  const auto take = [&](AttemptIndex attempt) {
    const Connections::Taken taken = pools.take(kEdge, kClient, attempt, 1);
    if (taken.turn == Turn::Wait) {
      EXPECT_EQ(busy.size() + idle, kLimit);
      EXPECT_EQ(idle, 0U);
      line.push_back(attempt);
      return;
    }
    idle -= taken.turn == Turn::Reuse ? 1U : 0U;
    busy.push_back(taken.turn == Turn::Reuse ? taken.connection : opened(taken, flows++));
    std::set<FlowIndex> distinct;
    for (const Connection& one : busy) distinct.insert(one.flow);
    EXPECT_EQ(distinct.size(), busy.size());
    EXPECT_LE(busy.size() + idle, kLimit);
  };
  for (AttemptIndex step = 0; step < 10'000; ++step) {
    if (busy.empty() || random.below(2) == 0) {
      take(step);
      continue;
    }
    const auto which = busy.begin() + static_cast<std::ptrdiff_t>(random.below(busy.size()));
    const Connection done = *which;
    busy.erase(which);
    if (random.below(3) == 0) {
      pools.gone(done);
    } else {
      pools.put_back(done, kTimeZero);
      ++idle;
    }
    while (const std::optional<AttemptIndex> next = pools.next_in_line(PoolIndex{0}, kAll)) {
      ASSERT_FALSE(line.empty());
      EXPECT_EQ(*next, line.front());
      line.pop_front();
      take(*next);
    }
    EXPECT_TRUE(line.empty() || busy.size() == kLimit) << "nobody waits beside a free connection";
  }
  EXPECT_GT(flows, 1'000U);
}

}  // namespace
}  // namespace knetsim
