#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "models/cluster/cluster.h"
#include "models/control/node_balancer.h"
#include "sim/core/random.h"
#include "sim/net/scheduler.h"

namespace knetsim {

/// How a load balancer finds out that a node is well, or is not any more.
struct HealthCheckOptions {
  Duration interval = std::chrono::seconds(1);  ///< Above zero.
  std::uint32_t healthy = 1;                    ///< Checks in a row that have to be answered ...
  std::uint32_t unhealthy = 1;                  ///< ... and that have to fail, until it is taken for the other thing.
};

/// The health checks of all load balancers: one of each Service at each node every interval, from an instant of its own
/// on. What a node answers changes with what its kube-proxy knows and with the node itself; a load balancer takes it up
/// with the last of the checks in a row that it wants to see. Left out: the checks' own packets, and how long one that
/// is not answered takes to fail.
class HealthChecks final : public EventHandler {
 public:
  /// The references outlive it. @param source  Of its events.
  HealthChecks(Scheduler& scheduler, const Cluster& cluster, NodeBalancer& balancer, RandomStreams streams,
               const HealthCheckOptions& options, std::uint32_t source);

  /// The node's proxy knows of `view` now.
  void on_synced(NodeIndex node, const EndpointView& view, Time now);
  /// The node is gone from the network, or back.
  void on_node(NodeIndex node, bool down, const EndpointView& view, Time now);

  void on_event(Time now, const Event& event) override;

 private:
  struct Checked {
    bool answers = true;
    std::uint64_t turn = 0;  ///< Of the change that is under way; earlier ones are void.
  };
  Checked& of(ServiceIndex service, NodeIndex node);
  void answers(ServiceIndex service, NodeIndex node, bool well, Time now);
  /// The first check at or after `now`.
  Time next_check(ServiceIndex service, NodeIndex node, Time now) const;

  Scheduler& scheduler_;
  const Cluster& cluster_;
  NodeBalancer& balancer_;
  RandomStreams streams_;
  HealthCheckOptions options_;
  std::uint16_t handler_;
  std::uint32_t source_;
  std::vector<bool> down_;                                         // shape (nodes,)
  std::map<std::pair<ServiceIndex, NodeIndex>, Checked> checked_;  // that have changed; others are as they began
};

}  // namespace knetsim
