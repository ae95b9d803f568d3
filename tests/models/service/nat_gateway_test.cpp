// Goal: NAT gateways have the ports that their vendors publish. Method: the vendors' own figures and examples.

#include "models/service/nat_gateway.h"

#include <gtest/gtest.h>

namespace knetsim {
namespace {

TEST(NatGateway, PortsOfANodeFollowTheVendorsTables) {
  const NatGatewayKind* gcp = nat_gateway_kind_named("gcp");
  ASSERT_NE(gcp, nullptr);
  EXPECT_EQ(ports_per_node(*gcp, 5'000), 64U);
  // "(1 NAT IP) x (64,512 ports per IP) / (64 ports per VM) = 1,008 VMs"
  EXPECT_EQ(gcp->ports_per_address / ports_per_node(*gcp, 1), 1'008U);
  const NatGatewayKind* azure = nat_gateway_kind_named("azure-load-balancer");
  ASSERT_NE(azure, nullptr);
  EXPECT_EQ(ports_per_node(*azure, 50), 1'024U);
  EXPECT_EQ(ports_per_node(*azure, 51), 512U);
  EXPECT_EQ(ports_per_node(*azure, 100), 512U);
  EXPECT_EQ(ports_per_node(*azure, 200), 256U);
  EXPECT_EQ(ports_per_node(*azure, 401), 64U);
  EXPECT_EQ(ports_per_node(*azure, 1'000), 32U);
  EXPECT_EQ(nat_gateway_kind_named("gpc"), nullptr);
}

TEST(NatGateway, WhatNobodyPublishesIsSaidToBeAnAssumption) {
  for (const NatGatewayKind& kind : nat_gateway_kinds()) {
    SCOPED_TRACE(kind.name);
    EXPECT_FALSE(kind.source.empty());
    EXPECT_EQ(kind.after_close_assumed, kind.summary.find("is an assumption") != std::string_view::npos);
  }
}

}  // namespace
}  // namespace knetsim
