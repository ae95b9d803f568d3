#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

#include "analysis/results/results.h"
#include "sim/core/histogram.h"

namespace knetsim {

/// What a measure without observations is.
inline constexpr double kNoMeasure = std::numeric_limits<double>::quiet_NaN();

inline std::int64_t signed_count(std::uint64_t count) { return static_cast<std::int64_t>(count); }
inline double seconds_from_ns(double ns) { return ns * 1e-9; }

/// Adds a histogram of nanoseconds to the state of a metric in seconds.
inline void add_histogram(MetricState& state, std::size_t cell, const Histogram& ns) {
  state.n[cell] += signed_count(ns.count());
  state.sum[cell] += seconds_from_ns(static_cast<double>(ns.sum()));
  state.sum_sq[cell] += static_cast<double>(ns.sum_of_squares()) * 1e-18;
  if (!ns.empty()) {
    state.min[cell] = std::fmin(state.min[cell], seconds_from_ns(static_cast<double>(ns.min())));
    state.max[cell] = std::fmax(state.max[cell], seconds_from_ns(static_cast<double>(ns.max())));
  }
}

}  // namespace knetsim
