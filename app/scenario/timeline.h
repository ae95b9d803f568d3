#pragma once

#include <functional>

#include "models/cluster/endpoints.h"
#include "models/walk/netfilter.h"
#include "sim/core/time.h"

namespace knetsim {

/// What may change about a cluster while a point runs.
class LiveCluster {
 public:
  virtual ~LiveCluster() = default;
  /// Which node knows of which endpoints; at the start every node knows the cluster's. Connections that exist stay
  /// where they are. To tell a node of a version is advance()'s.
  virtual EndpointViews& endpoints() = 0;
  /// A node's proxy learns of a version of the endpoints: its view, and the rules that its packets meet from now on.
  virtual void advance(NodeIndex node, std::uint64_t version) = 0;
  /// A node's rules have these sizes from now on, until it learns of a version: packets meet them, those of kept
  /// connections too, and syncs cost what they cost now.
  virtual void set_rules(NodeIndex node, const RuleSizes& sizes) = 0;
};

/// Something that happens to the cluster at an instant, before every event of that instant.
struct Change {
  Time at{};
  std::function<void(LiveCluster&)> apply;
};

}  // namespace knetsim
