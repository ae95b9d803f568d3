// Goal: a placement puts clients, softirqs and servers where it says, on as many CPUs as there are.

#include "analysis/lab/placement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace knetsim::lab {
namespace {

using testing::ElementsAre;

const std::vector<int> kFour = {0, 2, 4, 6};

std::vector<int> placed(Placement placement, const std::vector<int>& cpus) {
  const PlacedCpus on = placed_on(placement, cpus);
  return {on.clients, on.client_softirq, on.server_softirq, on.servers};
}

TEST(Placement, TellsWhatRunsWhere) {
  EXPECT_THAT(placed(Placement::OneCpu, kFour), ElementsAre(0, 0, 0, 0));
  EXPECT_THAT(placed(Placement::CpuPerNode, kFour), ElementsAre(0, 0, 2, 2));
  EXPECT_THAT(placed(Placement::SoftirqApart, kFour), ElementsAre(0, 2, 2, 0));
  EXPECT_THAT(placed(Placement::AllApart, kFour), ElementsAre(0, 2, 2, 4));
  EXPECT_THAT(placed(Placement::ClientApart, kFour), ElementsAre(0, 2, 2, 2));
  EXPECT_THAT(placed(Placement::AllApart, {3}), ElementsAre(3, 3, 3, 3));
}

TEST(Placement, UsesNoMoreCpusThanItNeeds) {
  EXPECT_THAT(cpus_used(Placement::OneCpu, 4, kFour), ElementsAre(0));
  EXPECT_THAT(cpus_used(Placement::PairPerCpu, 3, kFour), ElementsAre(0, 2, 4));
  EXPECT_THAT(cpus_used(Placement::CpuPerNode, 8, kFour), ElementsAre(0, 2));
  EXPECT_THAT(cpus_used(Placement::SoftirqApart, 8, kFour), ElementsAre(0, 2));
  EXPECT_THAT(cpus_used(Placement::AllApart, 1, kFour), ElementsAre(0, 2, 4));
  EXPECT_THAT(cpus_used(Placement::ClientApart, 1, kFour), ElementsAre(0, 2));
}

}  // namespace
}  // namespace knetsim::lab
