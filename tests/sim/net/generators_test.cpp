// Goal: the generated fabrics have the size, rates and distances of their definitions, and impossible ones are refused.
// Method: counts from Al-Fares, Loukissas and Vahdat (SIGCOMM 2008) for the fat tree; the others are counted by hand.

#include "sim/net/generators.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <stdexcept>

namespace knetsim {
namespace {

using testing::HasSubstr;

std::map<SwitchId, int> hosts_at_switches(const Topology& topology) {
  std::map<SwitchId, int> count;
  for (HostId host = 0; host < topology.hosts(); ++host) {
    ++count[topology.link(topology.host_link(host)).to.index];
  }
  return count;
}

template <typename Call>
std::string refusal_of(Call call) {
  try {
    call();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "no error";
}

TEST(SingleSwitch, EveryHostIsTwoCablesFromEveryOther) {
  const Topology topology = single_switch({.hosts = {.count = 7}});
  EXPECT_EQ(topology.switches(), 1U);
  EXPECT_EQ(topology.cables(), 7U);
  const auto hops = topology.host_hops(3);
  EXPECT_EQ(std::count(hops.begin(), hops.end(), 2U), 6);
}

TEST(LeafSpine, EveryLeafHasOneCableToEverySpine) {
  const Topology topology = leaf_spine({.hosts = {.count = 12}, .leaves = 4, .spines = 3});
  EXPECT_EQ(topology.switches(), 7U);
  EXPECT_EQ(topology.cables(), 12U + 4 * 3);
  topology.require_connected();
  const auto hops = topology.host_hops(0);
  EXPECT_EQ(hops[4], 2U) << "round robin over 4 leaves: host 4 shares leaf 0";
  EXPECT_EQ(hops[1], 4U);
}

TEST(LeafSpine, RoundRobinAndBlocksPutHostsWhereTheySay) {
  LeafSpineSpec spec{.hosts = {.count = 10}, .leaves = 4, .spines = 1};
  EXPECT_THAT(hosts_at_switches(leaf_spine(spec)),
              testing::ElementsAre(testing::Pair(0, 3), testing::Pair(1, 3), testing::Pair(2, 2), testing::Pair(3, 2)));
  spec.hosts.spread = HostSpread::Blocks;
  EXPECT_THAT(hosts_at_switches(leaf_spine(spec)),
              testing::ElementsAre(testing::Pair(0, 3), testing::Pair(1, 3), testing::Pair(2, 3), testing::Pair(3, 1)));
  EXPECT_EQ(leaf_spine(spec).host_hops(0)[2], 2U);
}

TEST(LeafSpine, OversubscriptionSetsTheUplinkRate) {
  LeafSpineSpec spec{.hosts = {.count = 32, .rate = Bandwidth(25'000'000'000)}, .leaves = 2, .spines = 4};
  const auto uplink = [&] { return leaf_spine(spec).link(0).rate.bits_per_second(); };
  EXPECT_EQ(uplink(), 100'000'000'000) << "16 hosts at 25 Gbit/s over 4 uplinks";
  spec.oversubscription = 4.0;
  EXPECT_EQ(uplink(), 25'000'000'000);
  spec.uplink_rate = Bandwidth(40'000'000'000);
  EXPECT_EQ(uplink(), 40'000'000'000) << "a given rate wins";
}

// Hosts of 10, 100, 10 and 100 Gbit/s, dealt in turn: leaf 0 has 20, leaf 1 has 200, and that over two spines is 100.
TEST(LeafSpine, HostsMayHaveRatesOfTheirOwn) {
  const Bandwidth slow(10'000'000'000);
  const Bandwidth fast(100'000'000'000);
  const Topology topology = leaf_spine({.hosts = {.count = 4, .rates = {slow, fast, slow, fast}}});
  EXPECT_EQ(topology.link(topology.host_link(0)).rate, slow);
  EXPECT_EQ(topology.link(topology.host_link(3)).rate, fast);
  EXPECT_EQ(topology.link(0).rate, fast) << "an uplink";
  EXPECT_THROW(leaf_spine({.hosts = {.count = 3, .rates = {slow}}}), std::invalid_argument);
}

TEST(LeafSpine, BuffersDifferAtTheTwoEndsOfAHostsCable) {
  const Topology topology =
      leaf_spine({.hosts = {.count = 2}, .wires = {.switch_buffer = Bytes(200'000), .host_buffer = Bytes(900'000)}});
  const LinkId up = topology.host_link(1);
  EXPECT_EQ(topology.link(up).buffer, Bytes(900'000));
  EXPECT_EQ(topology.link(reverse(up)).buffer, Bytes(200'000));
}

// A fat tree of k-port switches: 5k^2/4 switches, k^3/4 hosts, and as many cables in each of its three stages as hosts.
TEST(FatTree, HasTheSizeOfItsDefinition) {
  for (const std::uint32_t k : {2U, 4U, 8U}) {
    const std::uint32_t hosts = k * k * k / 4;
    EXPECT_EQ(fat_tree_capacity(k), hosts);
    const Topology topology = fat_tree({.hosts = {.count = hosts}, .k = k});
    EXPECT_EQ(topology.switches(), 5 * k * k / 4) << k;
    EXPECT_EQ(topology.cables(), 3 * hosts) << k;
    topology.require_connected();
  }
}

TEST(FatTree, HostsAreTwoFourOrSixCablesApart) {
  const Topology topology = fat_tree({.hosts = {.count = 16, .spread = HostSpread::Blocks}, .k = 4});
  const auto hops = topology.host_hops(0);
  EXPECT_EQ(hops[1], 2U) << "same edge switch";
  EXPECT_EQ(hops[2], 4U) << "same pod";
  EXPECT_EQ(hops[3], 4U);
  for (HostId other = 4; other < 16; ++other) {
    EXPECT_EQ(hops[other], 6U) << other;
  }
}

TEST(FatTree, KZeroTakesTheSmallestThatHoldsTheHosts) {
  EXPECT_EQ(fat_tree({.hosts = {.count = 17}, .k = 0}).switches(), 5U * 36 / 4);
  EXPECT_EQ(fat_tree({.hosts = {.count = 16}, .k = 0}).switches(), 5U * 16 / 4);
}

TEST(FatTree, OversubscriptionAddsHostsToEdgeSwitches) {
  EXPECT_EQ(fat_tree_capacity(4, 3.0), 48U);
  const Topology topology = fat_tree({.hosts = {.count = 48}, .k = 4, .oversubscription = 3.0});
  for (const auto& [edge, hosts] : hosts_at_switches(topology)) {
    EXPECT_EQ(hosts, 6) << edge;
  }
}

TEST(Generators, WhatCannotBeIsRefusedInWords) {
  EXPECT_THAT(refusal_of([] { single_switch({}); }), HasSubstr("at least one host"));
  EXPECT_THAT(refusal_of([] { single_switch({.hosts = {.count = 2, .names = {"a"}}}); }),
              HasSubstr("2 hosts with 1 host names"));
  EXPECT_THAT(refusal_of([] { leaf_spine({.hosts = {.count = 4}, .leaves = 0}); }), HasSubstr("at least one leaf"));
  EXPECT_THAT(refusal_of([] { leaf_spine({.hosts = {.count = 9}, .leaves = 2, .leaf_ports = 4}); }),
              HasSubstr("there is room for 8"));
  EXPECT_THAT(refusal_of([] { leaf_spine({.hosts = {.count = 9}, .oversubscription = 0.0}); }),
              HasSubstr("oversubscription"));
  EXPECT_THAT(refusal_of([] { fat_tree({.hosts = {.count = 4}, .k = 5}); }), HasSubstr("k is 5; it has to be even"));
  EXPECT_THAT(refusal_of([] { fat_tree({.hosts = {.count = 17}, .k = 4}); }),
              HasSubstr("17 hosts; with k = 4 there is room for 16"));
  EXPECT_THAT(refusal_of([] { fat_tree({.hosts = {.count = 4}, .oversubscription = 0.5}); }),
              HasSubstr("oversubscription"));
}

std::vector<OutsideHost> two_outside() {
  return {{.name = "near", .rate = Bandwidth(1'000'000'000), .delay = std::chrono::milliseconds(1)},
          {.name = "far", .rate = Bandwidth(50'000'000), .delay = std::chrono::milliseconds(75)}};
}

TEST(Border, HostsOutsideAreBehindARouterAtEverySwitchOfTheTop) {
  const FabricHosts hosts{.count = 8, .outside = two_outside()};
  const auto tops = [](const Topology& topology) {
    const SwitchId border = topology.link(topology.host_link(8)).to.index;
    EXPECT_EQ(topology.switch_name(border), "border");
    std::vector<std::string> names;
    for (const Link& link : topology.links()) {
      if (link.from == Vertex::of_switch(border) && !link.to.is_host())
        names.push_back(topology.switch_name(link.to.index));
    }
    topology.require_connected();
    EXPECT_EQ(topology.hosts(), 10U);
    EXPECT_EQ(topology.host_name(9), "far");
    return names;
  };
  EXPECT_THAT(tops(single_switch({.hosts = hosts})), testing::ElementsAre("switch-0"));
  EXPECT_THAT(tops(leaf_spine({.hosts = hosts, .leaves = 4, .spines = 2})), testing::ElementsAre("spine-0", "spine-1"));
  EXPECT_THAT(tops(fat_tree({.hosts = hosts, .k = 4})), testing::ElementsAre("core-0", "core-1", "core-2", "core-3"));
}

TEST(Border, LinesHaveTheirOwnRateAndDelay) {
  const Topology topology =
      single_switch({.hosts = {.count = 3, .outside = two_outside(), .border_rate = Bandwidth(10'000'000'000)}});
  const Link& line = topology.link(topology.host_link(4));
  EXPECT_EQ(line.rate, Bandwidth(50'000'000));
  EXPECT_EQ(line.delay, std::chrono::milliseconds(75));
  // 75 ms, the border's cable and the node's.
  EXPECT_EQ(topology.host_delays(4)[0], std::chrono::milliseconds(75) + std::chrono::nanoseconds(2 * 500));
  EXPECT_EQ(topology.cables(), 3U + 2 + 1);
}

TEST(Zoned, HostsOfOneZoneShareASwitchAndOthersAreTheZonesDelaysAway) {
  using std::chrono::microseconds;
  using std::chrono::nanoseconds;
  const ZonedSpec spec{.hosts = {.count = 4, .zones = {"a", "b", "a", "c"}},
                       .wires = {.delay = nanoseconds(500), .switch_latency = nanoseconds(100)},
                       .zones = {{.name = "a", .rate = Bandwidth(10'000'000'000), .delay = microseconds(100)},
                                 {.name = "b", .rate = Bandwidth(20'000'000'000), .delay = microseconds(200)},
                                 {.name = "c", .rate = Bandwidth(30'000'000'000), .delay = microseconds(400)}}};
  const Topology topology = zoned(spec);
  topology.require_connected();
  EXPECT_EQ(topology.switches(), 4U);
  EXPECT_EQ(topology.host_zone(2), "a");
  const std::vector<Duration> from = topology.host_delays(0);
  const Duration ends = nanoseconds(2 * 500);
  EXPECT_EQ(from[2], ends + nanoseconds(100)) << "one switch";
  EXPECT_EQ(from[1], ends + microseconds(300) + nanoseconds(300)) << "three, and both zones' cables";
  EXPECT_EQ(from[3], ends + microseconds(500) + nanoseconds(300));
  EXPECT_EQ(topology.link(0).rate, Bandwidth(10'000'000'000)) << "zone a to the middle";
  EXPECT_EQ(topology.link_name(0), "zone-a -> region");
}

TEST(Zoned, AHostInNoZoneIsRefused) {
  EXPECT_THROW(zoned({.hosts = {.count = 1}}), std::invalid_argument);
  EXPECT_THROW(
      zoned({.hosts = {.count = 2, .zones = {"a", "b"}}, .zones = {{.name = "a", .rate = Bandwidth(1'000'000)}}}),
      std::invalid_argument);
}

TEST(Zoned, HostsOutsideAreBehindTheMiddle) {
  const Topology topology = zoned(
      {.hosts = {.count = 2, .zones = {"a", "b"}, .outside = two_outside()},
       .zones = {{.name = "a", .rate = Bandwidth(1'000'000'000)}, {.name = "b", .rate = Bandwidth(1'000'000'000)}}});
  topology.require_connected();
  EXPECT_EQ(topology.host_hops(2)[0], 4U) << "border, region, zone, host";
}

TEST(Border, ThereIsNoneWithoutHostsOutside) {
  EXPECT_EQ(leaf_spine({.hosts = {.count = 8}, .leaves = 4, .spines = 2}).switches(), 6U);
}

}  // namespace
}  // namespace knetsim
