#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/objective.h"
#include "app/scenario/bound_variant.h"
#include "sim/input/diagnostics.h"

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

/// What an objective may be: the grammar with examples, for `knetsim explain slo`.
std::string_view slo_grammar();

/// Reads `slo`, a list of texts. What cannot be read, and names that no workload or call of the variant has, go to
/// `diagnostics`; names are not looked up where it holds errors, since the traffic is then incomplete.
///
/// A Service is meant whatever address and port its callers write: it has the name of the results, default/cart. A name
/// in DNS (cart.default.svc.cluster.local) and, where one namespace alone has it, a bare name (cart) stand for it too.
std::vector<Slo> read_slos(Node list, const BoundVariant& variant, Diagnostics& diagnostics);

}  // namespace knetsim
