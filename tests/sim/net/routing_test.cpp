// Goal: paths are shortest, lead where they should, use all equal-cost links evenly, and die with an epoch.
// Method: hop and path counts of fat trees from their definition ((k/2)^2 paths between pods); walking every returned
// path along the topology; chi-square of the spread at its 99.9 % quantile.

#include "sim/net/routing.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <vector>

#include "sim/net/flow_hash.h"
#include "sim/net/generators.h"

namespace knetsim {
namespace {

using Path = std::array<LinkId, kMaxPathLinks>;

// Follows the links; the path has to start at src, join up and end at dst.
void expect_leads(const Topology& topology, const Path& path, std::size_t links, HostId src, HostId dst) {
  ASSERT_GT(links, 0U);
  EXPECT_EQ(topology.link(path[0]).from, Vertex::host(src));
  EXPECT_EQ(topology.link(path[links - 1]).to, Vertex::host(dst));
  for (std::size_t i = 1; i < links; ++i) {
    EXPECT_EQ(topology.link(path[i - 1]).to, topology.link(path[i]).from);
  }
}

double chi_square(const std::map<std::vector<LinkId>, int>& counts, double expected) {
  double sum = 0;
  for (const auto& [path, count] : counts) {
    sum += (count - expected) * (count - expected) / expected;
  }
  return sum;
}

std::map<std::vector<LinkId>, int> spread(const Routing& routing, HostId src, HostId dst, int flows) {
  std::map<std::vector<LinkId>, int> counts;
  for (int i = 0; i < flows; ++i) {
    Path path{};
    const FiveTuple tuple{src, dst, static_cast<std::uint16_t>(32768 + i), 80, kProtocolTcp};
    const std::size_t links = routing.path(src, dst, flow_hash(tuple), path);
    ++counts[std::vector<LinkId>(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(links))];
  }
  return counts;
}

TEST(Routing, AllPairsOfAFatTreeAreShortestAndJoinUp) {
  const Topology topology = fat_tree({.hosts = {.count = 54}, .k = 6});
  const Routing routing(topology);
  for (HostId src = 0; src < 54; ++src) {
    const auto hops = topology.host_hops(src);
    for (HostId dst = 0; dst < 54; ++dst) {
      Path path{};
      const std::size_t links = routing.path(src, dst, mix64(src * 100 + dst), path);
      EXPECT_EQ(links, hops[dst]);
      EXPECT_EQ(routing.hops(src, dst), hops[dst]);
      if (src != dst) {
        expect_leads(topology, path, links, src, dst);
      }
    }
  }
}

TEST(Routing, AFatTreeHasAsManyPathsAsItsDefinitionSays) {
  const Topology topology = fat_tree({.hosts = {.count = 128, .spread = HostSpread::Blocks}, .k = 8});
  const Routing routing(topology);
  EXPECT_EQ(routing.path_count(0, 0), 0U);
  EXPECT_EQ(routing.path_count(0, 1), 1U) << "same edge switch";
  EXPECT_EQ(routing.path_count(0, 4), 4U) << "same pod: k/2";
  EXPECT_EQ(routing.path_count(0, 16), 16U) << "other pod: (k/2)^2";
}

TEST(Routing, FlowsSpreadEvenlyOverFourSpines) {
  const Topology topology = leaf_spine({.hosts = {.count = 8}, .leaves = 4, .spines = 4});
  const Routing routing(topology, 42);
  for (HostId dst = 1; dst < 4; ++dst) {
    const auto counts = spread(routing, 0, dst, 20'000);
    ASSERT_EQ(counts.size(), 4U);
    EXPECT_LT(chi_square(counts, 5'000), 16.27) << "3 degrees of freedom, 99.9 %";
  }
}

// Were both tiers to hash alike, a flow's choice at the edge would fix the one at the aggregation: k/2 of (k/2)^2
// paths.
TEST(Routing, TwoTiersOfChoiceDoNotPolarise) {
  const Topology topology = fat_tree({.hosts = {.count = 128, .spread = HostSpread::Blocks}, .k = 8});
  const Routing routing(topology);
  const auto counts = spread(routing, 3, 100, 24'000);
  ASSERT_EQ(counts.size(), 16U);
  EXPECT_LT(chi_square(counts, 1'500), 37.70) << "15 degrees of freedom, 99.9 %";
}

TEST(Routing, AFlowKeepsItsPathAndAnotherSeedGivesAnotherAssignment) {
  const Topology topology = leaf_spine({.hosts = {.count = 8}, .leaves = 2, .spines = 8});
  const Routing routing(topology, 1);
  const Routing again(topology, 1);
  const Routing other(topology, 2);
  int moved = 0;
  for (std::uint64_t flow = 0; flow < 1000; ++flow) {
    Path a{};
    Path b{};
    Path c{};
    routing.path(0, 1, mix64(flow), a);
    again.path(0, 1, mix64(flow), b);
    other.path(0, 1, mix64(flow), c);
    EXPECT_EQ(a, b);
    moved += a != c;
  }
  EXPECT_NEAR(moved, 875, 40) << "7 of 8 spines are another one";
}

TEST(Routing, ParallelCablesShareTheLoad) {
  Topology topology;
  const HostId a = topology.add_host("a");
  const HostId b = topology.add_host("b");
  const SwitchId s = topology.add_switch("s");
  const SwitchId t = topology.add_switch("t");
  const Cable cable{Bandwidth(10'000'000'000), Duration(0), Bytes(100'000)};
  topology.connect(Vertex::host(a), Vertex::of_switch(s), cable);
  topology.connect(Vertex::host(b), Vertex::of_switch(t), cable);
  topology.connect(Vertex::of_switch(s), Vertex::of_switch(t), cable);
  topology.connect(Vertex::of_switch(t), Vertex::of_switch(s), cable);
  const Routing routing(topology);
  EXPECT_EQ(routing.next_hops(s, b).size(), 2U);
  EXPECT_EQ(spread(routing, a, b, 1000).size(), 2U);
}

TEST(Routing, TwoHostsBackToBackNeedNoSwitch) {
  Topology topology;
  const HostId a = topology.add_host("a");
  const HostId b = topology.add_host("b");
  topology.connect(Vertex::host(a), Vertex::host(b), {Bandwidth(100'000'000'000), Duration(0), Bytes(1 << 20)});
  const Routing routing(topology);
  Path path{};
  ASSERT_EQ(routing.path(b, a, 5, path), 1U);
  EXPECT_EQ(topology.link(path[0]).to, Vertex::host(a));
  EXPECT_EQ(routing.hops(a, b), 1U);
}

TEST(Routing, AFailedSpineIsAvoidedAfterARebuildAndTheEpochMovesOn) {
  Topology topology = leaf_spine({.hosts = {.count = 4}, .leaves = 2, .spines = 2});
  Routing routing(topology);
  const std::uint32_t before = routing.epoch();
  EXPECT_EQ(spread(routing, 0, 1, 200).size(), 2U);
  topology.set_up(0, false);  // leaf-0 - spine-0
  routing.rebuild(topology);
  EXPECT_NE(routing.epoch(), before);
  const auto after = spread(routing, 0, 1, 200);
  EXPECT_EQ(after.size(), 1U);
  // Towards leaf-0 as well: spine-0 can no longer reach it in two hops.
  EXPECT_EQ(spread(routing, 1, 0, 200).size(), 1U);
  EXPECT_EQ(spread(routing, 0, 2, 200).size(), 1U) << "same leaf";
  topology.set_up(0, true);
  routing.rebuild(topology);
  EXPECT_EQ(spread(routing, 0, 1, 200).size(), 2U);
}

TEST(Routing, WhatIsCutOffHasNoPath) {
  Topology topology = leaf_spine({.hosts = {.count = 4}, .leaves = 2, .spines = 1});
  Routing routing(topology);
  topology.set_up(cable_of(topology.host_link(2)), false);
  routing.rebuild(topology);
  Path path{};
  EXPECT_EQ(routing.path(0, 2, 1, path), 0U);
  EXPECT_EQ(routing.path(2, 0, 1, path), 0U);
  EXPECT_FALSE(routing.reachable(0, 2));
  EXPECT_TRUE(routing.reachable(2, 2));
  EXPECT_TRUE(routing.reachable(0, 1));
  topology.set_up(0, false);
  routing.rebuild(topology);
  EXPECT_EQ(routing.path(0, 1, 1, path), 0U);
  EXPECT_FALSE(routing.reachable(0, 1));
  topology.set_up(0, false);
  EXPECT_THROW(Routing{topology}, std::invalid_argument);
}

TEST(Routing, APathThatDoesNotFitIsRefusedAtTheStart) {
  Topology topology;
  const Cable cable{Bandwidth(10'000'000'000), Duration(0), Bytes(100'000)};
  const HostId a = topology.add_host("a");
  const HostId b = topology.add_host("b");
  SwitchId last = topology.add_switch("s0");
  topology.connect(Vertex::host(a), Vertex::of_switch(last), cable);
  for (int i = 1; i < 8; ++i) {
    const SwitchId next = topology.add_switch("s" + std::to_string(i));
    topology.connect(Vertex::of_switch(last), Vertex::of_switch(next), cable);
    last = next;
  }
  topology.connect(Vertex::host(b), Vertex::of_switch(last), cable);
  EXPECT_THROW(Routing{topology}, std::invalid_argument);
}

TEST(Routing, FiveThousandHostsTakeLittleMemory) {
  const Topology leaves = leaf_spine({.hosts = {.count = 5000}, .leaves = 125, .spines = 16});
  EXPECT_LT(Routing(leaves).table_bytes(), 300'000U);
  const Topology tree = fat_tree({.hosts = {.count = 5000}, .k = 28});
  EXPECT_LT(Routing(tree).table_bytes(), 4'000'000U);
}

}  // namespace
}  // namespace knetsim
