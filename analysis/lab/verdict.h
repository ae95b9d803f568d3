#pragma once

#include <cstdint>

#include "analysis/lab/measurement.h"

namespace knetsim::lab {

/// What a comparison came to.
enum class Verdict : std::uint8_t { Met, Missed, CannotTell, NoModel };
const char* verdict_name(Verdict verdict);

/// Whether a prediction is within `slack` of a figure that is known to an interval. CannotTell where the interval is
/// wider than that, unless the whole of it is on one side.
Verdict judge(double predicted, const Estimate& figure, double slack);

/// How many verdicts of each kind.
struct VerdictCount {
  std::uint32_t met = 0;
  std::uint32_t missed = 0;
  std::uint32_t untold = 0;
  std::uint32_t unmodelled = 0;

  void add(Verdict verdict);
};

}  // namespace knetsim::lab
