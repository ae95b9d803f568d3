// Goal: the order of modes is told from pairs that differ in one thing, and a wrong one is seen. Method: measurements
// made up in the expected order, in the reverse one, and too near to tell.

#include "analysis/lab/mode_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "default_profile.h"

namespace knetsim::lab {
namespace {

Measured order_seen(const LabCase& one, double ns, double half_width = 1) {
  return {.lab_case = one, .p50 = {ns, ns - half_width, ns + half_width}};
}

LabCase service(LabProxy proxy, std::uint32_t services, Operation operation) {
  return {.setup = {.rules = {.proxy = proxy, .services = services, .position = services}},
          .exposure = Exposure::ClusterIp,
          .operation = operation};
}

const LabCase kPodsInOrder{};
const LabCase kHostsInOrder{.client_host_network = true, .server_host_network = true};

OrderRelation relation(const std::vector<Measured>& measured, const std::string& text) {
  CostProfile profile = default_profile();
  profile.cold_factor = 4;
  for (const OrderRelation& one : orders_of(measured, profile)) {
    if (one.text == text) return one;
  }
  return {};
}

TEST(ModeOrder, APairStandsIsReversedOrCannotBeTold) {
  const auto hosts_below_pods = [](double hosts, double pods, double half_width) {
    return relation({order_seen(kPodsInOrder, pods, half_width), order_seen(kHostsInOrder, hosts, half_width)},
                    "hosts below pods");
  };
  EXPECT_EQ(hosts_below_pods(10, 20, 1).measured, 1u);
  EXPECT_EQ(hosts_below_pods(10, 20, 1).reversed, 0u);
  EXPECT_EQ(hosts_below_pods(20, 10, 1).measured, 0u);
  EXPECT_EQ(hosts_below_pods(20, 10, 1).reversed, 1u);
  EXPECT_EQ(hosts_below_pods(20, 10, 8).reversed, 0u) << "the intervals overlap";
  EXPECT_EQ(hosts_below_pods(10, 20, 8).measured, 0u);
  EXPECT_EQ(hosts_below_pods(20, 10, 1).predicted, 1u) << "whatever is measured";
  EXPECT_EQ(hosts_below_pods(10, 20, 1).pairs, 1u);
}

TEST(ModeOrder, IpvsIsAboveIptablesOnEstablishedPacketsAndBelowItConnectingPastManyServices) {
  const char* established = "established packets: iptables below IPVS";
  const char* connecting = "connects past many Services: IPVS below iptables";
  std::vector<Measured> measured;
  for (const LabProxy proxy : {LabProxy::IptablesLegacy, LabProxy::Ipvs}) {
    for (const std::uint32_t services : {10u, 2'000u}) {
      for (const Operation operation : {Operation::RoundTrip, Operation::Connect}) {
        measured.push_back(order_seen(service(proxy, services, operation), 100));
      }
    }
  }
  EXPECT_EQ(relation(measured, established).pairs, 2u);
  EXPECT_EQ(relation(measured, established).predicted, 2u);
  EXPECT_EQ(relation(measured, connecting).pairs, 1u) << "ten Services are few";
  EXPECT_EQ(relation(measured, connecting).predicted, 1u);
}

TEST(ModeOrder, MoreRulesToPassAreMoreOnEveryNode) {
  const char* text = "connects past few Services below those past three times as many";
  LabCase early = service(LabProxy::IptablesLegacy, 8'000, Operation::Connect);
  early.setup.rules.position = 100;  // the client's node passes few rules, the server's all 8,000
  const std::vector<Measured> measured = {order_seen(service(LabProxy::IptablesLegacy, 100, Operation::Connect), 40),
                                          order_seen(service(LabProxy::IptablesLegacy, 2'500, Operation::Connect), 60),
                                          order_seen(early, 70)};
  const OrderRelation found = relation(measured, text);
  EXPECT_EQ(found.pairs, 1u);
  EXPECT_EQ(found.measured, 1u);
  EXPECT_EQ(found.predicted, 1u);
}

TEST(ModeOrder, SweptCachesAndTheTunnelAreAbove) {
  LabCase cold = kPodsInOrder;
  cold.cold = true;
  LabCase tunnel = kPodsInOrder;
  tunnel.setup.fabric = Fabric::Vxlan;
  const std::vector<Measured> measured = {order_seen(kPodsInOrder, 10), order_seen(cold, 30), order_seen(tunnel, 20)};
  for (const char* text : {"warm caches below swept ones", "pods below the same over VXLAN, without rules"}) {
    const OrderRelation found = relation(measured, text);
    EXPECT_EQ(found.pairs, 1u) << text;
    EXPECT_EQ(found.measured, 1u) << text;
    EXPECT_EQ(found.predicted, 1u) << text;
  }
}

}  // namespace
}  // namespace knetsim::lab
