#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "models/proxy/proxy_model.h"
#include "models/proxy/ruleset.h"

namespace knetsim {

/// A virtual server of IPVS: an address and port, and the endpoints that it sends to by masquerading.
struct VirtualServer {
  ServiceKey key{};
  int persistence_seconds = 0;  ///< sessionAffinity: ClientIP; 0: none
  std::vector<EndpointSpec> destinations{};
};

/// Where a policy is Local and no endpoint is on the node, a virtual server gets all those that kube-proxy keeps, from
/// 1.21 on (k/k#97081): so that the node's pods reach them. None are kept of a Service that has only a ClusterIP.
constexpr bool ipvs_falls_back(Version kubernetes) { return kubernetes >= Version{1, 21}; }

/// KUBE-IPVS-OUT-FILTER, which drops what the node's own processes send to a load balancer whose source ranges leave
/// the node out (k/k#119791). Before, they reach it.
inline constexpr Version kIpvsFiltersOutput{1, 29};
constexpr bool ipvs_filters_output(Version kubernetes) { return kubernetes >= kIpvsFiltersOutput; }

/// All that kube-proxy in IPVS mode writes on a node.
struct IpvsRules {
  Ruleset rules;  ///< nat and filter tables, and the sets that they look into.
  std::vector<VirtualServer>
      servers;  ///< One a port of each of the Service's addresses, one a node port and address of the node.
  std::vector<Ipv4> addresses;  ///< Of kube-ipvs0, the dummy device that makes them the node's own.
};

/// @param node_addresses  At which node ports are served: all of the node's own.
/// The rules that kubelet adds (KUBE-FIREWALL) are included, a CNI's are not. Left out: SCTP. Source ranges stand in
/// the filter table, as from 1.25 on (k/k#110628), and KUBE-IPVS-FILTER, which refuses what is for another port of a
/// Service's address, is there as from 1.26 on (k/k#108460), in older versions too: `ipvs.lookup` of the default
/// profile is fitted with it.
/// @source k/k pkg/proxy/ipvs/proxier.go, iptablesJumpChain, ipsetWithIptablesChain and writeIptablesRules.
IpvsRules ipvs_rules(const NodeSpec& node, std::span<const Ipv4> node_addresses,
                     std::span<const ServicePortSpec> services, Version kubernetes = {1, 36});

}  // namespace knetsim
