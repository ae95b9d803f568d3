#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "models/cluster/cluster.h"
#include "models/control/config_updates.h"
#include "models/walk/walk.h"

namespace knetsim {

/// What an edge asks for, looked up.
struct EdgeTarget {
  Exposure exposure = Exposure::ClusterIp;
  Transport transport = Transport::Tcp;
  ServicePortIndex port = kNoIndex;  ///< Of a Service: a node's proxy chooses among its endpoints.
  std::vector<Endpoint> direct;      ///< PodIp and HostPort: one of these that are ready, at random.
  /// PodIp of a Service port that is found by its name (headless, or without a proxy): `direct` are its ready endpoints
  /// when the run begins.
  ServicePortIndex named = kNoIndex;
  /// NodePort, and ExternalIp from outside of the cluster: always this node; kNoIndex: any node, at random.
  NodeIndex through = kNoIndex;
  bool balanced = false;     ///< The node is the one that the Service's load balancer chooses.
  bool by_balancer = false;  ///< Likewise, and the client is that load balancer: its packets go to the node's address.
  std::uint32_t external = 0;  ///< ExternalIp: which of the Service's addresses_of() IPv4.
  /// The load balancer, or the node that is asked at its address, drops what clients outside of these send; nothing:
  /// all are let in.
  std::optional<std::vector<Cidr>> admitted{};
  bool on_own_node = false;  ///< PodIp: the one of `direct`, which are in the order of their nodes, on the client's.
  bool untracked = false;    ///< FlowClass::untracked
  /// Of a caller that balances by itself, how it learns of changed endpoints of `named`; nothing: as DNS does.
  std::optional<ConfigUpdatePolicy> updates{};
  bool outside = false;             ///< PodIp: `direct` are machines outside of the cluster.
  bool loopback = false;            ///< To a container of the client's own pod.
  ServiceIndex service = kNoIndex;  ///< That was asked for, headless ones too; kNoIndex for pods and host ports.

  /// Whether a node's proxy chooses who answers.
  bool by_proxy() const { return !loopback && port != kNoIndex; }
  /// Whether a client of this address is let in.
  bool admits(const IpAddress& client) const { return !admitted || range_of(client) < admitted->size(); }
  /// The first range that the client is in, from 0; their number where it is in none. @pre There are ranges.
  std::size_t range_of(const IpAddress& client) const {
    const auto found = std::ranges::find_if(*admitted, [&](const Cidr& range) {
      return client.family() == IpFamily::V4 && range.contains(client.v4_value());
    });
    return static_cast<std::size_t>(found - admitted->begin());
  }
};

}  // namespace knetsim
