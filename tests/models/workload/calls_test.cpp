// Goal: a group of calls is sent one after the other and ends with its last. Method: by hand,
// and every order in which three calls can end.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "models/workload/calls.h"

namespace knetsim {
namespace {

TEST(CallGroup, SendsTheNextWhenTheThreadIsFreeOfTheLast) {
  CallGroup group(3);
  ASSERT_EQ(group.next(), 0U);
  group.sends(40);
  EXPECT_FALSE(group.leaves_thread(41)) << "it is not this call that the thread is busy with";
  EXPECT_TRUE(group.leaves_thread(40));
  EXPECT_FALSE(group.leaves_thread(40)) << "once";
  EXPECT_EQ(group.next(), 1U);
  EXPECT_EQ(group.next(), 2U);
  EXPECT_EQ(group.next(), std::nullopt);
}

TEST(CallGroup, EndsWithTheLastInWhateverOrder) {
  for (int failing = 0; failing < 4; ++failing) {
    std::array<int, 3> order{0, 1, 2};
    do {
      CallGroup group(3);
      while (group.next()) continue;
      for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(group.ended(order[i] == failing), i == 2);
      EXPECT_EQ(group.failed(), failing < 3);
    } while (std::ranges::next_permutation(order).found);
  }
}

}  // namespace
}  // namespace knetsim
