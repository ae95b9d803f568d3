// Goal: what disturbs a measurement is seen, and said in words that name it. Method: a process that burns CPU beside
// the lab; limits met and exceeded one by one.

#include "analysis/lab/machine_noise.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <thread>

#include "analysis/lab/sockets.h"

namespace knetsim::lab {
namespace {

using namespace std::chrono_literals;

TEST(MachineNoise, EveryLimitThatIsExceededIsNamed) {
  EXPECT_TRUE(complaints({}).empty());
  EXPECT_TRUE(complaints({.others_before = 0.09, .stolen = 0.01, .spin_spread = 0.05, .quota_cpus = 4}).empty());
  const auto line = [](const MachineNoise& noise) {
    const auto lines = complaints(noise);
    return lines.size() == 1 ? lines[0] : std::to_string(lines.size()) + " lines";
  };
  EXPECT_EQ(line({.others_before = 0.5}), "50 % of the CPUs' time went to others while the lab slept");
  EXPECT_EQ(line({.others_during = 0.3}), "30 % of the CPUs' time went to other processes during the measurement");
  EXPECT_EQ(line({.stolen = 0.07}), "7 % of the CPUs' time was stolen by the hypervisor");
  EXPECT_EQ(line({.spin_spread = 0.4}), "40 % lies between the least and the 90th percentile of a loop's times");
  EXPECT_EQ(line({.spin_lost = 0.2}), "20 % of a loop's time went to interruptions");
  EXPECT_EQ(line({.quota_cpus = 1.5, .throttled = 0.25}),
            "25 % of the measurement was throttled: the control group has 1.5 CPUs");
  EXPECT_EQ(line({.quota_cpus = 0.5}), "the control group has 0.5 of a CPU, which a busy loop exceeds");
}

// A process that is no worker of the lab spins for the whole watch: at least a quarter of one CPU's time is seen as
// another's, however busy the machine is otherwise. Which processes count as others: process_times_test.
TEST(MachineNoise, AnotherProcessThatRunsIsSeen) {
  const NoiseWatch watch({usable_cpus().front()});
  const pid_t child = ::fork();
  if (child == 0) {
    ::setpgid(0, 0);
    if (::fork() > 0) ::pause();
    volatile unsigned i = 0;
    while (true) i = i + 1;
  }
  ::setpgid(child, child);
  std::this_thread::sleep_for(400ms);
  const MachineNoise noise = watch.finish();
  ::kill(-child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_GT(noise.others_during, 0.25);
}

TEST(MachineNoise, TheLookBeforehandGivesShares) {
  const NoiseWatch watch(usable_cpus());
  const MachineNoise& before = watch.before();
  for (const double share : {before.others_before, before.spin_lost}) {
    EXPECT_GE(share, 0);
    EXPECT_LE(share, 1);
  }
  EXPECT_GE(before.spin_spread, 0);
  EXPECT_GE(before.quota_cpus, 0);
}

// The kernel's account of idleness: a CPU that spins is not idle, and a reading never goes back.
TEST(CpuIdle, ASpinningCpuIsBusy) {
  const CpuIdle idle;
  const int cpu = usable_cpus().front();
  std::atomic<bool> stop{false};
  std::thread spinner([&] {
    pin_to(cpu);
    while (!stop) {
    }
  });
  const IdleReading begin = idle.read(cpu);
  std::this_thread::sleep_for(200ms);
  const IdleReading end = idle.read(cpu);
  stop = true;
  spinner.join();
  EXPECT_GE(end.idle_ns, begin.idle_ns);
  EXPECT_GT(busy_share(begin, end), 0.8) << idle.source();
}

}  // namespace
}  // namespace knetsim::lab
