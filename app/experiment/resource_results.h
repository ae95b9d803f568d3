#pragma once

#include "analysis/results/results.h"
#include "app/experiment/result_axes.h"

namespace knetsim {

/// Appends what a run did to Services, endpoints, nodes and links: one row of each of those tables.
void add_resources(ExperimentResults& results, const ResultAxes& axes, const BoundVariant& variant,
                   const PointResult& point, const Topology& topology);

/// Fills in what is said of each endpoint once: the Service and the node of the first variant that has it.
void describe_endpoints(ExperimentResults& results, const ResultAxes& axes, const std::vector<BoundVariant>& variants);

}  // namespace knetsim
