#pragma once

#include "models/cluster/cluster.h"
#include "sim/input/diagnostics.h"

namespace knetsim {

/// Nodes of a cluster: Kubernetes is tested with 5,000, and run with 65,000 and 100,000 by some.
inline constexpr std::uint32_t kMostNodes = 100'000;

/// Blocks that addresses are taken from where the manifests state none. The defaults are those of kubeadm and flannel.
struct AddressPlan {
  Cidr nodes{0xc0a80000, 16};     ///< 192.168.0.0/16
  Cidr pods{0x0af40000, 16};      ///< 10.244.0.0/16, a /24 for each node
  Cidr services{0x0a600000, 12};  ///< 10.96.0.0/12
};

/// Gives every node, pod and Service what the manifests leave open: InternalIP, podCIDR, pod IP, ClusterIP and
/// NodePorts. What is stated is kept; the rest is counted up in the order of the input, so that the same input has the
/// same addresses:
/// - InternalIP: the next free one of `plan.nodes`; for more nodes than it holds, of 172.16.0.0/12.
/// - podCIDR: the next free /24 of `plan.pods`; for more nodes than it holds, of 10.128.0.0/9, and for more than that
///   holds a /25 or /26 of it, as clusters of that size have (--node-cidr-mask-size).
/// - pod IP: from .2 on (.1 is the bridge); a hostNetwork pod has its node's.
/// - ClusterIP and NodePort: from the upper, dynamic part of the range on, as the API server does first (KEP-3070,
///   KEP-3668: 10.96.1.0 and 30086), one after the other where the API server draws.
/// Errors: a range without a free value, a node whose podCIDR is full. What the manifests state twice is reported where
/// it is read.
/// @pre Every pod has a node. There are at most kMostNodes.
void assign_addresses(Cluster& cluster, const AddressPlan& plan, Diagnostics& diagnostics);

/// An address of the pool for each Service of type LoadBalancer whose status has none, and that has no class of its own, in
/// order; where its spec requests one (loadBalancerIP) it is that one. Errors: a request outside of the pool, and a pool
/// without a free address.
void assign_load_balancer_ips(Cluster& cluster, const Cidr& pool, Diagnostics& diagnostics);

inline constexpr std::uint16_t kFirstNodePort = 30000;  ///< k/k pkg/kubeapiserver/options, --service-node-port-range
inline constexpr std::uint16_t kLastNodePort = 32767;

}  // namespace knetsim
