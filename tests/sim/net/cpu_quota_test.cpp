// Goal: CFS bandwidth control as the kernel documents it (Linux v6.1 Documentation/scheduler/sched-bwc.rst): a group
// gets its quota in each period and no more, stalls until the period is over, and the time of that is told. Method:
// schedules written out by hand, to the picosecond; for random work the closed forms of a backlogged group (its CPU
// time is the quota times the periods begun) and the longest stall there can be.

#include <gtest/gtest.h>

#include <algorithm>

#include "cpu_harness.h"
#include "sim/core/random.h"

namespace knetsim {
namespace {

using namespace std::chrono_literals;

TEST(CpuQuota, ABurstBeyondItStallsUntilEachPeriodIsOver) {
  CpuHarness h;
  h.cpus.add_node(1);
  const GroupIndex group = h.cpus.add_group(0, 1024, CpuQuota{.quota = 50ms});
  h.submit_at(at(30ms), {.group = group, .cpu = 220ms});
  h.scheduler.run_until(at(1s));
  // From the first use on: 30-80, 130-180, 230-280, 330-380, 430-450.
  ASSERT_EQ(h.ends.size(), 1U);
  EXPECT_EQ(h.ends[0].at, at(450ms));
  EXPECT_EQ(h.ends[0].report.ran, 220ms);
  EXPECT_EQ(h.ends[0].report.throttled, 4 * 50ms);
  EXPECT_EQ(h.ends[0].report.waited, 0ms);
  EXPECT_EQ(h.cpus.throttled_time(group, at(1s)), 4 * 50ms);
  EXPECT_EQ(h.cpus.group_time(group, at(1s)), 220ms);
}

TEST(CpuQuota, ABurstThatArrivesInAStallIsHeldForWhatIsLeftOfIt) {
  CpuHarness h;
  h.cpus.add_node(2);
  const GroupIndex group = h.cpus.add_group(0, 1024, CpuQuota{.quota = 20ms});
  h.submit_at(at(0ms), {.group = group, .cpu = 25ms, .cookie = 1});
  h.submit_at(at(73ms), {.group = group, .cpu = 4ms, .cookie = 2});
  h.scheduler.run_until(at(1s));
  ASSERT_EQ(h.ends.size(), 2U);
  EXPECT_EQ(h.ends[0].report.cookie, 2U);
  EXPECT_EQ(h.ends[0].at, at(104ms));
  EXPECT_EQ(h.ends[0].report.throttled, 27ms);
  EXPECT_EQ(h.ends[1].at, at(105ms));
  EXPECT_EQ(h.ends[1].report.throttled, 80ms);
  EXPECT_EQ(h.cpus.throttled_time(group, at(1s)), 80ms) << "of the group, however many bursts it held";
}

TEST(CpuQuota, IsSharedByTheWorkersOfAPodWhicheverCoresTheyAreOn) {
  CpuHarness h;
  h.cpus.add_node(8);
  const GroupIndex group = h.cpus.add_group(0, 2048, CpuQuota{.quota = 200ms});
  for (std::uint64_t worker = 0; worker < 4; ++worker) {
    h.submit_at(at(0ms), {.group = group, .cpu = 90ms, .cookie = worker});
  }
  h.scheduler.run_until(at(1s));
  // Four at once spend two cores' worth of a period in 50 ms; the other 40 ms run in the next one.
  ASSERT_EQ(h.ends.size(), 4U);
  for (const CpuHarness::End& end : h.ends) {
    EXPECT_EQ(end.at, at(140ms));
    EXPECT_EQ(end.report.throttled, 50ms);
  }
  EXPECT_EQ(h.cpus.throttled_time(group, at(1s)), 50ms);
}

TEST(CpuQuota, WhatIsNotUsedIsNotKept) {
  CpuHarness h;
  h.cpus.add_node(1);
  const GroupIndex group = h.cpus.add_group(0, 1024, CpuQuota{.quota = 30ms});
  h.submit_at(at(0ms), {.group = group, .cpu = 1ms});
  h.submit_at(at(550ms), {.group = group, .cpu = 60ms});
  h.scheduler.run_until(at(1s));
  // The period of 500 to 600 ms is half over: 550-580, 600-630.
  ASSERT_EQ(h.ends.size(), 2U);
  EXPECT_EQ(h.ends[1].at, at(630ms));
  EXPECT_EQ(h.ends[1].report.throttled, 20ms);
}

TEST(CpuQuota, SoftirqWorkOnTheCoreIsNotChargedToIt) {
  CpuHarness h;
  h.cpus.add_node(1);
  const GroupIndex group = h.cpus.add_group(0, 1024, CpuQuota{.quota = 50ms});
  h.submit_at(at(0ms), {.group = group, .cpu = 60ms});
  h.softirq_at(at(10ms), 0, 7ms);
  h.softirq_at(at(40ms), 0, 5ms);
  h.scheduler.run_until(at(1s));
  // Spent after 50 ms of its own work, at 62 ms.
  ASSERT_EQ(h.ends.size(), 1U);
  EXPECT_EQ(h.ends[0].at, at(110ms));
  EXPECT_EQ(h.ends[0].report.stolen, 12ms);
  EXPECT_EQ(h.ends[0].report.throttled, 38ms);
}

TEST(CpuQuota, OtherGroupsUseTheCoreThatAThrottledOneLeaves) {
  CpuHarness h;
  h.cpus.add_node(1);
  const GroupIndex limited = h.cpus.add_group(0, 1024, CpuQuota{.quota = 10ms});
  const GroupIndex other = h.cpus.add_group(0, 1024);
  h.submit_at(at(0ms), {.group = limited, .cpu = 11ms, .cookie = 1});
  h.submit_at(at(10ms), {.group = other, .cpu = 20ms, .cookie = 2});
  h.scheduler.run_until(at(1s));
  ASSERT_EQ(h.ends.size(), 2U);
  EXPECT_EQ(h.ends[0].report.cookie, 2U);
  EXPECT_EQ(h.ends[0].at, at(30ms));
  EXPECT_EQ(h.ends[1].at, at(101ms));
}

// A period begins at the very instant at which more work comes; the time line's events are handled first.
TEST(CpuQuota, WorkThatComesAsAPeriodBeginsDoesNotHideIt) {
  CpuHarness h;
  h.cpus.add_node(2);
  const GroupIndex group = h.cpus.add_group(0, 1024, CpuQuota{.quota = 50ms});
  h.submit_at(at(0ms), {.group = group, .cpu = 60ms, .cookie = 1});
  h.submit_at(at(100ms), {.group = group, .cpu = 5ms, .cookie = 2});
  h.scheduler.run_until(at(1s));
  ASSERT_EQ(h.ends.size(), 2U);
  EXPECT_EQ(h.ends[0].at, at(105ms));
  EXPECT_EQ(h.ends[1].at, at(110ms));
}

TEST(CpuQuota, WhatRanBeforeAPeriodIsNotChargedToIt) {
  CpuHarness h;
  h.cpus.add_node(2);
  const GroupIndex group = h.cpus.add_group(0, 1024, CpuQuota{.quota = 60ms});
  h.submit_at(at(0ms), {.group = group, .cpu = 1ms});
  h.submit_at(at(50ms), {.group = group, .cpu = 110ms, .cookie = 1});
  h.submit_at(at(100ms), {.group = group, .cpu = 10ms, .cookie = 2});  // 51 of 60 ms are spent; a new period begins
  h.scheduler.run_until(at(1s));
  // From 100 ms on 60 ms: both run until 110, then one until 150. Of the first, 60 + 10 + 40 ms have run by then.
  ASSERT_EQ(h.ends.size(), 3U);
  EXPECT_EQ(h.ends[1].at, at(110ms));
  EXPECT_EQ(h.ends[2].at, at(200ms + 10ms));
  EXPECT_EQ(h.ends[2].report.throttled, 50ms);
}

TEST(CpuQuota, SpentWithTheLastBurstItStallsNobodyUntilOneComes) {
  CpuHarness h;
  h.cpus.add_node(1);
  const GroupIndex group = h.cpus.add_group(0, 1024, CpuQuota{.quota = 20ms});
  h.submit_at(at(0ms), {.group = group, .cpu = 20ms});
  h.submit_at(at(70ms), {.group = group, .cpu = 5ms});
  h.scheduler.run_until(at(1s));
  ASSERT_EQ(h.ends.size(), 2U);
  EXPECT_EQ(h.ends[0].at, at(20ms));
  EXPECT_EQ(h.ends[1].at, at(105ms));
  EXPECT_EQ(h.ends[1].report.throttled, 30ms);
  EXPECT_EQ(h.cpus.throttled_time(group, at(1s)), 30ms)
      << "kernel/sched/fair.c, check_enqueue_throttle: a group is throttled when a task of it wants to run";
}

// The rule "spent at the earliest when all running bursts make progress" must not be asked again picosecond by
// picosecond while they cannot.
TEST(CpuQuota, ABurstThatWakesUpWithLittleLeftCostsAHandfulOfEvents) {
  CpuHarness h;
  h.cpus.add_node(1);
  const GroupIndex group = h.cpus.add_group(0, 1024, CpuQuota{.quota = 20ms});
  h.submit_at(at(0ms), {.group = group, .cpu = 20ms - Duration(3)});
  h.submit_at(at(50ms), {.group = group, .cpu = 5ms, .wake = 40us});
  h.softirq_at(at(50ms), 0, 100us);
  h.scheduler.run_until(at(1s));
  ASSERT_EQ(h.ends.size(), 2U);
  EXPECT_EQ(h.ends[1].at, at(105ms - Duration(3)));
  EXPECT_LT(h.scheduler.events(), 20U);
}

// A group with more work than quota gets exactly its quota of each period, whatever the work is cut into. The harness
// measures after whole periods. Longest stall: the quota is spent fastest by all workers at once.
TEST(CpuQuota, TheMeanRateOfABackloggedGroupIsTheQuota) {
  struct Case {
    Duration quota;
    std::uint32_t cores;
    std::uint32_t workers;
  };
  for (const Case& c : {Case{10ms, 1, 1}, Case{50ms, 4, 3}, Case{130ms, 4, 4}, Case{Duration(33'333'333'333), 2, 2}}) {
    CpuHarness h;
    h.cpus.add_node(c.cores);
    const GroupIndex group = h.cpus.add_group(0, 1024, CpuQuota{.quota = c.quota});
    RngStream draws(1, c.workers);
    Duration stalled_max{};
    h.on_end = [&](Time now, const BurstReport& report) {
      stalled_max = std::max(stalled_max, report.throttled);
      h.cpus.submit(now, {.group = group, .cpu = Duration(1 + static_cast<std::int64_t>(draws.uniform() * 5e9))});
    };
    for (std::uint32_t worker = 0; worker < c.workers; ++worker) {
      h.submit_at(at(0ms), {.group = group, .cpu = 1ms});
    }
    constexpr int kPeriods = 100;
    h.scheduler.run_until(at(kPeriods * 100ms));
    const Duration time = h.cpus.group_time(group, at(kPeriods * 100ms));
    // Each period's end is known to a picosecond for each worker; what was taken too much is owed to the next.
    EXPECT_LE(std::chrono::abs(time - kPeriods * c.quota), Duration(c.workers)) << c.workers << " workers";
    EXPECT_GT(h.cpus.throttled_time(group, at(kPeriods * 100ms)), 0s);
    EXPECT_LE(stalled_max, 100ms - c.quota / c.workers + Duration(c.workers));
    EXPECT_GT(stalled_max, 100ms - c.quota / c.workers - 5ms);
    // All workers have work all the time, so that the group's time is the workers' time outside stalls.
    const Duration running = kPeriods * 100ms - h.cpus.throttled_time(group, at(kPeriods * 100ms));
    EXPECT_LE(std::chrono::abs(running * c.workers - time), Duration(kPeriods * c.workers));
  }
}

}  // namespace
}  // namespace knetsim
