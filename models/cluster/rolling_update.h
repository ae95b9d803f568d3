#pragma once

#include <cstdint>

#include "models/cluster/cluster.h"

namespace knetsim {

/// Pods of a Deployment that are not deleted, in the midst of a rollout.
struct RollingCounts {
  std::int64_t wanted = 0;
  std::int64_t fresh = 0;  ///< Of the new template, ...
  std::int64_t fresh_available = 0;
  std::int64_t old_available = 0;  ///< ... and of older ones.
  std::int64_t old_unavailable = 0;
};

/// What its controller does next.
struct RollingStep {
  std::int64_t create = 0;              ///< Pods of the new template.
  std::int64_t remove_unavailable = 0;  ///< Old ones that do not work, ...
  std::int64_t remove_available = 0;    ///< ... and that do.
  bool operator==(const RollingStep&) const = default;
};

/// One turn of a rolling update: never more than wanted + maxSurge pods, at least wanted - maxUnavailable available.
/// @source k/k pkg/controller/deployment/rolling.go (reconcileOldReplicaSets, cleanupUnhealthyReplicas,
/// scaleDownOldReplicaSetsForRollingUpdate); util/deployment_util.go, NewRSNewReplicas, ResolveFenceposts.
RollingStep rolling_step(const RolloutStrategy& strategy, const RollingCounts& counts);

}  // namespace knetsim
