#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "models/cluster/endpoint_hints.h"
#include "models/cluster/proportional_hints.h"

namespace knetsim {

struct Cluster;

// From which Kubernetes 1.x on, by default: TopologyAwareHints; topology-mode; ServiceTrafficDistribution;
// PreferSameTrafficDistribution. @source k/k pkg/features/kube_features.go
inline constexpr int kTopologyHints = 24;
inline constexpr int kTopologyMode = 27;
inline constexpr int kTrafficDistribution = 31;
inline constexpr int kSameDistribution = 34;

/// Which hints the EndpointSlice controller sets for a Service.
enum class HintPolicy : std::uint8_t {
  None,      ///< None, and takes away those that are there.
  SameZone,  ///< trafficDistribution PreferClose, PreferSameZone: for each endpoint's own zone.
  SameNode,  ///< PreferSameNode: for its own node too.
  Auto,      ///< Annotation topology-mode: by the zones' CPU, which takes precedence.
};

/// Sets hints as the EndpointSlice controller does when it reconciles a Service. Zones have the CPU of the nodes that
/// are ready when it is made.
/// @source k/k staging/src/k8s.io/endpointslice/reconciler.go, reconcileByAddressType; trafficdist/trafficdist.go.
class HintSetter {
 public:
  /// The cluster outlives it. @pre It has its zones.
  explicit HintSetter(const Cluster& cluster);

  struct Set {
    std::vector<EndpointHints> hints{};  ///< Shape (endpoints,), or empty where there are none.
    HintRefusal refusal = HintRefusal::None;
    std::size_t zones = 0;  ///< Of a refusal: those with CPU.
  };
  /// @param endpoints  Of one port and family; those that are not ready get none.
  Set hints(HintPolicy policy, std::span<const Endpoint> endpoints) const;
  /// The same where there are hints already, which Auto leaves as they are while they stand.
  Set hints(HintPolicy policy, std::span<const Endpoint> endpoints, std::span<const EndpointHints> present) const;

 private:
  ZoneIndex zone_of(const Endpoint& endpoint) const;

  const Cluster& cluster_;
  ZoneCpu cpu_;
};

/// Numbers the zones of the nodes: Cluster::zones, in the order of their first nodes, and ClusterNode::zone_index.
void number_zones(Cluster& cluster);

}  // namespace knetsim
