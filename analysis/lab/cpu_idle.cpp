#include "analysis/lab/cpu_idle.h"

#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

#include "analysis/lab/sockets.h"

namespace knetsim::lab {
namespace {

/// Nanoseconds of "  .idle_sleeptime : 123 nsecs" and its like, of one CPU together. Empty: not in the file.
std::optional<double> from_timer_list(int cpu) {
  std::ifstream file("/proc/timer_list");
  const std::string heading = fmt::format("cpu: {}", cpu);
  double sum = 0;
  bool here = false;
  bool found = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("cpu: ")) {
      if (here) break;
      here = line == heading;
    }
    if (!here) continue;
    const std::size_t sleep = line.find("_sleeptime");
    if (sleep == std::string::npos) continue;
    sum += std::stod(line.substr(line.find(':', sleep) + 1));
    found = true;
  }
  return found ? std::optional(sum) : std::nullopt;
}

/// Columns "idle" and "iowait".
double from_stat(int cpu) {
  std::ifstream file("/proc/stat");
  const std::string heading = fmt::format("cpu{} ", cpu);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(heading)) continue;
    std::istringstream columns(line.substr(heading.size()));
    double user = 0, nice = 0, system = 0, idle = 0, iowait = 0;
    columns >> user >> nice >> system >> idle >> iowait;
    return (idle + iowait) * 1e9 / static_cast<double>(::sysconf(_SC_CLK_TCK));
  }
  return 0;
}

}  // namespace

CpuIdle::CpuIdle() : nanoseconds_(from_timer_list(usable_cpus().front()).has_value()) {}

IdleReading CpuIdle::read(int cpu) const {
  cpu_set_t before;
  CPU_ZERO(&before);
  ::sched_getaffinity(0, sizeof before, &before);
  pin_to(cpu);
  const double idle_ns = nanoseconds_ ? from_timer_list(cpu).value_or(0) : from_stat(cpu);
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  ::sched_setaffinity(0, sizeof before, &before);
  return {.at_ns = std::chrono::duration<double, std::nano>(now).count(), .idle_ns = idle_ns};
}

double busy_share(const IdleReading& begin, const IdleReading& end) {
  const double span = end.at_ns - begin.at_ns;
  return span <= 0 ? 0 : std::clamp(1 - (end.idle_ns - begin.idle_ns) / span, 0.0, 1.0);
}

}  // namespace knetsim::lab
