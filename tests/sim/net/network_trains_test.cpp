// Goal: a message crosses the network as a pipeline of packets does: store-and-forward of its first packet at each hop,
// and the rest once, at the slowest.
// Method: the pipelining formula sum(p / R_h + d_h) + (n - 1) p / min R over 1, 4 and 8 hops, through the engine, equal
// to the picosecond (a byte takes a whole number of picoseconds at each of these rates). Beyond the initial window the
// formula for each round and the ACK's way back between them.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "network_harness.h"

namespace knetsim {
namespace {

using namespace std::chrono_literals;

constexpr Duration kCableDelay = 500ns;

/// Two hosts and switches in a row, one rate a cable.
Topology row(const std::vector<std::int64_t>& gbits) {
  Topology topology;
  Vertex last = Vertex::host(topology.add_host("a"));
  const Vertex end = Vertex::host(topology.add_host("b"));
  for (std::size_t i = 0; i < gbits.size(); ++i) {
    const Vertex next = i + 1 == gbits.size() ? end : Vertex::of_switch(topology.add_switch("s" + std::to_string(i)));
    topology.connect(last, next,
                     {.rate = Bandwidth(gbits[i] * 1'000'000'000), .delay = kCableDelay, .buffer = Bytes(1 << 30)});
    last = next;
  }
  return topology;
}

Duration formula(const std::vector<std::int64_t>& gbits, std::int64_t packets, std::int64_t bytes) {
  std::int64_t sum_ps = 0;
  for (const std::int64_t rate : gbits) sum_ps += bytes * 8'000 / rate;
  const std::int64_t slowest = *std::min_element(gbits.begin(), gbits.end());
  return Duration(sum_ps + (packets - 1) * bytes * 8'000 / slowest) +
         kCableDelay * static_cast<std::int64_t>(gbits.size());
}

const std::vector<std::vector<std::int64_t>> kRows{{25},
                                                   {10, 10, 10, 10},
                                                   {25, 100, 100, 25},
                                                   {100, 25, 40, 10},
                                                   {10, 25, 40, 100},
                                                   {100, 40, 25, 10},
                                                   {40, 40, 40, 40, 40, 40, 40, 40},
                                                   {25, 100, 400, 10, 100, 40, 200, 25},
                                                   {100, 100, 50, 50, 25, 25, 10, 10}};

TEST(NetworkTrains, AMessageWithinTheWindowTakesThePipeliningFormula) {
  for (const auto& gbits : kRows) {
    for (std::int64_t packets = 1; packets <= 10; ++packets) {
      NetworkHarness h(row(gbits));
      const FlowIndex flow = h.open(0, 1);
      const Time start = kTimeZero + 3us;
      const auto asked = h.send_at(start, flow, FlowPacket::Request, NetworkHarness::kMss * packets);
      const auto answered = h.send_at(start + 1ms, flow, FlowPacket::Response, NetworkHarness::kMss * packets);
      h.scheduler.run_until(kTimeZero + 1s);
      const Duration expected = formula(gbits, packets, 1538);
      EXPECT_EQ(h.end_of(asked).at - start, expected) << gbits.size() << " hops, " << packets << " packets";
      EXPECT_EQ(h.end_of(answered).at - start - 1ms, expected) << "the way back has the same links the other way round";
      EXPECT_TRUE(h.conserves());
    }
  }
}

TEST(NetworkTrains, ADatagramOfManyFragmentsDoesToo) {
  for (const auto& gbits : kRows) {
    for (const std::int64_t packets : {1, 2, 7, 44}) {
      NetworkHarness h(row(gbits));
      const FlowIndex flow = h.open(0, 1, true);
      const auto sent = h.send_at(kTimeZero, flow, FlowPacket::First, Bytes(1480 * packets - 8));
      h.scheduler.run_until(kTimeZero + 1s);
      EXPECT_EQ(h.end_of(sent).at - kTimeZero, formula(gbits, packets, 1538)) << gbits.size() << " hops, " << packets;
    }
  }
}

// With one rate everywhere a last packet that is shorter ends the train earlier by just what it lacks.
TEST(NetworkTrains, AShorterLastPacketIsPaidForAsLongAsItIs) {
  for (const std::vector<std::int64_t>& gbits : {std::vector<std::int64_t>(1, 25), std::vector<std::int64_t>(8, 10)}) {
    NetworkHarness h(row(gbits));
    const auto sent = h.send_at(kTimeZero, h.open(0, 1), FlowPacket::Request, NetworkHarness::kMss * 7 - Bytes(1'000));
    h.scheduler.run_until(kTimeZero + 1s);
    EXPECT_EQ(h.end_of(sent).at - kTimeZero, formula(gbits, 7, 1538) - Duration(1'000 * 8'000 / gbits[0]));
  }
}

// 30 packets: ten, and when their ACK is back, the window having doubled, twenty.
TEST(NetworkTrains, BeyondTheInitialWindowARoundWaitsForTheAck) {
  for (const auto& gbits : kRows) {
    NetworkHarness h(row(gbits));
    const auto sent = h.send_at(kTimeZero, h.open(0, 1), FlowPacket::Request, NetworkHarness::kMss * 30);
    h.scheduler.run_until(kTimeZero + 1s);
    EXPECT_EQ(h.end_of(sent).at - kTimeZero,
              formula(gbits, 10, 1538) + formula(gbits, 1, 90) + formula(gbits, 20, 1538))
        << gbits.size() << " hops";
  }
}

TEST(NetworkTrains, AHandshakeTakesARoundTripOfBarePackets) {
  for (const auto& gbits : kRows) {
    NetworkHarness h(row(gbits));
    const FlowIndex flow = h.open(0, 1);
    const auto connected = h.send_at(kTimeZero, flow, FlowPacket::First);
    h.scheduler.run_until(kTimeZero + 1s);
    EXPECT_EQ(h.end_of(connected).at - kTimeZero, 2 * formula(gbits, 1, 90));
    EXPECT_EQ(h.network.smoothed_rtt(flow), 2 * formula(gbits, 1, 90));
  }
}

}  // namespace
}  // namespace knetsim
