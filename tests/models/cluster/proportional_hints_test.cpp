// Goal: topology-mode Auto hands endpoints to zones as the EndpointSlice controller does, or refuses where it does.
// Method: the table of KEP-2433's test plan, cases of Kubernetes' own tests with their numbers, reports of users, and
// what must hold of any split, on random clusters.

#include "models/cluster/proportional_hints.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <vector>

namespace knetsim {
namespace {

using Counts = std::vector<std::size_t>;

ZoneCpu shares(std::vector<double> of) { return {.share = std::move(of)}; }
ZoneCpu equal(std::size_t zones) { return shares(std::vector<double>(zones, 1.0 / static_cast<double>(zones))); }

/// Zones of endpoints by their numbers in each.
std::vector<ZoneIndex> in_zones(const Counts& counts) {
  std::vector<ZoneIndex> zones;
  for (ZoneIndex zone = 0; zone < counts.size(); ++zone) zones.insert(zones.end(), counts[zone], zone);
  return zones;
}

/// Endpoints that are meant for each zone; empty where it is refused.
Counts split(const Counts& counts, const ZoneCpu& cpu) {
  const ProportionalHints hints = proportional_hints(in_zones(counts), cpu);
  EXPECT_EQ(hints.zone.empty(), hints.refusal != HintRefusal::None);
  if (hints.zone.empty()) return {};
  Counts meant(cpu.share.size(), 0);
  for (const ZoneIndex zone : hints.zone) ++meant[zone];
  return meant;
}

HintRefusal refused_for(const Counts& counts, const ZoneCpu& cpu) {
  return proportional_hints(in_zones(counts), cpu).refusal;
}

// KEP-2433, "Controller Unit Tests".
TEST(ProportionalHints, FollowTheTableOfTheProposal) {
  EXPECT_EQ(refused_for({1, 1, 0}, equal(3)), HintRefusal::FewEndpoints);
  EXPECT_EQ(split({1, 1, 1}, equal(3)), (Counts{1, 1, 1}));
  EXPECT_EQ(refused_for({2, 1, 1}, equal(3)), HintRefusal::Overload) << "33 % more for two of three zones";
  EXPECT_EQ(split({2, 2}, equal(2)), (Counts{2, 2}));
  EXPECT_EQ(split({4, 0}, equal(2)), (Counts{2, 2})) << "all in one zone: it lends half of them";
  EXPECT_EQ(split({2, 1, 1}, shares({0.5, 0.25, 0.25})), (Counts{2, 1, 1}));
  // 20, 16 and 14 cores: 40, 32 and 28 %.
  EXPECT_EQ(split({50, 0, 0}, shares({0.4, 0.32, 0.28})), (Counts{20, 16, 14}));
}

// k/k topologycache_test.go, TestAddHints: "slices to create and update within 3 zone threshold".
TEST(ProportionalHints, LendAsKubernetesOwnTestHasIt) {
  const std::vector<ZoneIndex> zone_of{0, 1, 2, 2, 0, 0, 0, 1, 2, 0};
  const ProportionalHints hints = proportional_hints(zone_of, shares({0.35, 0.35, 0.30}));
  EXPECT_EQ(hints.zone, (std::vector<ZoneIndex>{1, 1, 2, 2, 0, 0, 0, 1, 2, 0})) << "the first of zone a goes to b";
  EXPECT_EQ(split({1, 1}, shares({0.45, 0.55})), (Counts{1, 1}));
}

// k/k utils_test.go, Test_getGivingAndReceivingZones, with the shares that give the desired numbers of its cases.
TEST(ProportionalHints, LendWholeEndpointsToTheZoneThatLacksMost) {
  EXPECT_EQ(split({16, 0, 0}, shares({5.1 / 16, 5.1 / 16, 5.8 / 16})), (Counts{6, 5, 5}))
      << "the own zone keeps what would only even things a little";
  EXPECT_EQ(split({16, 0, 0}, shares({5.0 / 16, 5.6 / 16, 5.4 / 16})), (Counts{5, 6, 5}));
  EXPECT_EQ(split({0, 8, 8}, shares({5.0 / 16, 5.6 / 16, 5.4 / 16})), (Counts{5, 6, 5}));
}

// What users have reported: k/k#122437 (11 endpoints, 4 4 3, equal zones) and #121516 (one in each of three zones
// whose CPU differs).
TEST(ProportionalHints, AreRefusedWhereUsersReportThatTheyAre) {
  EXPECT_EQ(refused_for({4, 4, 3}, equal(3)), HintRefusal::Overload);
  EXPECT_EQ(split({4, 4, 4}, equal(3)), (Counts{4, 4, 4}));
  EXPECT_EQ(refused_for({1, 1, 1}, shares({0.42, 0.29, 0.29})), HintRefusal::Overload);
  // 1.2 times a share of a third is 0.4: up to there one endpoint of three is enough.
  EXPECT_EQ(split({1, 1, 1}, shares({0.39, 0.31, 0.30})), (Counts{1, 1, 1}));
}

TEST(ProportionalHints, AnEndpointWithoutAZoneTakesAllHintsAway) {
  const std::vector<ZoneIndex> zone_of{0, 1, 2, kNoIndex, 0, 1};
  EXPECT_EQ(proportional_hints(zone_of, equal(3)).refusal, HintRefusal::NoZone);
}

TEST(ProportionalHints, AZoneWithoutCpuLendsNothing) {
  // A zone of control planes alone: its endpoints are meant for it, and it is not served.
  EXPECT_EQ(split({2, 2, 2}, shares({0.5, 0.5, 0})), (Counts{2, 2, 2}));
}

// Zones of 3, 6, 8 and 8 cores with 3, 0, 4 and 4 of 11 endpoints. Desired are 1.32, 2.64, 3.52 and 3.52, at least 2, 3, 3
// and 3, which are just 11: nothing is refused. Zone a has one too many and lends it; c and d have 0.48 too many, which is
// not lent. So zone b has one endpoint for 24 % of the CPU, 2.64 times the mean.
TEST(ProportionalHints, AFifthIsWhatIsRefusedByAndNotWhatAnEndpointBears) {
  const ZoneCpu cpu = zone_cpu(std::vector<ZonedNode>{{0, 3'000}, {1, 6'000}, {2, 8'000}, {3, 8'000}}, 4);
  const Counts meant = split({3, 0, 4, 4}, cpu);
  EXPECT_EQ(meant, (Counts{2, 1, 4, 4}));
  EXPECT_NEAR(cpu.share[1] * 11 / static_cast<double>(meant[1]), 2.64, 1e-12);
}

// Of random clusters: all endpoints stay; what is refused has minima that add up to more than there are; who gives or
// receives stops within half an endpoint of what it desires; and nothing is left that utils.go,
// getGivingAndReceivingZones, would exchange: half an endpoint too many in one zone and half a one missing in another, one of
// the two a whole one. What that leaves a zone may be less than five sixths of its share.
TEST(ProportionalHints, ExchangeEndpointsAsLongAsKubernetesDoes) {
  std::mt19937 dice(5);
  const auto below = [&](std::uint32_t bound) { return static_cast<std::uint32_t>(dice() % bound); };
  std::size_t set = 0, below_minimum = 0;
  for (int round = 0; round < 3'000; ++round) {
    SCOPED_TRACE(round);
    const std::size_t zones = 2 + below(4);
    std::vector<ZonedNode> nodes;
    for (ZoneIndex zone = 0; zone < zones; ++zone) {
      for (std::uint32_t i = 0; i <= below(3); ++i) nodes.push_back({zone, 1'000 * (4 + below(9))});
    }
    const ZoneCpu cpu = zone_cpu(nodes, zones);
    Counts counts(zones);
    std::size_t endpoints = 0;
    for (std::size_t& one : counts) endpoints += one = below(round % 2 == 0 ? 5 : 40);
    std::vector<double> minima;
    for (const double share : cpu.share) minima.push_back(std::ceil(share * static_cast<double>(endpoints) / 1.2));
    const double minimum = std::accumulate(minima.begin(), minima.end(), 0.0);
    const Counts meant = split(counts, cpu);
    if (meant.empty()) {
      EXPECT_TRUE(endpoints < zones || minimum > static_cast<double>(endpoints));
      continue;
    }
    EXPECT_LE(minimum, static_cast<double>(endpoints));
    ++set;
    std::size_t sum = 0;
    double surplus = 0, lack = 0;
    for (ZoneIndex zone = 0; zone < zones; ++zone) {
      sum += meant[zone];
      const double desired = std::max(cpu.share[zone] * static_cast<double>(endpoints), minima[zone]);
      const double above = static_cast<double>(meant[zone]) - desired;
      const bool gives = static_cast<double>(counts[zone]) > desired;
      EXPECT_GE(gives ? counts[zone] : meant[zone], gives ? meant[zone] : counts[zone]);
      if (meant[zone] != counts[zone]) {
        EXPECT_LE(gives ? -above : above, 0.5 + 1e-9);
      }
      (gives ? surplus : lack) = std::max(gives ? surplus : lack, gives ? above : -above);
      below_minimum += static_cast<double>(meant[zone]) < minima[zone] ? 1U : 0U;
    }
    EXPECT_EQ(sum, endpoints);
    EXPECT_TRUE(surplus < 0.5 + 1e-9 || lack < 0.5 + 1e-9 || (surplus < 1 + 1e-9 && lack < 1 + 1e-9))
        << surplus << ' ' << lack;
  }
  EXPECT_GT(set, 1'000U);
  EXPECT_GT(below_minimum, 10U);
}

TEST(ZoneCpu, IsUnknownWhereANodeHasNoZoneOrNoCpuOrThereIsOneZone) {
  EXPECT_EQ(zone_cpu(std::vector<ZonedNode>{{0, 1'000}, {0, 1'000}}, 1).unknown, HintRefusal::OneZone);
  EXPECT_EQ(zone_cpu(std::vector<ZonedNode>{{0, 1'000}, {kNoIndex, 1'000}}, 1).unknown, HintRefusal::NodesUnknown);
  EXPECT_EQ(zone_cpu(std::vector<ZonedNode>{{0, 1'000}, {1, 0}}, 2).unknown, HintRefusal::NodesUnknown);
  EXPECT_EQ(zone_cpu({}, 0).unknown, HintRefusal::OneZone);
  EXPECT_EQ(zone_cpu(std::vector<ZonedNode>{{0, 1'000}, {1, 2'000}, {0, 1'000}}, 2).share,
            (std::vector<double>{0.5, 0.5}));
}

// k/k utils_test.go, Test_getHintsByZone.
TEST(HintsStand, WhileEachHasOneForAZoneWithCpuAndNoZoneHasTooMany) {
  using Hints = std::vector<std::vector<ZoneIndex>>;
  EXPECT_TRUE(hints_stand(Hints{{0}, {0}, {1}, {1}}, equal(2)));
  EXPECT_FALSE(hints_stand(Hints{{0}, {0}, {0}, {1}}, equal(2))) << "2 at least for the other";
  EXPECT_FALSE(hints_stand(Hints{{0}, {}, {1}, {1}}, equal(2)));
  EXPECT_FALSE(hints_stand(Hints{{0}, {2}, {1}, {1}}, shares({0.5, 0.5, 0})));
  EXPECT_TRUE(hints_stand(Hints{{0}, {0}, {0}, {1}, {1}, {1}, {1}}, equal(2))) << "3 of 7 bear 17 % above the mean";
}

}  // namespace
}  // namespace knetsim
