#pragma once

#include <vector>

#include "analysis/lab/load_case.h"
#include "analysis/lab/surroundings.h"

namespace knetsim::lab {

/// Loads that are measured beside a calibration: one stream, one client, between hosts and between pods.
std::vector<LoadCase> calibration_loads(const Surroundings& here);

/// Loads that no calibration has seen: several streams and clients, on one CPU and on all, Services, rules and
/// overlay under load, streams over a wire of a set rate, and, where there are two CPUs, other placements of the
/// softirqs.
std::vector<LoadCase> held_out_loads(const Surroundings& here);

/// Both, each once. No cost is fitted to either.
std::vector<LoadCase> all_loads(const Surroundings& here);

}  // namespace knetsim::lab
