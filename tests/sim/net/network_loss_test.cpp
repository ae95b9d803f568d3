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
  explicit Loss(const TcpSettings& tcp = {}) : h(star(Bytes(14'000)), tcp), filler_(h.open(kB, kC)) {}

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
  std::uint64_t repairs_by(Repair repair) const {
    return h.network.counters().repairs_by[static_cast<std::size_t>(repair)];
  }

  NetworkHarness h;
  std::uint64_t fills = 0;

 private:
  FlowIndex filler_;
};

class OldKernelLoss : public Loss {
 protected:
  OldKernelLoss() : Loss({.kernel = {4, 9}}) {}
};

class RackLoss : public Loss {
 protected:
  RackLoss() : Loss({.detection = LossDetection::Rack}) {}
};

/// For a time line that is a loop over several of them.
class LossOf : public Loss {
 public:
  explicit LossOf(const TcpSettings& tcp = {}) : Loss(tcp) {}
  using Loss::fill_for;
  using Loss::h;
  using Loss::handshake;
  using Loss::repairs_by;
  void TestBody() override {}
};

/// Loses the first `losses` SYNs. @return From the first SYN to the end of connect(), and whether it failed.
std::pair<Duration, bool> connect_after(std::size_t losses, KernelVersion kernel,
                                        const std::vector<std::int64_t>& schedule_s) {
  LossOf test({.kernel = kernel});
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

// What a listening socket has no room for is as if it were lost, and nothing is lost by any link.
TEST(SynLoss, IsTheSameWhereTheListeningSocketHasNoRoom) {
  for (const std::uint32_t turned_away : {1U, 3U, 6U, 7U}) {
    LossOf test({.kernel = KernelVersion{6, 4}});
    NetworkHarness& h = test.h;
    h.turned_away = turned_away;
    const FlowIndex flow = h.open(kA, kC);
    const Time start = kTimeZero + 1ms;
    const auto connect = h.send_at(start, flow, FlowPacket::First);
    h.scheduler.run_until(kTimeZero + 300s);
    EXPECT_TRUE(h.conserves());
    EXPECT_EQ(h.network.counters().packets_dropped, 0U);
    EXPECT_EQ(h.network.counters().syn_resent, std::min(turned_away, 6U));
    const NetworkHarness::End& end = h.end_of(connect);
    EXPECT_EQ(end.lost, turned_away == 7);
    const std::int64_t seconds_s = turned_away == 7 ? 127 : (1 << turned_away) - 1;
    EXPECT_EQ(end.at - start, Duration(std::chrono::seconds(seconds_s)) + (end.lost ? Duration{} : Duration(kRtt)));
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

// A lone segment: a probe would come after 2 SRTT + 200 ms, so that the RTO comes first, and then twice as late each
// time: RTO (2^n - 1) after the start (RFC 6298, 5.5), 0.2, 0.6, 1.4, 3 and 6.2 s.
TEST(LoneSegmentLoss, WaitsForATimerThatDoubles) {
  for (int losses = 1; losses <= 5; ++losses) {
    SCOPED_TRACE(losses);
    LossOf test;
    NetworkHarness& h = test.h;
    const FlowIndex flow = h.open(kA, kC);
    test.handshake(flow);
    const Time start = h.scheduler.now() + 1ms;
    const auto sent = h.send_at(start, flow, FlowPacket::Request, NetworkHarness::kMss);
    for (int lost = 0; lost < losses; ++lost) {
      test.fill_for(start + ((1 << lost) - 1) * kRto, kFull);
    }
    h.scheduler.run_until(start + 60s);
    EXPECT_EQ(h.end_of(sent).at - start, ((1 << losses) - 1) * kRto + kOneWay);
    EXPECT_EQ(h.network.counters().packets_dropped, static_cast<std::uint64_t>(losses));
    EXPECT_EQ(test.repairs_by(Repair::Timeout), static_cast<std::uint64_t>(losses));
    EXPECT_EQ(test.repairs_by(Repair::TailLossProbe), 0U);
    EXPECT_TRUE(h.conserves());
  }
}

// Ten segments of which the first finds the port full: nine come behind it. The ACK of the third of these has it sent
// again; it is in the port's queue again before the last of the nine has left.
TEST_F(Loss, ThreeSegmentsBehindTriggerAFastRetransmit) {
  const FlowIndex flow = h.open(kA, kC);
  handshake(flow);
  const Time start = h.scheduler.now() + 1ms;
  const auto sent = h.send_at(start, flow, FlowPacket::Request, NetworkHarness::kMss * 10);
  fill_for(start, kFull);
  h.scheduler.run_until(start + 10s);
  const Duration port_free = kFull + kDelay + (kFilled - kMargin) + 9 * kFull;
  const Duration third_heard = kFull + kDelay + (kFilled - kMargin) + 3 * kFull + kDelay + kRtt / 2;
  ASSERT_LT(third_heard + kFull + kDelay, port_free);
  EXPECT_EQ(h.network.counters().packets_dropped, 1U);
  EXPECT_EQ(h.network.counters().packets_resent, 1U);
  EXPECT_EQ(repairs_by(Repair::FastRetransmit), 1U);
  EXPECT_EQ(h.end_of(sent).at - start, port_free + kFull + kDelay);
  EXPECT_TRUE(h.conserves());
}

/// When the ACK of the `n`-th segment behind the hole of fill_for() is back.
Duration heard(int n) { return kFull + kDelay + (kFilled - kMargin) + n * kFull + kDelay + kRtt / 2; }
/// The estimator (RFC 6298; tested by itself) after the handshake and `n` of these.
RttEstimator estimate(int n) {
  RttEstimator rtt;
  rtt.sample(kRtt);
  for (int i = 1; i <= n; ++i) rtt.sample(heard(i));
  return rtt;
}

// Two behind the hole are too few: the probe, 2 SRTT + 2 ms after the last ACK, carries what is not acknowledged.
TEST_F(Loss, TwoSegmentsBehindWaitForTheProbe) {
  const FlowIndex flow = h.open(kA, kC);
  handshake(flow);
  const Time start = h.scheduler.now() + 1ms;
  const auto sent = h.send_at(start, flow, FlowPacket::Request, NetworkHarness::kMss * 3);
  fill_for(start, kFull);
  h.scheduler.run_until(start + 10s);
  EXPECT_EQ(repairs_by(Repair::TailLossProbe), 1U);
  EXPECT_EQ(h.end_of(sent).at - start, heard(2) + 2 * estimate(2).srtt() + 2ms + kOneWay);
  EXPECT_TRUE(h.conserves());
}

// RACK has it sent again when an RTT and a quarter have passed since it left, for reordered packets, and its timer adds
// 2 ms (tcp_rack_mark_lost). The timer was set by the first ACK and moved by the second.
TEST_F(RackLoss, TwoSegmentsBehindWaitForTheReorderingTimer) {
  const FlowIndex flow = h.open(kA, kC);
  handshake(flow);
  const Time start = h.scheduler.now() + 1ms;
  const auto sent = h.send_at(start, flow, FlowPacket::Request, NetworkHarness::kMss * 3);
  fill_for(start, kFull);
  h.scheduler.run_until(start + 10s);
  EXPECT_EQ(repairs_by(Repair::RackTimer), 1U);
  EXPECT_EQ(h.end_of(sent).at - start, heard(2) + estimate(2).srtt() / 4 + 2ms + kOneWay);
  EXPECT_TRUE(h.conserves());
}

// The first of 30 segments finds the port full, and so does its retransmission, which leaves at one of the instants
// that are tried: RACK sees that by what left after it, SACK leaves it to the timer.
TEST(LossOfARetransmission, IsSeenByRackAndLeftToTheTimerBySack) {
  for (const LossDetection detection : {LossDetection::Sack, LossDetection::Rack}) {
    Duration longest{};
    for (int step = 0; step < 40; ++step) {
      LossOf test({.detection = detection});
      NetworkHarness& h = test.h;
      const FlowIndex flow = h.open(kA, kC);
      test.handshake(flow);
      const Time start = h.scheduler.now() + 1ms;
      const auto sent = h.send_at(start, flow, FlowPacket::Request, NetworkHarness::kMss * 30);
      test.fill_for(start, kFull);
      test.fill_for(start + heard(3) + step * 200ns, kFull);
      h.scheduler.run_until(start + 10s);
      EXPECT_TRUE(h.conserves());
      longest = std::max(longest, h.end_of(sent).at - start);
    }
    if (detection == LossDetection::Sack) {
      EXPECT_GT(longest, 200ms);
      EXPECT_LT(longest, 201ms);
    } else {
      EXPECT_LT(longest, 5ms);
    }
  }
}

/// B's ten packets alone overrun a port of 9,216 bytes (the least there is): six fit, and hardly anything leaves the
/// port meanwhile, so that the other four are the last. The six are acknowledged, one by one. @return From sending to
/// delivery.
Duration lose_the_tail(const TcpSettings& tcp, Repair by) {
  NetworkHarness h(star(kMinLinkBuffer), tcp);
  const FlowIndex flow = h.open(kB, kC);
  h.send_at(kTimeZero, flow, FlowPacket::First);
  const Time start = kTimeZero + 1ms;
  const auto sent = h.send_at(start, flow, FlowPacket::Request, NetworkHarness::kMss * 10);
  h.scheduler.run_until(kTimeZero + 10s);
  EXPECT_EQ(h.network.counters().packets_dropped, 4U);
  EXPECT_EQ(h.network.counters().packets_resent, 4U);
  EXPECT_EQ(h.network.counters().repairs_by[static_cast<std::size_t>(Repair::TailLossProbe)], 1U);
  EXPECT_EQ(h.network.counters().repairs_by[static_cast<std::size_t>(by)], 1U);
  EXPECT_TRUE(h.conserves());
  return h.end_of(sent).at - start;
}

// The probe carries the last segment. Its ACK shows the other three to RACK, which sends them at once; SACK, for which
// one segment is too few, waits for the RTO. That counts from the ACK; one segment goes, and its ACK lets out the
// others.
TEST(TailLoss, IsFoundByAProbe) {
  const Duration rtt = 2 * (at_100g(90) + at_10g(90) + 2 * kDelay);
  const Duration first = at_100g(1538) + kFull + 2 * kDelay;
  RttEstimator estimator;
  estimator.sample(rtt);
  for (int i = 0; i < 6; ++i) estimator.sample(first + i * kFull + rtt / 2);
  const Duration heard = first + 5 * kFull + rtt / 2;
  const Duration probed = first + rtt / 2;  // from the probe to its ACK
  const Duration two = 2 * estimator.srtt();
  const TcpSettings rack{.detection = LossDetection::Rack};
  const TcpSettings old_rack{.kernel = {4, 13}, .detection = LossDetection::Rack};
  EXPECT_EQ(lose_the_tail(rack, Repair::FastRetransmit), heard + (two + 2ms) + probed + first + 2 * kFull);
  EXPECT_EQ(lose_the_tail(old_rack, Repair::FastRetransmit), heard + 10ms + probed + first + 2 * kFull)
      << "max(2 SRTT, 10 ms) before 4.14";
  estimator.sample(probed);
  EXPECT_EQ(lose_the_tail({}, Repair::Timeout),
            heard + (two + 2ms) + probed + estimator.rto(linux_timers()) + probed + first + kFull);
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
  for (const std::uint64_t repairs : h.network.counters().repairs_by) EXPECT_EQ(repairs, 0U);
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
  EXPECT_EQ(port.packets_offered - port.packets_dropped, packets + h.network.counters().duplicates);
}

// The sender's own queue holds six packets of ten: the four that do not fit are sent again, whichever way the data
// goes.
TEST(FirstLinkLoss, IsRepairedBothWays) {
  for (const FlowPacket packet : {FlowPacket::Request, FlowPacket::Response}) {
    for (const LossDetection detection : {LossDetection::Sack, LossDetection::Rack}) {
      Topology topology = star(Bytes(1 << 20));
      topology.set_buffer(topology.host_link(packet == FlowPacket::Request ? kA : kC), kMinLinkBuffer);
      NetworkHarness h(topology, {.detection = detection});
      const FlowIndex flow = h.open(kA, kC);
      h.send_at(kTimeZero, flow, FlowPacket::First);
      const Time start = kTimeZero + 1ms;
      const auto sent = h.send_at(start, flow, packet, NetworkHarness::kMss * 10);
      h.scheduler.run_until(kTimeZero + 10s);
      EXPECT_EQ(h.network.counters().packets_dropped, 5U) << "9,216 bytes are five packets and a bit";
      EXPECT_GT(h.end_of(sent).at - start, 2ms);
      EXPECT_LT(h.end_of(sent).at - start, detection == LossDetection::Rack ? 3ms : 300ms);
      EXPECT_TRUE(h.conserves());
    }
  }
}

// An ACK that is lost is made up for by the next one; the last of a window, by a probe. Data from A while B floods A's
// port: no data is lost, and the message arrives, later by no more than the probes.
TEST(AckLoss, StallsNothingForGood) {
  Topology topology = star(Bytes(1 << 30));
  topology.set_buffer(reverse(topology.host_link(kA)), kMinLinkBuffer);
  NetworkHarness h(topology);
  const FlowIndex data = h.open(kA, kC);
  const FlowIndex flood = h.open(kB, kA, true);
  h.send_at(kTimeZero, data, FlowPacket::First);
  const Time start = kTimeZero + 1ms;
  const auto sent = h.send_at(start, data, FlowPacket::Request, NetworkHarness::kMss * 400);
  for (int i = 0; i < 2'000; ++i) {
    h.send_at(start + i * 800ns, flood, i == 0 ? FlowPacket::First : FlowPacket::Request, Bytes(1472));
  }
  h.scheduler.run_until(kTimeZero + 30s);
  EXPECT_FALSE(h.end_of(sent).lost);
  EXPECT_GT(h.end_of(sent).at - start, 400 * kFull);
  EXPECT_LT(h.end_of(sent).at - start, 500ms);
  EXPECT_TRUE(h.conserves());
}

// Random requests and answers at a time among three hosts, every queue of which holds some six packets: all arrive, by
// either way to detect losses, and no packet that a receiver did not hold is counted twice.
TEST(LossEverywhere, StopsNoMessage) {
  for (const LossDetection detection : {LossDetection::Sack, LossDetection::Rack}) {
    Topology topology = star(kMinLinkBuffer);
    for (const HostId host : {kA, kB, kC}) {
      topology.set_buffer(topology.host_link(host), Bytes(20'000));
      topology.set_buffer(reverse(topology.host_link(host)), kMinLinkBuffer);
    }
    NetworkHarness h(topology, {.detection = detection});
    RngStream draws(7, 13);
    std::vector<FlowIndex> flows;
    for (HostId i = 0; i < 30; ++i) {
      flows.push_back(h.open(i % 3, (i + 1 + i / 3 % 2) % 3));
      h.send_at(h.scheduler.now() + i * 100us, flows.back(), FlowPacket::First);
    }
    std::size_t messages = flows.size();
    for (int round = 0; round < 10; ++round) {
      const Time when = kTimeZero + 2000s * (round + 1);
      for (const FlowIndex flow : flows) {
        for (const FlowPacket packet : {FlowPacket::Request, FlowPacket::Response}) {
          const std::int64_t packets =
              draws.next_u32() % 4 == 0 ? 1 + draws.next_u32() % 300 : 1 + draws.next_u32() % 10;
          h.send_at(when + Duration(static_cast<std::int64_t>(draws.uniform() * 1e9)), flow, packet,
                    NetworkHarness::kMss * packets);
          ++messages;
        }
      }
    }
    h.scheduler.run_until(kTimeZero + 40'000s);
    EXPECT_EQ(h.ends.size(), messages);
    EXPECT_EQ(h.network.in_flight(), 0U);
    EXPECT_EQ(h.network.counters().lost, 0U);
    EXPECT_GT(h.network.counters().packets_dropped, 1'000U);
    EXPECT_TRUE(h.conserves());
    for (const FlowIndex flow : flows) h.network.close(flow);
    h.scheduler.run_until(kTimeZero + 50'000s);
    EXPECT_EQ(h.network.live_flows(), 0U) << "no timer or packet holds a flow that was closed";
  }
}

}  // namespace
}  // namespace knetsim
