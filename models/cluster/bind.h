#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "models/cluster/addresses.h"
#include "models/cluster/cluster.h"
#include "models/cluster/make_nodes.h"
#include "models/cluster/manifests.h"
#include "sim/input/diagnostics.h"

namespace knetsim {

struct ClusterOptions {
  NodePool nodes;                 ///< A count of 0: only the shape is given, for Node objects that state none.
  std::vector<NodePool> pools{};  ///< Further nodes, each pool of its own shape.
  AddressPlan addresses{};
  std::uint64_t seed = 1;         ///< Of what is drawn: the scheduler's choice among nodes of equal score.
  bool terminating_serve = true;  ///< See build_endpoints(): by default from Kubernetes 1.26 on.
  std::vector<TimelineEntry> timeline{};
  ControlTimes control{};
};

struct ClusterSummary {
  std::size_t objects = 0;                      ///< Read, used or not.
  std::size_t pods_kept = 0;                    ///< On the node that the manifests name.
  std::size_t pods_placed = 0;                  ///< On a node that placement chose.
  std::size_t pods_pending = 0;                 ///< On no node; see Cluster::absent for the reasons.
  std::size_t nodes_made = 0;                   ///< From the options, since the manifests bring none.
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
/// Node objects; without any, those of the options; without a count there, those that pods and templates name. A pod
/// that fits no node, or names one that there is not, stays pending: a notice tells the reason, and the pod is left out
/// of Cluster::pods. What cannot be bound goes to `diagnostics` as an error (no nodes at all, addresses stated twice),
/// and the result is then not to be used.
BoundCluster bind_cluster(Manifests manifests, const ClusterOptions& options, Diagnostics& diagnostics);

}  // namespace knetsim
