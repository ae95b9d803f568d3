#pragma once

#include <vector>

#include "sim/experiment/slo.h"

namespace knetsim {

/// The calls that an objective is about.
std::vector<EdgeIndex> edges_of(const Slo& slo, const TrafficPlan& traffic);

}  // namespace knetsim
