// Goal: workers take requests in order of arrival, each server has its own, and timeouts come due in their order. Method:
// both lists by hand.

#include <gtest/gtest.h>

#include <vector>

#include "models/workload/deadlines.h"
#include "models/workload/servers.h"

namespace knetsim {
namespace {

using namespace std::chrono_literals;

TrafficPlan two_pods() {
  TrafficPlan plan;
  plan.apps.push_back({.name = "a", .steps = {}, .workers = 2});
  plan.app_of_pod = {0, kNoIndex};
  return plan;
}

TEST(Servers, WorkersTakeRequestsInOrderOfArrival) {
  const TrafficPlan plan = two_pods();
  Servers servers(plan);
  const Server pod{.pod = 0};
  EXPECT_TRUE(servers.arrive(pod, 10));
  EXPECT_TRUE(servers.arrive(pod, 11));
  EXPECT_FALSE(servers.arrive(pod, 12));
  EXPECT_FALSE(servers.arrive(pod, 13));
  EXPECT_EQ(servers.done(pod), 12U);
  EXPECT_EQ(servers.done(pod), 13U);
  EXPECT_EQ(servers.done(pod), std::nullopt);
  EXPECT_TRUE(servers.arrive(pod, 14));
}

TEST(Servers, APodWithoutApplicationAnswersAnyNumberAtOnce) {
  const TrafficPlan plan = two_pods();
  Servers servers(plan);
  for (std::uint32_t request = 0; request < 1'000; ++request) EXPECT_TRUE(servers.arrive({.pod = 1}, request));
  EXPECT_TRUE(servers.app({.pod = 1}).steps.empty());
}

TEST(Servers, AContainerBesideHasWorkersOfItsOwn) {
  const TrafficPlan plan = two_pods();
  Servers servers(plan);
  EXPECT_TRUE(servers.arrive({.pod = 0}, 1));
  EXPECT_TRUE(servers.arrive({.pod = 0}, 2));
  EXPECT_TRUE(servers.arrive({.pod = 0, .beside = true, .app = 0}, 3));
  EXPECT_EQ(servers.last_core({.pod = 0}), std::nullopt);
  servers.ran_on({.pod = 0}, 5);
  EXPECT_EQ(servers.last_core({.pod = 0}), 5U);
  EXPECT_EQ(servers.last_core({.pod = 0, .beside = true, .app = 0}), std::nullopt);
}

TEST(Deadlines, ExpireInOrderAndPassOverWhatHasEnded) {
  Deadlines deadlines(2);
  EXPECT_TRUE(deadlines.add(0, kTimeZero + 1s, 10, 1)) << "somebody has to be woken";
  EXPECT_FALSE(deadlines.add(0, kTimeZero + 2s, 11, 2));
  EXPECT_FALSE(deadlines.add(0, kTimeZero + 2s, 12, 3));
  EXPECT_FALSE(deadlines.add(0, kTimeZero + 9s, 13, 4));
  EXPECT_EQ(deadlines.next(1), std::nullopt) << "edges have lists of their own";
  std::vector<AttemptIndex> expired;
  const auto waits = [](AttemptIndex attempt, std::uint64_t) { return attempt != 11; };
  deadlines.settle(0, kTimeZero + 2s, waits, [&](AttemptIndex attempt) { expired.push_back(attempt); });
  EXPECT_EQ(expired, (std::vector<AttemptIndex>{10, 12}));
  EXPECT_EQ(deadlines.next(0), kTimeZero + 9s);
}

}  // namespace
}  // namespace knetsim
