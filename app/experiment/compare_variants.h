#pragma once

#include <string_view>
#include <vector>

#include "analysis/comparison.h"
#include "app/experiment/experiment.h"

namespace knetsim {

/// The first variant is the base; every other is compared with it in each of the base's workloads, and all of these are
/// judged together. Shape (workloads of the base) x (variants - 1), the workload outer. A variant that has not the
/// workload has nothing to show.
std::vector<VariantComparison> compare_variants(const std::vector<BoundVariant>& variants,
                                                const ExperimentOutcome& outcome);

/// The variant's workload of this name; null where it has none.
const TrafficSpec* workload_named(const BoundVariant& variant, std::string_view name);

/// Samples of one workload by replicate; empty where the variant has none of this name. `of` is latencies_of or
/// connects_of.
std::vector<Sample> samples_of(const BoundVariant& variant, const std::vector<PointResult>& points,
                               std::string_view workload, Sample (*of)(const EdgeStats&));

}  // namespace knetsim
