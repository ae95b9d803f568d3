#include "sim/experiment/variant_models.h"

#include <algorithm>
#include <charconv>

#include "sim/core/ensure.h"
#include "sim/net/generators.h"

namespace knetsim {

Version parse_version(const std::string& text) {
  Version version;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, version.major);
  if (error == std::errc{} && rest != end) {
    std::from_chars(rest + 1, end, version.minor);
  }
  return version;
}

RuleSizes rule_sizes(const BoundVariant& variant) {
  const Cluster& cluster = *variant.cluster;
  const EndpointView view = cluster.endpoints.latest();
  RuleSizes sizes;
  for (ServicePortIndex index = 0; index < cluster.service_ports.size(); ++index) {
    const ServicePort& port = cluster.service_ports[index];
    const Service& service = cluster.services[port.service];
    if (service.headless || service.type == ServiceType::ExternalName) {
      continue;
    }
    const auto endpoints = view.endpoints(index);
    const auto addresses = static_cast<std::uint32_t>(service.external_ips.size() + service.load_balancer_ips.size());
    const std::uint32_t node_ports = port.node_port != 0 ? 1 : 0;
    const bool udp = port.protocol == Protocol::Udp;
    if (endpoints.empty()) {
      ++sizes.without_endpoints;
      sizes.external_without_endpoints += addresses + node_ports;
      sizes.refused_node_ports += node_ports;
      sizes.refused_udp_node_ports += udp ? node_ports : 0;
      continue;
    }
    ++sizes.service_ports;
    sizes.services_rules += 1 + addresses;
    sizes.node_ports += node_ports;
    sizes.udp_node_ports += udp ? node_ports : 0;
    sizes.endpoints += endpoints.size();
  }
  const BackgroundSettings& background = variant.scenario.cluster.background;
  sizes.service_ports += background.services;
  sizes.services_rules += background.services;
  sizes.endpoints += std::uint64_t{background.services} * background.endpoints_per_service;
  std::vector<std::uint32_t> host_ports(cluster.nodes.size());
  for (const Pod& pod : cluster.pods) {
    const PodSpec& spec = cluster.spec(pod);
    if (spec.host_network) {
      continue;
    }
    for (const Container& container : spec.containers) {
      if (std::any_of(container.ports.begin(), container.ports.end(),
                      [](const ContainerPort& port) { return port.host_port != 0; })) {
        ++host_ports[pod.node];
      }
    }
  }
  // Of the fullest node: walks are shared by all nodes.
  sizes.host_port_containers = host_ports.empty() ? 0 : *std::max_element(host_ports.begin(), host_ports.end());
  return sizes;
}

VariantModels make_models(const BoundVariant& variant, const RuleSizes& sizes) {
  const ClusterSettings& cluster = variant.scenario.cluster;
  VariantModels models;
  models.sizes = sizes;
  const IptablesBackend backend = cluster.proxy.backend == "nft" ? IptablesBackend::Nft : IptablesBackend::Legacy;
  const ProxyInfo* mode = proxy_mode_named(cluster.proxy.mode);
  const CniInfo* kind = cni_kind_named(cluster.cni.kind);
  KNETSIM_ENSURE(mode != nullptr && kind != nullptr);
  models.proxy = mode->make({.kubernetes = parse_version(cluster.kubernetes),
                             .kernel = parse_version(cluster.kernel),
                             .backend = backend,
                             .scheduler = cluster.proxy.scheduler,
                             .sizes = models.sizes});
  models.cni = kind->make({.backend = cluster.cni.backend, .notrack = cluster.cni.notrack});
  models.host_ports = PortMap(models.sizes.host_port_containers, backend);
  return models;
}

Topology make_topology(const Scenario& scenario, const Cluster& cluster) {
  const TopologySettings& settings = scenario.cluster.topology;
  FabricHosts hosts;
  hosts.count = static_cast<std::uint32_t>(cluster.nodes.size());
  for (const ClusterNode& node : cluster.nodes) {
    hosts.names.emplace_back(node.name);
  }
  hosts.rate = scenario.cluster.nodes.nic;
  FabricWires wires;
  wires.delay = settings.delay;
  wires.switch_latency = settings.switch_latency;
  wires.switch_buffer = settings.buffer;
  if (settings.kind == "leaf-spine") {
    return leaf_spine({.hosts = std::move(hosts),
                       .wires = wires,
                       .leaves = settings.leaves,
                       .spines = settings.spines,
                       .uplink_rate = settings.uplink,
                       .oversubscription = settings.oversubscription});
  }
  if (settings.kind == "fat-tree") {
    return fat_tree(
        {.hosts = std::move(hosts), .wires = wires, .k = settings.k, .oversubscription = settings.oversubscription});
  }
  return single_switch({.hosts = std::move(hosts), .wires = wires});
}

}  // namespace knetsim
