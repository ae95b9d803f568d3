#include "models/service/plan_book.h"

#include <gtest/gtest.h>

#include "hand_walks.h"

namespace knetsim {
namespace {

// A connection opened under old rules keeps its plans, byte for byte, while new ones get the rules of the new epoch;
// and the old plans lead to the new ones of the same class.
TEST(PlanBook, AnEpochEndsWithoutTouchingWhatConnectionsHold) {
  const CostProfile profile = hand_profile();
  const PlanTables tables = plan_tables(profile);
  ProxyParams params = hand_params();
  const auto proxy = proxy_mode_named("iptables")->make(params);
  const auto ipvs = proxy_mode_named("ipvs")->make(params);
  const auto cni = cni_kind_named("bridge")->make({});
  PlanBook book({*proxy, *cni, {}}, profile, tables, 1'500);
  const FlowClass cluster_ip{.exposure = Exposure::ClusterIp};
  const PlanBook::Entry& old = book.at(cluster_ip);
  const std::size_t scans = old.plans[FlowPacket::First].scans.size();
  EXPECT_GT(scans, 0u);
  EXPECT_EQ(&book.current(old.plans), &old.plans);

  book.renew({*ipvs, *cni, {}});
  const PlanBook::Entry& now = book.at(cluster_ip);
  EXPECT_NE(&now, &old);
  EXPECT_LT(now.plans[FlowPacket::First].scans.size(), scans) << "IPVS scans no chain of Services";
  EXPECT_EQ(old.plans[FlowPacket::First].scans.size(), scans);
  EXPECT_EQ(&book.current(old.plans), &now.plans);
  EXPECT_EQ(&book.current(now.plans), &now.plans);
  EXPECT_EQ(book.known(old.plans).flow, cluster_ip);

  book.renew({*proxy, *cni, {}});
  EXPECT_EQ(book.current(old.plans)[FlowPacket::First].scans.size(), scans);
}

}  // namespace
}  // namespace knetsim
