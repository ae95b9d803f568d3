#pragma once

#include <optional>
#include <vector>

#include "analysis/lab/kernel_check.h"
#include "analysis/lab/load_measurement.h"
#include "analysis/lab/machine_noise.h"
#include "models/cost/cost_profile.h"

namespace knetsim::lab {

/// A measured load beside what a profile says.
struct CheckedLoad {
  MeasuredLoad measured;
  /// CPU time of an operation: the sum of its steps' costs. Empty as predicted_rate is, and where a wire decides, which
  /// cuts skbs.
  std::optional<double> predicted_cpu_ns{};
  /// CPUs over that sum, where all of an operation is done on one CPU, which is then never idle. Across CPUs
  /// wake-ups, interrupts between CPUs and caches decide, of which a cable says nothing: no prediction. Of streams over
  /// a cable of a set rate at most its wire_payload_rate().
  std::optional<double> predicted_rate{};
  bool wire_decides = false;  ///< predicted_rate is what the cable carries.
  double constant_rate = 0;   ///< The best single constant for loads of this kind, on such cables, a CPU.
  Verdict verdict = Verdict::CannotTell;
};

struct LoadCheck {
  std::vector<CheckedLoad> loads;
  /// Median of |log(prediction / measurement)| of the rates that are predicted, those that a wire decides left out:
  /// they say nothing about costs.
  double error_median = 0;
  double constant_median = 0;  ///< The same of the best constants.
  VerdictCount verdicts;
};

/// How near a prediction has to come where a wire decides. A wire's rate is arithmetic on header bytes, without a
/// figure that was fitted; 15 % could not tell VXLAN's 50 bytes (3 %) from none. This tells the least part of the
/// framing from none: TCP's timestamps, 0.8 %.
inline constexpr double kWireTolerance = 0.005;

/// Compares rates with predictions: within kRelativeTolerance, or kWireTolerance. Where the interval is wider, or the
/// machine was not quiet, nothing can be told: unlike a median of latencies, a rate loses all the time that others
/// take. A wire that decides leaves CPUs time to lose; then only a quota or a hypervisor that took time away counts.
/// @param cpus  CPUs that the lab had.
LoadCheck check_loads(const std::vector<MeasuredLoad>& measured, const CostProfile& profile, const MachineNoise& noise,
                      std::uint32_t cpus);

}  // namespace knetsim::lab
