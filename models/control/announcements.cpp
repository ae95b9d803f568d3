#include "models/control/announcements.h"

#include <algorithm>
#include <cmath>

#include "sim/core/math.h"

namespace knetsim {

Duration speaker_lost_after(std::uint32_t nodes) {
  const double scale = std::max(1.0, math::log(nodes) / math::log(10));
  // It counts in thousandths, of which a rounding error is none.
  const auto thousandths = static_cast<std::int64_t>(std::floor(scale * 1'000 + 1e-6));
  return std::chrono::seconds(2) + 4 * std::chrono::milliseconds(thousandths);
}

Announcements::Announcements(Scheduler& scheduler, const Cluster& cluster, NodeBalancer& balancer,
                             Duration noticed_after, std::uint32_t source)
    : scheduler_(scheduler),
      cluster_(cluster),
      balancer_(balancer),
      noticed_after_(noticed_after),
      handler_(scheduler.add(*this)),
      source_(source),
      down_(cluster.members().size(), false),
      turn_(cluster.members().size(), 0) {}

void Announcements::on_synced(NodeIndex node, const EndpointView& view) {
  if (down_[node]) return;
  for (const ServiceIndex service : balancer_.services()) {
    balancer_.set(service, node, announces(cluster_, view, service, node));
  }
}

void Announcements::on_node(NodeIndex node, bool down, const EndpointView& view, Time now) {
  down_[node] = down;
  ++turn_[node];
  if (down) {
    scheduler_.schedule(now + noticed_after_, source_, {handler_, 0, node, turn_[node]});
  } else {
    on_synced(node, view);
  }
}

void Announcements::on_event(Time /*now*/, const Event& event) {
  if (turn_[event.a] != event.b) return;
  for (const ServiceIndex service : balancer_.services()) balancer_.set(service, event.a, false);
}

}  // namespace knetsim
