// Goal: a verdict says what the measurement allows, and no more. Method: measurements made up around known predictions.

#include "analysis/lab/kernel_check.h"

#include <gtest/gtest.h>

#include "analysis/lab/lab_error.h"
#include "analysis/lab/prediction.h"

#include "default_profile.h"

namespace knetsim::lab {
namespace {

const LabCase kHosts{.client_host_network = true, .server_host_network = true};
const LabCase kPods{.setup = {.nodes = 2}};

double predicted(const LabCase& one) { return predict_ns(one, default_profile()); }

Measured seen(const LabCase& one, double ns, double half_width) {
  return {.lab_case = one, .held_out = !(one == kHosts), .p50 = {ns, ns - half_width, ns + half_width}};
}

Verdict verdict_of(LabCase one, double error, double relative_half_width, const MachineNoise& noise = {}) {
  const double value = predicted(one) / (1 + error);
  const auto check = check_against_kernel(
      {seen(kHosts, predicted(kHosts), 1), seen(one, value, relative_half_width * value)}, default_profile(), noise);
  EXPECT_EQ(check.cases.size(), 1u);
  return check.cases[0].verdict;
}

TEST(KernelCheck, JudgesAConnectByItsMedian) {
  LabCase connect = kPods;
  connect.operation = Operation::Connect;
  EXPECT_EQ(verdict_of(connect, 0.10, 0.01), Verdict::Met);
  EXPECT_EQ(verdict_of(connect, -0.10, 0.01), Verdict::Met);
  EXPECT_EQ(verdict_of(connect, 0.25, 0.01), Verdict::Missed);
  EXPECT_EQ(verdict_of(connect, -0.25, 0.01), Verdict::Missed);
  EXPECT_EQ(verdict_of(connect, 0.10, 0.20), Verdict::CannotTell) << "the interval is wider than the tolerance";
  EXPECT_EQ(verdict_of(connect, 1.00, 0.05), Verdict::Missed) << "and yet it can tell that";
}

TEST(KernelCheck, JudgesARoundTripByItsIncrementOverHosts) {
  const double increment = predicted(kPods) - predicted(kHosts);
  ASSERT_GT(increment, 5'000) << "of the default profile, so that 15 % is more than 0.3 us";
  const auto verdict = [&](double error) {
    return check_against_kernel(
               {seen(kHosts, predicted(kHosts), 1), seen(kPods, predicted(kHosts) + increment / (1 + error), 1)},
               default_profile(), {})
        .cases[0]
        .verdict;
  };
  EXPECT_EQ(verdict(0.10), Verdict::Met);
  EXPECT_EQ(verdict(0.30), Verdict::Missed) << "though the round trip as a whole is within 15 %";
}

TEST(KernelCheck, WhereTimeIsTakenAwayNothingIsConcluded) {
  LabCase connect = kPods;
  connect.operation = Operation::Connect;
  for (const MachineNoise& noise : {MachineNoise{.throttled = 0.5}, MachineNoise{.stolen = 0.1}}) {
    EXPECT_EQ(verdict_of(connect, 0.10, 0.01, noise), Verdict::CannotTell);
    EXPECT_EQ(verdict_of(connect, 1.00, 0.01, noise), Verdict::CannotTell);
  }
  const MachineNoise busy{.others_during = 0.6};
  EXPECT_EQ(verdict_of(connect, 0.10, 0.01, busy), Verdict::Met) << "others take turns, and leave medians alone";
  Measured one = seen(connect, predicted(connect), 1);
  one.p90 = one.p99 = {100 * one.p50.value, 99 * one.p50.value, 101 * one.p50.value};
  const auto tails = [&](const MachineNoise& noise) {
    return check_against_kernel({seen(kHosts, predicted(kHosts), 1), one}, default_profile(), noise);
  };
  EXPECT_EQ(tails({}).p90.missed, 1u);
  EXPECT_EQ(tails({}).p99.missed, 1u);
  EXPECT_EQ(tails(busy).p90.untold, 1u) << "but not the percentiles";
  EXPECT_EQ(tails(busy).p99.untold, 1u);
}

TEST(KernelCheck, JudgesWhatIsHeldOutAndTellsTheDriftByTheRest) {
  LabCase connect = kPods;
  connect.operation = Operation::Connect;
  Measured known = seen(connect, 1.08 * predicted(connect), 1);
  known.held_out = false;
  const Measured base = seen(kHosts, 1.08 * predicted(kHosts), 1);
  const KernelCheck check =
      check_against_kernel({base, known, seen(kPods, predicted(kPods), 1)}, default_profile(), {});
  EXPECT_EQ(check.cases.size(), 1u);
  ASSERT_TRUE(check.drift.has_value());
  EXPECT_NEAR(*check.drift, 0.08, 1e-9);
  EXPECT_THROW(check_against_kernel({base, known}, default_profile(), {}), LabError);
  EXPECT_THROW(check_against_kernel({seen(kPods, 1e4, 1)}, default_profile(), {}), LabError);
}

TEST(KernelCheck, ASampleOfSeveralSessionsHasNoPercentiles) {
  LabCase session = kPods;
  session.operation = Operation::Session;
  for (const LabCase& one : {session, kPods}) {
    const auto check =
        check_against_kernel({seen(kHosts, predicted(kHosts), 1), seen(one, predicted(one), 1)}, default_profile(), {});
    EXPECT_EQ(check.cases[0].p90.has_value(), one == kPods);
  }
}

TEST(KernelCheck, ABestConstantIsTheMedianOfWhatItStandsFor) {
  std::vector<Measured> measured{seen(kHosts, 4'000, 1)};
  for (const double ns : {10'000.0, 20'000.0, 90'000.0}) {
    LabCase connect = kPods;
    connect.operation = Operation::Connect;
    measured.push_back(seen(connect, ns, 1));
  }
  for (const CheckedCase& one : check_against_kernel(measured, default_profile(), {}).cases) {
    EXPECT_EQ(one.constant_ns, 20'000);
  }
}

}  // namespace
}  // namespace knetsim::lab
