#pragma once

#include <functional>

#include "models/cluster/endpoints.h"
#include "models/proxy/proxy_model.h"
#include "sim/core/time.h"

namespace knetsim {

/// What may change about a cluster while a point runs.
class LiveCluster {
 public:
  virtual ~LiveCluster() = default;
  /// Which node knows of which endpoints; at the start every node knows the cluster's. Connections that exist stay
  /// where they are.
  virtual EndpointViews& endpoints() = 0;
  /// Every node's rules have these sizes from now on: new connections, and the next request on a kept one, walk through
  /// them; syncs cost what they cost now.
  virtual void set_rules(const RuleSizes& sizes) = 0;
};

/// Something that happens to the cluster at an instant, before every event of that instant.
struct Change {
  Time at{};
  std::function<void(LiveCluster&)> apply;
};

}  // namespace knetsim
