#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "models/cluster/manifests.h"

namespace knetsim {

/// Nodes that are all alike: the scenario's `cluster.nodes`, or one of its pools.
struct NodePool {
  /// A taint as it is stated.
  struct StatedTaint {
    std::string key{};
    std::string value{};
    TaintEffect effect = TaintEffect::NoSchedule;
  };
  struct StatedLabel {
    std::string key{};
    std::string value{};
  };

  std::uint32_t count = 0;
  Resources capacity{.cpu_milli = 8000, .memory_bytes = std::int64_t{32} << 30};
  std::uint32_t max_pods = 110;      ///< kubelet's maxPods
  std::vector<std::string> zones{};  ///< Dealt to the nodes in turn: label topology.kubernetes.io/zone. Empty: none.
  std::vector<StatedLabel> labels{};
  std::vector<StatedTaint> taints{};
  std::string name{};  ///< Its nodes are NAME-0, NAME-1 ...; empty: node-0, node-1 ...
};

/// The nodes that manifests without Node objects get, all with the labels that a kubelet sets: those that pods and
/// templates name come first, so that a snapshot without its nodes keeps its placement, then the rest of `nodes.count`,
/// then those of the pools. A named node NAME-i of a pool is that pool's, any other is like `nodes`.
/// @return  How many were made.
std::size_t make_nodes(Manifests& manifests, const NodePool& nodes, const std::vector<NodePool>& pools);

}  // namespace knetsim
