#include "models/service/plan_book.h"

#include <gtest/gtest.h>

#include "hand_walks.h"

// Goal: a class of flows has one set of plans, whatever its nodes have and whenever a connection opens.
// Method: plans asked for twice, and the rules of a connection's opening added up from two nodes' own sizes, by hand.

namespace knetsim {
namespace {

class PlanBookTest : public testing::Test {
 protected:
  const CostProfile profile = hand_profile();
  const PlanTables tables = plan_tables(profile);
  const std::unique_ptr<ProxyModel> proxy = make_proxy("iptables", hand_params());
  const std::unique_ptr<CniModel> cni = cni_kind_named("bridge")->make({});
  PlanBook book{{*proxy, *cni}, profile, tables, 1'500};
};

TEST_F(PlanBookTest, AClassIsDescribedOnceAndFoundAgain) {
  const FlowClass cluster_ip{.exposure = Exposure::ClusterIp};
  const PlanBook::Entry& entry = book.at(cluster_ip);
  EXPECT_GT(entry.plans[FlowPacket::First].scans.size(), 0U);
  EXPECT_EQ(&book.at(cluster_ip), &entry);
  EXPECT_NE(&book.at({.exposure = Exposure::PodIp}), &entry);
  EXPECT_EQ(book.known(entry.plans).flow, cluster_ip);
}

// k + i + 4 rules of nat at the client, 2 in POSTROUTING, 7 and those of N0 Services in FORWARD; R + 2, 2, 7 and N0 at
// the server; 5 in FORWARD for the SYN-ACK on each.
TEST_F(PlanBookTest, RulesOfTheOpeningAreThoseOfTheNodesThatThePacketsPass) {
  const PlanBook::Entry& entry = book.at({.exposure = Exposure::ClusterIp});
  const Bindings bindings = hand_bindings();
  const MachineSymbols client = symbols_of({.services_rules = 500, .without_endpoints = 3});
  const MachineSymbols server = symbols_of({.services_rules = 900, .without_endpoints = 1});
  EXPECT_EQ(entry.opening.value(bindings.connection, {&client, nullptr, &server}, 0),
            (417 + 4 + 4 + 2 + 7 + 3) + (900 + 2 + 2 + 7 + 1) + 5 + 5);
}

}  // namespace
}  // namespace knetsim
