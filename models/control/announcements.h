#pragma once

#include <cstdint>
#include <vector>

#include "models/cluster/cluster.h"
#include "models/control/node_balancer.h"
#include "sim/net/scheduler.h"

namespace knetsim {

/// Which nodes announce the addresses of load balancers that no health check looks after (MetalLB). A node that may not
/// any more, or may again, for its endpoints' sake says so itself, at once: its speaker is taken to know of them when
/// the node's kube-proxy does. That a node is gone from the network is noticed after a while, by the other speakers or
/// by the routers whose sessions end; until then what is sent to it is lost. One that is back announces at once (an
/// assumption).
class Announcements final : public EventHandler {
 public:
  /// The references outlive it. @param noticed_after  From a node's loss until nothing is sent to it any more.
  /// @param source  Of its events.
  Announcements(Scheduler& scheduler, const Cluster& cluster, NodeBalancer& balancer, Duration noticed_after,
                std::uint32_t source);

  /// The node knows of `view` now.
  void on_synced(NodeIndex node, const EndpointView& view);
  /// The node is gone from the network, or back.
  void on_node(NodeIndex node, bool down, const EndpointView& view, Time now);

  void on_event(Time now, const Event& event) override;

 private:
  Scheduler& scheduler_;
  const Cluster& cluster_;
  NodeBalancer& balancer_;
  Duration noticed_after_;
  std::uint16_t handler_;
  std::uint32_t source_;
  std::vector<bool> down_;  // shape (nodes,)
  std::vector<std::uint64_t>
      turn_;  // shape (nodes,): of the last loss or return; what was to follow earlier ones is void
};

}  // namespace knetsim
