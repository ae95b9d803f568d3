// The queue must be indistinguishable from a sorted map of its keys. Random traffic of many shapes, ties and events at
// the instant of the event being handled included, is played through both.
#include "sim/core/event_queue.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "sim/core/random.h"

namespace knetsim {
namespace {

using Queue = EventQueue<std::uint64_t>;

struct FiresBefore {
  bool operator()(const EventKey& a, const EventKey& b) const { return fires_before(a, b); }
};

Time at(std::int64_t picoseconds) { return Time(Duration(picoseconds)); }

/// The queue and its oracle side by side; every pop is compared.
class Pair {
 public:
  void push(Time time, std::uint32_t source) {
    const std::uint64_t payload = ++pushed_;
    const EventKey key = queue_.push(time, source, payload);
    EXPECT_EQ(key.at, time);
    EXPECT_EQ(key.source(), source);
    EXPECT_EQ(key.count(), counts_[source]++);
    oracle_.emplace(key, payload);
  }

  EventKey pop() {
    EXPECT_EQ(queue_.next_time(), oracle_.begin()->first.at);
    const auto event = queue_.pop();
    EXPECT_EQ(event.key, oracle_.begin()->first);
    EXPECT_EQ(event.payload, oracle_.begin()->second);
    EXPECT_EQ(queue_.now(), event.key.at);
    oracle_.erase(oracle_.begin());
    EXPECT_EQ(queue_.size(), oracle_.size());
    EXPECT_EQ(queue_.empty(), oracle_.empty());
    return event.key;
  }

  bool empty() const { return oracle_.empty(); }
  std::size_t size() const { return oracle_.size(); }
  Time now() const { return queue_.now(); }

