#include "models/control/endpoint_controller.h"

#include <algorithm>

namespace knetsim {
namespace {

constexpr IpFamily kFamilies[] = {IpFamily::V4, IpFamily::V6};

}  // namespace

std::vector<Endpoint> endpoints_now(const Cluster& cluster, const PodStates& states, ServicePortIndex port,
                                    IpFamily family, bool terminating_serve) {
  const bool always = cluster.services[cluster.service_ports[port].service].publish_not_ready;
  std::vector<Endpoint> there;
  for (Endpoint one : cluster.possible_endpoints.everywhere(port, family)) {
    if (one.pod != kNoIndex) {
      if (states.stopped(one.pod)) continue;
      const bool known = states.serves(one.pod) || !cluster.pods[one.pod].later;
      const bool serving = states.ready(one.pod) || (always && known);
      one.ready = serving && (always || !states.terminating(one.pod));
      if (!one.ready && !(serving && states.terminating(one.pod) && terminating_serve)) continue;
    }
    there.push_back(one);
  }
  return there;
}

EndpointController::EndpointController(const Cluster& cluster, const PodStates& states, EndpointViews& views,
                                       bool terminating_serve)
    : cluster_(cluster),
      states_(states),
      views_(views),
      hints_(cluster),
      terminating_serve_(terminating_serve),
      ports_of_pod_(cluster.pods.size()) {
  for (ServicePortIndex port = 0; port < cluster.possible_endpoints.service_ports(); ++port) {
    if (cluster.services[cluster.service_ports[port].service].selector.empty()) continue;
    for (const IpFamily family : kFamilies) {
      for (const Endpoint& one : cluster.possible_endpoints.everywhere(port, family)) {
        if (one.pod == kNoIndex) continue;
        std::vector<ServicePortIndex>& ports = ports_of_pod_[one.pod];
        if (ports.empty() || ports.back() != port) ports.push_back(port);
      }
    }
  }
}

void EndpointController::changed(PodIndex pod) {
  for (const ServicePortIndex port : ports_of_pod_[pod]) changed_.push_back(port);
}

std::vector<EndpointHints> EndpointController::hints_of(ServicePortIndex port,
                                                        const std::vector<Endpoint>& endpoints) const {
  const StatedHints& stated = cluster_.stated_hints;
  if (!stated.any(port)) {
    return hints_.hints(cluster_.services[cluster_.service_ports[port].service].hint_policy, endpoints).hints;
  }
  std::vector<EndpointHints> hints;
  for (const Endpoint& one : endpoints) hints.push_back(stated.of(port, one));
  return hints;
}

std::uint64_t EndpointController::publish(Time now) {
  const EndpointView last = views_.latest();
  std::ranges::sort(changed_);
  EndpointTable table(cluster_.service_ports.size());
  for (ServicePortIndex port = 0; port < cluster_.service_ports.size(); ++port) {
    const bool anew = std::ranges::binary_search(changed_, port);
    for (const IpFamily family : kFamilies) {
      if (anew) {
        const std::vector<Endpoint> endpoints = endpoints_now(cluster_, states_, port, family, terminating_serve_);
        table.set(port, family, endpoints, HintedEndpoints::of(endpoints, hints_of(port, endpoints)));
      } else {
        table.set(port, family, last.everywhere(port, family), last.hinted(port, family));
      }
    }
  }
  changed_.clear();
  return views_.publish(std::move(table), now);
}

}  // namespace knetsim
