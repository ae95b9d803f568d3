// Goal: IPVS's schedulers choose as the kernel's do. Method: sequences whose choices follow from the formulas in
// net/netfilter/ipvs/ip_vs_{lc,wlc,sed,nq,sh,dh}.c and the timeouts of ip_vs_proto_tcp.c and ip_vs_proto_udp.c, by
// hand; hashes computed apart, with hash_32()'s multiplication in Python.
#include "models/proxy/ipvs_schedulers.h"

#include <gtest/gtest.h>

#include <vector>

namespace knetsim {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

std::vector<Endpoint> destinations(std::uint32_t count) {
  std::vector<Endpoint> made;
  for (PodIndex pod = 0; pod < count; ++pod) made.push_back({.port = 80, .pod = pod, .node = 0});
  return made;
}

/// Opens a connection and gives its destination.
PodIndex open(IpvsScheduler& scheduler, const std::vector<Endpoint>& to, Time now, Transport over = Transport::Tcp) {
  const PodIndex chosen = to[scheduler.choose(to, {}, now)].pod;
  scheduler.opened(chosen, over);
  return chosen;
}

class LeastConnection : public testing::TestWithParam<IpvsScheduling> {};

// One connection at a time: none is ever active when the next one comes, so that those that are over decide, and the
// destinations are taken in turn.
TEST_P(LeastConnection, TakesIdleDestinationsInTurnForTheSakeOfThoseThatAreOver) {
  IpvsScheduler scheduler(GetParam());
  const auto to = destinations(3);
  std::vector<PodIndex> chosen;
  for (int i = 0; i < 7; ++i) {
    chosen.push_back(open(scheduler, to, kTimeZero + i * seconds(1)));
    scheduler.closed(chosen.back(), Transport::Tcp, kTimeZero + i * seconds(1));
  }
  EXPECT_EQ(chosen, (std::vector<PodIndex>{0, 1, 2, 0, 1, 2, 0}));
}

// 256 that are over weigh as one that is open: at 255 the destination is still the better one, at 256 the two are equal
// and the first is taken.
TEST_P(LeastConnection, WeighsAnActiveConnectionAs256InactiveOnes) {
  for (const std::uint32_t over : {255U, 256U, 257U}) {
    IpvsScheduler scheduler(GetParam());
    const auto to = destinations(2);
    scheduler.opened(0, Transport::Tcp);
    for (std::uint32_t i = 0; i < over; ++i) {
      scheduler.opened(1, Transport::Tcp);
      scheduler.closed(1, Transport::Tcp, kTimeZero);
    }
    EXPECT_EQ(to[scheduler.choose(to, {}, kTimeZero)].pod, over < 256 ? 1U : 0U) << over;
  }
}

TEST_P(LeastConnection, ForgetsATcpConnectionTwoMinutesAfterItsCloseAndAUdpFlowAfterFive) {
  for (const auto& [transport, kept] : {std::pair(Transport::Tcp, minutes(2)), std::pair(Transport::Udp, minutes(5))}) {
    IpvsScheduler scheduler(GetParam());
    const auto to = destinations(2);
    EXPECT_EQ(open(scheduler, to, kTimeZero, transport), 0U);
    scheduler.closed(0, transport, kTimeZero);
    EXPECT_EQ(scheduler.choose(to, {}, kTimeZero + kept - Duration(1)), 1U);
    EXPECT_EQ(scheduler.choose(to, {}, kTimeZero + kept), 0U);
  }
}

INSTANTIATE_TEST_SUITE_P(Lc, LeastConnection,
                         testing::Values(IpvsScheduling::LeastConnection, IpvsScheduling::WeightedLeastConnection));

class ActiveOnes : public testing::TestWithParam<IpvsScheduling> {};

TEST_P(ActiveOnes, DecideAloneAndTheFirstOfTheLeastIsTaken) {
  IpvsScheduler scheduler(GetParam());
  const auto to = destinations(3);
  EXPECT_EQ(open(scheduler, to, kTimeZero), 0U);
  scheduler.closed(0, Transport::Tcp, kTimeZero);
  EXPECT_EQ(open(scheduler, to, kTimeZero), 0U) << "what is over counts for nothing";
  EXPECT_EQ(open(scheduler, to, kTimeZero), 1U);
  EXPECT_EQ(open(scheduler, to, kTimeZero), 2U);
  EXPECT_EQ(open(scheduler, to, kTimeZero), 0U);
  scheduler.closed(1, Transport::Tcp, kTimeZero);
  EXPECT_EQ(open(scheduler, to, kTimeZero), 1U);
}

// IPVS never calls a UDP flow active.
TEST_P(ActiveOnes, SendAllDatagramsToTheFirstDestination) {
  IpvsScheduler scheduler(GetParam());
  const auto to = destinations(3);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(open(scheduler, to, kTimeZero, Transport::Udp), 0U);
}

INSTANTIATE_TEST_SUITE_P(Sed, ActiveOnes, testing::Values(IpvsScheduling::ShortestDelay, IpvsScheduling::NeverQueue));

// (address * 0x61C88647 mod 2^32) >> 24
TEST(IpvsHash, IsThatOfHash32) {
  EXPECT_EQ(ipvs_hash_bucket(IpAddress::v4(0x0AF40009)), 49U);
  EXPECT_EQ(ipvs_hash_bucket(IpAddress::v4(0xC0A80101)), 136U);
  IpAddress v6 = *parse_ip("fd00::1:2");  // folded to one word: 0xfd000000 ^ 0x00010002
  EXPECT_EQ(ipvs_hash_bucket(v6), 116U);
}

TEST(IpvsHash, SourceAndDestinationAreTakenFromThePacketAlone) {
  const auto to = destinations(7);
  const NewConnection packet{.source = IpAddress::v4(0x0AF40009), .destination = IpAddress::v4(0xC0A80101)};
  EXPECT_EQ(IpvsScheduler(IpvsScheduling::SourceHash).choose(to, packet, kTimeZero), 49U % 7);
  EXPECT_EQ(IpvsScheduler(IpvsScheduling::DestinationHash).choose(to, packet, kTimeZero), 136U % 7);
}

}  // namespace
}  // namespace knetsim
