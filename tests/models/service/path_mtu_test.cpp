// Goal: a segment is as large as its packet may be on the way, or does not come through. Method: sums of headers by hand:
// 52 bytes of IP and TCP with timestamps (28 of UDP), 20 of IP in IP, 50 of VXLAN.

#include "models/service/path_mtu.h"

#include <gtest/gtest.h>

#include "hand_walks.h"
#include "models/service/plan_book.h"

namespace knetsim {
namespace {

constexpr std::uint32_t kTcp = 52;

TEST(PathMtu, WithoutAWordOfItAPacketFillsTheNic) {
  for (const std::uint32_t header : {0U, 20U, 50U}) {
    const FlowMtu mtu = flow_mtu(PathMtu(1'500), {}, header, kTcp);
    EXPECT_EQ(mtu.outer, 1'500U);
    EXPECT_EQ(mtu.fits, 0U);
  }
}

TEST(PathMtu, ASmallerOneOfPodsIsKeptTo) {
  PathMtu mtu(9'000);
  mtu.pods = 1'440;
  EXPECT_EQ(flow_mtu(mtu, {}, 20, kTcp).outer, 1'460U);
  EXPECT_EQ(flow_mtu(mtu, {.locality = Locality::SameNode}, 0, kTcp).outer, 1'440U);
  const FlowClass hosts{.client_host_network = true, .server_host_network = true};
  EXPECT_EQ(flow_mtu(mtu, hosts, 0, kTcp).outer, 9'000U);
}

TEST(PathMtu, WhatTheWayDoesNotCarryIsToldOrVanishes) {
  PathMtu mtu(1'500);
  mtu.path = 1'472;
  EXPECT_EQ(flow_mtu(mtu, {}, 50, kTcp).outer, 1'472U);
  EXPECT_EQ(flow_mtu(mtu, {}, 50, kTcp).fits, 0U);
  mtu.discovery = false;
  EXPECT_EQ(flow_mtu(mtu, {}, 50, kTcp).outer, 1'500U);
  EXPECT_EQ(flow_mtu(mtu, {}, 50, kTcp).fits, 1'472U - 50 - 52);
  mtu.pods = 1'422;  // the largest that fits
  EXPECT_EQ(flow_mtu(mtu, {}, 50, kTcp).fits, 0U);
  mtu.pods = 1'423;
  EXPECT_NE(flow_mtu(mtu, {}, 50, kTcp).fits, 0U);
  // On one machine nothing is in the way.
  EXPECT_EQ(flow_mtu(mtu, {.locality = Locality::SameNode}, 0, kTcp).fits, 0U);
}

// More than its own NIC takes a node tells its pods of, whatever routers do.
TEST(PathMtu, TheOwnNodeTellsItsPods) {
  PathMtu mtu(1'500);
  mtu.pods = 1'500;
  mtu.discovery = false;
  EXPECT_EQ(flow_mtu(mtu, {}, 50, kTcp).outer, 1'500U);
  EXPECT_EQ(flow_mtu(mtu, {}, 50, kTcp).fits, 0U);
}

TEST(PathMtu, PlansHaveItsSegments) {
  const CostProfile profile = hand_profile();
  const PlanTables tables = plan_tables(profile);
  const auto proxy = make_proxy("iptables", hand_params());
  const auto cni = cni_kind_named("calico")->make({.backend = "vxlan"});
  PathMtu mtu(1'500);
  mtu.path = 1'472;
  const auto segment = [&](const PathMtu& of) {
    PlanBook book({*proxy, *cni}, profile, tables, of);
    return book.at({}).plans[FlowPacket::Request].max_segment_bytes;
  };
  EXPECT_EQ(segment(PathMtu(1'500)), 1'500U - 50 - 52);
  EXPECT_EQ(segment(mtu), 1'472U - 50 - 52);
  mtu.pods = 1'280;
  EXPECT_EQ(segment(mtu), 1'280U - 52);
}

}  // namespace
}  // namespace knetsim
