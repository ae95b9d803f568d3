#pragma once

#include <vector>

#include "analysis/lab/lab_case.h"
#include "analysis/lab/surroundings.h"

namespace knetsim::lab {

/// Proxy modes and back ends whose rules this machine can load.
std::vector<LabProxy> proxies_of(const Surroundings& here);

/// The design of experiments: datapaths of which each differs from another one by few steps, so that differences tell
/// steps apart. What the machine lacks is left out (Surroundings::notes says so).
std::vector<LabCase> calibration_cases(const Surroundings& here);

/// Datapaths that no calibration has seen, of the same steps in other sums: other numbers of Services and places, rules
/// and overlay together, a packet that misses every rule, host clients, node ports, affinity, swept caches.
std::vector<LabCase> held_out_cases(const Surroundings& here);

}  // namespace knetsim::lab
