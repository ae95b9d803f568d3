#pragma once

#include <string>

#include "analysis/summary.h"

namespace knetsim {

/// "busiest of 6 servers: 67 % of the requests, 4 times the mean; 50 to 83 % in 10 replicates; 3 without any", where the
/// requests spread less evenly than by chance; else empty.
std::string busiest_server_text(const WorkloadSummary& row);

}  // namespace knetsim
