// Goal: topology-mode Auto hands endpoints to zones as the EndpointSlice controller does, or refuses where it does.
// Method: the table of KEP-2433's test plan, cases of Kubernetes' own tests with their numbers, reports of users, and
// what must hold of any split, on random clusters.

#include "models/cluster/proportional_hints.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
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

// Of random clusters: all endpoints stay, no zone has less than its minimum unless refused, and what is refused has
// minima that add up to more than there are.
TEST(ProportionalHints, NoZoneBearsMoreThanAFifthAboveTheMean) {
  std::mt19937 dice(5);
  const auto below = [&](std::uint32_t bound) { return static_cast<std::uint32_t>(dice() % bound); };
  std::size_t set = 0;
  for (int round = 0; round < 3'000; ++round) {
    const std::size_t zones = 2 + below(4);
    std::vector<ZonedNode> nodes;
    for (ZoneIndex zone = 0; zone < zones; ++zone) {
      for (std::uint32_t i = 0; i <= below(3); ++i) nodes.push_back({zone, 1'000 * (4 + below(9))});
    }
    const ZoneCpu cpu = zone_cpu(nodes, zones);
    Counts counts(zones);
    std::size_t endpoints = 0;
    for (std::size_t& one : counts) endpoints += one = below(round % 2 == 0 ? 5 : 40);
    double minima = 0;
    for (const double share : cpu.share) minima += std::ceil(share * static_cast<double>(endpoints) / 1.2);
    const Counts meant = split(counts, cpu);
    if (meant.empty()) {
      EXPECT_TRUE(endpoints < zones || minima > static_cast<double>(endpoints)) << round;
      continue;
    }
    ++set;
    std::size_t sum = 0;
    for (ZoneIndex zone = 0; zone < zones; ++zone) {
      sum += meant[zone];
      // Rounding to whole endpoints may leave a zone one short of its minimum: half an endpoint is not lent.
      EXPECT_GE(static_cast<double>(meant[zone]) + 1, std::ceil(cpu.share[zone] * static_cast<double>(endpoints) / 1.2))
          << round;
    }
    EXPECT_EQ(sum, endpoints) << round;
  }
  EXPECT_GT(set, 1'000U);
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
