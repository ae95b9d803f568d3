#pragma once

#include "models/proxy/proxy_model.h"

namespace knetsim {

// CPU time of kube-proxy's syncs. iptables and IPVS are linear in the sizes by assumption; the rows that the slopes are
// taken from stand in sync_cost.cpp.

/// CPU seconds to work out what a Service port or an endpoint comes to: kubernetes/kubernetes#138073, 1.29 s for 3,595
/// Service ports and 138,792 endpoints.
inline constexpr double kBuildSecondsPerObject = 1.29 / (3'595 + 138'792);

/// By the rules of the nat table, of which a partial sync rewrites those of the chains that are not of one Service.
SyncCost iptables_sync_cost(const RuleSizes& sizes, Version kubernetes, IptablesBackend backend);
SyncCost ipvs_sync_cost(const RuleSizes& sizes);
/// @param kernel  Up to 6.10 loading takes several times as long.
SyncCost nftables_sync_cost(const RuleSizes& sizes, Version kubernetes, Version kernel);

}  // namespace knetsim
