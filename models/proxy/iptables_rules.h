#pragma once

#include <span>

#include "models/proxy/proxy_model.h"
#include "models/proxy/ruleset.h"

namespace knetsim {

inline constexpr std::uint32_t kMasqueradeMark = 0x4000;  ///< kube-proxy --iptables-masquerade-bit 14

/// kube-proxy up to 1.20 tests twice per Service, in KUBE-SERVICES and in KUBE-NODEPORTS: first whether to masquerade,
/// then where to go; the chains per Service then start with the endpoints.
constexpr bool two_rules_per_service(Version kubernetes) { return kubernetes <= Version{1, 20}; }

/// More endpoint chains than this, and kube-proxy leaves the comments of the rules for endpoints out.
/// @source k/k pkg/proxy/iptables/proxier.go, largeClusterEndpointsThreshold.
inline constexpr std::uint64_t kLargeClusterEndpoints = 1000;

/// The parameter of which iptables a node has, and what it is. portmap's rules are iptables rules in every mode.
inline constexpr const char* kIptablesBackend = "backend";
IptablesBackend iptables_backend(const ProxyParams& params);

struct IptablesRuleOptions {
  Version kubernetes{1, 36};
  bool large_cluster = false;  ///< Leave the endpoints' comments out whatever the number of endpoints.
};

/// The nat and filter tables of a node in iptables mode, in the order of `services`; kube-proxy's own order is that of
/// a Go map and new at each sync. The rules that kubelet adds (KUBE-FIREWALL) are included, a CNI's are not. Left out:
/// rules with nfacct counters (a second rule per node port where nfnetlink_acct is there), and the rule without a
/// target that ends a KUBE-FW chain for people to read (k/k#114470), which the published rule totals have no room for
/// either. Up to 1.24 KUBE-XLB and KUBE-SVL led to KUBE-MARK-DROP where none of the endpoints was local (k/k#110290);
/// here filter drops that, as later. Services are asked from outside by KUBE-EXT from 1.24 on (k/k#109060); external
/// IPs and load balancers' addresses of 1.21 to 1.23, of which KUBE-SVC, KUBE-XLB and KUBE-FW had rules of their own,
/// are written as those of 1.24, so that others pass as many of them, but nobody can ask them (external_ips_since).
/// @source k/k pkg/proxy/iptables/proxier.go, syncProxyRules and iptablesJumpChains.
Ruleset iptables_rules(const NodeSpec& node, std::span<const ServicePortSpec> services,
                       const IptablesRuleOptions& options = {});

}  // namespace knetsim
