#include "models/control/health_checks.h"

#include "models/cluster/object_name.h"

namespace knetsim {
namespace {

constexpr Purpose kFirstCheck("health-check.phase");

}  // namespace

HealthChecks::HealthChecks(Scheduler& scheduler, const Cluster& cluster, NodeBalancer& balancer, RandomStreams streams,
                           const HealthCheckOptions& options, std::uint32_t source)
    : scheduler_(scheduler),
      cluster_(cluster),
      balancer_(balancer),
      streams_(streams),
      options_(options),
      handler_(scheduler.add(*this)),
      source_(source),
      down_(cluster.members().size(), false) {}

HealthChecks::Checked& HealthChecks::of(ServiceIndex service, NodeIndex node) {
  const auto [found, added] = checked_.try_emplace({service, node});
  if (added) found->second.answers = balancer_.is_healthy(service, node);
  return found->second;
}

Time HealthChecks::next_check(ServiceIndex index, NodeIndex node, Time now) const {
  const Service& service = cluster_.services[index];
  RngStream draw =
      streams_.get(kFirstCheck, hash_combine(name_key(service.ns, service.name), hash_text(cluster_.nodes[node].name)));
  const auto interval = static_cast<std::uint64_t>(options_.interval.count());
  const auto phase = static_cast<std::int64_t>(draw.below(interval));
  const std::int64_t since = now.time_since_epoch().count() - phase;
  const std::int64_t checks = since <= 0 ? 0 : (since + options_.interval.count() - 1) / options_.interval.count();
  return kTimeZero + Duration(phase + checks * options_.interval.count());
}

void HealthChecks::answers(ServiceIndex service, NodeIndex node, bool well, Time now) {
  Checked& one = of(service, node);
  if (one.answers == well) return;
  one.answers = well;
  ++one.turn;
  if (balancer_.is_healthy(service, node) == well) return;  // it has not been noticed otherwise
  const std::uint32_t checks = well ? options_.healthy : options_.unhealthy;
  scheduler_.schedule(next_check(service, node, now) + (checks - 1) * options_.interval, source_,
                      {handler_, 0, node, (std::uint64_t{service} << 32) | (one.turn & 0xffffffffU)});
}

void HealthChecks::on_synced(NodeIndex node, const EndpointView& view, Time now) {
  for (const ServiceIndex service : balancer_.services()) {
    answers(service, node, !down_[node] && answers_health_check(cluster_, view, service, node), now);
  }
}

void HealthChecks::on_node(NodeIndex node, bool down, const EndpointView& view, Time now) {
  down_[node] = down;
  on_synced(node, view, now);
}

void HealthChecks::on_event(Time /*now*/, const Event& event) {
  const auto service = static_cast<ServiceIndex>(event.b >> 32);
  const Checked& one = of(service, event.a);
  if ((one.turn & 0xffffffffU) != (event.b & 0xffffffffU)) return;
  balancer_.set(service, event.a, one.answers);
}

}  // namespace knetsim
