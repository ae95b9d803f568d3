#pragma once

#include <cstdint>
#include <vector>

#include "models/cluster/cluster.h"
#include "models/cluster/pod_states.h"
#include "models/control/endpoint_controller.h"
#include "models/control/proxy_sync.h"
#include "sim/net/scheduler.h"

namespace knetsim {

/// Plays a cluster's events (Cluster::events) and what follows from them: EndpointSlices, batched, and the news of them
/// that reach every node's kube-proxy at once, each of which syncs in its own time.
/// Left out: the API server's and its watchers' own time, milliseconds in a cluster that is well; slices of at most 100
/// endpoints, which decide how much is sent and not when.
class ControlPlane final : public EventHandler {
 public:
  struct Options {
    Duration endpoint_batch{};  ///< From the first change to the version that has it and all that come meanwhile.
    bool terminating_serve = true;
  };
  /// The references outlive it. @param source  Of its events; one.
  ControlPlane(Scheduler& scheduler, const Cluster& cluster, PodStates& states, EndpointViews& views, ProxySync& sync,
               ClusterObserver& observer, const Options& options, std::uint32_t source);

  void start();
  /// When the first of the changes came that a version of the endpoints has. @pre It has been published here.
  Time changed_at(std::uint64_t version) const { return changed_at_[version - 1]; }
  void on_event(Time now, const Event& event) override;

 private:
  enum Kind : std::uint16_t { kClusterEvent, kPublish };

  void next();

  Scheduler& scheduler_;
  const Cluster& cluster_;
  PodStates& states_;
  ProxySync& sync_;
  ClusterObserver& observer_;
  Options options_;
  EndpointController endpoints_;
  std::uint16_t handler_ = 0;
  std::uint32_t source_ = 0;
  std::size_t played_ = 0;        ///< Events that have been.
  bool publishes_ = false;        ///< A version is due, ...
  Time first_change_{};           ///< ... and has been since then.
  std::vector<Time> changed_at_;  ///< By version, the first published being 1.
};

}  // namespace knetsim
