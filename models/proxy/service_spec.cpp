#include "models/proxy/service_spec.h"

#include <fmt/format.h>

namespace knetsim {

std::string to_text(Ipv4 address) {
  return fmt::format("{}.{}.{}.{}", address >> 24, (address >> 16) & 255, (address >> 8) & 255, address & 255);
}

bool Ipv4Range::contains(Ipv4 other) const {
  if (prefix == 0) {
    return true;
  }
  return ((address ^ other) >> (32 - prefix)) == 0;
}

std::string to_text(const Ipv4Range& range) {
  return range.prefix == 32 ? to_text(range.address) : fmt::format("{}/{}", to_text(range.address), range.prefix);
}

std::string_view to_text(Transport transport) { return transport == Transport::Tcp ? "tcp" : "udp"; }

std::string ServicePortSpec::port_string() const {
  return port_name.empty() ? fmt::format("{}/{}", name_space, name)
                           : fmt::format("{}/{}:{}", name_space, name, port_name);
}

std::vector<EndpointSpec> ServicePortSpec::local_endpoints() const {
  std::vector<EndpointSpec> found;
  for (const EndpointSpec& endpoint : endpoints) {
    if (endpoint.local) {
      found.push_back(endpoint);
    }
  }
  return found;
}

EndpointUse::EndpointUse(const ServicePortSpec& service)
    : local(service.local_endpoints()),
      any(!service.endpoints.empty()),
      internal(any && (!service.internal_local || !local.empty())),
      external(any && (!service.external_local || !local.empty())),
      by_cluster(any && (!service.internal_local || service.externally_accessible())),
      by_local(!local.empty() &&
               (service.internal_local || (service.external_local && service.externally_accessible()))),
      reached(by_cluster ? service.endpoints : local) {}

}  // namespace knetsim
