#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/experiment/simulation.h"
#include "sim/input/diagnostics.h"

namespace knetsim {

/// One objective of a scenario's `slo`: p99(latency{workload="browse"}) < 10ms.
struct Slo {
  enum class Statistic : std::uint8_t { Quantile, Mean, Maximum };
  enum class Metric : std::uint8_t { Latency, Connect };
  enum class Label : std::uint8_t { None, Workload, Service };

  std::string text;
  Statistic statistic = Statistic::Quantile;
  double quantile = 0;
  Metric metric = Metric::Latency;
  Label label = Label::None;  ///< None: every workload together.
  std::string name;           ///< Of the workload or Service.
  bool or_equal = false;      ///< <= instead of <
  Duration bound{};
};

/// What one variant's replicates together say of an objective. A variant in which nothing was observed does not meet
/// it.
struct SloOutcome {
  bool met = false;
  std::optional<Duration> observed;  ///< None where nothing was, or what failed decides it.
};

/// Reads `slo`, a list of texts. What cannot be read, and names that no workload or call of the variant has, go to
/// `diagnostics`; names are not looked up where it holds errors, since the traffic is then incomplete.
std::vector<Slo> read_slos(Node list, const TrafficPlan& traffic, Diagnostics& diagnostics);

SloOutcome evaluate(const Slo& slo, const BoundVariant& variant, const std::vector<PointResult>& replicates);

}  // namespace knetsim
