// Goal: the graph knows what was put into it, its distances are those of the graph, and a mistake is named.
// Method: small graphs drawn by hand; hop counts and delays are added up on paper.

#include "sim/net/topology.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace knetsim {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr Cable kCable{Bandwidth(10'000'000'000), Duration(1000), Bytes(100'000)};

template <typename Call>
std::string message_of(Call call) {
  try {
    call();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "no error";
}

// a - s0 - s1 - b, and a long way round over s2 whose switches and cables are quick.
struct Ring {
  Topology topology;
  HostId a = topology.add_host("a");
  HostId b = topology.add_host("b", "zone-1");
  SwitchId s0 = topology.add_switch("s0", 100ns);
  SwitchId s1 = topology.add_switch("s1", 100ns);
  SwitchId s2 = topology.add_switch("s2", 10ns);
  CableId a_s0 = topology.connect(Vertex::host(a), Vertex::of_switch(s0), kCable);
  CableId b_s1 = topology.connect(Vertex::host(b), Vertex::of_switch(s1), kCable);
  CableId direct = topology.connect(Vertex::of_switch(s0), Vertex::of_switch(s1), {kCable.rate, 5us, kCable.buffer});
  CableId s0_s2 = topology.connect(Vertex::of_switch(s0), Vertex::of_switch(s2), kCable);
  CableId s2_s1 = topology.connect(Vertex::of_switch(s2), Vertex::of_switch(s1), kCable);
};

TEST(Topology, ACableIsTwoLinksWithNeighbouringIndices) {
  const Ring ring;
  const Link& there = ring.topology.link(2 * ring.direct);
  const Link& back = ring.topology.link(reverse(2 * ring.direct));
  EXPECT_EQ(there.from, Vertex::of_switch(ring.s0));
  EXPECT_EQ(there.to, Vertex::of_switch(ring.s1));
  EXPECT_EQ(back.from, there.to);
  EXPECT_EQ(back.to, there.from);
  EXPECT_EQ(cable_of(reverse(2 * ring.direct)), ring.direct);
  EXPECT_EQ(ring.topology.link_name(2 * ring.direct + 1), "s1 -> s0");
  EXPECT_EQ(ring.topology.host_link(ring.b), 2 * ring.b_s1);
  EXPECT_EQ(ring.topology.host_zone(ring.b), "zone-1");
}

TEST(Topology, ALinkIntoASwitchIncludesTheSwitchsLatencyAndOneIntoAHostDoesNot) {
  const Ring ring;
  EXPECT_EQ(ring.topology.link(2 * ring.a_s0).delay, 101ns);
  EXPECT_EQ(ring.topology.link(2 * ring.a_s0 + 1).delay, 1ns);
}

TEST(Topology, HopsAreFewestCablesAndDelaysAreOfTheQuickestPath) {
  const Ring ring;
  EXPECT_THAT(ring.topology.host_hops(ring.a), testing::ElementsAre(0, 3));
  // Over s2: 101 ns into s0, 11 ns into s2, 101 ns into s1, 1 ns to b; the direct cable alone takes 5 us.
  EXPECT_THAT(ring.topology.host_delays(ring.a), testing::ElementsAre(0ns, 214ns));
}

TEST(Topology, CablesThatAreDownAreNotThere) {
  Ring ring;
  ring.topology.set_up(ring.direct, false);
  EXPECT_THAT(ring.topology.host_hops(ring.a), testing::ElementsAre(0, 4));
  ring.topology.set_up(ring.s0_s2, false);
  EXPECT_THAT(ring.topology.host_hops(ring.a), testing::ElementsAre(0, Topology::kUnreachable));
  EXPECT_EQ(ring.topology.host_delays(ring.a)[ring.b], Duration::max());
  EXPECT_EQ(ring.topology.components(), 2U);
  const std::string message = message_of([&] { ring.topology.require_connected(); });
  EXPECT_THAT(message, HasSubstr("2 parts"));
  EXPECT_THAT(message, HasSubstr("host a cannot reach host b"));
  ring.topology.set_up(ring.direct, true);
  EXPECT_NO_THROW(ring.topology.require_connected());
}

TEST(Topology, ACopyLivesByItself) {
  Ring ring;
  const Topology copy = ring.topology;
  ring.topology.set_up(ring.direct, false);
  EXPECT_EQ(copy.host_hops(ring.a)[ring.b], 3U);
  EXPECT_EQ(ring.topology.host_hops(ring.a)[ring.b], 4U);
}

TEST(Topology, MistakesAreNamed) {
  Ring ring;
  Topology& t = ring.topology;
  const auto connect = [&](Vertex a, Vertex b, Cable cable) { return message_of([&] { t.connect(a, b, cable); }); };
  const Vertex s0 = Vertex::of_switch(ring.s0);
  const Vertex s1 = Vertex::of_switch(ring.s1);
  EXPECT_THAT(connect(Vertex::host(ring.a), s1, kCable), HasSubstr("host a: a second cable"));
  EXPECT_THAT(connect(s0, Vertex::of_switch(9), kCable), HasSubstr("switch that does not exist: 9"));
  EXPECT_THAT(connect(s0, s0, kCable), HasSubstr("both ends are the same"));
  EXPECT_THAT(connect(s0, s1, {Bandwidth(0), 0ns, Bytes(100'000)}), HasSubstr("s0 - s1: rate"));
  EXPECT_THAT(connect(s0, s1, {kCable.rate, -1ns, Bytes(100'000)}), HasSubstr("delay is below zero"));
  EXPECT_THAT(connect(s0, s1, {kCable.rate, 0ns, Bytes(1500)}), HasSubstr("jumbo frame"));
  EXPECT_EQ(t.cables(), 5U) << "what was rejected is not there";
  const HostId lone = t.add_host("lone");
  EXPECT_THAT(message_of([&] { t.host_link(lone); }), HasSubstr("host lone has no cable"));
}

}  // namespace
}  // namespace knetsim
