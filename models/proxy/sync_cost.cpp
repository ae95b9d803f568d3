#include "models/proxy/sync_cost.h"

#include "models/proxy/iptables_rules.h"
#include "models/proxy/nftables_rules.h"

namespace knetsim {
namespace {

// kubernetes/kubernetes#138073, a partial sync of 3,595 service ports and 138,792 endpoints: 1.29 s to build the input,
// 1.52 s to restore the 38,841 nat rules in it.
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
//   iptables-restore of the whole table over itself   0.16, 1.40 and 3.77 s, 8.2 us a rule (5.0 to 11.8, geometric mean)
//   iptables-save                                     0.038, 0.23 and 0.45 s, 1.4 us a rule
//   iptables -C of one rule                           0.020, 0.15 and 0.30 s, 0.9 us a rule: it fetches the table
// A full sync saves the table, makes sure of its three jumps out of the built-in nat chains (a chain and a rule each,
// six commands) and restores it (k/k pkg/proxy/iptables/proxier.go of 1.14, syncProxyRules).
constexpr double kLegacyFullSecondsPerRule = 8.2e-6 + 1.4e-6 + 6 * 0.9e-6;

// A full sync in nftables mode is one transaction that writes every chain anew (k/k pkg/proxy/nftables/proxier.go).
// Each Service has a set of its own, the map of its endpoints. The kernel finds a set by walking a list (net/netfilter/
// nf_tables_api.c): that of the table's sets, and up to Linux 6.10 the whole transaction as well (nft_set_lookup_byid;
// "store new sets in dedicated list" came with 6.11). Hence a part that goes with sets times what the list holds,
// beside one that goes with the rules. Before 1.36 an endpoint is a chain of two rules, since then an element of its
// Service's map.
//
// Measured: CPU time of nft 1.0.6 on Linux 6.18, Intel Xeon, for a table written over itself, Services x endpoints of
// each:
//   before 1.36   1,000 x 2: 0.29 s, 2,000 x 2: 1.21, 4,000 x 2: 4.95, 1,000 x 20: 1.86, 1,000 x 50: 4.48,
//                 10 x 5,000: 2.45
//   since         1,000 x 2: 0.13 s, 2,000 x 2: 0.56, 4,000 x 2: 3.43, 1,000 x 50: 0.49, 10 x 5,000: 0.21
// The four figures below come within 15 % of those above a second, and within a factor of two of the others.
constexpr double kNftSecondsPerRule = 24e-6;
constexpr double kNftSecondsPerElement = 4e-6;
constexpr double kNftSecondsPerSetAndService = 2.1e-7;
constexpr double kNftSecondsPerSetAndEndpoint = 3.5e-8;
// Up to 6.10: kubernetes/kubernetes#130119, 10,000 Services of two endpoints on Linux 6.8, 194 s; #135639, 5,006
// Services and 250,011 endpoints on 6.1, 795 s. Two figures for two rows.
constexpr double kOldKernelSecondsPerSetAndService = 7.0e-7;
constexpr double kOldKernelSecondsPerSetAndEndpoint = 6.1e-7;
constexpr Version kSetsInAListOfTheirOwn{6, 11};

// kubernetes/kubernetes#126013: one Service added to 10,000 of two endpoints in nftables mode, 141 ms. It goes with the
// chains that nft reads first: measured as above, one Service of two endpoints added, 3 to 5 us for each chain there
// is.
constexpr double kNftablesPartialSecondsPerObject = 0.141 / 30'000;
// kubernetes/kubernetes#139513: 1.36 lists the whole table in every sync, 63.3 s at 44,125 Services. Measured as above:
// it grows with the square of the sets (0.05 s at 1,000, 1.7 s at 8,000). Others: 1.37 asks over netlink instead
// (#137536).
constexpr double kNftablesListSecondsPerSetPair = 63.3 / (44'125.0 * 44'125.0);
constexpr Version kListsTheTable{1, 36};
constexpr Version kListsOverNetlink{1, 37};

// kubernetes/kubernetes#84906: 1,500 Services with external IPs in IPVS mode, 0.73 s after the fix. Each address of a
// Service is a virtual server of its own (KEP-265). IPVS mode has no partial sync. Assumptions: one external IP each;
// endpoints add nothing.
constexpr double kIpvsSecondsPerAddress = 0.73 / (1'500 * 2);

double objects(const RuleSizes& sizes) {
  return static_cast<double>(sizes.service_ports) + static_cast<double>(sizes.endpoints);
}

}  // namespace

SyncCost iptables_sync_cost(const RuleSizes& sizes, Version kubernetes, IptablesBackend backend) {
  // In the numbers of k/k pkg/proxy/iptables/number_generated_rules_test.go: KUBE-SERVICES and KUBE-NODEPORTS with the
  // fixed rules beside them; of each Service port a masquerade test from 1.21 on, two rules a node port there as well,
  // and a rule to choose each endpoint and two to reach it.
  const bool two_rules = two_rules_per_service(kubernetes);
  const double per_port = two_rules ? 2 : 1;
  const double top_chain_rules = 5 + per_port * (1.0 * sizes.services_rules + sizes.node_ports);
  const double external = two_rules ? 0 : 2.0 * sizes.node_ports;
  const double masquerade_tests = (2 - per_port) * (1.0 * sizes.service_ports - sizes.without_endpoints);
  const double chains = masquerade_tests + 3.0 * static_cast<double>(sizes.endpoints);
  const double rules = top_chain_rules + external + chains;
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

SyncCost nftables_sync_cost(const RuleSizes& sizes, Version kubernetes, Version kernel) {
  const double sets = 1.0 * sizes.service_ports - sizes.without_endpoints;
  const auto endpoints = static_cast<double>(sizes.endpoints);
  const bool chains_of_endpoints = !squashed_endpoint_chains(kubernetes);
  const double in_chains = chains_of_endpoints ? endpoints : 0;
  const bool walks_transaction = kernel < kSetsInAListOfTheirOwn;
  const double rules = (chains_of_endpoints ? 2 : 1) * sets + 2 * in_chains + 2.0 * sizes.node_ports;
  const double load =
      kNftSecondsPerRule * rules + kNftSecondsPerElement * endpoints +
      sets * sets * (walks_transaction ? kOldKernelSecondsPerSetAndService : kNftSecondsPerSetAndService) +
      sets * in_chains * (walks_transaction ? kOldKernelSecondsPerSetAndEndpoint : kNftSecondsPerSetAndEndpoint);
  const bool lists = kubernetes >= kListsTheTable && kubernetes < kListsOverNetlink;
  const double list = lists ? kNftablesListSecondsPerSetPair * sets * sets : 0;
  return {.full_seconds = kBuildSecondsPerObject * objects(sizes) + load + list,
          .partial_seconds = kNftablesPartialSecondsPerObject * objects(sizes) + list};
}

}  // namespace knetsim
