// Goal: kube-proxy syncs as one loop with one thread. Method: a machine of four cores without other work, over long
// runs: CPU time by the closed form (a sync takes its time, its next one begins `period` later or at its end), never
// more than one core busy, a new table at the end of each sync.
#include "models/control/proxy_sync.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

namespace knetsim {
namespace {

using namespace std::chrono_literals;

class NobodysBursts final : public BurstOwner {
 public:
  void on_burst_done(Time, const BurstReport&) override { ADD_FAILURE() << "a sync was given to another owner"; }
};

class OneMachine {
 public:
  OneMachine(Duration period, Duration cpu, std::uint64_t seed = 1) : streams_(seed) {
    cpus.set_owner(nobody_);
    cpus.add_node(4);
    sync.emplace(scheduler, cpus, streams_, ProxySyncOptions{.period = period, .cpu = cpu, .nodes = {7}}, 1);
    sync->start(kTimeZero);
  }
  void run_until(Time end) { scheduler.run_until(end, ~std::uint64_t{0}); }
  Duration busy(Time now) const {
    Duration sum{};
    for (CoreIndex core = 0; core < 4; ++core) sum += cpus.application_time(core, now);
    return sum;
  }

  Scheduler scheduler{2};
  Cpus cpus{scheduler, 0};
  std::optional<ProxySync> sync;

 private:
  RandomStreams streams_;
  NobodysBursts nobody_;
};

// 194 s of work every 30 s, as 10,000 Services in nftables mode ask for: one core, from the first moment to the last.
TEST(ProxySync, SyncsThatTakeLongerThanTheirPeriodKeepOneCoreBusyAndNoOther) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    OneMachine machine(30s, 194s, seed);
    Duration before{};
    for (Time now = kTimeZero + 5s; now <= kTimeZero + 2000s; now += 5s) {
      machine.run_until(now);
      ASSERT_EQ(machine.busy(now) - before, 5s) << to_seconds(now.time_since_epoch());
      ASSERT_EQ(machine.cpus.live_bursts(), 1U);
      before = machine.busy(now);
    }
    const std::uint64_t syncs = machine.sync->rewrites(0, kTimeZero + 2000s);
    EXPECT_GE(syncs, 2000U / 194);
    EXPECT_LE(syncs, 2000U / 194 + 1);
  }
}

// A sync of 2 s every 30 s: starts are 30 s apart, whatever a sync takes. Over 300 s, ten of them: 20 s of CPU time in
// any ten periods, wherever the first began.
TEST(ProxySync, ShortSyncsBeginAPeriodApart) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    OneMachine machine(30s, 2s, seed);
    machine.run_until(kTimeZero + 300s);
    EXPECT_EQ(machine.busy(kTimeZero + 300s), 20s) << seed;
    EXPECT_EQ(machine.sync->rewrites(0, kTimeZero + 300s), 10U) << seed;
  }
}

// At the start of a run 2 of 30 nodes are in the midst of a sync: binomial, 400 nodes, 99.9 %.
TEST(ProxySync, RunsBeginInTheMidstOfSyncs) {
  int in_a_sync = 0;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    OneMachine machine(30s, 2s, seed);
    in_a_sync += machine.cpus.live_bursts() == 1 ? 1 : 0;
  }
  EXPECT_GE(in_a_sync, 11);
  EXPECT_LE(in_a_sync, 46);
}

TEST(ProxySync, TheTableIsNewAtTheEndOfASyncAndNotBefore) {
  OneMachine machine(30s, 20s);
  std::uint64_t rewrites = 0;
  int seen = 0;
  for (Time now = kTimeZero + 100ms; now <= kTimeZero + 120s; now += 100ms) {
    const bool ran = machine.cpus.live_bursts() == 1;
    machine.run_until(now);
    const std::uint64_t after = machine.sync->rewrites(0, now);
    if (after != rewrites) {
      EXPECT_TRUE(ran);
      EXPECT_EQ(machine.cpus.live_bursts(), 0U);
      ++seen;
    }
    rewrites = after;
  }
  EXPECT_EQ(seen, 4);
}

