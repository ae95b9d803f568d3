#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "models/cluster/cluster.h"
#include "models/walk/walk.h"

namespace knetsim {

/// What an edge asks for, looked up.
struct EdgeTarget {
  Exposure exposure = Exposure::ClusterIp;
  Transport transport = Transport::Tcp;
  ServicePortIndex port = kNoIndex;  ///< ClusterIp and NodePort: a node's proxy chooses among its endpoints.
  std::vector<Endpoint> direct;      ///< PodIp and HostPort: one of these that are ready, at random.
  /// PodIp of a Service port that is found by its name (headless, or without a proxy): `direct` are its ready endpoints
  /// when the run begins.
  ServicePortIndex named = kNoIndex;
  NodeIndex through = kNoIndex;  ///< NodePort: always this node; kNoIndex: any node, at random.
  bool balanced = false;         ///< NodePort: the node is the one that the Service's load balancer chooses ...
  /// ... which drops what clients outside of these send; nothing: all are let in.
  std::optional<std::vector<Cidr>> admitted{};
  bool loopback = false;            ///< To a container of the client's own pod.
  ServiceIndex service = kNoIndex;  ///< That was asked for, headless ones too; kNoIndex for pods and host ports.

  /// Whether a node's proxy chooses who answers.
  bool by_proxy() const { return !loopback && port != kNoIndex; }
  /// Whether its load balancer lets a client of this address in.
  bool admits(const IpAddress& client) const {
    return !admitted || std::ranges::any_of(*admitted, [&](const Cidr& range) {
      return client.family() == IpFamily::V4 && range.contains(client.v4_value());
    });
  }
};

}  // namespace knetsim
