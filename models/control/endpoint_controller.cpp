#include "models/control/endpoint_controller.h"

#include <algorithm>

namespace knetsim {
namespace {

constexpr IpFamily kFamilies[] = {IpFamily::V4, IpFamily::V6};

}  // namespace

EndpointController::EndpointController(const Cluster& cluster, const PodStates& states, EndpointViews& views,
                                       bool terminating_serve)
    : cluster_(cluster),
      states_(states),
      views_(views),
      hints_(cluster),
      terminating_serve_(terminating_serve),
      ports_of_pod_(cluster.pods.size()) {
  for (ServicePortIndex port = 0; port < cluster.possible_endpoints.service_ports(); ++port) {
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

std::vector<Endpoint> EndpointController::endpoints_of(ServicePortIndex port, IpFamily family) const {
  const bool always = cluster_.services[cluster_.service_ports[port].service].publish_not_ready;
  std::vector<Endpoint> there;
  for (Endpoint one : cluster_.possible_endpoints.everywhere(port, family)) {
    if (one.pod != kNoIndex) {
      if (states_.stopped(one.pod)) continue;
      const bool known = states_.serves(one.pod) || !cluster_.pods[one.pod].later;
      const bool serving = states_.ready(one.pod) || (always && known);
      one.ready = serving && (always || !states_.terminating(one.pod));
      if (!one.ready && !(serving && states_.terminating(one.pod) && terminating_serve_)) continue;
    }
    there.push_back(one);
  }
  return there;
}

std::uint64_t EndpointController::publish() {
  const EndpointView last = views_.latest();
  std::ranges::sort(changed_);
  EndpointTable table(cluster_.service_ports.size());
  for (ServicePortIndex port = 0; port < cluster_.service_ports.size(); ++port) {
    const bool anew = std::ranges::binary_search(changed_, port);
    for (const IpFamily family : kFamilies) {
      if (anew) {
        const std::vector<Endpoint> endpoints = endpoints_of(port, family);
        const HintPolicy policy = cluster_.services[cluster_.service_ports[port].service].hint_policy;
        table.set(port, family, endpoints, HintedEndpoints::of(endpoints, hints_.hints(policy, endpoints).hints));
      } else {
        table.set(port, family, last.everywhere(port, family), last.hinted(port, family));
      }
    }
  }
  changed_.clear();
  return views_.publish(std::move(table));
}

}  // namespace knetsim
