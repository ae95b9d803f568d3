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
  double predicted_cpu_ns = 0;  ///< CPU time of an operation: the sum of its steps' costs.
  /// CPUs over predicted_cpu_ns, where all of an operation is done on one CPU, which is then never idle. Across CPUs
  /// wake-ups, interrupts between CPUs and caches decide, of which a cable says nothing: no prediction.
  std::optional<double> predicted_rate{};
  double constant_rate = 0;  ///< The best single constant for loads of this kind, a CPU.
  Verdict verdict = Verdict::CannotTell;
};

struct LoadCheck {
  std::vector<CheckedLoad> loads;
  double error_median = 0;     ///< Median of |log(prediction / measurement)| of the rates that are predicted.
  double constant_median = 0;  ///< The same of the best constants.
  VerdictCount verdicts;
};

/// Compares rates with predictions: within kRelativeTolerance. Where the interval is wider, or the machine was not
/// quiet, nothing can be told: unlike a median of latencies, a rate loses all the time that others take.
/// @param cpus  CPUs that the lab had.
LoadCheck check_loads(const std::vector<MeasuredLoad>& measured, const CostProfile& profile, const MachineNoise& noise,
                      std::uint32_t cpus);

}  // namespace knetsim::lab
