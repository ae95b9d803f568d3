// Goal: threads share cores by their groups' weights, softirq work goes first, and no time is lost count of.
// Method: completions by hand to the picosecond; for random softirq work an integration over its busy periods; for
// weights the bound that every fair queue by virtual time keeps.

#include "sim/net/cpu.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <utility>
#include <vector>

#include "cpu_harness.h"
#include "sim/core/random.h"

namespace knetsim {
namespace {

using namespace std::chrono_literals;

constexpr Duration kForever = 1000s;

TEST(Preemption, MovesACompletionByTheSoftirqTimeStolenFromIt) {
  CpuHarness h;
  h.cpus.add_node(2);
  const GroupIndex group = h.cpus.add_group(0, 1024);
  h.submit_at(at(0us), {.group = group, .cpu = 1ms, .last_core = 1});
  h.softirq_at(at(100us), 1, 30us);
  h.softirq_at(at(110us), 1, 20us);   // behind the first
  h.softirq_at(at(500us), 0, 70us);   // another core
  h.softirq_at(at(1040us), 1, 50us);  // 10 us before the burst would end
  h.softirq_at(at(1101us), 1, 50us);  // too late
  h.scheduler.run_until(at(10ms));
  ASSERT_EQ(h.ends.size(), 1U);
  EXPECT_EQ(h.ends[0].at, at(1100us));
  EXPECT_EQ(h.ends[0].report.core, 1U);
  EXPECT_EQ(h.ends[0].report.stolen, 100us);
  EXPECT_EQ(h.ends[0].report.ran, 1ms);
  EXPECT_EQ(h.ends[0].report.waited, 0us);
  EXPECT_EQ(h.cpus.softirq_time(1, at(10ms)), 150us);
  EXPECT_EQ(h.cpus.application_time(1, at(10ms)), 1ms);
}

TEST(Preemption, ABurstStartsBehindTheSoftirqWorkOfItsCore) {
  CpuHarness h;
  h.cpus.add_node(1);
  const GroupIndex group = h.cpus.add_group(0, 1024);
  h.softirq_at(at(0us), 0, 40us);
  h.submit_at(at(15us), {.group = group, .cpu = 10us});
  h.scheduler.run_until(at(1ms));
  ASSERT_EQ(h.ends.size(), 1U);
  EXPECT_EQ(h.ends[0].at, at(50us));
  EXPECT_EQ(h.ends[0].report.stolen, 25us);
}

TEST(Preemption, AnIdleCoreWithoutSoftirqWorkIsPreferred) {
  CpuHarness h;
  h.cpus.add_node(2);
  const GroupIndex group = h.cpus.add_group(0, 1024);
  h.softirq_at(at(0us), 0, 40us);
  h.submit_at(at(15us), {.group = group, .cpu = 10us, .wake = 3us});
  h.scheduler.run_until(at(1ms));
  ASSERT_EQ(h.ends.size(), 1U);
  EXPECT_EQ(h.ends[0].report.core, 1U);
  EXPECT_EQ(h.ends[0].at, at(28us));
  EXPECT_EQ(h.ends[0].report.woke, 3us);
  EXPECT_EQ(h.cpus.group_time(group, at(1ms)), 10us) << "waking up takes time and no CPU";
}

// Softirq work at random; the burst ends when the time outside its busy periods adds up to what it needs.
TEST(Preemption, IsExactUnderRandomSoftirqWork) {
  RngStream draws(7, 7);
  for (int run = 0; run < 200; ++run) {
    CpuHarness h;
    h.cpus.add_node(1);
    const GroupIndex group = h.cpus.add_group(0, 1024);
    const Duration need(1 + static_cast<std::int64_t>(draws.uniform() * 1e9));
    const double load = draws.uniform() * 1.2;
    std::vector<std::pair<Time, Time>> busy;
    Time free{};
    Time when{};
    for (int i = 0; i < 300; ++i) {
      when += Duration(static_cast<std::int64_t>(draws.uniform() * 2e7));
      const Duration work(static_cast<std::int64_t>(draws.uniform() * 2e7 * load));
      h.softirq_at(when, 0, work);
      const Time start = std::max(free, when);
      free = start + work;
      busy.emplace_back(start, free);
    }
    const Time begin = at(Duration(static_cast<std::int64_t>(draws.uniform() * 1e9)));
    h.submit_at(begin, {.group = group, .cpu = need});
    Time now = begin;
    Duration left = need;
    for (const auto& [from, until] : busy) {
      if (from >= now + left) break;
      if (until <= now) continue;
      if (from > now) left -= from - now;
      now = until;
    }
    h.scheduler.run_until(at(1s));
    ASSERT_EQ(h.ends.size(), 1U);
    EXPECT_EQ(h.ends[0].at, now + left) << "run " << run;
    const BurstReport& report = h.ends[0].report;
    EXPECT_EQ(report.ran, need);
    EXPECT_EQ(begin + report.ran + report.stolen + report.waited + report.woke, h.ends[0].at);
  }
}

// requests become weights in proportion (cpu.shares, 1024 a core). For threads that always want to run, a fair queue by
// virtual time keeps |S_i/w_i - S_j/w_j| within a slice of each: with slices of 3 ms, S_i is off its share by at most
// 3 ms + 3 ms of each other group in proportion, in all w_i sum(3 ms (1/w_i + 1/w_j)) / W.
TEST(Weights, DivideAContendedCoreInProportionToRequests) {
  const std::vector<double> weights{102.4, 256, 512, 1024, 2048};
  const double total = 102.4 + 256 + 512 + 1024 + 2048;
  CpuHarness h;
  h.cpus.add_node(1);
  std::vector<GroupIndex> groups;
  for (const double weight : weights) {
    groups.push_back(h.cpus.add_group(0, weight));
    h.submit_at(at(0us), {.group = groups.back(), .cpu = kForever});
  }
  const Duration wall = 20s;
  h.scheduler.run_until(at(wall));
  Duration sum{};
  for (std::size_t i = 0; i < weights.size(); ++i) {
    double bound = 0;
    for (const double other : weights) bound += weights[i] * other / total * 3e-3 * (1 / weights[i] + 1 / other);
    const Duration time = h.cpus.group_time(groups[i], at(wall));
    EXPECT_NEAR(to_seconds(time), to_seconds(wall) * weights[i] / total, bound) << "weight " << weights[i];
    sum += time;
  }
  EXPECT_EQ(sum, wall) << "the core is never idle";
}

// The same for threads whose work comes in pieces, each taken up as the last is done, as a server takes requests from
// its queue: they do not sleep between, and the length of a piece, or how many threads there are, decides nothing.
TEST(Weights, DivideACoreWhateverThePiecesOfWork) {
  for (const Duration piece : {Duration(100us), Duration(1ms), Duration(7ms)}) {
    for (const int threads : {1, 3}) {
      CpuHarness h;
      h.cpus.add_node(1);
      std::vector<GroupIndex> groups{h.cpus.add_group(0, 307.2), h.cpus.add_group(0, 102.4)};
      for (const GroupIndex group : groups) {
        for (int i = 0; i < threads; ++i) h.submit_at(at(0us), {.group = group, .cpu = piece, .cookie = group});
      }
      h.on_end = [&](Time now, const BurstReport& report) {
        h.cpus.submit(now, {.group = static_cast<GroupIndex>(report.cookie), .cpu = piece, .cookie = report.cookie});
      };
      h.scheduler.run_until(at(10s));
      EXPECT_NEAR(to_seconds(h.cpus.group_time(groups[0], at(10s))), 7.5, 12e-3) << piece.count() << ' ' << threads;
      EXPECT_NEAR(to_seconds(h.cpus.group_time(groups[1], at(10s))), 2.5, 12e-3) << piece.count() << ' ' << threads;
    }
  }
}

TEST(Weights, AreOfTheGroupHoweverManyThreadsItHas) {
  CpuHarness h;
  h.cpus.add_node(1);
  const GroupIndex one = h.cpus.add_group(0, 1024);
  const GroupIndex many = h.cpus.add_group(0, 1024);
  h.submit_at(at(0us), {.group = one, .cpu = kForever});
  for (int i = 0; i < 9; ++i) h.submit_at(at(0us), {.group = many, .cpu = kForever});
  h.scheduler.run_until(at(10s));
  EXPECT_NEAR(to_seconds(h.cpus.group_time(one, at(10s))), 5, 6e-3);
  EXPECT_NEAR(to_seconds(h.cpus.group_time(many, at(10s))), 5, 6e-3);
}

TEST(Weights, DoNotMatterWhereCoresAreFree) {
  CpuHarness h;
  h.cpus.add_node(2);
  const GroupIndex small = h.cpus.add_group(0, 2);
  const GroupIndex large = h.cpus.add_group(0, 4096);
  h.submit_at(at(0us), {.group = small, .cpu = 50ms});
  h.submit_at(at(0us), {.group = large, .cpu = 50ms});
  h.scheduler.run_until(at(1s));
  ASSERT_EQ(h.ends.size(), 2U);
  for (const CpuHarness::End& end : h.ends) EXPECT_EQ(end.at, at(50ms));
}

// A group that slept, or was throttled, does not get back what it missed: place_entity() puts it at most half a
// sched_latency (12 ms) behind the others. For five seconds one group is held to 30 ms of each period beside another
// that takes the rest; when two more come its share is a quarter of the core, less than its quota.
TEST(Weights, AThrottledGroupDoesNotCatchUp) {
  CpuHarness h;
  h.cpus.add_node(1);
  const GroupIndex limited = h.cpus.add_group(0, 1024, CpuQuota{.quota = 30ms});
  h.submit_at(at(0s), {.group = limited, .cpu = kForever});
  for (const Duration when : {0s, 5s, 5s}) {
    h.submit_at(at(when), {.group = h.cpus.add_group(0, 1024), .cpu = kForever});
  }
  h.scheduler.run_until(at(5s));
  EXPECT_EQ(h.cpus.group_time(limited, at(5s)), 50 * 30ms);
  h.scheduler.run_until(at(6s));
  const Duration before = h.cpus.group_time(limited, at(6s));
  h.scheduler.run_until(at(16s));
  // Within a slice of each group, as above, at both ends of the interval.
  EXPECT_NEAR(to_seconds(h.cpus.group_time(limited, at(16s)) - before), 10.0 / 4, 2 * 6e-3);
}

// The same for a group that slept while others had the core: two that took turns at their ticks, or one alone.
TEST(Weights, ASleeperGetsNoMoreThanItsCredit) {
  for (const int others : {1, 2}) {
    CpuHarness h;
    h.cpus.add_node(1);
    const GroupIndex sleeper = h.cpus.add_group(0, 1024);
    for (int i = 0; i < others; ++i) {
      h.submit_at(at(0s), {.group = h.cpus.add_group(0, 1024), .cpu = kForever});
    }
    h.submit_at(at(9s), {.group = sleeper, .cpu = kForever});
    h.scheduler.run_until(at(10s));
    // n others share what the credit of 12 ms leaves: 1 / (n + 1) s + 12 ms n / (n + 1), within the slices above.
    const double share = 1.0 / (others + 1);
    EXPECT_NEAR(to_seconds(h.cpus.group_time(sleeper, at(10s))), share + 12e-3 * others * share, 4e-3 + 3e-3) << others;
  }
}

// On two cores one group runs alone for long; who comes later is not owed that time.
TEST(Weights, AnOldRunnerIsNotStarvedByNewOnes) {
  CpuHarness h;
  h.cpus.add_node(2);
  std::vector<GroupIndex> groups;
  for (const Duration when : {0s, 9s, 10s}) {
    groups.push_back(h.cpus.add_group(0, 1024));
    h.submit_at(at(when), {.group = groups.back(), .cpu = kForever});
  }
  h.scheduler.run_until(at(10s));
  const Duration before = h.cpus.group_time(groups[0], at(10s));
  h.scheduler.run_until(at(13s));
  EXPECT_NEAR(to_seconds(h.cpus.group_time(groups[0], at(13s)) - before), 2, 2 * (12e-3 + 6e-3));
}

TEST(Bursts, AccountForAllOfTheirTime) {
  CpuHarness h;
  h.cpus.add_node(3);
  RngStream draws(3, 3);
  const auto below = [&](double ps) { return Duration(static_cast<std::int64_t>(draws.uniform() * ps)); };
  std::vector<GroupIndex> groups;
  for (int i = 0; i < 5; ++i) {
    groups.push_back(h.cpus.add_group(
        0, 100 * (i + 1), i % 2 == 0 ? std::optional<CpuQuota>(CpuQuota{.quota = 20ms * (i + 1)}) : std::nullopt));
  }
  std::vector<Time> begun;
  Duration work{};
  for (int i = 0; i < 4'000; ++i) {
    const Time when = at(below(4e12));
    const Burst burst{.group = groups[draws.next_u32() % 5],
                      .cpu = below(6e9),
                      .wake = below(5e7),
                      .cookie = begun.size(),
                      .last_core = draws.next_u32() % 4};
    begun.push_back(when);
    work += burst.cpu;
    h.submit_at(when, burst);
    h.softirq_at(at(below(4e12)), draws.next_u32() % 3, below(5e8));
  }
  h.scheduler.run_until(at(100s));
  ASSERT_EQ(h.ends.size(), begun.size());
  EXPECT_EQ(h.cpus.live_bursts(), 0U);
  for (const CpuHarness::End& end : h.ends) {
    const BurstReport& r = end.report;
    EXPECT_EQ(begun[r.cookie] + r.waited + r.throttled + r.woke + r.ran + r.stolen, end.at);
    EXPECT_GE(r.waited, 0s);
  }
  Duration of_cores{};
  Duration of_groups{};
  for (CoreIndex core = 0; core < 3; ++core) of_cores += h.cpus.application_time(core, at(100s));
  for (const GroupIndex group : groups) of_groups += h.cpus.group_time(group, at(100s));
  EXPECT_EQ(of_cores, work);
  EXPECT_EQ(of_groups, work);
}

// A thread that goes on keeps its core before others of its group that wait, and gives way after a slice.
TEST(Bursts, OfAThreadThatGoesOnKeepItsCoreForASlice) {
  CpuHarness h;
  h.cpus.add_node(1);
  const GroupIndex group = h.cpus.add_group(0, 1024);
  h.submit_at(at(0us), {.group = group, .cpu = 800us, .cookie = 1});
  h.submit_at(at(0us), {.group = group, .cpu = 800us, .cookie = 2});
  h.on_end = [&](Time now, const BurstReport& report) {
    if (report.cookie == 1) h.cpus.submit(now, {.group = group, .cpu = 800us, .cookie = 1});
  };
  h.scheduler.run_until(at(4100us));
  std::vector<std::uint64_t> cookies;
  for (const CpuHarness::End& end : h.ends) cookies.push_back(end.report.cookie);
  EXPECT_EQ(cookies, (std::vector<std::uint64_t>{1, 1, 1, 2, 1}));
}

// The quota is spent as a piece ends: the thread that would go on is held with all of its group.
TEST(Bursts, OfAThreadThatGoesOnAreHeldWhereTheQuotaIsSpent) {
  CpuHarness h;
  h.cpus.add_node(1);
  const GroupIndex group = h.cpus.add_group(0, 1024, CpuQuota{.quota = 30ms});
  h.submit_at(at(0us), {.group = group, .cpu = 10ms});
  h.on_end = [&](Time now, const BurstReport&) { h.cpus.submit(now, {.group = group, .cpu = 10ms}); };
  h.scheduler.run_until(at(1s - 1us));
  EXPECT_EQ(h.cpus.group_time(group, at(1s - 1us)), 10 * 30ms);
  EXPECT_EQ(h.ends.size(), 30U);
  EXPECT_EQ(h.ends[3].at, at(110ms));
  EXPECT_EQ(h.ends[3].report.throttled, 70ms);
}

TEST(Bursts, OfNoWorkEndAtOnce) {
  CpuHarness h;
  h.cpus.add_node(1);
  const GroupIndex group = h.cpus.add_group(0, 1024);
  h.submit_at(at(5us), {.group = group});
  h.scheduler.run_until(at(1s));
  ASSERT_EQ(h.ends.size(), 1U);
  EXPECT_EQ(h.ends[0].at, at(5us));
}

TEST(Cpus, RejectWhatNoNodeHas) {
  CpuHarness h;
  EXPECT_THROW(h.cpus.add_node(0), std::invalid_argument);
  EXPECT_THROW(h.cpus.add_node(1025), std::invalid_argument);
  h.cpus.add_node(1);
  EXPECT_THROW(h.cpus.add_group(0, 1), std::invalid_argument);
  EXPECT_THROW(h.cpus.add_group(1, 1024), std::invalid_argument);
  EXPECT_THROW(h.cpus.add_group(0, 1024, CpuQuota{}), std::invalid_argument);
}

}  // namespace
}  // namespace knetsim
