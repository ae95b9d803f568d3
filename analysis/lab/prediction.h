#pragma once

#include <array>

#include "analysis/lab/lab_case.h"
#include "analysis/lab/operation_spread.h"
#include "models/cost/cost_profile.h"
#include "sim/net/scan_cost.h"

namespace knetsim::lab {

/// The figures of a profile that decide what a lab's operation takes, picoseconds.
struct LabCosts {
  std::array<double, kStepKinds> step{};      ///< Per unit; of a scanned kind its warm figure.
  std::array<ScanCurve, kStepKinds> curve{};  ///< Of scanned kinds.
  double cold_factor = 1;                     ///< On everything but scans, after a sweep of the caches.

  explicit LabCosts(const CostProfile& profile);
  /// What the work takes.
  double total_ps(const LabWork& work, bool cold) const;
  /// What one of its scans takes. All scans of an operation run on one CPU, so they share its cache: an item costs what
  /// the mean one does of a single scan over all tables that the operation touches.
  double scan_ps(const LabWork& work, const LabWork::Scan& scan, bool cold) const;
};

/// What the models and a profile say a case takes in the median, nanoseconds.
double predict_ns(const LabCase& lab_case, const CostProfile& profile);

/// What work takes with its spread: visits to a core vary as the engine has it (docs/decisions/0005), by one factor for
/// each shape, and interruptions come on top.
OperationSpread spread_of(const LabWork& work, bool cold, const CostProfile& profile);

}  // namespace knetsim::lab
