#pragma once

#include "models/proxy/proxy_model.h"

namespace knetsim {

/// CPU seconds that one kube-proxy sync takes: one of every rule, and one after a change to a single Service. iptables
/// and IPVS are linear in the sizes by assumption; the rows that the slopes are taken from stand in sync_cost.cpp.
struct SyncCost {
  double full_seconds = 0;
  double partial_seconds = 0;
};

/// @param rules  Rules of the nat table, of which a partial sync rewrites `top_chain_rules`.
SyncCost iptables_sync_cost(const RuleSizes& sizes, double rules, double top_chain_rules, IptablesBackend backend);
SyncCost ipvs_sync_cost(const RuleSizes& sizes);
/// @param kernel  Up to 6.10 loading takes several times as long.
SyncCost nftables_sync_cost(const RuleSizes& sizes, Version kubernetes, Version kernel);

}  // namespace knetsim
