// Goal: the lab's own processes are not taken for others that disturb it, and nothing of the others is lost. Method: a
// folder laid out as proc(5), with a line for each kind of process, so that no other process of the machine has a part
// in it.

#include "analysis/lab/process_times.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "support/temporary_folder.h"

namespace knetsim::lab {
namespace {

constexpr pid_t kLab = 100;

class ProcessTimes : public ::testing::Test {
 protected:
  /// A process whose utime, stime, cutime and cstime are 1, 10, 100 and 1,000 times `ticks`.
  void process(pid_t pid, pid_t parent, int ticks, const std::string& name = "cmd") {
    std::filesystem::create_directories(proc / std::to_string(pid));
    write_text(proc / std::to_string(pid) / "stat",
               fmt::format("{} ({}) S {} 1 1 0 -1 4194304 11 22 33 44 {} {} {} {} 20 0 1 0 500\n", pid, name, parent,
                           ticks, 10 * ticks, 100 * ticks, 1000 * ticks));
  }
  /// In the units of process().
  double others() const {
    return other_processes_seconds(proc.path(), kLab) * static_cast<double>(::sysconf(_SC_CLK_TCK)) / 1111;
  }
  TemporaryFolder proc;
};

TEST_F(ProcessTimes, TheLabAndItsWorkersAreNoOthers) {
  process(kLab, 1, 1);
  process(101, kLab, 2);
  EXPECT_DOUBLE_EQ(others(), 0);
}

TEST_F(ProcessTimes, EveryOtherProcessCountsWithItsEndedChildren) {
  process(1, 0, 1, "init");
  process(7, 1, 2);
  process(102, 101, 4, "a child of a worker");  // no worker of the lab: something that one has started
  EXPECT_DOUBLE_EQ(others(), 7);
}

TEST_F(ProcessTimes, KernelThreadsDoNotCount) {
  process(2, 0, 1, "kthreadd");
  process(15, 2, 2, "ksoftirqd/0");
  process(16, 1, 4);
  EXPECT_DOUBLE_EQ(others(), 4);
}

TEST_F(ProcessTimes, ACommandMayBeCalledAnything) {
  process(7, 1, 2, "a) R 100 (b");
  EXPECT_DOUBLE_EQ(others(), 2);
}

TEST_F(ProcessTimes, TimesOfOneProcessAreItsOwn) {
  process(7, 1, 2);
  const CpuTimes times = cpu_times(proc.path(), 7);
  const auto second = static_cast<double>(::sysconf(_SC_CLK_TCK));
  EXPECT_DOUBLE_EQ(times.user_seconds, 2 / second);
  EXPECT_DOUBLE_EQ(times.system_seconds, 20 / second) << "without those of its ended children";
  EXPECT_EQ(cpu_times(proc.path(), 8).user_seconds, 0) << "there is none";
}

TEST_F(ProcessTimes, WhatIsNoProcessIsPassedOver) {
  std::filesystem::create_directories(proc / "7");  // it has just ended
  std::filesystem::create_directories(proc / "sys");
  write_text(proc / "uptime", "1 2\n");
  process(8, 1, 3);
  EXPECT_DOUBLE_EQ(others(), 3);
  EXPECT_DOUBLE_EQ(other_processes_seconds(proc / "missing", kLab), 0);
}

}  // namespace
}  // namespace knetsim::lab
