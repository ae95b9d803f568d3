#pragma once

#include <cstdint>
#include <vector>

#include "models/cluster/endpoint.h"

namespace knetsim {

struct Cluster;

/// Whether what a client sends to a server, over the node whose proxy chooses the server, passes from zone to zone.
enum class ZoneWay : std::uint8_t {
  Unknown,  ///< The server is in no zone, or neither the client nor the node is in one.
  Within,
  Across,
};

/// Of the zones of the three machines; kNoIndex where one is in none, which is then passed by.
constexpr ZoneWay zone_way(ZoneIndex client, ZoneIndex asked, ZoneIndex server) {
  const ZoneIndex first = client != kNoIndex ? client : asked;
  if (first == kNoIndex || server == kNoIndex) return ZoneWay::Unknown;
  return first == server && (asked == kNoIndex || asked == server) ? ZoneWay::Within : ZoneWay::Across;
}

/// The zones of all machines and pods.
struct ZonesOfMachines {
  std::vector<ZoneIndex> of_node{};
  std::vector<ZoneIndex> of_pod{};

  ZoneWay way(PodIndex client, NodeIndex asked, PodIndex server) const {
    return zone_way(of_pod[client], of_node[asked], of_pod[server]);
  }
};
/// Empty where there are fewer than two zones: nothing crosses them.
ZonesOfMachines zones_of_machines(const Cluster& cluster);

}  // namespace knetsim
