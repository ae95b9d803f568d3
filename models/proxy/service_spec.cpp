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

}  // namespace knetsim
