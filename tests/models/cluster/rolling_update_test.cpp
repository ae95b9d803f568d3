#include "models/cluster/rolling_update.h"

#include <gtest/gtest.h>

// Goal: each turn of a rolling update is Kubernetes'. Method: the tables of k/k pkg/controller/deployment/rolling_test.go
// (TestDeploymentController_reconcileNewReplicaSet and _reconcileOldReplicaSets), as numbers.

namespace knetsim {
namespace {

RolloutStrategy pods(std::uint32_t surge, std::uint32_t unavailable) {
  return {.max_surge = {.value = surge, .percent = false}, .max_unavailable = {.value = unavailable, .percent = false}};
}

TEST(RollingUpdate, TheNewReplicaSetGrowsUpToTheSurge) {
  const auto created = [](std::int64_t wanted, std::uint32_t surge, std::int64_t old, std::int64_t fresh) {
    return rolling_step(pods(surge, 0), {.wanted = wanted, .fresh = fresh, .old_available = old}).create;
  };
  EXPECT_EQ(created(10, 0, 10, 0), 0) << "it should not scale up";
  EXPECT_EQ(created(10, 2, 10, 0), 2);
  EXPECT_EQ(created(10, 2, 5, 0), 7);
  EXPECT_EQ(created(10, 2, 10, 2), 0);
}

TEST(RollingUpdate, OldPodsGoAsFarAsEnoughAreAvailable) {
  const auto step = [](std::uint32_t unavailable, std::int64_t old, std::int64_t fresh, std::int64_t fresh_available,
                       std::int64_t old_available) {
    return rolling_step(pods(0, unavailable), {.wanted = 10,
                                               .fresh = fresh,
                                               .fresh_available = fresh_available,
                                               .old_available = old_available,
                                               .old_unavailable = old - old_available});
  };
  // Neither surge nor unavailability would stand still for ever: one may go (ResolveFenceposts).
  EXPECT_EQ(step(0, 10, 0, 0, 10), (RollingStep{.create = 0, .remove_unavailable = 0, .remove_available = 1}));
  EXPECT_EQ(step(2, 10, 0, 0, 10), (RollingStep{.create = 0, .remove_unavailable = 0, .remove_available = 2}));
  // Unhealthy old pods first: two of ten go by the bound, both of them unhealthy.
  EXPECT_EQ(step(2, 10, 0, 0, 8), (RollingStep{.create = 0, .remove_unavailable = 2, .remove_available = 0}));
  EXPECT_EQ(step(2, 10, 0, 0, 9), (RollingStep{.create = 0, .remove_unavailable = 1, .remove_available = 1}));
  // Eight old and two new ones, of which none is ready: nothing may go.
  EXPECT_EQ(step(2, 8, 2, 0, 8).remove_available, 0);
  EXPECT_EQ(step(2, 8, 2, 2, 8).remove_available, 2);
}

TEST(RollingUpdate, SharesAreRoundedUpForSurgeAndDownForUnavailability) {
  const RollingStep step = rolling_step({}, {.wanted = 10, .old_available = 10});
  EXPECT_EQ(step, (RollingStep{.create = 3, .remove_unavailable = 0, .remove_available = 2}));
  const RollingStep of_one = rolling_step({}, {.wanted = 1, .old_available = 1});
  EXPECT_EQ(of_one, (RollingStep{.create = 1, .remove_unavailable = 0, .remove_available = 0}));
}

}  // namespace
}  // namespace knetsim
