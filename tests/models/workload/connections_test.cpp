// Goal: a client's pool gives out the connection that was put back last, never more than its limit, to those in line in
// order of arrival, and gives up what nobody used for long. Method: pools of one and two clients by hand, then many random
// steps beside a plain list.

#include <gtest/gtest.h>

#include <deque>
#include <map>
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

// A pool of two streams a connection: the opener's connection will take one request more, so that the third opens another.
TEST(SharedConnections, WhoFindsOneBeingOpenedWaitsForItWhereItWillHaveRoom) {
  Connections pools = one_edge({.requests = 0, .streams = 2});
  const Connections::Taken first = pools.take(kEdge, kClient, 0, 1);
  EXPECT_EQ(first.turn, Turn::Open);
  EXPECT_EQ(pools.take(kEdge, kClient, 1, 1).turn, Turn::Wait);
  const Connections::Taken third = pools.take(kEdge, kClient, 2, 1);
  EXPECT_EQ(third.turn, Turn::Open);
  EXPECT_NE(third.connection.shared, first.connection.shared);
  EXPECT_EQ(pools.next_in_line(PoolIndex{0}, kAll), std::nullopt) << "its connection is not there yet";
  pools.established(opened(first, 100));
  EXPECT_EQ(pools.next_in_line(PoolIndex{0}, kAll), 1U);
  const Connections::Taken second = pools.take(kEdge, kClient, 1, 1);
  EXPECT_EQ(second.turn, Turn::Reuse);
  EXPECT_EQ(second.connection.shared, first.connection.shared);
  EXPECT_EQ(second.connection.flow, Connection::kNone);
  const Connections::NewStream stream = pools.new_stream(second.connection.shared);
  EXPECT_EQ(stream.beside, 100U);
  EXPECT_EQ(stream.number, 1U);
}

TEST(SharedConnections, TheNextInLineOpensOneWhereAnOpenerFails) {
  Connections pools = one_edge({.requests = 0, .streams = 3, .limit = 1});
  const Connection first = pools.take(kEdge, kClient, 0, 1).connection;
  for (AttemptIndex attempt = 1; attempt <= 3; ++attempt) {
    EXPECT_EQ(pools.take(kEdge, kClient, attempt, 1).turn, Turn::Wait);
  }
  const Connections::StreamLeft left = pools.leave_stream(first, true, kTimeZero);
  ASSERT_TRUE(left.closes);
  EXPECT_EQ(left.closes->flow, Connection::kNone);
  EXPECT_TRUE(pools.forget(first.shared).empty());
  EXPECT_EQ(pools.next_in_line(PoolIndex{0}, kAll), 1U);
  EXPECT_EQ(pools.take(kEdge, kClient, 1, 1).turn, Turn::Open);
  EXPECT_EQ(pools.next_in_line(PoolIndex{0}, kAll), std::nullopt) << "the others wait for that one";
}

TEST(SharedConnections, OneThatServesNoMoreClosesWithItsLastRequest) {
  Connections pools = one_edge({.requests = 0, .streams = 8, .limit = 1});
  Connection first = opened(pools.take(kEdge, kClient, 0, 1), 100);
  first.server = 5;
  pools.established(first);
  Connection second = pools.take(kEdge, kClient, 1, 1).connection;
  second.flow = 101;
  EXPECT_EQ(pools.new_stream(second.shared).number, 1U);
  EXPECT_TRUE(pools.drop(5).empty()) << "there are requests on it";
  EXPECT_EQ(pools.take(kEdge, kClient, 2, 1).turn, Turn::Wait);
  EXPECT_FALSE(pools.leave_stream(first, false, kTimeZero).closes);
  const Connections::StreamLeft left = pools.leave_stream(second, true, kTimeZero);
  ASSERT_TRUE(left.closes);
  EXPECT_EQ(left.closes->flow, 100U);
  EXPECT_EQ(pools.forget(left.closes->shared), std::vector<FlowIndex>{101});
  EXPECT_EQ(pools.next_in_line(PoolIndex{0}, kAll), 2U);
  EXPECT_EQ(pools.take(kEdge, kClient, 2, 1).turn, Turn::Open) << "there is room for another one";
}