 private:
  Queue queue_;
  std::map<EventKey, std::uint64_t, FiresBefore> oracle_;
  std::map<std::uint32_t, std::uint32_t> counts_;
  std::uint64_t pushed_ = 0;
};

TEST(EventQueue, EmptyQueueHasNoNextTimeAndCannotPop) {
  Queue queue;
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.next_time(), kTimeNever);
  EXPECT_THROW(queue.pop(), InvariantError);
}

TEST(EventQueue, EventsAtTheSameInstantFireBySourceAndThenInTheOrderTheirSourceScheduledThem) {
  Queue queue;
  queue.push(at(5), 2, 20);
  queue.push(at(5), 1, 10);
  queue.push(at(5), 2, 21);
  queue.push(at(5), 1, 11);
  queue.push(at(4), 9, 90);
  std::vector<std::uint64_t> order;
  while (!queue.empty()) {
    order.push_back(queue.pop().payload);
  }
  EXPECT_EQ(order, (std::vector<std::uint64_t>{90, 10, 11, 20, 21}));
}

TEST(EventQueue, EventForNowFromALowerSourceOvertakesThoseThatWait) {
  Pair pair;
  for (std::uint32_t source = 0; source < 8; ++source) {
    pair.push(at(100), source);
  }
  while (pair.size() > 4) {
    pair.pop();
  }
  pair.push(at(100), 6);
  pair.push(at(100), 1);
  pair.push(at(100), 6);
  pair.push(at(100), 0);
  while (!pair.empty()) {
    pair.pop();
  }
}

TEST(EventQueue, PastIsRefused) {
  Queue queue;
  queue.push(at(10), 0, 0);
  queue.pop();
  EXPECT_THROW(queue.push(at(9), 0, 0), InvariantError);
  EXPECT_NO_THROW(queue.push(at(10), 0, 0));
}

TEST(EventQueue, WrapOfASourcesCountIsRefused) {
  Queue queue;
  queue.set_count(3, 0xff'ffff'fffe);
  EXPECT_EQ(queue.push(at(1), 3, 0).count(), 0xff'ffff'fffeU);
  EXPECT_THROW(queue.push(at(1), 3, 0), InvariantError);
  EXPECT_NO_THROW(queue.push(at(1), 2, 0));
}

// 2^32 counts were used up after two simulated hours of a node with 100,000 requests a second.
TEST(EventQueue, CountsBeyond32BitsKeepTheOrderOfTheirSource) {
  Queue queue;
  queue.set_count(3, 0xffff'ffff);
  for (std::uint64_t i = 0; i < 100; ++i) queue.push(at(5), 3, i);
  queue.push(at(5), 4, 1000);
  queue.push(at(5), 2, 2000);
  EXPECT_EQ(queue.pop().payload, 2000U);
  for (std::uint64_t i = 0; i < 100; ++i) {
    const auto event = queue.pop();
    EXPECT_EQ(event.payload, i);
    EXPECT_EQ(event.key.source(), 3U);
    EXPECT_EQ(event.key.count(), 0xffff'ffffU + i);
  }
  EXPECT_EQ(queue.pop().payload, 1000U);
  EXPECT_THROW(queue.push(at(5), EventKey::kMaxSource + 1, 0), InvariantError);
}

// The worst that can happen to a ladder: everything at one instant, arriving in descending order of source while it
// drains.
TEST(EventQueue, ThousandsOfEventsAtOneInstantKeepTheirOrder) {
  Pair pair;
  for (std::uint32_t source = 5000; source-- > 0;) {
    pair.push(at(7), source);
  }
  for (std::uint32_t source = 2000; source-- > 0;) {
    pair.pop();
    pair.push(at(7), source);
    pair.push(at(7 + source % 2), 6000);
  }
  while (!pair.empty()) {
    pair.pop();
  }
}

// One far event makes the nearest bucket as wide as time itself; what then arrives in it has to be split, again and
// again.
TEST(EventQueue, WindowThatFillsWhileItDrainsIsSplit) {
  Pair pair;
  RngStream rng = RandomStreams(4).get("window", 0);
  pair.push(at(std::int64_t{1} << 60), 0);
  pair.push(at(0), 0);
  pair.pop();
  for (int i = 0; i < 5000; ++i) {
    pair.push(at(static_cast<std::int64_t>(rng.below(std::uint64_t{1} << (10 + i % 48)))), 1);
    pair.push(at(5), static_cast<std::uint32_t>(rng.below(3)));
  }
  for (int pops = 0; !pair.empty(); ++pops) {
    const EventKey key = pair.pop();
    if (pops < 5000 && pops % 3 == 0) {
      pair.push(key.at + Duration(static_cast<std::int64_t>(rng.below(1000))), 2);
    }
  }
}

TEST(EventQueue, WholeRangeOfTimeIsOrdered) {
  Pair pair;
  for (int bit = 62; bit >= 0; --bit) {
    pair.push(at(std::int64_t{1} << bit), 0);
    pair.push(at((std::int64_t{1} << bit) - 1), 1);
  }
  pair.push(kTimeNever, 0);
  pair.push(kTimeZero, 0);
  while (!pair.empty()) {
    pair.pop();
  }
}

/// Increment laws, in picoseconds, that stress one way of organising the queue or another.
struct Law {
  std::string name;
  std::function<std::int64_t(RngStream&)> draw;
};

std::vector<Law> laws() {
  const auto below = [](RngStream& rng, std::uint64_t n) { return static_cast<std::int64_t>(rng.below(n)); };
  return {
      {"all at now", [](RngStream&) { return 0; }},
      {"few instants", [=](RngStream& rng) { return below(rng, 3); }},
      {"dense", [=](RngStream& rng) { return below(rng, 1000); }},
      {"uniform", [=](RngStream& rng) { return below(rng, 2'000'000); }},
      {"constant", [](RngStream&) { return 777; }},
      {"now or constant", [=](RngStream& rng) { return below(rng, 2) * 1'000'000; }},
      {"bimodal",
       [=](RngStream& rng) { return below(rng, 10) == 0 ? 200'000'000'000 + below(rng, 1000) : below(rng, 5000); }},
      {"every magnitude", [=](RngStream& rng) { return below(rng, std::uint64_t{1} << rng.below(50)); }},
      {"rounded to microseconds", [=](RngStream& rng) { return below(rng, 20) * 1'000'000; }},
  };
}

TEST(EventQueue, IsIndistinguishableFromASortedMapUnderRandomTraffic) {
  for (const Law& law : laws()) {
    SCOPED_TRACE(law.name);
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
      RngStream rng = RandomStreams(seed).get("traffic", 0);
      Pair pair;
      // Grows, stays, drains, and grows again; up to a few thousand pending.
      for (const int growth : {3, 2, 1, 3, 1}) {
        for (int step = 0; step < 2000; ++step) {
          const auto pushes = rng.below(static_cast<std::uint64_t>(growth) + 1);
          for (std::uint64_t i = 0; i < pushes; ++i) {
            pair.push(pair.now() + Duration(law.draw(rng)), static_cast<std::uint32_t>(rng.below(5)));
          }
          if (!pair.empty()) {
            pair.pop();
          }
        }
        if (HasFailure()) {
          return;
        }
      }
      while (!pair.empty()) {
        pair.pop();
      }
    }
  }
}

TEST(EventQueue, HoldsOrderWithManyPending) {
  for (const Law& law : laws()) {
    SCOPED_TRACE(law.name);
    RngStream rng = RandomStreams(9).get("hold", 0);
    Pair pair;
    for (int i = 0; i < 20'000; ++i) {
      pair.push(at(law.draw(rng)), static_cast<std::uint32_t>(rng.below(100)));
    }
    for (int i = 0; i < 20'000; ++i) {
      const EventKey key = pair.pop();
      pair.push(key.at + Duration(law.draw(rng)), key.source());
      if (HasFailure()) {
        return;
      }
    }
    while (!pair.empty()) {
      pair.pop();
    }
  }
}

}  // namespace
}  // namespace knetsim
