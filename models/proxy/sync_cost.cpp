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
// us per line of kubernetes/kubernetes#96018 (695,918 lines parsed in 12.8 s). Assumptions: nothing but these grows,
// and the iptables of a distribution with that kernel is iptables-nft.
constexpr double kFullSyncServices = 10'000;
constexpr double kFullSyncEndpoints = 20'000;
constexpr double kFullSyncRules = 5 + kFullSyncServices * (2 + 3 * 2);
constexpr double kCommandSecondsPerRule = (40.1 - kBuildSecondsPerObject * (kFullSyncServices + kFullSyncEndpoints) -
                                           kRestoreSecondsPerRule * kFullSyncRules) /
                                          kFullSyncRules;
// Measured: CPU time of iptables-legacy 1.8.9 on Linux 6.18, AMD EPYC, in a network namespace with the nat table of
// 1,000, 5,000 and 10,000 Services of ten endpoints, two rules a Service (32,000, 160,000 and 320,000 rules), least of
// four:
//   iptables-restore of the whole table over itself   0.16, 1.40 and 3.77 s, 8.2 us a rule (5.0 to 11.8, geometric
//   mean) iptables-save                                     0.038, 0.23 and 0.45 s, 1.4 us a rule iptables -C of one
//   rule                           0.020, 0.15 and 0.30 s, 0.9 us a rule: it fetches the table
// A full sync saves the table, makes sure of its three jumps out of the built-in nat chains (a chain and a rule each,
// six commands) and restores it (k/k pkg/proxy/iptables/proxier.go of 1.14, syncProxyRules).
constexpr double kLegacyFullSecondsPerRule = 8.2e-6 + 1.4e-6 + 6 * 0.9e-6;

constexpr double kNftablesFullSecondsPerService = 194.0 / kFullSyncServices;

// kubernetes/kubernetes#126013: one Service added to 10,000 in nftables mode, 141 ms.
constexpr double kNftablesPartialSecondsPerService = 0.141 / 10'000;

// kubernetes/kubernetes#84906: 1,500 Services with external IPs in IPVS mode, 0.73 s after the fix. Each address of a
// Service is a virtual server of its own (KEP-265). IPVS mode has no partial sync. Assumptions: one external IP each;
// endpoints add nothing.
constexpr double kIpvsSecondsPerAddress = 0.73 / (1'500 * 2);

double objects(const RuleSizes& sizes) {
  return static_cast<double>(sizes.service_ports) + static_cast<double>(sizes.endpoints);
}

}  // namespace

SyncCost iptables_sync_cost(const RuleSizes& sizes, double rules, double top_chain_rules, IptablesBackend backend) {
  const double build = kBuildSecondsPerObject * objects(sizes);
  const double full_per_rule =
      backend == IptablesBackend::Legacy ? kLegacyFullSecondsPerRule : kRestoreSecondsPerRule + kCommandSecondsPerRule;
  return {.full_seconds = build + full_per_rule * rules,
          .partial_seconds = build + kRestoreSecondsPerRule * top_chain_rules};
}

SyncCost ipvs_sync_cost(const RuleSizes& sizes) {
  const double seconds = kIpvsSecondsPerAddress * (sizes.services_rules + sizes.without_endpoints);
  return {.full_seconds = seconds, .partial_seconds = seconds};
}

SyncCost nftables_sync_cost(const RuleSizes& sizes) {
  return {.full_seconds = kNftablesFullSecondsPerService * sizes.service_ports,
          .partial_seconds = kNftablesPartialSecondsPerService * sizes.service_ports};
}

}  // namespace knetsim
