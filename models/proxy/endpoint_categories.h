#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <span>
#include <vector>

#include "models/walk/netfilter.h"

namespace knetsim {

/// What decides which of a Service's endpoints are kept by the kube-proxy of a node.
struct ServicePolicies {
  bool internal_local = false;         ///< internalTrafficPolicy: Local
  bool external_local = false;         ///< externalTrafficPolicy: Local
  bool externally_accessible = false;  ///< Has a node port, an external IP or a load balancer's.

  /// What comes from outside needs the whole list even if its policy is Local: sources of the cluster are sent on.
  bool uses_cluster() const { return !internal_local || externally_accessible; }
  bool uses_local() const { return internal_local || (external_local && externally_accessible); }
};

/// The endpoints of a Service port as one node's kube-proxy keeps them: those of either policy, each the ready ones,
/// and where none is ready those that terminate and still serve. What hints leave to the node is said of each endpoint.
/// @source k/k pkg/proxy/topology.go, CategorizeEndpoints; serviceport.go, UsesClusterEndpoints and UsesLocalEndpoints.
template <class Endpoint>
struct EndpointCategories {
  std::vector<Endpoint> cluster;  ///< Empty where no policy asks for them.
  std::vector<Endpoint> local;    ///< Likewise.
  bool any = false;               ///< There is one somewhere, whether or not it can be reached from here.
};

/// Of `endpoints` those that `wanted` holds for: the ready ones, else the terminating ones.
template <class Endpoint, class Wanted>
std::vector<Endpoint> ready_or_terminating(std::span<const Endpoint> endpoints, const Wanted& wanted) {
  std::vector<Endpoint> chosen;
  for (const bool ready : {true, false}) {
    std::ranges::copy_if(endpoints, std::back_inserter(chosen),
                         [&](const Endpoint& one) { return one.ready == ready && wanted(one); });
    if (!chosen.empty()) break;
  }
  return chosen;
}

/// @param endpoints  Ready, or terminating and serving: all others are no endpoints.
/// @param is_local   Whether an endpoint is on the node.
/// @param is_meant   Whether one that is ready may be used by the node: where hints decide, those that are meant for it,
///                   of which there is one then; else all.
template <class Endpoint, class IsLocal, class IsMeant>
EndpointCategories<Endpoint> categorize(std::span<const Endpoint> endpoints, const ServicePolicies& policies,
                                        const IsLocal& is_local, const IsMeant& is_meant) {
  EndpointCategories<Endpoint> made{.cluster = {}, .local = {}, .any = !endpoints.empty()};
  if (policies.uses_cluster()) made.cluster = ready_or_terminating(endpoints, is_meant);
  if (policies.uses_local()) made.local = ready_or_terminating(endpoints, is_local);
  return made;
}

/// One who asks for a Service, as the rules of the asked node see it.
struct Asking {
  bool from_outside = false;  ///< By a node port or an external IP: the external policy counts, else the internal one.
  bool local_policy = false;  ///< That policy is Local.
  AddressKind source = AddressKind::Pod;
  bool at_external_ip = false;  ///< That is what it asks.
  bool admitted = true;         ///< The address that is asked has no source ranges, or has the source in one.
};

/// Whether the rules of the iptables and the nftables mode leave the external policy Local aside: for sources
/// that kube-proxy's detector calls local, which is any pod with --cluster-cidr (detectLocalMode: ClusterCIDR, the
/// default), and for the node itself.
/// @source k/k pkg/proxy/iptables/proxier.go and nftables/proxier.go, syncProxyRules, "short-circuit".
constexpr bool is_local_to_rules(AddressKind source) {
  return source == AddressKind::Pod || source == AddressKind::ThisNode;
}

/// Whether those rules send to the node's own endpoints alone.
constexpr bool keeps_to_the_node(const Asking& asking) {
  return asking.local_policy && !(asking.from_outside && is_local_to_rules(asking.source));
}

/// How many of a Service port's endpoints a node keeps in each category.
struct EndpointCounts {
  std::size_t cluster = 0;
  std::size_t local = 0;
  bool any = false;
};

/// What the rules of a node make of a new connection to a Service.
enum class Reach : std::uint8_t {
  Cluster,  ///< It goes to one of the endpoints that the policy Cluster has.
  Local,    ///< To one of the node's own.
  Dropped,  ///< In silence.
  Refused,  ///< With an ICMP error, at once.
};

}  // namespace knetsim
