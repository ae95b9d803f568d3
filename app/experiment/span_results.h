#pragma once

#include <cstdint>

#include "analysis/results/results.h"
#include "app/experiment/simulation.h"

namespace knetsim {

/// Appends the whole requests that a point kept, source by source, with the names of what they visited.
/// @param run  Position of the point along the run axis.
void add_spans(SpanResults& results, std::int64_t run, const BoundVariant& variant, const PointResult& point,
               const Topology& topology);

}  // namespace knetsim
