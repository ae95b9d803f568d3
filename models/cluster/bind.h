#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "models/cluster/addresses.h"
#include "models/cluster/cluster.h"
#include "models/cluster/manifests.h"
#include "sim/input/diagnostics.h"

namespace knetsim {

/// Nodes that are all alike: the scenario's `cluster.nodes`.
struct UniformNodes {
  std::uint32_t count = 0;  ///< 0: only the shape is given, for Node objects that state none.
  Resources capacity{.cpu_milli = 8000, .memory_bytes = std::int64_t{32} << 30};
  std::uint32_t max_pods = 110;      ///< kubelet's maxPods
  std::vector<std::string> zones{};  ///< Dealt to the nodes in turn: label topology.kubernetes.io/zone. Empty: none.
};

struct ClusterOptions {
  UniformNodes nodes;
  AddressPlan addresses;
  bool terminating_serve = true;  ///< See build_endpoints(): by default from Kubernetes 1.26 on.
};

struct ClusterSummary {
  std::size_t objects = 0;                      ///< Read, used or not.
  std::size_t pods_kept = 0;                    ///< On the node that the manifests name.
  std::size_t pods_placed = 0;                  ///< On a node that placement chose.
  std::size_t nodes_made = 0;                   ///< From UniformNodes, since the manifests bring none.
  std::map<std::string, std::size_t> not_used;  ///< Objects that were counted and left alone, by kind.
  std::optional<KubeProxyConfig> kube_proxy;
};

struct BoundCluster {
  Cluster cluster;
  ClusterSummary summary;
};

/// Makes a cluster of what was read: expands controllers whose pods were not read, places pods, assigns addresses and
/// collects endpoints.
///
/// A controller makes pods only if none of its pods was read, and none of the objects that own it was: of a Deployment,
/// its ReplicaSet and their Pods, the Pods alone count. A nodeName, of a Pod or a template, is where the pods go,
/// whatever the scheduler would say; a template's are held against what the kubelet there would refuse. Nodes are the
/// Node objects; without any, `options.nodes`; without a count there, those that pods and templates name. What cannot
/// be bound goes to `diagnostics` (a pod that fits no node, an unknown nodeName, no nodes at all, addresses stated
/// twice), and the result is then not to be used.
BoundCluster bind_cluster(Manifests manifests, const ClusterOptions& options, Diagnostics& diagnostics);

}  // namespace knetsim