TEST(SharedConnections, OneIsIdleWhenNobodyIsOnItAndExpiresThen) {
  Connections pools = one_edge({.requests = 0, .streams = 8, .idle_timeout = 10s});
  const Connection first = opened(pools.take(kEdge, kClient, 0, 1), 100);
  pools.established(first);
  Connection second = pools.take(kEdge, kClient, 1, 1).connection;
  second.flow = 101;
  pools.new_stream(second.shared);
  EXPECT_EQ(pools.leave_stream(first, false, kTimeZero + 1s).expires, std::nullopt);
  EXPECT_EQ(pools.leave_stream(second, false, kTimeZero + 3s).expires, kTimeZero + 13s);
  std::optional<Time> next;
  const Connection third = pools.take(kEdge, kClient, 2, 1).connection;
  EXPECT_EQ(third.flow, 101U) << "the last stream's flow is the next one's";
  EXPECT_TRUE(pools.expire(PoolIndex{0}, kTimeZero + 13s, next).empty());
  EXPECT_EQ(next, std::nullopt);
  EXPECT_EQ(pools.leave_stream(third, false, kTimeZero + 14s).expires, kTimeZero + 24s);
  EXPECT_EQ(pools.expire(PoolIndex{0}, kTimeZero + 24s, next).size(), 1U);
}

TEST(SharedConnections, OneOfSoManyRequestsTakesNoMore) {
  Connections pools = one_edge({.requests = 2, .streams = 8});
  const Connection first = opened(pools.take(kEdge, kClient, 0, 1), 100);
  pools.established(first);
  Connection second = pools.take(kEdge, kClient, 1, 1).connection;
  second.flow = 101;
  pools.new_stream(second.shared);
  EXPECT_EQ(pools.take(kEdge, kClient, 2, 1).turn, Turn::Open);
  EXPECT_FALSE(pools.leave_stream(first, false, kTimeZero).closes);
  EXPECT_TRUE(pools.leave_stream(second, false, kTimeZero).closes);
}

// Random steps beside a count: never more requests on a connection than its streams nor more connections than the limit,
// nobody waits beside a connection with room, and all are closed once.
TEST(SharedConnections, KeepTheirLimitsWhateverComes) {
  constexpr std::uint32_t kLimit = 3;
  constexpr std::uint32_t kStreams = 4;
  Connections pools = one_edge({.requests = 0, .streams = kStreams, .limit = kLimit});
  RngStream random = RandomStreams(12).get(Purpose("shared_connections.test"), 0);
  std::vector<Connection> busy;
  std::vector<Connection> opening;
  std::set<FlowIndex> open;  // of connections
  std::map<SharedIndex, std::uint32_t> on;
  std::deque<AttemptIndex> line;
  FlowIndex flows = 0;
  std::size_t closed = 0;
  const auto take = [&](AttemptIndex attempt) {
    const Connections::Taken taken = pools.take(kEdge, kClient, attempt, 1);
    if (taken.turn == Turn::Wait) {
      line.push_back(attempt);
      return;
    }
    Connection connection = taken.connection;
    if (taken.turn == Turn::Open) {
      connection.flow = flows++;
      opening.push_back(connection);
      open.insert(connection.flow);
      EXPECT_LE(open.size(), kLimit);
    } else {
      if (connection.flow == Connection::kNone) {
        EXPECT_TRUE(open.contains(pools.new_stream(connection.shared).beside));
        connection.flow = flows++;
      }
      busy.push_back(connection);
    }
    EXPECT_LE(++on[connection.shared], kStreams);
  };
  const auto leave = [&](std::vector<Connection>& of, bool broken) {
    const auto which = of.begin() + static_cast<std::ptrdiff_t>(random.below(of.size()));
    const Connection done = *which;
    of.erase(which);
    --on[done.shared];
    const Connections::StreamLeft left = pools.leave_stream(done, broken, kTimeZero);
    if (!left.closes) return;
    EXPECT_EQ(on[done.shared], 0U);
    pools.forget(done.shared);
    EXPECT_EQ(open.erase(left.closes->flow), 1U);
    ++closed;
  };
  take(20'000);
  for (AttemptIndex step = 0; step < 20'000; ++step) {
    switch (random.below(8)) {
      case 0:
        if (!opening.empty()) {
          pools.established(opening.back());
          busy.push_back(opening.back());
          opening.pop_back();
        }
        break;
      case 1:
        if (!opening.empty() && random.below(4) == 0) leave(opening, true);
        break;
      case 2:
      case 3:
        take(step);
        break;
      default:
        if (!busy.empty()) leave(busy, random.below(20) == 0);
    }
    while (const std::optional<AttemptIndex> next = pools.next_in_line(PoolIndex{0}, kAll)) {
      ASSERT_FALSE(line.empty());
      EXPECT_EQ(*next, line.front());
      line.pop_front();
      take(*next);
    }
  }
  EXPECT_GT(closed, 300U);
}

}  // namespace
}  // namespace knetsim
