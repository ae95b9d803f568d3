// Goal: what a full queue drops is sent again when TCP's timers say so, to the picosecond; datagrams are not.
// Method: one switch, three hosts. A (10 Gbit/s) talks to C (10 Gbit/s), whose switch port holds 14,000 bytes; B
// (100 Gbit/s) sends ten full packets to C so that the port is full to 4 bytes at the instant at which the packet that
// is to be lost arrives from A. Each time below is a sum by hand of serialization, delay and the kernel's timers.

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "network_harness.h"

namespace knetsim {
namespace {

using namespace std::chrono_literals;

constexpr Duration kDelay = 1us;
constexpr HostId kA = 0;
constexpr HostId kB = 1;
constexpr HostId kC = 2;

constexpr Duration at_10g(std::int64_t bytes) { return Duration(bytes * 800); }
constexpr Duration at_100g(std::int64_t bytes) { return Duration(bytes * 80); }
constexpr Duration kFull = at_10g(1538);
constexpr Duration kBare = at_10g(90);
constexpr Duration kOneWay = 2 * (kFull + kDelay);            // one full packet from A to C
constexpr Duration kRtt = 2 * (2 * (kBare + kDelay));         // a handshake between A and C
constexpr Duration kRto = 200ms + kRtt;                       // SRTT + max(200 ms, 4 RTTVAR)
constexpr Duration kMargin = 10ns;                            // how long before the victim the port is full
constexpr Duration kFilled = 10 * kFull - 9 * at_100g(1538);  // work in the port when B's last packet has come

Topology star(Bytes buffer) {
  Topology topology;
  const Vertex hub = Vertex::of_switch(topology.add_switch("s"));
  for (const auto& [name, gbits] : {std::pair{"a", 10}, {"b", 100}, {"c", 10}}) {
    topology.connect(Vertex::host(topology.add_host(name)), hub,
                     {.rate = Bandwidth(gbits * 1'000'000'000LL), .delay = kDelay, .buffer = Bytes(1 << 30)});
  }
  topology.set_buffer(reverse(topology.host_link(kC)), buffer);
  return topology;
}

class Loss : public testing::Test {
 protected:
  explicit Loss(KernelVersion kernel = {6, 18}) : h(star(Bytes(14'000)), kernel), filler_(h.open(kB, kC)) {}

  /// Fills C's port for a packet whose first byte leaves A at `leaves` and takes `sending` to leave.
  void fill_for(Time leaves, Duration sending) {
    h.send_at(leaves + sending - kMargin - 10 * at_100g(1538), filler_, FlowPacket::Request, NetworkHarness::kMss * 10);
    ++fills;
  }
  void handshake(FlowIndex flow) {
    h.send_at(h.scheduler.now(), flow, FlowPacket::First);
    h.scheduler.run_until(h.scheduler.now() + 1ms);
    ASSERT_EQ(h.network.smoothed_rtt(flow), kRtt);
  }
  std::uint64_t resent_by(Repair repair) const {
    return h.network.counters().resent_by[static_cast<std::size_t>(repair)];
  }

  NetworkHarness h;
  std::uint64_t fills = 0;

 private:
  FlowIndex filler_;
};

class OldKernelLoss : public Loss {
 protected:
  OldKernelLoss() : Loss({4, 9}) {}
};

/// Loses the first `losses` SYNs. @return From the first SYN to the end of connect(), and whether it failed.
std::pair<Duration, bool> connect_after(std::size_t losses, KernelVersion kernel,
                                        const std::vector<std::int64_t>& schedule_s) {
  class Handshake : public Loss {
   public:
    explicit Handshake(KernelVersion of) : Loss(of) {}
    using Loss::fill_for;
    using Loss::h;
    void TestBody() override {}
  };
  Handshake test(kernel);
  NetworkHarness& h = test.h;
  const FlowIndex flow = h.open(kA, kC);
  const Time start = kTimeZero + 1ms;
  const auto connect = h.send_at(start, flow, FlowPacket::First);
  for (std::size_t i = 0; i < losses; ++i) {
    test.fill_for(start + (i == 0 ? 0s : std::chrono::seconds(schedule_s[i - 1])), kBare);
  }
  h.scheduler.run_until(kTimeZero + 300s);
  EXPECT_TRUE(h.conserves());
  EXPECT_EQ(h.network.in_flight(), 0U);
  EXPECT_EQ(h.network.counters().packets_dropped, losses);
  EXPECT_EQ(h.network.counters().syn_resent, std::min(losses, schedule_s.size()));
  const NetworkHarness::End& end = h.end_of(connect);
  if (!end.lost) {
    EXPECT_EQ(h.network.smoothed_rtt(flow), kRtt) << "Karn: of the SYN that was answered";
  }
  return {end.at - start, end.lost};
}

TEST(SynLoss, IsRepairedAtTheKernelsTimesAndGivenUpAtItsLast) {
  const std::vector<std::int64_t> linear{1, 2, 3, 4, 5, 7, 11, 19, 35, 67};  // tcp_syn_linear_timeouts = 4, from 6.5
  const std::vector<std::int64_t> doubling{1, 3, 7, 15, 31, 63};
  for (const auto& [kernel, schedule, give_up] : {std::tuple{KernelVersion{6, 18}, linear, 131},
                                                  {KernelVersion{6, 5}, linear, 131},
                                                  {KernelVersion{6, 4}, doubling, 127},
                                                  {KernelVersion{5, 15}, doubling, 127}}) {
    EXPECT_EQ(connect_after(0, kernel, schedule), std::pair(kRtt, false));
    for (std::size_t losses = 1; losses <= schedule.size(); ++losses) {
      EXPECT_EQ(connect_after(losses, kernel, schedule),
                std::pair(Duration(std::chrono::seconds(schedule[losses - 1])) + kRtt, false))
          << losses << " SYNs lost";
    }
    EXPECT_EQ(connect_after(schedule.size() + 1, kernel, schedule),
              std::pair(Duration(std::chrono::seconds(give_up)), true));
  }
}

// The client's timer is the earlier by half a round trip; its SYN is answered anew (tcp_check_req).
TEST_F(Loss, ASynAckIsSentAgainForTheClientsNextSyn) {
  const FlowIndex flow = h.open(kC, kA);
  const Time start = kTimeZero + 1ms;
  const auto connect = h.send_at(start, flow, FlowPacket::First);
  fill_for(start + kRtt / 2, kBare);
  h.scheduler.run_until(kTimeZero + 10s);
  EXPECT_EQ(h.network.counters().packets_dropped, 1U);
  EXPECT_EQ(h.end_of(connect).at - start, 1s + kRtt);
  EXPECT_TRUE(h.conserves());
}

// A lone segment: its probe goes when the RTO would (2 SRTT + 200 ms is later), the timeout an RTO after that, and then
// twice as long each time.
TEST_F(Loss, ALoneSegmentIsProbedForAfterTheTimeoutThatThenDoubles) {
  const FlowIndex flow = h.open(kA, kC);
  handshake(flow);
  Time start = h.scheduler.now() + 1ms;
  for (const std::int64_t rtos : {1, 2, 4, 8, 16}) {
    SCOPED_TRACE(rtos);
    const std::uint64_t dropped = h.network.counters().packets_dropped;
    const std::uint64_t timeouts = resent_by(Repair::Timeout);
    const std::uint64_t probes = resent_by(Repair::TailLossProbe);
    const auto sent = h.send_at(start, flow, FlowPacket::Request, NetworkHarness::kMss);
    fill_for(start, kFull);
    std::uint64_t losses = 1;
    for (std::int64_t lost = 1; lost < rtos; lost *= 2) {
      fill_for(start + lost * kRto, kFull);
      ++losses;
    }
    h.scheduler.run_until(start + 60s);
    EXPECT_EQ(h.end_of(sent).at - start, rtos * kRto + kOneWay);
    EXPECT_EQ(h.network.counters().packets_dropped - dropped, losses);
    EXPECT_EQ(resent_by(Repair::TailLossProbe) - probes, 1U);
    EXPECT_EQ(resent_by(Repair::Timeout) - timeouts, losses - 1);
    start = h.scheduler.now();
  }
  EXPECT_TRUE(h.conserves());
}

// Ten segments of which the first finds the port full: nine come behind it. They leave the port when its work is done,
// and their ACKs take half a plain round trip.
TEST_F(Loss, ThreeSegmentsBehindTriggerAFastRetransmit) {
  const FlowIndex flow = h.open(kA, kC);
  handshake(flow);
  const Time start = h.scheduler.now() + 1ms;
  const auto sent = h.send_at(start, flow, FlowPacket::Request, NetworkHarness::kMss * 10);
  fill_for(start, kFull);
  h.scheduler.run_until(start + 10s);
  const Duration survivors_there = kFull + kDelay + (kFilled - kMargin) + 9 * kFull + kDelay;
  EXPECT_EQ(h.network.counters().packets_dropped, 1U);
  EXPECT_EQ(resent_by(Repair::FastRetransmit), 1U);
  EXPECT_EQ(h.end_of(sent).at - start, survivors_there + kRtt / 2 + kOneWay);
  EXPECT_TRUE(h.conserves());
}

// Two behind the hole are too few: RACK waits a quarter of an RTT, and its timer 2 ms, for reordered packets.
TEST_F(Loss, TwoSegmentsBehindWaitForTheReorderingTimer) {
  const FlowIndex flow = h.open(kA, kC);
  handshake(flow);
  const Time start = h.scheduler.now() + 1ms;
  const auto sent = h.send_at(start, flow, FlowPacket::Request, NetworkHarness::kMss * 3);
  fill_for(start, kFull);
  h.scheduler.run_until(start + 10s);
  const Duration survivors_there = kFull + kDelay + (kFilled - kMargin) + 2 * kFull + kDelay;
  EXPECT_EQ(h.network.counters().packets_dropped, 1U);
  EXPECT_EQ(resent_by(Repair::RackTimer), 1U);
  EXPECT_EQ(h.end_of(sent).at - start, survivors_there + kRtt / 2 + kRtt / 4 + 2ms + kOneWay);
}

/// B's ten packets alone overrun a port of 9,216 bytes (the least there is): 3,823.84 ns too much are 4 packets, and
/// hardly anything left the port meanwhile, so that they are the last. @return From sending to delivery.
Duration lose_the_tail(KernelVersion kernel) {
  NetworkHarness h(star(kMinLinkBuffer), kernel);
  const FlowIndex flow = h.open(kB, kC);
  h.send_at(kTimeZero, flow, FlowPacket::First);
  const Time start = kTimeZero + 1ms;
  const auto sent = h.send_at(start, flow, FlowPacket::Request, NetworkHarness::kMss * 10);
  h.scheduler.run_until(kTimeZero + 10s);
  EXPECT_EQ(h.network.counters().packets_dropped, 4U);
  EXPECT_EQ(h.network.counters().resent_by[static_cast<std::size_t>(Repair::TailLossProbe)], 1U);
  EXPECT_TRUE(h.conserves());
  return h.end_of(sent).at - start;
}

// The probe carries the last segment; its ACK shows the other three, a round trip later.
TEST(TailLoss, IsFoundByAProbeAndRepairedARoundTripLater) {
  const Duration rtt = 2 * (at_100g(90) + at_10g(90) + 2 * kDelay);
  const Duration three = at_100g(1538) + 3 * kFull + 2 * kDelay;
  EXPECT_EQ(lose_the_tail({6, 18}), (2 * rtt + 2ms) + rtt + three);
  EXPECT_EQ(lose_the_tail({4, 14}), (2 * rtt + 2ms) + rtt + three);
  EXPECT_EQ(lose_the_tail({4, 9}), 10ms + rtt + three) << "max(2 SRTT, 10 ms)";
}

TEST_F(OldKernelLoss, ALoneSegmentTakesAsLong) {
  const FlowIndex flow = h.open(kA, kC);
  handshake(flow);
  const Time start = h.scheduler.now() + 1ms;
  const auto sent = h.send_at(start, flow, FlowPacket::Request, NetworkHarness::kMss);
  fill_for(start, kFull);
  h.scheduler.run_until(start + 10s);
  EXPECT_EQ(h.end_of(sent).at - start, kRto + kOneWay);
}

TEST_F(Loss, ADatagramIsGone) {
  const FlowIndex flow = h.open(kA, kC, true);
  const Time start = kTimeZero + 1ms;
  const auto first = h.send_at(start, flow, FlowPacket::First, Bytes(1472));
  fill_for(start, kFull);
  const auto second = h.send_at(start + 1ms, flow, FlowPacket::Request, Bytes(1472));
  h.scheduler.run_until(start + 200s);
  EXPECT_TRUE(h.end_of(first).lost);
  EXPECT_FALSE(h.end_of(second).lost);
  EXPECT_EQ(h.end_of(second).at - start - 1ms, kOneWay);
  EXPECT_EQ(h.network.counters().lost, 1U);
  for (const std::uint64_t resent : h.network.counters().resent_by) EXPECT_EQ(resent, 0U);
  EXPECT_TRUE(h.conserves());
}

// Random messages of one to 200 packets from two hosts into the small port: all arrive, each packet is taken in once.
TEST_F(Loss, EveryPacketOfEveryMessageArrivesOnceWhateverIsDropped) {
  RngStream draws(11, 11);
  std::vector<FlowIndex> flows;
  for (int i = 0; i < 40; ++i) {
    flows.push_back(h.open(i % 2 == 0 ? kA : kB, kC));
    h.send_at(h.scheduler.now() + i * 100us, flows.back(), FlowPacket::First);
  }
  std::uint64_t packets = flows.size();  // SYNs
  for (int round = 0; round < 20; ++round) {
    const Time when = kTimeZero + 1000s * (round + 1);  // far enough apart for any backoff
    for (const FlowIndex flow : flows) {
      const std::uint64_t n = draws.next_u32() % 4 == 0 ? 1 + draws.next_u32() % 200 : 1 + draws.next_u32() % 10;
      h.send_at(when + Duration(static_cast<std::int64_t>(draws.uniform() * 1e9)), flow, FlowPacket::Request,
                NetworkHarness::kMss * static_cast<std::int64_t>(n));
      packets += n;
    }
  }
  h.scheduler.run_until(kTimeZero + 30'000s);
  EXPECT_GT(h.network.counters().packets_dropped, 1'000U);
  EXPECT_EQ(h.network.in_flight(), 0U);
  EXPECT_EQ(h.network.counters().lost, 0U);
  EXPECT_TRUE(h.conserves());
  const LinkCounters port = h.network.links().counters(5, h.scheduler.now());
  EXPECT_EQ(port.packets_offered - port.packets_dropped, packets);
}

}  // namespace
}  // namespace knetsim
