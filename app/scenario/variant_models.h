#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "app/scenario/bound_variant.h"
#include "models/cni/cni_model.h"
#include "models/control/load_balancer_kind.h"
#include "models/policy/network_policies.h"
#include "models/policy/policy_enforcer.h"
#include "models/proxy/felix.h"
#include "models/proxy/ip_masq_agent.h"
#include "models/proxy/portmap.h"
#include "models/proxy/proxy_model.h"
#include "models/service/datapath.h"
#include "models/service/node_rules.h"
#include "models/service/path_mtu.h"
#include "sim/net/topology.h"
#include "sim/net/transport.h"

namespace knetsim {

/// "1.36" -> {1, 36}; of another form: zeros.
Version parse_version(const std::string& text);

/// Whether kube-proxy sends to endpoints that terminate and still serve: KEP-1669, ProxyTerminatingEndpoints, on from 1.26.
bool terminating_serve(const Scenario& scenario);

/// The proxy mode of a cluster. @pre The scenario is bound without errors.
const ProxyInfo& mode_of(const ClusterSettings& cluster);

/// What is in front of the cluster's Services of type LoadBalancer, likewise.
const LoadBalancerKind& load_balancer_kind_of(const ClusterSettings& cluster);

/// How its pods' packets are wrapped between nodes, likewise.
Tunnel tunnel_of(const CniSettings& network);

/// Who enforces its NetworkPolicies, likewise.
const PolicyEnforcer& enforcer_of(const ClusterSettings& cluster);

/// Whether what they forbid is rejected; else it is dropped.
bool rejects_denied(const ClusterSettings& cluster);

/// Rules that kube-proxy has on each node that knows of `view`: the cluster's Services and the background ones. Shape
/// (nodes,).
std::vector<RuleSizes> rule_sizes(const BoundVariant& variant, const EndpointView& view);

/// Hosts and switches as the scenario asks for them; host i is node i.
Topology make_topology(const Scenario& scenario, const Cluster& cluster);

/// Most connections that a listening socket keeps: net.core.somaxconn.
std::uint32_t somaxconn(const ClusterSettings& cluster);

/// What the scenario sets the machines' TCP to.
TcpSettings tcp_settings(const ClusterSettings& cluster);

/// Models of the variant, as walks are described from them: for all of its replicates, on whichever threads they run.
struct VariantModels {
  std::unique_ptr<ProxyModel> proxy;
  std::unique_ptr<CniModel> cni;
  std::vector<RuleSizes> sizes;           ///< Of each node's rules, shape (nodes,).
  std::optional<PortMap> host_ports;      ///< Nothing where no node has hostPorts.
  std::optional<IpMasqAgent> masquerade;  ///< ip-masq-agent's rules, where it is there.
  /// Nothing where nobody enforces any. Of the variant's cluster, which outlives them.
  std::optional<NetworkPolicies> policies;
  std::optional<PolicyRules> policy_rules;  ///< Nothing where nobody enforces them by rules.
  std::optional<Felix> felix;               ///< Nothing where there is none, or the proxy has its rules among its own.
  std::vector<float> dispatch;              ///< pod_dispatch(), where there is a Felix; else empty.
  Datapath datapath() const {
    return {.proxy = *proxy,
            .cni = *cni,
            .host_ports = host_ports ? &*host_ports : nullptr,
            .masquerade = masquerade ? &*masquerade : nullptr,
            .policies = policy_rules ? &*policy_rules : nullptr,
            .felix = felix ? &*felix : nullptr};
  }
};
/// Sizes of packets, as the scenario has them.
PathMtu path_mtu(const CniSettings& settings);

/// Whether the cluster is a large one to kube-proxy, and whether portmap has work to do, is as it is at the beginning: one
/// that grows past kLargeClusterEndpoints later keeps its rules' comments.
VariantModels make_models(const BoundVariant& variant);

}  // namespace knetsim
