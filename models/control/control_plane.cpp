#include "models/control/control_plane.h"

namespace knetsim {

ControlPlane::ControlPlane(Scheduler& scheduler, const Cluster& cluster, PodStates& states, EndpointViews& views,
                           ProxySync& sync, ClusterObserver& observer, const Options& options, std::uint32_t source)
    : scheduler_(scheduler),
      cluster_(cluster),
      states_(states),
      sync_(sync),
      observer_(observer),
      options_(options),
      endpoints_(cluster, states, views, options.terminating_serve),
      handler_(scheduler.add(*this)),
      source_(source) {}

void ControlPlane::start() { next(); }

void ControlPlane::next() {
  if (played_ == cluster_.events.size()) return;
  scheduler_.schedule(cluster_.events[played_].at, source_, {handler_, kClusterEvent, 0, 0});
}

void ControlPlane::on_event(Time now, const Event& event) {
  if (event.kind == kPublish) {
    publishes_ = false;
    const std::uint64_t version = endpoints_.publish(now);
    changed_at_.push_back(first_change_);
    for (NodeIndex node = 0; node < cluster_.members().size(); ++node) {
      if (!states_.is_down(node)) sync_.news(node, version, now);
    }
    return;
  }
  while (played_ < cluster_.events.size() && cluster_.events[played_].at == now) {
    const ClusterEvent& happens = cluster_.events[played_++];
    states_.apply(happens);
    if (happens.pod != kNoIndex) endpoints_.changed(happens.pod);
    // One that is back hears what it has missed.
    const std::uint64_t latest = changed_at_.size();
    if (happens.kind == ClusterEvent::Kind::NodeUp && latest > 0) sync_.news(happens.node, latest, now);
    observer_.on_cluster_event(happens, now);
  }
  if (endpoints_.has_changes() && !publishes_) {
    publishes_ = true;
    first_change_ = now;
    scheduler_.schedule(now + options_.endpoint_batch, source_, {handler_, kPublish, 0, 0});
  }
  next();
}

}  // namespace knetsim
