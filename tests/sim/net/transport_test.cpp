// Goal: TCP's timers and rounds are those that the kernel and the RFCs publish.
// Method: SYN schedules from ip-sysctl.rst and the kernel's timer code; RFC 6298's estimator followed by hand; slow
// start against ceil(log2(1 + n / IW)); loss cases one by one.

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

TEST(SlowStart, RoundsDoubleFromTheInitialWindow) {
  CongestionWindow window;
  std::vector<std::uint32_t> rounds;
  for (std::uint32_t remaining = 100; remaining > 0; remaining -= rounds.back()) {
    rounds.push_back(window.next_round(remaining, 1000));
  }
  EXPECT_THAT(rounds, testing::ElementsAre(10, 20, 40, 30));
}

TEST(SlowStart, TakesTheLogarithmicNumberOfRounds) {
  for (std::uint32_t n = 1; n <= 10'000; ++n) {
    // ceil(log2(1 + n / 10)) without a logarithm: the smallest r with 10 (2^r - 1) >= n.
    std::uint32_t rounds = 1;
    while (10 * ((1U << rounds) - 1) < n) {
      ++rounds;
    }
    EXPECT_EQ(slow_start_rounds(n, {}, kNoThreshold), rounds) << n;
  }
}

TEST(SlowStart, EndsWhereTheWindowCoversThePath) {
  EXPECT_EQ(slow_start_rounds(10'000, {}, 10), 1U) << "no pause when the initial window fills the path";
  EXPECT_EQ(slow_start_rounds(10'000, {}, 11), 2U);
  EXPECT_EQ(slow_start_rounds(10'000, {}, 80), 4U) << "10, 20, 40, then 80 covers it";
  // 25 Gbit/s, 50 us: 156,250 bytes, 101 full frames of 1538.
  EXPECT_EQ(bdp_segments(Bandwidth(25'000'000'000), 50us, Bytes(1538)), 101U);
  EXPECT_EQ(bdp_segments(Bandwidth(1'000'000), 1us, Bytes(1538)), 1U);
}

TEST(CongestionWindow, AWindowThatIsNotFilledDoesNotGrow) {
  CongestionWindow window{.cwnd = 20};
  EXPECT_EQ(window.next_round(10, 1000), 10U);
  EXPECT_EQ(window.cwnd, 20U);
  EXPECT_EQ(window.next_round(11, 1000), 11U);
  EXPECT_EQ(window.cwnd, 31U);
}

TEST(CongestionWindow, GrowsByOneARoundAboveTheThreshold) {
  CongestionWindow window{.cwnd = 10, .ssthresh = 15};
  window.next_round(100, 1000);
  EXPECT_EQ(window.cwnd, 15U);
  window.next_round(100, 1000);
  EXPECT_EQ(window.cwnd, 16U);
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
  window.on_timeout();
  EXPECT_EQ(window.cwnd, 1U);
  EXPECT_EQ(window.ssthresh, 49U);
  window.cwnd = 2;
  window.on_fast_retransmit();
  EXPECT_EQ(window.cwnd, 2U);
}

class Recover : public testing::Test {
 protected:
  Recover() { rtt.sample(80us); }
  RttEstimator rtt;
};

TEST_F(Recover, ThreeSegmentsBehindTriggerFastRetransmitAfterOneRtt) {
  const RecoveryPlan plan = recover({.sent = 10, .lost = 2, .behind = 3, .rtt = 90us}, rtt);
  EXPECT_EQ(plan.by, Repair::FastRetransmit);
  EXPECT_EQ(plan.resend_after, 90us);
  EXPECT_EQ(plan.resend_now, 2U);
  EXPECT_EQ(plan.resend_rest, 0U);
}

TEST_F(Recover, ALostTailIsProbedForAfterTenMilliseconds) {
  const RecoveryPlan plan = recover({.sent = 10, .lost = 4, .behind = 0}, rtt);
  EXPECT_EQ(plan.by, Repair::TailLossProbe);
  EXPECT_EQ(plan.resend_after, 10ms);
  EXPECT_EQ(plan.resend_now, 1U);
  EXPECT_EQ(plan.resend_rest, 3U);
  EXPECT_EQ(plan.rest_after, 10ms + 80us);
}

TEST_F(Recover, TheProbeTakesTwoRttsWhereTheseAreLonger) {
  RttEstimator slow;
  slow.sample(30ms);
  EXPECT_EQ(recover({.sent = 2, .lost = 1, .behind = 0}, slow).resend_after, 60ms);
}

TEST_F(Recover, AHoleWithFewBehindWaitsForTheProbesAck) {
  const RecoveryPlan plan = recover({.sent = 10, .lost = 1, .behind = 2}, rtt);
  EXPECT_EQ(plan.by, Repair::TailLossProbe);
  EXPECT_EQ(plan.resend_after, 10ms + 80us);
  EXPECT_EQ(plan.resend_now, 1U);
}

TEST_F(Recover, ALostResendWaitsForTheTimerAndThatDoubles) {
  for (std::uint32_t timeouts = 0; timeouts < 4; ++timeouts) {
    const RecoveryPlan plan = recover({.sent = 5, .lost = 3, .behind = 0, .resend = true, .timeouts = timeouts}, rtt);
    EXPECT_EQ(plan.by, Repair::Timeout);
    EXPECT_EQ(plan.resend_after, 200ms * (1 << timeouts));
    EXPECT_EQ(plan.resend_now, 1U);
    EXPECT_EQ(plan.rest_after, plan.resend_after + 80us);
    EXPECT_EQ(plan.resend_rest, 2U);
  }
}

// tcp_schedule_loss_probe() asks for 2 SRTT + 200 ms, and takes the RTO's time where that is earlier.
TEST_F(Recover, CurrentKernelsProbeForALoneSegmentWhenTheTimeoutWouldCome) {
  const RecoveryTimers timers = linux_timers();
  const RecoveryPlan lone = recover({.sent = 1, .lost = 1}, rtt, timers);
  EXPECT_EQ(lone.by, Repair::TailLossProbe);
  EXPECT_EQ(lone.resend_after, 200ms + 80us);
  const RecoveryPlan probe_lost = recover({.sent = 1, .lost = 1, .resend = true}, rtt, timers);
  EXPECT_EQ(probe_lost.by, Repair::Timeout);
  EXPECT_EQ(probe_lost.resend_after, 200ms + 80us) << "a probe is no timeout: nothing has been doubled yet";
  const RecoveryPlan two = recover({.sent = 2, .lost = 1, .behind = 0}, rtt, timers);
  EXPECT_EQ(two.by, Repair::TailLossProbe);
  EXPECT_EQ(two.resend_after, 2ms + 160us);
  const RecoveryPlan hole = recover({.sent = 10, .lost = 1, .behind = 1}, rtt, timers);
  EXPECT_EQ(hole.by, Repair::RackTimer);
  EXPECT_EQ(hole.resend_after, 80us + 20us + 2ms);
}

TEST_F(Recover, BeforeLinux414TheProbeHadAFloorOfTenMilliseconds) {
  EXPECT_EQ(recover({.sent = 2, .lost = 1}, rtt, linux_timers({4, 13})).resend_after, 10ms);
  EXPECT_EQ(recover({.sent = 2, .lost = 1}, rtt, linux_timers({4, 14})).resend_after, 2ms + 160us);
  EXPECT_EQ(recover({.sent = 1, .lost = 1}, rtt, linux_timers({4, 13})).resend_after, 200ms + 80us);
}

TEST_F(Recover, AnOriginalSentAfterATimeoutIsNotProbedFor) {
  const RecoveryPlan plan = recover({.sent = 2, .lost = 1, .timeouts = 1}, rtt, linux_timers());
  EXPECT_EQ(plan.by, Repair::Timeout) << "the connection is not in TCP_CA_Open";
  EXPECT_EQ(plan.resend_after, 2 * (200ms + 80us));
}

TEST_F(Recover, WithoutAnRttSampleTheInitialTimeoutRules) {
  const RecoveryPlan plan = recover({.sent = 1, .lost = 1}, RttEstimator{});
  EXPECT_EQ(plan.by, Repair::Timeout);
  EXPECT_EQ(plan.resend_after, 1s);
}

}  // namespace
}  // namespace knetsim
