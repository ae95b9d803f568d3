// Goal: a message is charged for the ACKs that it brings about in Linux, and a node's frequency factor scales CPU costs
// there and nothing else.
// Method: one cost at a time, counted by hand; a factor of 1 against 1.5.

#include <gtest/gtest.h>

#include <utility>
#include <vector>

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

Duration softirq_of(const NetworkHarness& h, HostId host) {
  Duration sum{};
  for (CoreIndex i = 0; i < h.cpus.core_count(host); ++i) {
    sum += h.cpus.softirq_time(h.cpus.first_core(host) + i, h.scheduler.now());
  }
  return sum;
}

class PureAcks : public testing::Test {
 protected:
  PureAcks() : h(pair_of_hosts(), {{6, 18}}, {.per_ack_ps = 1'000'000}), flow_(h.open(0, 1)) {}

  /// Sends a message `after` the last one. @return ACKs charged to its sender; those of its receiver are `sent_back`.
  std::int64_t acks_of(FlowPacket packet, Duration after, Bytes payload = Bytes(100)) {
    const HostId sender = packet == FlowPacket::Request ? 0 : 1;
    const Duration sent = softirq_of(h, sender), received = softirq_of(h, 1 - sender);
    now_ += after;
    h.send_at(now_, flow_, packet, payload);
    h.scheduler.run_until(now_ + 900us);
    sent_back = (softirq_of(h, 1 - sender) - received) / 1us;
    return (softirq_of(h, sender) - sent) / 1us;
  }

  NetworkHarness h;
  std::int64_t sent_back = 0;

 private:
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

// GRO hands up skbs of up to 64 KiB, 45 segments of 1,448 bytes beneath 52 of headers, and one ACK goes for each.
TEST_F(PureAcks, OfSeveralSegmentsAreOneForEachSkb) {
  acks_of(FlowPacket::Request, 1ms);
  acks_of(FlowPacket::Response, 1ms);
  EXPECT_EQ(acks_of(FlowPacket::Request, 1ms, Bytes(1'448)), 0);
  EXPECT_EQ(acks_of(FlowPacket::Request, 1ms, Bytes(1'449)), 1);
  EXPECT_EQ(acks_of(FlowPacket::Request, 1ms, Bytes(14'480)), 1);
}

// More than the window is sent in pieces, and ACKs pace them. These are charged with the data, an skb at a time, and
// not again when they travel. In slow start a train ends with the window, its last skb early, and the receiver sends
// more ACKs; the sender is charged when it writes, before it knows, for 450 / 45.
TEST_F(PureAcks, OfAMessageInPiecesAreChargedOnceToo) {
  EXPECT_EQ(acks_of(FlowPacket::Request, 2ms, NetworkHarness::kMss * 450), 10);
  EXPECT_GT(sent_back, 10);
  EXPECT_EQ(acks_of(FlowPacket::Request, 2ms, NetworkHarness::kMss * 450), 10);
  EXPECT_EQ(sent_back, 10) << "the window is open: one train";
}

// What four system calls hand over is four skbs, each with its work, its ACK and no more bytes.
TEST(Writes, AreAnSkbEach) {
  const auto charged = [](std::int32_t writes) {
    NetworkHarness h(pair_of_hosts(), {{6, 18}},
                     {.per_ack_ps = 1'000'000, .softirq_ps = 100'000'000, .per_skb_ps = 10'000'000});
    const FlowIndex flow = h.open(0, 1);
    const MessageIndex message = h.network.prepare(flow, FlowPacket::Request, Bytes(8'000), 1, nullptr, 0, writes);
    h.network.sender_burst(message, 0, kTimeZero);
    h.network.launch(message, kTimeZero);
    h.scheduler.run_until(kTimeZero + 5ms);
    return std::pair(softirq_of(h, 0), softirq_of(h, 1));
  };
  const auto [acks, work] = charged(1);
  const auto [acks_of_four, work_of_four] = charged(4);
  EXPECT_EQ(acks, 1us);
  EXPECT_EQ(acks_of_four, 4us);
  EXPECT_EQ(work, 111us);
  EXPECT_EQ(work_of_four, 444us);
}

/// What the skbs of messages cost their receiver, sent one after the other in one connection. Shape (messages,).
std::vector<std::int64_t> skbs_charged(const std::vector<std::int64_t>& segments) {
  NetworkHarness h(pair_of_hosts(), {{6, 18}}, {.per_skb_ps = 1'000});
  const FlowIndex flow = h.open(0, 1);
  std::vector<std::int64_t> charged;
  Time now = kTimeZero;
  for (const std::int64_t count : segments) {
    const Duration before = softirq_of(h, 1);
    h.send_at(now, flow, FlowPacket::Request, NetworkHarness::kMss * count);
    now += 5ms;
    h.scheduler.run_until(now);
    charged.push_back((softirq_of(h, 1) - before) / 1ns);
    EXPECT_EQ(softirq_of(h, 0), Duration{}) << "ACKs are no skbs of their own";
  }
  return charged;
}

// A window of 10 segments lets 30 of them go in two trains of 10 and 20, which cannot meet in an skb. When the window
// has opened (a message of 3,600 segments), 720 leave in one train, in pieces of 22: they are 16 skbs of 45 as if sent
// at once, where 33 pieces would be 33.
TEST(Skbs, ArePutTogetherFromPiecesOfOneTrain) {
  const std::vector<std::int64_t> charged = skbs_charged({30, 3'600, 720, 721});
  EXPECT_EQ(charged[0], 2);
  EXPECT_EQ(charged[2], 16);
  EXPECT_EQ(charged[3], 17);
}

TEST(FrequencyFactor, ScalesTheCpuCostsOfItsNode) {
  const auto times = [](double factor) {
    NetworkHarness h(pair_of_hosts(), {{6, 18}}, {.softirq_ps = 8'000'000});
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
