#pragma once

#include "models/proxy/proxy_model.h"

namespace knetsim {

// CPU time of kube-proxy's syncs. iptables and IPVS are linear in the sizes by assumption; the rows that the slopes are
// taken from stand in sync_cost.cpp.

/// By the rules of the nat table, of which a partial sync rewrites those of the chains that are not of one Service.
SyncCost iptables_sync_cost(const RuleSizes& sizes, Version kubernetes, IptablesBackend backend);
SyncCost ipvs_sync_cost(const RuleSizes& sizes);
/// @param kernel  Up to 6.10 loading takes several times as long.
SyncCost nftables_sync_cost(const RuleSizes& sizes, Version kubernetes, Version kernel);

}  // namespace knetsim
