#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "models/cluster/endpoint.h"

namespace knetsim {

/// For whom an endpoint is meant, as its EndpointSlice says: `hints.forZones` and `hints.forNodes`.
/// @source k/k staging/src/k8s.io/api/discovery/v1/types.go, EndpointHints.
struct EndpointHints {
  bool for_zones = false;          ///< Names a zone, be it one that no node is in.
  bool for_nodes = false;          ///< Names a node, likewise.
  std::vector<ZoneIndex> zones{};  ///< Of those the ones with nodes.
  std::vector<NodeIndex> nodes{};  ///< Of those the cluster's.
};

/// Hints of EndpointSlices that others than the EndpointSlice controller manage, which nobody takes away.
class StatedHints {
 public:
  void add(ServicePortIndex port, const Endpoint& endpoint, EndpointHints hints) {
    hints_.insert_or_assign(key(port, endpoint), std::move(hints));
  }
  /// Whether some endpoint of the port has hints.
  bool any(ServicePortIndex port) const {
    const auto first = hints_.lower_bound({port, 0, IpAddress(), 0});
    return first != hints_.end() && std::get<0>(first->first) == port;
  }
  /// Of an endpoint; none where no such slice has it.
  EndpointHints of(ServicePortIndex port, const Endpoint& endpoint) const {
    const auto found = hints_.find(key(port, endpoint));
    return found == hints_.end() ? EndpointHints{} : found->second;
  }

 private:
  /// By its pod, else by its address; and by its port.
  using Key = std::tuple<ServicePortIndex, PodIndex, IpAddress, std::uint16_t>;
  static Key key(ServicePortIndex port, const Endpoint& one) {
    return {port, one.pod, one.pod == kNoIndex ? one.address : IpAddress(), one.port};
  }
  std::map<Key, EndpointHints> hints_;
};

/// Which hints a proxy looks at: kube-proxy at those for nodes from Kubernetes 1.34 on, at none before 1.24.
enum class HintsRead : std::uint8_t { None, Zones, ZonesAndNodes };

/// Where a node is, as far as hints go.
struct NodePlace {
  NodeIndex node = kNoIndex;
  ZoneIndex zone = kNoIndex;  ///< kNoIndex: its Node has no such label.
};

/// What the hints of a Service port's endpoints leave to each node, for the policy Cluster: where all ready endpoints
/// have hints for nodes and one is for the node, those that are; else, where all have some for zones and one is for the
/// node's zone, those that are for it; else hints decide nothing. Kept once for each zone and for each node that is
/// named, never by node and zone. Immutable.
/// @source k/k pkg/proxy/topology.go, topologyModeFromHints and availableForTopology.
class HintedEndpoints {
 public:
  /// @param endpoints  In the order in which a node keeps them; those that are not ready are none here.
  /// @param hints      Of each, shape (endpoints,), or empty.
  /// @return           Nothing where hints decide nothing at any node.
  static std::shared_ptr<const HintedEndpoints> of(std::span<const Endpoint> endpoints,
                                                   std::span<const EndpointHints> hints);

  /// What a node keeps; empty where hints decide nothing there.
  std::span<const Endpoint> kept(const NodePlace& at, HintsRead read) const;

  /// The endpoints that are kept for one zone, or for one node.
  struct Group {
    std::uint32_t key = 0;  ///< ZoneIndex or NodeIndex
    std::uint32_t begin = 0;
    std::uint32_t count = 0;
  };
  std::span<const Group> by_zone() const { return by_zone_; }  ///< In ascending order, as by_node().
  std::span<const Group> by_node() const { return by_node_; }
  std::span<const Endpoint> endpoints(const Group& group) const {
    return std::span(all_).subspan(group.begin, group.count);
  }

 private:
  void add_groups(std::vector<Group>& groups, std::vector<std::pair<std::uint32_t, std::uint32_t>>& members,
                  std::span<const Endpoint> endpoints);

  std::vector<Group> by_zone_, by_node_;
  std::vector<Endpoint> all_;
};

}  // namespace knetsim
