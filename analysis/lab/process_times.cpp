#include "analysis/lab/process_times.h"

#include <unistd.h>

#include <array>
#include <fstream>
#include <numeric>
#include <sstream>
#include <string>

namespace knetsim::lab {
namespace {

constexpr pid_t kKernelThreads = 2;  // kthreadd

struct ProcessTimes {
  pid_t parent = 0;
  std::array<double, 4> ticks{};  ///< utime, stime, cutime, cstime
};

/// Of a line of /proc/PID/stat. The command's name stands in parentheses and may hold anything, parentheses too.
ProcessTimes parse_stat(const std::string& line) {
  const std::size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream fields(line.substr(name_end + 1));
  std::string state;
  ProcessTimes times;
  fields >> state >> times.parent;
  for (int field = 0; field < 9; ++field) {  // pgrp session tty tpgid flags minflt cminflt majflt cmajflt
    std::string passed_over;
    fields >> passed_over;
  }
  for (double& ticks : times.ticks) fields >> ticks;
  return times;
}

double ticks_a_second() { return static_cast<double>(::sysconf(_SC_CLK_TCK)); }

}  // namespace

CpuTimes cpu_times(const std::filesystem::path& proc, pid_t process) {
  std::ifstream file(proc / std::to_string(process) / "stat");
  std::string line;
  std::getline(file, line);
  const ProcessTimes times = parse_stat(line);
  return {.user_seconds = times.ticks[0] / ticks_a_second(), .system_seconds = times.ticks[1] / ticks_a_second()};
}

double other_processes_seconds(const std::filesystem::path& proc, pid_t lab) {
  double ticks = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(proc, error)) {
    const std::string name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    if (name == std::to_string(lab) || name == std::to_string(kKernelThreads)) continue;
    std::ifstream file(entry.path() / "stat");
    std::string line;
    if (!std::getline(file, line)) continue;  // it has just ended
    const ProcessTimes times = parse_stat(line);
    if (times.parent != lab && times.parent != kKernelThreads)
      ticks = std::accumulate(times.ticks.begin(), times.ticks.end(), ticks);
  }
  return ticks / ticks_a_second();
}

}  // namespace knetsim::lab
