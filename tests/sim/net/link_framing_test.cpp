// Goal: the bytes that a message occupies on the wire.
// Method: textbook figures: a full Ethernet frame takes 1538 byte times, TCP with timestamps reaches 94.15 % of line
// rate, minimum frames pass 14.88 million a second at 10 Gbit/s.

#include "sim/net/link_framing.h"

#include <gtest/gtest.h>

namespace knetsim {
namespace {

TEST(LinkFraming, FullAndMinimumFrames) {
  EXPECT_EQ(kEthernetOverhead, Bytes(38));
  EXPECT_EQ(wire_size(Bytes(1500)), Bytes(1538));
  EXPECT_EQ(wire_size(Bytes(46)), Bytes(84));
  EXPECT_EQ(wire_size(Bytes(40)), Bytes(84)) << "padded to 64 bytes; 10e9 / (84 * 8) = 14.88 Mpps";
}

TEST(LinkFraming, TcpReachesItsTextbookShareOfLineRate) {
  const PacketTrain train = tcp_train(Bytes(1448 * 1000), {});
  EXPECT_EQ(train.packets, 1000U);
  EXPECT_EQ(train.bytes, Bytes(1538 * 1000));
  EXPECT_NEAR(1448.0 / 1538.0, 0.9415, 5e-5);
}

TEST(LinkFraming, OnlyTheLastSegmentIsShort) {
  const PacketTrain train = tcp_train(Bytes(3000), {});
  EXPECT_EQ(train.packets, 3U);
  EXPECT_EQ(train.first, Bytes(1538));
  EXPECT_EQ(train.last, Bytes(52 + 104 + 38));
  EXPECT_EQ(train.bytes, train.first * 2 + train.last);
}

TEST(LinkFraming, ABareHeaderIsOnePacket) {
  const PacketTrain ack = tcp_train(Bytes(0), {});
  EXPECT_EQ(ack.packets, 1U);
  EXPECT_EQ(ack.bytes, Bytes(52 + 38));
  EXPECT_EQ(ack.first, ack.last);
}

TEST(LinkFraming, VxlanLowersTheMssAndAddsFiftyBytesToEveryPacket) {
  const PacketFormat format{.mtu = Bytes(1450), .encapsulation = kVxlanBytes};
  EXPECT_EQ(format.mss(), Bytes(1398));
  const PacketTrain train = tcp_train(Bytes(1398 * 2 + 1), format);
  EXPECT_EQ(train.packets, 3U);
  EXPECT_EQ(train.first, Bytes(1538));
  EXPECT_EQ(train.last, Bytes(53 + 50 + 38));
  EXPECT_EQ(kIpipBytes, Bytes(20));
  EXPECT_EQ(kWireGuardBytes, Bytes(60));
}

TEST(LinkFraming, ADatagramAboveTheMtuIsFragmented) {
  EXPECT_EQ(udp_train(Bytes(1472), {}).packets, 1U);
  EXPECT_EQ(udp_train(Bytes(1472), {}).bytes, Bytes(1538));
  // 3000 + 8 bytes in fragments of 1480: 1480, 1480, 48.
  const PacketTrain train = udp_train(Bytes(3000), {});
  EXPECT_EQ(train.packets, 3U);
  EXPECT_EQ(train.first, Bytes(1538));
  EXPECT_EQ(train.last, Bytes(20 + 48 + 38));
}

}  // namespace
}  // namespace knetsim
