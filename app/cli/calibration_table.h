#pragma once

#include "analysis/lab/calibration.h"

namespace knetsim {

/// The costs that were measured beside those before, the scans, the shapes.
void print_calibration(const lab::Calibration& calibration);

}  // namespace knetsim
