#pragma once

#include <span>
#include <vector>

#include "analysis/lab/lab_case.h"
#include "analysis/lab/surroundings.h"

namespace knetsim::lab {

/// Proxy modes and back ends whose rules this machine can load.
std::vector<LabProxy> proxies_of(const Surroundings& here);

/// The design of experiments: datapaths of which each differs from another one by few steps, so that differences tell
/// steps apart. What the machine lacks is left out (Surroundings::notes says so).
std::vector<LabCase> calibration_cases(const Surroundings& here);

/// Whether no calibration measures it: nothing is fitted to it, and a prediction of it is one.
bool is_held_out(const LabCase& lab_case, const Surroundings& here);

/// Both, each once: measured in turn, so that what drifts on the machine drifts for both.
std::vector<LabCase> all_cases(const Surroundings& here);

/// Datapaths that no calibration has seen, of the same steps in other sums: other numbers of Services, endpoints and
/// places, rules and overlay together, a packet that misses every rule, host clients, node ports of each node, host
/// ports, affinity, whole connections, two Services in a chain, datagrams, swept caches. Where the kernel has them,
/// IPIP and WireGuard stand beside, without a model, and so does what changes CPU. With them those between hosts of the
/// calibration, which increments are over and the machine's drift since is told by.
std::vector<LabCase> held_out_cases(const Surroundings& here);

}  // namespace knetsim::lab
