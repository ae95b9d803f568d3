#pragma once

#include <cstdint>
#include <vector>

#include "models/cluster/cluster.h"
#include "models/control/node_balancer.h"
#include "sim/net/scheduler.h"

namespace knetsim {

/// From a node's loss until the other speakers of MetalLB take it for dead, where so many are in their list: a probe a
/// second, which fails within the next, and the suspicion that others confirm, four probes long, longer by the
/// logarithm in clusters of more than ten.
/// @pre nodes > 0
/// @source hashicorp/memberlist util.go, suspicionTimeout; config.go, DefaultLANConfig (ProbeInterval 1 s,
/// SuspicionMult 4), which metallb/metallb internal/speakerlist/speakerlist.go, New, leaves as it is.
Duration speaker_lost_after(std::uint32_t nodes);

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
