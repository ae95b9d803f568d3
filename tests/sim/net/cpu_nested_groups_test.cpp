// Goal: groups within a group, as containers are within their pod: each is held by its own quota and all of them by the
// pod's, and what the pod gets is shared by their weights. Method: schedules by hand; shares of backlogged groups by
// their weights within a slice.

#include <gtest/gtest.h>

#include "cpu_harness.h"

namespace knetsim {
namespace {

using namespace std::chrono_literals;

TEST(CpuNestedGroups, EachHasItsOwnQuota) {
  CpuHarness h;
  h.cpus.add_node(4);
  const GroupIndex pod = h.cpus.add_group(0, 1434);
  const GroupIndex web = h.cpus.add_group_within(pod, 410, CpuQuota{.quota = 40ms});
  const GroupIndex logger = h.cpus.add_group_within(pod, 1024);
  h.submit_at(at(0ms), {.group = web, .cpu = 100ms, .cookie = 1});
  h.submit_at(at(0ms), {.group = logger, .cpu = 150ms, .cookie = 2});
  h.scheduler.run_until(at(1s));
  ASSERT_EQ(h.ends.size(), 2U);
  EXPECT_EQ(h.ends[0].report.cookie, 2U);
  EXPECT_EQ(h.ends[0].at, at(150ms));
  EXPECT_EQ(h.ends[1].at, at(220ms));  // 0-40, 100-140, 200-220
  EXPECT_EQ(h.ends[1].report.throttled, 120ms);
  EXPECT_EQ(h.cpus.throttled_time(web, at(1s)), 120ms);
  EXPECT_EQ(h.cpus.throttled_time(logger, at(1s)), 0ms);
  EXPECT_EQ(h.cpus.group_time(pod, at(1s)), 250ms);
}

TEST(CpuNestedGroups, TheQuotaAroundThemHoldsThemTogether) {
  CpuHarness h;
  h.cpus.add_node(4);
  const GroupIndex pod = h.cpus.add_group(0, 1024, CpuQuota{.quota = 60ms});
  const GroupIndex a = h.cpus.add_group_within(pod, 512, CpuQuota{.quota = 50ms});
  const GroupIndex b = h.cpus.add_group_within(pod, 512);
  h.submit_at(at(0ms), {.group = a, .cpu = 50ms, .cookie = 1});
  h.submit_at(at(0ms), {.group = b, .cpu = 50ms, .cookie = 2});
  h.scheduler.run_until(at(1s));
  // Side by side 0-30, when the pod's 60 ms are spent; 100-120 both.
  ASSERT_EQ(h.ends.size(), 2U);
  for (const CpuHarness::End& end : h.ends) {
    EXPECT_EQ(end.at, at(120ms));
    EXPECT_EQ(end.report.throttled, 70ms);
    EXPECT_EQ(end.report.waited, 0ms);
  }
}

TEST(CpuNestedGroups, WhereBothQuotasAreSpentTheTimeCountsOnce) {
  CpuHarness h;
  h.cpus.add_node(1);
  const GroupIndex pod = h.cpus.add_group(0, 1024, CpuQuota{.quota = 30ms});
  const GroupIndex only = h.cpus.add_group_within(pod, 1024, CpuQuota{.quota = 30ms});
  h.submit_at(at(0ms), {.group = only, .cpu = 70ms});
  h.scheduler.run_until(at(1s));
  ASSERT_EQ(h.ends.size(), 1U);
  EXPECT_EQ(h.ends[0].at, at(210ms));
  EXPECT_EQ(h.ends[0].report.throttled, 140ms);
  EXPECT_EQ(h.cpus.throttled_time(only, at(1s)), 140ms);
}

TEST(CpuNestedGroups, AGroupWithinOneHeldAloneIsAsTheTighterQuotaHoldsIt) {
  for (const auto& [own, around] : {std::pair{20ms, 50ms}, std::pair{50ms, 20ms}, std::pair{35ms, 35ms}}) {
    CpuHarness nested;
    nested.cpus.add_node(2);
    const GroupIndex pod = nested.cpus.add_group(0, 1024, CpuQuota{.quota = around});
    const GroupIndex container = nested.cpus.add_group_within(pod, 100, CpuQuota{.quota = own});
    CpuHarness flat;
    flat.cpus.add_node(2);
    const GroupIndex group = flat.cpus.add_group(0, 1024, CpuQuota{.quota = std::min(own, around)});
    for (int i = 0; i < 12; ++i) {
      const Time when = at(i * 37ms);
      const Duration work = (3 + i * 7 % 11) * 1ms;
      nested.submit_at(when, {.group = container, .cpu = work});
      flat.submit_at(when, {.group = group, .cpu = work});
    }
    nested.scheduler.run_until(at(5s));
    flat.scheduler.run_until(at(5s));
    ASSERT_EQ(nested.ends.size(), flat.ends.size());
    for (std::size_t i = 0; i < flat.ends.size(); ++i) {
      EXPECT_EQ(nested.ends[i].at, flat.ends[i].at);
      EXPECT_EQ(nested.ends[i].report.throttled, flat.ends[i].report.throttled);
    }
  }
}

// One core, three backlogged threads: two in a pod of weight 1,024 (as 3 to 1 there), one in a pod of weight 1,024.
// In 4 s: 1.5, 0.5 and 2 s, each within a slice or two.
TEST(CpuNestedGroups, ShareByWeightsAtBothLevels) {
  CpuHarness h;
  h.cpus.add_node(1);
  const GroupIndex pod = h.cpus.add_group(0, 1024);
  const GroupIndex large = h.cpus.add_group_within(pod, 768);
  const GroupIndex small = h.cpus.add_group_within(pod, 256);
  const GroupIndex other = h.cpus.add_group(0, 1024);
  for (const GroupIndex group : {large, small, other}) h.submit_at(at(0ms), {.group = group, .cpu = 10s});
  h.scheduler.run_until(at(4s));
  const auto time = [&](GroupIndex group) { return to_seconds(h.cpus.group_time(group, at(4s))); };
  EXPECT_NEAR(time(large), 1.5, 0.02);
  EXPECT_NEAR(time(small), 0.5, 0.02);
  EXPECT_NEAR(time(other), 2.0, 0.02);
  EXPECT_NEAR(time(pod), 2.0, 0.02);
}

// Alone in its pod, a container has the pod's whole weight: the weight of one that sleeps is not lost.
TEST(CpuNestedGroups, OneThatWorksAloneHasThePodsWeight) {
  CpuHarness h;
  h.cpus.add_node(1);
  const GroupIndex pod = h.cpus.add_group(0, 1024);
  const GroupIndex works = h.cpus.add_group_within(pod, 2);
  h.cpus.add_group_within(pod, 1022);
  const GroupIndex other = h.cpus.add_group(0, 1024);
  for (const GroupIndex group : {works, other}) h.submit_at(at(0ms), {.group = group, .cpu = 10s});
  h.scheduler.run_until(at(4s));
  EXPECT_NEAR(to_seconds(h.cpus.group_time(works, at(4s))), 2.0, 0.02);
}

// As for groups of a node: one that slept while another worked for 2 s does not make up for them (12 ms at most).
TEST(CpuNestedGroups, ASleeperDoesNotGetBackWhatItMissed) {
  CpuHarness h;
  h.cpus.add_node(1);
  const GroupIndex pod = h.cpus.add_group(0, 1024);
  const GroupIndex sleeper = h.cpus.add_group_within(pod, 512);
  const GroupIndex worker = h.cpus.add_group_within(pod, 512);
  h.submit_at(at(0ms), {.group = worker, .cpu = 2s});
  h.submit_at(at(2s + 1ms), {.group = sleeper, .cpu = 10s});
  h.submit_at(at(2s + 2ms), {.group = worker, .cpu = 10s});
  h.scheduler.run_until(at(4s));
  EXPECT_NEAR(to_seconds(h.cpus.group_time(sleeper, at(4s))), 1.0, 0.03);
  EXPECT_NEAR(to_seconds(h.cpus.group_time(worker, at(4s))), 3.0, 0.03);
}

TEST(CpuNestedGroups, AreTwoLevelsDeepAtMostAndFollowTheirPod) {
  CpuHarness h;
  h.cpus.add_node(1);
  const GroupIndex pod = h.cpus.add_group(0, 1024);
  const GroupIndex container = h.cpus.add_group_within(pod, 2);
  EXPECT_THROW(h.cpus.add_group_within(container, 2), std::invalid_argument);
  h.cpus.add_group(0, 1024);
  EXPECT_THROW(h.cpus.add_group_within(pod, 2), std::invalid_argument);
}

}  // namespace
}  // namespace knetsim
