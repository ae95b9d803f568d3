// Goal: clients go on to the endpoint that they were given, as long as kernels remember it. Method: by hand.

#include "models/service/client_affinity.h"

#include <gtest/gtest.h>

namespace knetsim {
namespace {

using std::chrono::seconds;

constexpr Duration kTimeout = seconds(10);

Time at(int second) { return Time{} + seconds(second); }

TEST(ClientAffinity, KnowsWhoConnectedBefore) {
  ClientAffinity affinity;
  EXPECT_FALSE(affinity.endpoint_of(1, at(0), kTimeout));
  affinity.connected(1, 7, at(0), 100);
  affinity.connected(2, 8, at(0), 100);
  EXPECT_EQ(affinity.endpoint_of(1, at(9), kTimeout), 7u);
  EXPECT_EQ(affinity.endpoint_of(2, at(9), kTimeout), 8u);
  EXPECT_FALSE(affinity.endpoint_of(1, at(10), kTimeout));
  affinity.connected(1, 9, at(12), 100);
  EXPECT_EQ(affinity.endpoint_of(1, at(12), kTimeout), 9u);
}

TEST(ClientAffinity, AFullListLosesWhoWasSeenLongestAgo) {
  ClientAffinity affinity;
  for (std::uint64_t client = 1; client <= 100; ++client) affinity.connected(client, 7, at(0), 100);
  affinity.connected(1, 7, at(1), 100);
  affinity.connected(500, 8, at(2), 100);  // of another list
  EXPECT_EQ(affinity.endpoint_of(2, at(2), kTimeout), 7u);
  affinity.connected(101, 7, at(3), 100);
  EXPECT_EQ(affinity.endpoint_of(1, at(3), kTimeout), 7u);
  EXPECT_FALSE(affinity.endpoint_of(2, at(3), kTimeout));
  EXPECT_EQ(affinity.endpoint_of(3, at(3), kTimeout), 7u);
  EXPECT_EQ(affinity.endpoint_of(101, at(3), kTimeout), 7u);
  EXPECT_EQ(affinity.endpoint_of(500, at(3), kTimeout), 8u);
}

TEST(ClientAffinity, ANewcomerOfTheLowestAddressStays) {
  ClientAffinity affinity;
  affinity.connected(5, 7, at(0), 1);
  affinity.connected(3, 7, at(0), 1);
  EXPECT_EQ(affinity.endpoint_of(3, at(0), kTimeout), 7u);
  EXPECT_FALSE(affinity.endpoint_of(5, at(0), kTimeout));
}

}  // namespace
}  // namespace knetsim
