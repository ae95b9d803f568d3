#pragma once

#include <vector>

#include "analysis/comparison.h"
#include "analysis/recorded.h"

namespace knetsim {

/// The first variant is the base; every other is compared with it in each of the base's workloads, and all of these are
/// judged together. Shape (workloads of the base) x (variants - 1), the workload outer. A variant that has not the workload has
/// nothing to show.
std::vector<VariantComparison> compare_variants(const Recorded& recorded);

}  // namespace knetsim
