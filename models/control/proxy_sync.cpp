#include "models/control/proxy_sync.h"

namespace knetsim {
namespace {

constexpr Purpose kPhase("proxy.sync.phase");
constexpr double kWeight = 102.4;  // requests.cpu: 100m, as kubeadm's DaemonSet has it

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
    groups_.push_back(cpus.add_group(node, kWeight));
  }
}

Duration ProxySync::phase(RandomStreams streams, std::uint64_t node_key, Duration period) {
  return Duration(
      static_cast<std::int64_t>(streams.get(kPhase, node_key).below(static_cast<std::uint64_t>(period.count()))));
}

void ProxySync::start(Time now) {
  if (options_.cpu <= Duration{}) {
    return;
  }
  for (HostId node = 0; node < groups_.size(); ++node) {
    const Time first = now + options_.period - phase(streams_, options_.nodes[node], options_.period);
    scheduler_.schedule(first, first_source_ + node, {handler_, 0, node, 0});
  }
}

void ProxySync::on_event(Time now, const Event& event) {
  cpus_.submit(now, {.group = groups_[event.a], .cpu = options_.cpu, .wake = {}, .cookie = options_.cookie});
  scheduler_.schedule(now + options_.period, first_source_ + event.a, event);
}

}  // namespace knetsim
