#include "lab_services.h"

namespace knetsim {

std::vector<ServicePortSpec> lab_services(std::span<const Ipv4> servers, bool local, const WantedService& wanted) {
  std::vector<ServicePortSpec> services;
  for (std::uint32_t s = 0; s < kServices; ++s) {
    ServicePortSpec service{.name = "web" + std::to_string(s),
                            .port_name = "http",
                            .cluster_ip = ipv4(10, 96, 0, 10) + s,
                            .port = 80,
                            .node_port = static_cast<std::uint16_t>(s % 2 == 0 ? kNodePort + s - kWanted : 0)};
    for (std::uint32_t e = 0; e < kEndpoints; ++e) {
      service.endpoints.push_back({s == kWanted ? servers[e] : ipv4(10, 244, 9, 100 + 3 * s + e), kServerPort, local});
    }
    services.push_back(std::move(service));
  }
  ServicePortSpec& asked = services[kWanted];
  asked.external_local = wanted.external_local;
  asked.internal_local = wanted.internal_local;
  asked.affinity_seconds = wanted.affinity_seconds;
  asked.source_ranges = wanted.source_ranges;
  if (wanted.external) {
    asked.external_ips = {kExternalIp};
    asked.load_balancer_ips = {kLoadBalancerIp};
    services.front().load_balancer_ips = {kLoadBalancerIp + 1};
    services.front().source_ranges = {{ipv4(198, 51, 100, 0), 24}};
  }
  if (wanted.first_elsewhere) asked.endpoints.front().local = false;
  services.push_back({.name = "empty", .cluster_ip = kEmptyAddress, .port = 80, .node_port = kEmptyNodePort});
  return services;
}

std::vector<HostPortSpec> lab_containers(std::uint32_t node, Ipv4 server) {
  std::vector<HostPortSpec> containers = {
      {.container = "first", .address = ipv4(10, 244, 1 + node, 77), .mappings = {{Transport::Tcp, 9'001, 80}}}};
  if (server != 0) {
    containers.push_back(
        {.container = "wanted", .address = server, .mappings = {{Transport::Tcp, kHostPort, kServerPort}}});
  }
  containers.push_back(
      {.container = "last", .address = ipv4(10, 244, 1 + node, 78), .mappings = {{Transport::Tcp, 9'002, 80}}});
  return containers;
}

RuleSizes lab_sizes(std::span<const ServicePortSpec> services, std::span<const HostPortSpec> containers) {
  RuleSizes sizes{.host_port_containers = static_cast<std::uint32_t>(containers.size())};
  for (const ServicePortSpec& service : services) {
    const EndpointUse use(service);
    const bool port = service.node_port != 0;
    ++sizes.service_ports;
    const auto addresses = static_cast<std::uint32_t>(service.external_ips.size() + service.load_balancer_ips.size());
    sizes.services_rules += (use.internal ? 1 : 0) + (use.any ? addresses : 0);
    if (use.any && !service.source_ranges.empty()) {
      sizes.firewalled_addresses += static_cast<std::uint32_t>(service.load_balancer_ips.size());
    }
    sizes.node_ports += port && use.any ? 1 : 0;
    sizes.without_endpoints += use.internal ? 0 : 1;
    sizes.external_without_endpoints += use.external ? 0 : addresses + (port ? 1 : 0);
    sizes.refused_node_ports += port && !use.external ? 1 : 0;
    sizes.endpoints += service.endpoints.size();
  }
  return sizes;
}

}  // namespace knetsim
