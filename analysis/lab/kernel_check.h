#pragma once

#include <optional>
#include <vector>

#include "analysis/lab/machine_noise.h"
#include "analysis/lab/measurement.h"
#include "analysis/lab/verdict.h"
#include "models/cost/cost_profile.h"

namespace knetsim::lab {

/// A percentile beside its prediction, nanoseconds.
struct CheckedTail {
  Estimate measured{};
  double predicted_ns = 0;
  Verdict verdict = Verdict::CannotTell;
};

/// A held-out case beside its prediction.
struct CheckedCase {
  Measured measured;
  double predicted_ns = 0;  ///< 0, as all that follows from it, where there is no model.
  /// What is compared: the median itself of a connect, of a round trip its increment over that between hosts.
  Estimate compared{};
  double compared_prediction_ns = 0;
  double constant_ns = 0;  ///< What the best single constant would say for it.
  Verdict verdict = Verdict::CannotTell;
  /// Of the operation itself; of warm cases alone, a cold one has too few samples a round.
  std::optional<CheckedTail> p90{};
  std::optional<CheckedTail> p99{};
};

struct KernelCheck {
  std::vector<CheckedCase> cases;  ///< Those held out.
  std::optional<double>
      drift{};  ///< Warm cases of the calibration, measured beside: median of measurement / prediction - 1.
  double noise_floor = 0;
  double error_median = 0;  ///< Median of |log(prediction / measurement)| of what is compared; larger than the noise.
  double constant_median = 0;  ///< The same of the best single constant for each operation.
  VerdictCount medians;
  VerdictCount p90;
  VerdictCount p99;
};

/// How near a prediction has to come: 15 % of what is compared, or 0.3 us of a round trip's increment.
inline constexpr double kRelativeTolerance = 0.15;
inline constexpr double kIncrementToleranceNs = 300;
/// The same of p90 and p99.
inline constexpr double kTailTolerance = 0.25;

/// Compares measurements with what a profile predicts. Where the interval of a measurement is wider than the tolerance
/// the verdict is CannotTell, unless the whole interval is on one side of it.
/// @param measured  Held-out cases, and of the calibration's at least the round trip between hosts without rules, which
///                  increments are over. @throws LabError  Without either.
/// @param noise     Of the machine meanwhile: with complaints percentiles are not judged; where time was taken away,
///                  medians are not either.
KernelCheck check_against_kernel(const std::vector<Measured>& measured, const CostProfile& profile,
                                 const MachineNoise& noise);

/// What the medians of one kind of operation came to, in short.
struct OperationVerdicts {
  VerdictCount count;
  double error_median = 0;     ///< Median of |prediction / measurement - 1| of what is compared; likewise
  double constant_median = 0;  ///< of the best single constant.
};
OperationVerdicts verdicts_of(const KernelCheck& check, Operation operation);

}  // namespace knetsim::lab
