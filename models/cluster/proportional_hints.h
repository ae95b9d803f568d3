#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/cluster/endpoint.h"

namespace knetsim {

/// Why topology-mode Auto sets no hints.
enum class HintRefusal : std::uint8_t {
  None,          ///< It does.
  NodesUnknown,  ///< A node has no zone, or no allocatable CPU.
  OneZone,       ///< Nodes that are ready are in fewer than two zones.
  FewEndpoints,  ///< Fewer ready endpoints than zones.
  Overload,      ///< Five sixths of each zone's share, in whole endpoints, are more than there are.
  NoZone,        ///< An endpoint is in no zone.
};
/// Why, in words; with the numbers where they are what it is about, as the controller's own events have it.
/// @param endpoints  That are ready. @param zones  With CPU.
std::string refusal_text(HintRefusal refusal, std::size_t endpoints, std::size_t zones);
/// What it would not refuse.
std::string_view remedy(HintRefusal refusal);

/// Shares of the zones in the CPU that pods may request; of a zone without any 0.
struct ZoneCpu {
  std::vector<double> share{};  ///< Shape (zones,); empty where it is not known of every node, or there is one zone.
  HintRefusal unknown = HintRefusal::None;  ///< Why it is empty.
  std::size_t zones() const;                ///< With a share.
};

/// One node, as the EndpointSlice controller looks at it.
struct ZonedNode {
  ZoneIndex zone = kNoIndex;
  std::int64_t cpu_milli = 0;  ///< Allocatable.
};

/// @param nodes  Those that are ready, without control planes.
/// @param zones  Number of zones.
/// @source k/k staging/src/k8s.io/endpointslice/topologycache/topologycache.go, SetNodes.
ZoneCpu zone_cpu(std::span<const ZonedNode> nodes, std::size_t zones);

struct ProportionalHints {
  std::vector<ZoneIndex> zone{};  ///< For whom each endpoint is meant; empty where it is refused.
  HintRefusal refusal = HintRefusal::None;
};

/// The hints of topology-mode Auto, set anew: every endpoint is meant for its own zone at first; then zones with more
/// than their share of the CPU lend endpoints to those with less, as many as make up whole ones. No hints where five
/// sixths of the zones' shares, each rounded up, are more endpoints than there are: then one would have to bear more than
/// a fifth above the mean. That is no bound: what zones have too many is lent from half an endpoint on alone, and a zone
/// that lacks some may be left with less than its five sixths.
///
/// Where Go's maps come in any order the zone of lowest index is taken, and endpoints are lent in theirs; of several
/// slices one is made. Hints that are there already, and would do, are not looked at.
/// @param zone_of  The zones of the ready endpoints, in their order; kNoIndex for none.
/// @source k/k staging/src/k8s.io/endpointslice/topologycache/topologycache.go, AddHints and getAllocations; utils.go,
/// getGivingAndReceivingZones and redistributeHints.
ProportionalHints proportional_hints(std::span<const ZoneIndex> zone_of, const ZoneCpu& cpu);

/// Whether hints that are there stand as they are: each endpoint has one, for a zone with a share, and no zone has more
/// than would leave enough to the others.
/// @param hinted  Of the ready endpoints, shape (endpoints, *).
/// @source k/k staging/src/k8s.io/endpointslice/topologycache/utils.go, getHintsByZone.
bool hints_stand(std::span<const std::vector<ZoneIndex>> hinted, const ZoneCpu& cpu);

}  // namespace knetsim
