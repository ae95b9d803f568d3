#pragma once

#include <vector>

#include "sim/experiment/slo.h"

namespace knetsim {

/// The calls that an objective is about. @pre  Its Service's name is that of the results, as read_slos() leaves it.
std::vector<EdgeIndex> edges_of(const Slo& slo, const BoundVariant& variant);

}  // namespace knetsim
