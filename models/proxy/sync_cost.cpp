#include "models/proxy/sync_cost.h"

namespace knetsim {
namespace {

// kubernetes/kubernetes#138073, a partial sync of 3,595 service ports and 138,792 endpoints: 1.29 s to build the input,
// 1.52 s to restore the 38,841 nat rules in it.
constexpr double kBuildSecondsPerObject = 1.29 / (3'595 + 138'792);
constexpr double kRestoreSecondsPerRule = 1.52 / 38'841;

// kubernetes/kubernetes#130119, a full sync of 10,000 Services of two endpoints each on kernel 6.8: 40.1 s, and 194 s
// in nftables mode on the same machine. What the two slopes above leave of the 40.1 s is put on the two dozen iptables
// commands of a full sync, each of which reads the whole table: 19 us per rule and command, which agrees with the 18.4
// us per line of kubernetes/kubernetes#96018 (695,918 lines parsed in 12.8 s). Assumption: nothing but these grows.
constexpr double kFullSyncServices = 10'000;
constexpr double kFullSyncEndpoints = 20'000;
constexpr double kFullSyncRules = 5 + kFullSyncServices * (2 + 3 * 2);
constexpr double kCommandSecondsPerRule = (40.1 - kBuildSecondsPerObject * (kFullSyncServices + kFullSyncEndpoints) -
                                           kRestoreSecondsPerRule * kFullSyncRules) /
                                          kFullSyncRules;
constexpr double kNftablesFullSecondsPerService = 194.0 / kFullSyncServices;

// kubernetes/kubernetes#126013: one Service added to 10,000 in nftables mode, 141 ms.
constexpr double kNftablesPartialSecondsPerService = 0.141 / 10'000;

// kubernetes/kubernetes#84906: 1,500 Services with external IPs in IPVS mode, 0.73 s after the fix. IPVS mode has no
// partial sync. Assumption: endpoints add nothing.
constexpr double kIpvsSecondsPerService = 0.73 / 1'500;

double objects(const RuleSizes& sizes) {
  return static_cast<double>(sizes.service_ports) + static_cast<double>(sizes.without_endpoints) +
         static_cast<double>(sizes.endpoints);
}

double services(const RuleSizes& sizes) {
  return static_cast<double>(sizes.service_ports) + static_cast<double>(sizes.without_endpoints);
}

}  // namespace

SyncCost iptables_sync_cost(const RuleSizes& sizes, double rules, double top_chain_rules) {
  const double build = kBuildSecondsPerObject * objects(sizes);
  return {.full_seconds = build + (kRestoreSecondsPerRule + kCommandSecondsPerRule) * rules,
          .partial_seconds = build + kRestoreSecondsPerRule * top_chain_rules};
}

SyncCost ipvs_sync_cost(const RuleSizes& sizes) {
  const double seconds = kIpvsSecondsPerService * services(sizes);
  return {.full_seconds = seconds, .partial_seconds = seconds};
}

SyncCost nftables_sync_cost(const RuleSizes& sizes) {
  return {.full_seconds = kNftablesFullSecondsPerService * services(sizes),
          .partial_seconds = kNftablesPartialSecondsPerService * services(sizes)};
}

}  // namespace knetsim
