// Goal: a message is charged for the ACKs that it brings about in Linux, and a node's frequency factor scales CPU costs
// there and nothing else.
// Method: one cost at a time, counted by hand; a factor of 1 against 1.5.

#include <gtest/gtest.h>

#include "network_harness.h"

namespace knetsim {
namespace {

using namespace std::chrono_literals;

Topology pair_of_hosts() {
  Topology topology;
  const Vertex a = Vertex::host(topology.add_host("a"));
  const Vertex b = Vertex::host(topology.add_host("b"));
  topology.connect(a, b, {.rate = Bandwidth(10'000'000'000), .delay = 1us, .buffer = Bytes(1 << 30)});
  return topology;
}

class PureAcks : public testing::Test {
 protected:
  PureAcks() : h(pair_of_hosts(), {6, 18}, {.per_ack_ps = 1'000'000}), flow_(h.open(0, 1)) {}

  /// Sends a message `after` the last one. @return ACKs charged to its sender.
  std::int64_t acks_of(FlowPacket packet, Duration after, Bytes payload = Bytes(100)) {
    const HostId sender = packet == FlowPacket::Request ? 0 : 1;
    const Duration before = softirq_of(sender);
    now_ += after;
    h.send_at(now_, flow_, packet, payload);
    h.scheduler.run_until(now_ + 900us);
    return (softirq_of(sender) - before) / 1us;
  }

  NetworkHarness h;

 private:
  Duration softirq_of(HostId host) const {
    Duration sum{};
    for (CoreIndex i = 0; i < h.cpus.core_count(host); ++i) {
      sum += h.cpus.softirq_time(h.cpus.first_core(host) + i, h.scheduler.now());
    }
    return sum;
  }
  FlowIndex flow_;
  Time now_ = kTimeZero;
};

// The first exchange is in quickack mode (tcp_event_data_recv: no ato yet), both ways.
TEST_F(PureAcks, RideOnTheAnswerThatComesInTimeAfterTheFirstExchange) {
  EXPECT_EQ(acks_of(FlowPacket::Request, 1ms), 1);
  EXPECT_EQ(acks_of(FlowPacket::Response, 30ms), 1);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(acks_of(FlowPacket::Request, 1ms), 0);
    EXPECT_EQ(acks_of(FlowPacket::Response, 30ms), 0);
  }
}

// A delayed ACK is sent after 40 ms, and the socket leaves pingpong mode until an answer is in time again.
TEST_F(PureAcks, GoAloneWhereAnswersAreLate) {
  acks_of(FlowPacket::Request, 1ms);
  acks_of(FlowPacket::Response, 1ms);
  EXPECT_EQ(acks_of(FlowPacket::Request, 1ms), 0);
  EXPECT_EQ(acks_of(FlowPacket::Response, 50ms), 0);  // the request's ACK had gone alone
  EXPECT_EQ(acks_of(FlowPacket::Request, 1ms), 1);
  EXPECT_EQ(acks_of(FlowPacket::Response, 1ms), 0);
  EXPECT_EQ(acks_of(FlowPacket::Request, 100ms), 0);  // this time the answer was in time; the next request was not
  EXPECT_EQ(acks_of(FlowPacket::Response, 1ms), 1);
}

// GRO hands up skbs of up to 64 KiB, 45 segments of 1,448 bytes beneath 52 of headers, and one ACK goes for each. What
// exceeds the window (10 segments) is sent in pieces with ACKs of their own, which this count does not see.
TEST_F(PureAcks, OfSeveralSegmentsAreOneForEachSkb) {
  acks_of(FlowPacket::Request, 1ms);
  acks_of(FlowPacket::Response, 1ms);
  EXPECT_EQ(acks_of(FlowPacket::Request, 1ms, Bytes(1'448)), 0);
  EXPECT_EQ(acks_of(FlowPacket::Request, 1ms, Bytes(1'449)), 1);
  EXPECT_EQ(acks_of(FlowPacket::Request, 1ms, Bytes(14'480)), 1);
}

TEST(FrequencyFactor, ScalesTheCpuCostsOfItsNode) {
  const auto times = [](double factor) {
    NetworkHarness h(pair_of_hosts(), {6, 18}, {.softirq_ps = 8'000'000});
    h.network.set_cpu_factor(1, factor);
    const FlowIndex flow = h.open(0, 1);
    const auto asked = h.send_at(kTimeZero, flow, FlowPacket::Request, NetworkHarness::kMss);
    const auto answered = h.send_at(kTimeZero + 1ms, flow, FlowPacket::Response, NetworkHarness::kMss);
    h.scheduler.run_until(kTimeZero + 1s);
    return std::pair(h.end_of(asked).at - kTimeZero, h.end_of(answered).at - kTimeZero - 1ms);
  };
  const Duration wire = Duration(1538 * 800) + 1us;
  EXPECT_EQ(times(1.0), std::pair(wire + 8us, wire + 8us));
  EXPECT_EQ(times(1.5), std::pair(wire + 12us, wire + 8us)) << "the request's receiver alone is slower";
}

}  // namespace
}  // namespace knetsim
