#include "analysis/lab/process_times.h"

#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

namespace knetsim::lab {
namespace {

constexpr pid_t kKernelThreads = 2;  // kthreadd

struct ProcessTimes {
  pid_t parent = 0;
  double ticks = 0;
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
  for (int field = 0; field < 4; ++field) {  // utime stime cutime cstime
    double ticks = 0;
    fields >> ticks;
    times.ticks += ticks;
  }
  return times;
}

}  // namespace

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
    if (times.parent != lab && times.parent != kKernelThreads) ticks += times.ticks;
  }
  return ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

}  // namespace knetsim::lab
