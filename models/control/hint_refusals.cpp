#include "models/control/hint_refusals.h"

#include <algorithm>
#include <set>

#include "models/cluster/pod_states.h"
#include "models/control/endpoint_controller.h"

namespace knetsim {
namespace {

/// A port of a Service whose hints Auto sets.
struct AutoPort {
  ServicePortIndex port = kNoIndex;
  std::set<PodIndex> pods{};
  bool refused = false;
};

std::vector<AutoPort> auto_ports(const Cluster& cluster) {
  std::vector<AutoPort> ports;
  for (ServicePortIndex port = 0; port < cluster.possible_endpoints.service_ports(); ++port) {
    const Service& service = cluster.services[cluster.service_ports[port].service];
    if (service.hint_policy != HintPolicy::Auto || service.selector.empty() || cluster.stated_hints.any(port)) continue;
    AutoPort& one = ports.emplace_back(AutoPort{.port = port});
    for (const Endpoint& endpoint : cluster.possible_endpoints.everywhere(port, IpFamily::V4)) {
      if (endpoint.pod != kNoIndex) one.pods.insert(endpoint.pod);
    }
  }
  return ports;
}

}  // namespace

std::vector<HintsRefused> hint_refusals(const Cluster& cluster, bool terminating_serve, Duration batch) {
  std::vector<HintsRefused> found;
  std::vector<AutoPort> ports = auto_ports(cluster);
  if (ports.empty()) return found;
  const HintSetter setter(cluster);
  PodStates states(cluster);
  const auto look = [&](AutoPort& one, Time at) {
    const auto endpoints = endpoints_now(cluster, states, one.port, IpFamily::V4, terminating_serve);
    if (endpoints.empty()) return;
    const HintSetter::Set set = setter.hints(HintPolicy::Auto, endpoints);
    const bool refused = set.refusal != HintRefusal::None;
    const ServiceIndex service = cluster.service_ports[one.port].service;
    if (refused && !one.refused && std::ranges::find(found, service, &HintsRefused::service) == found.end()) {
      found.push_back({.at = at,
                       .service = service,
                       .why = set.refusal,
                       .endpoints = static_cast<std::size_t>(std::ranges::count_if(endpoints, &Endpoint::ready)),
                       .zones = set.zones});
    }
    one.refused = refused;
  };
  for (AutoPort& one : ports) look(one, kTimeZero);
  found.clear();  // told of when the cluster is bound
  for (auto event = cluster.events.begin(); event != cluster.events.end();) {
    const Time first = event->at;
    const bool of_pod = event->pod != kNoIndex;
    std::set<PodIndex> changed;
    do {
      states.apply(*event);
      if (event->pod != kNoIndex) changed.insert(event->pod);
      ++event;
    } while (event != cluster.events.end() && (event->at == first || (of_pod && event->at < first + batch)));
    for (AutoPort& one : ports) {
      const auto is_its = [&](PodIndex pod) { return one.pods.contains(pod); };
      if (std::ranges::any_of(changed, is_its)) look(one, first);
    }
  }
  return found;
}

}  // namespace knetsim
