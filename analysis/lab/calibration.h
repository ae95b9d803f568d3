#pragma once

#include <string>
#include <vector>

#include "analysis/lab/cost_fit.h"
#include "analysis/lab/measurement_record.h"
#include "analysis/lab/shape_fit.h"
#include "models/cost/cost_profile.h"

namespace knetsim::lab {

/// A profile fitted to a record, and how well.
struct Calibration {
  CostProfile before;  ///< Where the fit started.
  CostProfile profile;
  CostFit fit;
  FittedShapes shapes;
  std::size_t cases = 0;  ///< Datapaths and operations that it was fitted to.
  double noise_floor = 0;
  std::vector<std::string> complaints;  ///< What made the machine too noisy, a line each.
};

/// Fits costs and shapes to the record's cases, without those that are held out.
/// @throws LabError  There are no others.
Calibration calibrated(const MeasurementRecord& record, const CostProfile& before);

/// The profile as YAML, with what it is from.
std::string profile_text(const Calibration& calibration);

}  // namespace knetsim::lab
