#pragma once

#include <string>

#include "sim/core/distributions.h"

namespace knetsim {

/// What the mean of a law, and each value of a file, may be at most. A run lasts two days at most, and a message counts
/// its segments in 32 bits.
constexpr double kMostLawSeconds = 86'400;
constexpr double kMostLawBytes = 1'099'511'627'776;

/// A distribution as written, and the law that it stands for. Numbers are in the unit of its key: seconds for times,
/// bytes for sizes.
struct DistributionSpec {
  std::string kind = "constant";  ///< constant, exponential, lognormal, gamma, pareto, uniform, cdf
  double mean = 0;
  double sigma = 0;
  double p99 = 0;
  double shape = 0;    ///< Of gamma; alpha of pareto.
  double minimum = 0;  ///< Of pareto and uniform.
  double maximum = 0;  ///< Of pareto (0: none) and uniform.
  std::string file;
  Distribution law;
};

/// A law of times: "800us", {exponential: 800us}, {lognormal: {mean: 300us, p99: 2ms}} ...
struct TimeLaw : DistributionSpec {};

/// A law of sizes: 1KiB, {pareto: {minimum: 1KiB, alpha: 1.2}} ...
struct SizeLaw : DistributionSpec {};

}  // namespace knetsim
