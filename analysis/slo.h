#pragma once

#include <cstdint>
#include <string>

#include "analysis/objective.h"

namespace knetsim {

/// One objective of a scenario's `slo`: p99(latency{workload="browse"}) < 10ms, errors(browse) < 0.1%.
struct Slo {
  enum class Measure : std::uint8_t { Quantile, Mean, Maximum, Errors, Availability, Rate };
  enum class Metric : std::uint8_t { Latency, Connect };
  enum class Label : std::uint8_t { None, Workload, Service };

  std::string text;
  Measure measure = Measure::Quantile;
  double quantile = 0;
  Metric metric = Metric::Latency;  ///< Of Quantile, Mean and Maximum.
  Label label = Label::None;        ///< None: every workload together.
  std::string name;                 ///< Of the workload; of the Service as results have it: default/cart.
  Limit limit;                      ///< Nanoseconds, a share, or a rate per second; above it for Availability and Rate.

  bool is_time() const {
    return measure == Measure::Quantile || measure == Measure::Mean || measure == Measure::Maximum;
  }
};

}  // namespace knetsim
