#include "models/proxy/service_spec.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

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

bool ServicePortSpec::allows_source(Ipv4 address) const {
  return std::ranges::any_of(source_ranges, [&](const Ipv4Range& range) { return range.contains(address); });
}

EndpointCategories<EndpointSpec> ServicePortSpec::categories() const {
  return categorize(
      std::span(endpoints), policies(), [](const EndpointSpec& endpoint) { return endpoint.local; },
      [](const EndpointSpec& endpoint) { return endpoint.meant || !endpoint.ready; });
}

EndpointUse::EndpointUse(const ServicePortSpec& service) {
  EndpointCategories<EndpointSpec> kept = service.categories();
  cluster = std::move(kept.cluster);
  local = std::move(kept.local);
  any = kept.any;
  internal = any && (!service.internal_local || !local.empty());
  external = any && (!service.external_local || !local.empty());
  by_cluster = !cluster.empty();
  by_local = !local.empty();
  reached = cluster;
  // Ready ones of the node are in the other list too; those that terminate are not while others are ready.
  std::ranges::copy_if(local, std::back_inserter(reached), [this](const EndpointSpec& endpoint) {
    return std::ranges::find(cluster, endpoint) == cluster.end();
  });
}

}  // namespace knetsim
