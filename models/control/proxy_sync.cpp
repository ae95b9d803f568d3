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
  for (HostId node = 0; node < options.nodes.size(); ++node) {
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
  const std::uint64_t by_arithmetic = takes_time_ ? 0 : rewrites(streams_, options_.nodes[node], options_.period, now);
  return by_arithmetic + nodes_[node].rewrites;
}

void ProxySync::start(Time now) {
  takes_time_ = std::ranges::any_of(nodes_, [](const NodeLoop& node) { return node.cpu > Duration{}; });
  for (HostId node = 0; node < nodes_.size(); ++node) {
    const Duration cpu = nodes_[node].cpu;
    const Duration cycle = std::max(options_.period, cpu);
    const Duration age = phase(streams_, options_.nodes[node], cycle);
    nodes_[node].started = now - age;
    if (!takes_time_) continue;
    if (age < cpu) {
      sync(node, now, cpu - age);
      nodes_[node].started = now - age;
    } else {
      next_at(node, now + cycle - age);
    }
  }
}

void ProxySync::next_at(HostId node, Time at) {
  scheduler_.schedule(at, first_source_ + node, {handler_, 0, node, nodes_[node].turn});
}

void ProxySync::sync(HostId node, Time now, Duration cpu) {
  NodeLoop& loop = nodes_[node];
  loop.started = now;
  loop.writing = loop.known;
  loop.running = true;
  cpu_spent_ += cpu;
  if (cpu == Duration{}) {
    ended(node, now);
    return;
  }
  cpus_.submit(now, {.group = loop.group, .cpu = cpu, .wake = {}, .cookie = node});
}

void ProxySync::on_event(Time now, const Event& event) {
  if (event.b == nodes_[event.a].turn) sync(event.a, now, nodes_[event.a].cpu);
}

void ProxySync::on_burst_done(Time now, const BurstReport& report) { ended(static_cast<HostId>(report.cookie), now); }

void ProxySync::ended(HostId node, Time now) {
  NodeLoop& loop = nodes_[node];
  loop.running = false;
  ++loop.rewrites;
  const bool more = loop.known > loop.writing;
  if (takes_time_ || more) {
    next_at(node, std::max(now, loop.started + (more ? options_.min_period : options_.period)));
  }
  if (loop.writing > loop.written) {
    loop.written = loop.writing;
    if (owner_ != nullptr) owner_->on_synced(node, loop.written, now);
  }
}

void ProxySync::news(HostId node, std::uint64_t version, Time now) {
  NodeLoop& loop = nodes_[node];
  if (version <= loop.known) return;
  const bool waits = loop.known > loop.writing;  // for what came before, which this comes along with
  loop.known = version;
  if (loop.running || waits) return;
  // Syncs of before that take no time began a whole number of periods after the first.
  if (!takes_time_ && now > loop.started) loop.started += (now - loop.started) / options_.period * options_.period;
  ++loop.turn;
  next_at(node, std::max(now, loop.started + options_.min_period));
}

}  // namespace knetsim
