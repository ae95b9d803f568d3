#include "models/control/proxy_sync.h"

#include <algorithm>

namespace knetsim {
namespace {

constexpr Purpose kPhase("proxy.sync.phase");
// requests.cpu: 100m, kube-up's manifest and that of managed clusters. kubeadm's DaemonSet asks for nothing.
constexpr double kWeight = 102.4;

}  // namespace

ProxySync::ProxySync(Scheduler& scheduler, Cpus& cpus, RandomStreams streams, const ProxySyncOptions& options,
                     std::uint32_t first_source)
    : scheduler_(scheduler),
      cpus_(cpus),
      streams_(streams),
      options_(options),
      handler_(scheduler.add(*this)),
      first_source_(first_source) {
  for (HostId node = 0; node < cpus.nodes(); ++node) {
    const GroupIndex group = cpus.add_group(node, kWeight);
    cpus.set_owner(group, *this);
    nodes_.push_back({.group = group, .cpu = options.cpu});
  }
}

Duration ProxySync::phase(RandomStreams streams, std::uint64_t node_key, Duration period) {
  return Duration(
      static_cast<std::int64_t>(streams.get(kPhase, node_key).below(static_cast<std::uint64_t>(period.count()))));
}

std::uint64_t ProxySync::rewrites(RandomStreams streams, std::uint64_t node_key, Duration period, Time now) {
  return static_cast<std::uint64_t>((now.time_since_epoch() + phase(streams, node_key, period)) / period);
}

std::uint64_t ProxySync::rewrites(HostId node, Time now) const {
  return takes_time_ ? nodes_[node].rewrites : rewrites(streams_, options_.nodes[node], options_.period, now);
}

void ProxySync::start(Time now) {
  takes_time_ = std::ranges::any_of(nodes_, [](const NodeLoop& node) { return node.cpu > Duration{}; });
  if (!takes_time_) return;
  for (HostId node = 0; node < nodes_.size(); ++node) {
    const Duration cpu = nodes_[node].cpu;
    const Duration cycle = std::max(options_.period, cpu);
    const Duration age = phase(streams_, options_.nodes[node], cycle);
    if (age < cpu) {
      sync(node, now, cpu - age);
      nodes_[node].started = now - age;
    } else {
      scheduler_.schedule(now + cycle - age, first_source_ + node, {handler_, 0, node, 0});
    }
  }
}

void ProxySync::sync(HostId node, Time now, Duration cpu) {
  nodes_[node].started = now;
  cpus_.submit(now, {.group = nodes_[node].group, .cpu = cpu, .wake = {}, .cookie = node});
}

void ProxySync::on_event(Time now, const Event& event) { sync(event.a, now, nodes_[event.a].cpu); }

void ProxySync::on_burst_done(Time now, const BurstReport& report) {
  const auto node = static_cast<HostId>(report.cookie);
  NodeLoop& loop = nodes_[node];
  ++loop.rewrites;
  scheduler_.schedule(std::max(now, loop.started + options_.period), first_source_ + node, {handler_, 0, node, 0});
}

}  // namespace knetsim
