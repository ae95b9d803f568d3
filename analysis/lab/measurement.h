#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "analysis/lab/lab_case.h"

namespace knetsim::lab {

/// A figure and the interval that holds its true value with 95 % confidence, nanoseconds.
struct Estimate {
  double value = 0;
  double low = 0;
  double high = 0;
};

/// One case as measured.
struct Measured {
  LabCase lab_case{};
  bool held_out = false;  ///< No cost may be fitted to it: a prediction is judged by it.
  double min_ns = 0;
  Estimate p50{};  ///< Of the rounds' medians: their median, and the order statistics around it.
  Estimate p90{};
  Estimate p99{};
  std::uint32_t samples = 0;  ///< All rounds together.
};

struct MeasurementOptions {
  std::vector<int> cpus;         ///< At least one; more than three are not used.
  std::uint32_t rounds = 15;     ///< At least 6, or there is no 95 % interval of a median.
  std::uint32_t connects = 300;  ///< Samples of a round, by operation ...
  std::uint32_t round_trips = 600;
  std::uint32_t sessions = 20;  ///< Each of kSessionsAtOnce.
  std::uint32_t cold = 12;      ///< Of a cold operation, each of which sweeps the cache.
  std::function<void(double fraction, const std::string& what)> on_progress{};
};

/// Sets up every setup that the cases name, then measures round by round, each round all cases, in another order:
/// what drifts on the machine drifts for all of them.
/// @return  Shape (cases,), in their order. @throws LabError
std::vector<Measured> measure(const std::vector<LabCase>& cases, const MeasurementOptions& options);

/// In which order a round takes `count` cases: shuffled, each round anew and in every run alike, so that no case always
/// finds what the same other one has left in the caches. Shape (count,), of indices.
std::vector<std::size_t> order_of_round(std::size_t count, std::uint32_t round);

/// The median of `values` and the order statistics that hold it with 95 % confidence, whatever the distribution; of no
/// value 0.
/// @source David and Nagaraja, Order Statistics, 3rd ed., 2003, section 7.1.
Estimate median_of(std::vector<double> values);

/// How far the machine lets medians be told apart: half the mean 95 % interval of the cases, relative to their medians.
double noise_floor(const std::vector<Measured>& measured);

}  // namespace knetsim::lab