TEST(ProxySync, SyncsThatTakeNoTimeAreStillCounted) {
  OneMachine machine(30s, 0s);
  machine.run_until(kTimeZero + 90s);
  EXPECT_EQ(machine.sync->rewrites(0, kTimeZero + 90s) - machine.sync->rewrites(0, kTimeZero), 3U);
  EXPECT_EQ(machine.busy(kTimeZero + 90s), 0s);
}

// From the next sync on: one that runs ends as it began.
TEST(ProxySync, WhatASyncCostsChangesWithTheNextOne) {
  OneMachine machine(10s, 10s);
  machine.run_until(kTimeZero + 15s);
  machine.sync->set_cpu(0, 1s);
  machine.run_until(kTimeZero + 100s);
  Duration long_ones = Duration(10s) - ProxySync::phase(RandomStreams(1), 7, 10s);  // back to back from the start
  while (long_ones < Duration(15s)) long_ones += Duration(10s);
  const Duration left = Duration(100s) - long_ones;
  const Duration last = std::min(Duration(1s), left % Duration(10s));
  EXPECT_EQ(machine.busy(kTimeZero + 100s), long_ones + left / Duration(10s) * Duration(1s) + last);
}

/// Versions of a node's rules, and when they became so.
class Versions final : public ProxySyncOwner {
 public:
  void on_synced(HostId, std::uint64_t version, Time now) override {
    seen.emplace_back(version, now.time_since_epoch());
  }
  std::vector<std::pair<std::uint64_t, Duration>> seen;
};
using Seen = std::vector<std::pair<std::uint64_t, Duration>>;

// The last sync is as long ago as the phase says, of 30 s: news come more than a second after it for this seed.
TEST(ProxySync, NewsBeginASyncAtOnceWhereTheLastWasLongAgo) {
  for (const Duration cpu : {Duration{}, Duration(2s)}) {
    OneMachine machine(30s, cpu);
    const Duration age = ProxySync::phase(RandomStreams(1), 7, 30s);
    ASSERT_GT(age, Duration(3s));
    ASSERT_LT(age, Duration(20s));
    Versions versions;
    machine.sync->set_owner(versions);
    machine.run_until(kTimeZero + 5s);
    machine.sync->news(0, 1, kTimeZero + 5s);
    machine.run_until(kTimeZero + 9s);
    EXPECT_EQ(versions.seen, (Seen{{1, 5s + cpu}}));
  }
}

TEST(ProxySync, NewsThatFollowWaitForTheMinimumPeriodAndForTheSyncUnderWay) {
  for (const Duration cpu : {Duration{}, Duration(300ms), Duration(2s)}) {
    OneMachine machine(30s, cpu);
    Versions versions;
    machine.sync->set_owner(versions);
    machine.run_until(kTimeZero + 5s);
    machine.sync->news(0, 1, kTimeZero + 5s);
    machine.run_until(kTimeZero + 5100ms);
    machine.sync->news(0, 2, kTimeZero + 5100ms);
    machine.run_until(kTimeZero + 5200ms);
    machine.sync->news(0, 3, kTimeZero + 5200ms);
    machine.run_until(kTimeZero + 20s);
    const Duration second = std::max(Duration(1s), cpu);  // after the start of the first
    EXPECT_EQ(versions.seen, (Seen{{1, 5s + cpu}, {3, 5s + second + cpu}}));
  }
}

// A sync of the period's own takes what is known, and the next is due a period after the start of the last.
TEST(ProxySync, NewsMoveThePeriodicSync) {
  OneMachine machine(30s, 1s);
  machine.run_until(kTimeZero + 5s);
  machine.sync->news(0, 1, kTimeZero + 5s);
  machine.run_until(kTimeZero + 34s);
  EXPECT_EQ(machine.busy(kTimeZero + 34s), 1s);
  machine.run_until(kTimeZero + 36s);
  EXPECT_EQ(machine.busy(kTimeZero + 36s), 2s);
}

}  // namespace
}  // namespace knetsim
