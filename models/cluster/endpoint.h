#pragma once

#include <cstdint>
#include <limits>

#include "models/cluster/ip_address.h"

namespace knetsim {

using NodeIndex = std::uint32_t;
using PodIndex = std::uint32_t;
using ServiceIndex = std::uint32_t;
using ServicePortIndex = std::uint32_t;
using ZoneIndex = std::uint32_t;  ///< In Cluster::zones.
inline constexpr std::uint32_t kNoIndex = std::numeric_limits<std::uint32_t>::max();

/// One address behind a Service port.
struct Endpoint {
  IpAddress address{};
  std::uint16_t port = 0;
  bool ready = true;        ///< False for one that terminates and still serves (KEP-1669).
  PodIndex pod = kNoIndex;  ///< kNoIndex for an address outside the cluster.
  NodeIndex node = kNoIndex;
};

}  // namespace knetsim
