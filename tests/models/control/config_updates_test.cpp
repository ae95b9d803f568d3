// Goal: proxies know of changed endpoints when their controller has brought them, and not before. Method: instants by
// hand, as ingress-nginx has them: an update every 10/3 s at most, looked for every second.

#include "models/control/config_updates.h"

#include <gtest/gtest.h>

#include <vector>

namespace knetsim {
namespace {

using namespace std::chrono_literals;

Time after(Duration span) { return kTimeZero + span; }

TEST(ConfigUpdates, WithoutLimitsAVersionIsKnownAtOnce) {
  ConfigUpdates updates({});
  EXPECT_EQ(updates.known({}, after(1s)), 0U);
  updates.published(1, after(1s));
  updates.published(2, after(1200ms));
  EXPECT_EQ(updates.known({}, after(1s)), 1U);
  EXPECT_EQ(updates.known({}, after(1199ms)), 1U);
  EXPECT_EQ(updates.known({}, after(1200ms)), 2U);
}

// The first is taken up at once and opens the interval; 2 and 3 wait for its end, and come together; 4 finds none open.
TEST(ConfigUpdates, WhatChangesWithinAnIntervalComesWithTheNextUpdate) {
  ConfigUpdates updates({.min_interval = 3s});
  updates.published(1, after(10s));
  updates.published(2, after(11s));
  updates.published(3, after(12s));
  updates.published(4, after(20s));
  EXPECT_EQ(updates.known({}, after(12999ms)), 1U);
  EXPECT_EQ(updates.known({}, after(13s)), 3U);
  EXPECT_EQ(updates.known({}, after(19s)), 3U);
  EXPECT_EQ(updates.known({}, after(20s)), 4U);
}

TEST(ConfigUpdates, AnIntervalBeginsWithTheUpdateAndNotWithTheChange) {
  ConfigUpdates updates({.min_interval = 3s});
  updates.published(1, after(10s));
  updates.published(2, after(12s));
  updates.published(3, after(14s));
  EXPECT_EQ(updates.known({}, after(13s)), 2U);
  EXPECT_EQ(updates.known({}, after(15999ms)), 2U);
  EXPECT_EQ(updates.known({}, after(16s)), 3U);
}

TEST(ConfigUpdates, AProxyThatPollsKnowsWhatWasThereWhenItLooked) {
  ConfigUpdates updates({.poll = 1s});
  updates.published(1, after(10s));
  EXPECT_EQ(updates.known(300ms, after(200ms)), 0U);
  EXPECT_EQ(updates.known(300ms, after(10299ms)), 0U);
  EXPECT_EQ(updates.known(300ms, after(10300ms)), 1U);
  EXPECT_EQ(updates.known(0ms, after(10s)), 1U) << "it looks at the same instant";
  updates.published(2, after(10301ms));
  EXPECT_EQ(updates.known(300ms, after(11299ms)), 1U);
  EXPECT_EQ(updates.known(300ms, after(11300ms)), 2U);
}

// A rollout that changes a pod every 100 ms for a minute is 19 updates, as many as a bucket of one lets through.
TEST(ConfigUpdates, ARolloutIsAFewUpdates) {
  ConfigUpdates updates({.min_interval = std::chrono::duration_cast<Duration>(10s) / 3});
  std::vector<std::uint64_t> seen{0};
  for (std::uint64_t version = 1; version <= 600; ++version) {
    updates.published(version, after(version * 100ms));
    const std::uint64_t known = updates.known({}, after(version * 100ms));
    if (known != seen.back()) seen.push_back(known);
  }
  EXPECT_EQ(seen.size() - 1, 18U);
  EXPECT_EQ(updates.known({}, after(70s)), 600U);
}

}  // namespace
}  // namespace knetsim
