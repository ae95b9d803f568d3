#include "analysis/lab/control_group.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace knetsim::lab {
namespace {

namespace fs = std::filesystem;

std::optional<double> number_in(const fs::path& file) {
  std::ifstream stream(file);
  double value = 0;
  return stream >> value ? std::optional(value) : std::nullopt;
}

/// CPUs that this one group allows; 0: all.
double quota_of(const fs::path& group) {
  std::ifstream second(group / "cpu.max");  // "max 100000" or "50000 100000"
  std::string quota;
  double period = 0;
  if (second >> quota >> period) return quota == "max" || period <= 0 ? 0 : std::stod(quota) / period;
  const double first = number_in(group / "cpu.cfs_quota_us").value_or(-1);
  const double first_period = number_in(group / "cpu.cfs_period_us").value_or(0);
  return first <= 0 || first_period <= 0 ? 0 : first / first_period;
}

/// "throttled_usec" of version 2, "throttled_time" (nanoseconds) of version 1.
double throttled_of(const fs::path& group) {
  std::ifstream stat(group / "cpu.stat");
  std::string key;
  for (double value = 0; stat >> key >> value;) {
    if (key == "throttled_usec") return value * 1e-6;
    if (key == "throttled_time") return value * 1e-9;
  }
  return 0;
}

/// Folders of this process's groups, as far as they hold a cpu controller: "9:cpu,cpuacct:/a/b", "0::/a/b".
std::vector<std::pair<fs::path, std::string>> own_groups() {
  std::vector<std::pair<fs::path, std::string>> groups;
  std::ifstream file("/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string path = line.substr(second + 1);
    if (controllers.empty()) {
      groups.emplace_back("/sys/fs/cgroup", path);
      groups.emplace_back("/sys/fs/cgroup/unified", path);
      continue;
    }
    std::istringstream names(controllers);
    bool has_cpu = false;
    for (std::string name; std::getline(names, name, ',');) has_cpu = has_cpu || name == "cpu";
    if (has_cpu) groups.emplace_back("/sys/fs/cgroup/" + controllers, path);
    if (has_cpu && controllers != "cpu") groups.emplace_back("/sys/fs/cgroup/cpu", path);
  }
  return groups;
}

}  // namespace

CpuQuota cpu_quota() {
  CpuQuota found;
  for (const auto& [mount, path] : own_groups()) {
    // A namespace of groups shows its own root as the mount, whatever the path says: so upwards to the mount.
    fs::path group = fs::path(path).relative_path();
    while (true) {
      const double cpus = quota_of(mount / group);
      if (cpus > 0) found.cpus = found.cpus > 0 ? std::min(found.cpus, cpus) : cpus;
      found.throttled_s = std::max(found.throttled_s, throttled_of(mount / group));
      if (group.empty()) break;
      group = group.parent_path();
    }
  }
  return found;
}

}  // namespace knetsim::lab
