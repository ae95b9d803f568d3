// Goal: TCP's timers and rounds are those that the kernel and the RFCs publish.
// Method: SYN schedules from ip-sysctl.rst and the kernel's timer code; RFC 6298's estimator followed by hand; windows
// by the kernel's arithmetic.

#include "sim/net/transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

namespace knetsim {
namespace {

using namespace std::chrono_literals;

std::vector<std::int64_t> in_seconds(const SynSchedule& schedule) {
  std::vector<std::int64_t> seconds;
  for (const Duration time : schedule.times()) {
    EXPECT_EQ(time % 1s, 0s);
    seconds.push_back(time / 1s);
  }
  return seconds;
}

TEST(SynSchedule, DoublesFromOneSecondBeforeLinux65) {
  const SynSchedule schedule = syn_schedule({6, 4});
  EXPECT_THAT(in_seconds(schedule), testing::ElementsAre(1, 3, 7, 15, 31, 63));
  EXPECT_EQ(schedule.give_up, 127s) << "ip-sysctl.rst, tcp_syn_retries: 127 seconds";
}

TEST(SynSchedule, HasFourLinearTimeoutsFromLinux65) {
  for (const KernelVersion kernel : {KernelVersion{6, 5}, KernelVersion{6, 18}, KernelVersion{7, 0}}) {
    const SynSchedule schedule = syn_schedule(kernel);
    EXPECT_THAT(in_seconds(schedule), testing::ElementsAre(1, 2, 3, 4, 5, 7, 11, 19, 35, 67));
    EXPECT_EQ(schedule.give_up, 131s) << "ip-sysctl.rst, tcp_syn_retries: 131 seconds";
  }
}

TEST(SynSchedule, FollowsTheSysctls) {
  EXPECT_THAT(in_seconds(syn_schedule({6, 18}, 2, 0)), testing::ElementsAre(1, 3));
  EXPECT_EQ(syn_schedule({6, 18}, 2, 0).give_up, 7s);
  EXPECT_EQ(syn_schedule({6, 18}, 0, 0).give_up, 1s);
  // The timeout stops at TCP_RTO_MAX: ... 63, then 127, then 120 s apart.
  EXPECT_THAT(in_seconds(syn_schedule({6, 1}, 8, 0)), testing::ElementsAre(1, 3, 7, 15, 31, 63, 127, 247));
  EXPECT_THROW(syn_schedule({6, 18}, 12, 4), std::invalid_argument);
}

TEST(SynAckSchedule, AlwaysDoubles) {
  EXPECT_THAT(in_seconds(syn_ack_schedule()), testing::ElementsAre(1, 3, 7, 15, 31));
  EXPECT_EQ(syn_ack_schedule().give_up, 63s) << "ip-sysctl.rst, tcp_synack_retries: 63 seconds";
}

TEST(KernelVersion, TakesTheTwoLeadingNumbers) {
  EXPECT_EQ(parse_kernel_version("6.18"), (KernelVersion{6, 18}));
  EXPECT_EQ(parse_kernel_version("5.15.0-91-generic"), (KernelVersion{5, 15}));
  EXPECT_EQ(parse_kernel_version("6"), std::nullopt);
  EXPECT_EQ(parse_kernel_version("six.one"), std::nullopt);
  EXPECT_EQ(parse_kernel_version("-6.1"), std::nullopt);
  EXPECT_EQ(parse_kernel_version(""), std::nullopt);
  EXPECT_LT((KernelVersion{6, 5}), (KernelVersion{6, 18}));
}

// RFC 6298, 2.2 and 2.3 by hand: R = 100 ms, then 180 ms.
// RTTVAR = 50, SRTT = 100; then RTTVAR = 3/4 50 + 1/4 80 = 57.5, SRTT = 7/8 100 + 1/8 180 = 110.
TEST(RttEstimator, FollowsRfc6298) {
  RttEstimator rtt;
  const RecoveryTimers timers;
  EXPECT_EQ(rtt.rto(timers), 1s) << "2.1, before any sample";
  rtt.sample(100ms);
  EXPECT_EQ(rtt.srtt(), 100ms);
  EXPECT_EQ(rtt.rttvar(), 50ms);
  EXPECT_EQ(rtt.rto(timers), 300ms);
  rtt.sample(180ms);
  EXPECT_EQ(rtt.rttvar(), 57'500us);
  EXPECT_EQ(rtt.srtt(), 110ms);
  EXPECT_EQ(rtt.rto(timers), 340ms);
}

TEST(RttEstimator, HasLinuxFloorAndDoublesToItsCeiling) {
  RttEstimator rtt;
  rtt.sample(100us);
  EXPECT_EQ(rtt.rto({}), 200ms);
  EXPECT_EQ(rtt.rto(linux_timers()), 200ms + 100us) << "the floor holds for 4 RTTVAR, SRTT comes on top";
  EXPECT_EQ(rtt.rto({}, 3), 1600ms);
  EXPECT_EQ(rtt.rto({}, 9), 102'400ms);
  EXPECT_EQ(rtt.rto({}, 10), 120s);
  EXPECT_EQ(rtt.rto({}, 1'000'000), 120s);
}

TEST(RttEstimator, SettlesOnAConstantRtt) {
  RttEstimator rtt;
  rtt.sample(7ms);
  for (int i = 0; i < 200; ++i) {
    rtt.sample(50us);
  }
  EXPECT_NEAR(to_nanoseconds(rtt.srtt()), 50'000, 1);
  EXPECT_NEAR(to_nanoseconds(rtt.rttvar()), 0, 1);
}

// Each segment that is acknowledged adds one: 10, 20, 40, ... as long as the window is what limits.
TEST(CongestionWindow, DoublesEachRoundOfSlowStart) {
  CongestionWindow window;
  for (std::uint32_t round = 10; round <= 20'480; round *= 2) {
    EXPECT_EQ(window.cwnd, round);
    for (std::uint32_t left = round; left > 0; left -= 10) window.on_acked(10, round);
  }
}

TEST(CongestionWindow, AWindowThatIsNotHalfFilledDoesNotGrow) {
  CongestionWindow window{.cwnd = 20};
  window.on_acked(10, 10);
  EXPECT_EQ(window.cwnd, 20U);
  window.on_acked(11, 11);
  EXPECT_EQ(window.cwnd, 31U);
}

// tcp_slow_start() hands what exceeds the threshold to tcp_cong_avoid_ai(): one more for a whole window of ACKs.
TEST(CongestionWindow, GrowsByOneARoundAboveTheThreshold) {
  CongestionWindow window{.cwnd = 10, .ssthresh = 15};
  window.on_acked(10, 10);
  EXPECT_EQ(window.cwnd, 15U);
  window.on_acked(9, 15);
  EXPECT_EQ(window.cwnd, 15U);
  window.on_acked(1, 15);
  EXPECT_EQ(window.cwnd, 16U) << "5 of the first round and 10 of this one";
  window.on_acked(16, 16);
  EXPECT_EQ(window.cwnd, 17U);
}

// tcp_cwnd_restart: nothing until one RTO has passed; then one halving for each further RTO that has begun.
TEST(CongestionWindow, AnIdleConnectionStartsAgain) {
  const auto after = [](Duration idle) {
    CongestionWindow window{.cwnd = 100};
    window.after_idle(idle, 200ms);
    return window.cwnd;
  };
  EXPECT_EQ(after(200ms), 100U);
  EXPECT_EQ(after(201ms), 50U);
  EXPECT_EQ(after(400ms), 50U);
  EXPECT_EQ(after(401ms), 25U);
  EXPECT_EQ(after(601ms), 12U);
  EXPECT_EQ(after(801ms), 10U) << "not below the initial window";
  EXPECT_EQ(after(1h), 10U);
  CongestionWindow small{.cwnd = 4, .ssthresh = 6};
  small.after_idle(1h, 200ms);
  EXPECT_EQ(small.cwnd, 4U) << "a window below the initial one stays";
}

TEST(CongestionWindow, LossReducesItAsCubicDoes) {
  CongestionWindow window{.cwnd = 100};
  window.on_fast_retransmit();
  EXPECT_EQ(window.cwnd, 70U) << "717/1024";
  window.on_timeout(false);
  EXPECT_EQ(window.cwnd, 1U);
  EXPECT_EQ(window.ssthresh, 49U);
  window.on_timeout(true);
  EXPECT_EQ(window.ssthresh, 49U) << "once, however many timeouts in a row";
  window.cwnd = 2;
  window.on_fast_retransmit();
  EXPECT_EQ(window.cwnd, 2U);
}

// tcp_schedule_loss_probe(): 2 SRTT + 2 ms since 4.14, max(2 SRTT, 10 ms) before, 200 ms more for a lone segment.
TEST(TailLossProbe, ComesAtTheKernelsTimes) {
  RttEstimator rtt;
  rtt.sample(80us);
  EXPECT_EQ(rtt.probe_timeout(linux_timers(), 2), 2ms + 160us);
  EXPECT_EQ(rtt.probe_timeout(linux_timers({4, 14}), 2), 2ms + 160us);
  EXPECT_EQ(rtt.probe_timeout(linux_timers({4, 13}), 2), 10ms);
  EXPECT_GT(rtt.probe_timeout(linux_timers(), 1), rtt.rto(linux_timers()));
  RttEstimator slow;
  slow.sample(30ms);
  EXPECT_EQ(slow.probe_timeout(linux_timers({4, 13}), 2), 60ms);
}

}  // namespace
}  // namespace knetsim
