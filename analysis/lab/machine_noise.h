#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "analysis/lab/cpu_idle.h"

namespace knetsim::lab {

/// What disturbs measurements on this machine: seen before them while the lab itself is still, and during them.
struct MachineNoise {
  double others_before = 0;  ///< Share of the CPUs that others kept busy while the lab slept.
  double others_during = 0;  ///< Share of the CPUs that other processes took meanwhile, of those that /proc shows.
  double stolen = 0;         ///< Share of the CPUs' time that a hypervisor says it took (/proc/stat, "steal").
  double spin_spread = 0;  ///< A fixed loop of 0.1 ms: its 90th percentile over its least time, less 1; the worst CPU.
  double spin_lost = 0;    ///< Share of the looping that went to pieces slower than twice the least: interruptions.
  double quota_cpus = 0;   ///< CPUs that the control group may use; 0: as many as there are.
  double throttled = 0;    ///< Share of the measurement's time in which the group was stopped for its quota.

  bool operator==(const MachineNoise&) const = default;
};

/// Where each of them ends that still allows a conclusion.
inline constexpr double kMostOthers = 0.10;
inline constexpr double kMostStolen = 0.02;
inline constexpr double kMostSpread = 0.10;
inline constexpr double kMostThrottled = 0.01;

/// Why nothing can be concluded from what is measured here, a line each; empty on a quiet machine.
std::vector<std::string> complaints(const MachineNoise& noise);

/// Whether time is taken away from under whatever runs, by a quota or a hypervisor, so that not even the median of
/// single operations says anything. Others that are busy only take turns.
bool takes_time_away(const MachineNoise& noise);

/// Looks at the machine when it is made (a third of a second), then at what else goes on until finish().
class NoiseWatch {
 public:
  /// @param cpus  Those that are measured on.
  explicit NoiseWatch(std::vector<int> cpus);
  MachineNoise finish() const;
  /// What the look before has found: the rest is 0.
  const MachineNoise& before() const { return before_; }

 private:
  struct Counters {
    std::chrono::steady_clock::time_point at;
    double others_s = 0;
    double stolen_s = 0;
    double throttled_s = 0;
  };
  Counters now() const;

  std::vector<int> cpus_;
  MachineNoise before_{};
  Counters begin_{};
};

}  // namespace knetsim::lab
