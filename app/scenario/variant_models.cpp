#include "app/scenario/variant_models.h"

#include <algorithm>
#include <charconv>
#include <span>
#include <vector>

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

namespace {

/// Those of `nodes` that have none of these endpoints.
std::size_t nodes_without(std::span<const Endpoint> endpoints, std::size_t nodes) {
  std::vector<bool> has(nodes);
  for (const Endpoint& endpoint : endpoints) {
    if (endpoint.node != kNoIndex) has[endpoint.node] = true;
  }
  return static_cast<std::size_t>(std::count(has.begin(), has.end(), false));
}

/// Adds up what differs from node to node. Walks are shared by all of them, and so get the mean.
class MeanOverNodes {
 public:
  explicit MeanOverNodes(std::size_t nodes) : nodes_(nodes) {}
  void add(std::uint64_t count, std::size_t nodes) { sum_ += count * nodes; }
  /// To the nearest.
  std::uint32_t value() const { return nodes_ == 0 ? 0 : static_cast<std::uint32_t>((sum_ + nodes_ / 2) / nodes_); }

 private:
  std::uint64_t nodes_;
  std::uint64_t sum_ = 0;
};

}  // namespace

RuleSizes rule_sizes(const BoundVariant& variant) {
  const Cluster& cluster = *variant.cluster;
  const std::size_t nodes = cluster.nodes.size();
  const EndpointView view = cluster.endpoints.latest();
  RuleSizes sizes;
  MeanOverNodes inside(nodes);
  MeanOverNodes outside(nodes);
  MeanOverNodes refused(nodes);
  MeanOverNodes refused_udp(nodes);
  for (ServicePortIndex index = 0; index < cluster.service_ports.size(); ++index) {
    const ServicePort& port = cluster.service_ports[index];
    const Service& service = cluster.services[port.service];
    // kube-proxy's IPv4 half has no rules for a Service of IPv6 alone (k/k pkg/proxy/config, ServiceConfig by family).
    if (service.headless || service.type == ServiceType::ExternalName || !serves(service, IpFamily::V4)) {
      continue;
    }
    const auto endpoints = view.endpoints(index);
    const auto addresses = static_cast<std::uint32_t>(service.external_ips.size() + service.load_balancer_ips.size());
    const std::uint32_t node_ports = port.node_port != 0 ? 1 : 0;
    const std::uint32_t udp_node_ports = port.protocol == Protocol::Udp ? node_ports : 0;
    ++sizes.service_ports;
    sizes.endpoints += endpoints.size();
    if (!endpoints.empty()) {
      sizes.services_rules += addresses;
      sizes.node_ports += node_ports;
      sizes.udp_node_ports += udp_node_ports;
    }
    const bool local = service.internal_traffic_local || service.external_traffic_local;
    const std::size_t without = endpoints.empty() ? nodes : local ? nodes_without(view.everywhere(index), nodes) : 0;
    if (endpoints.empty() || service.internal_traffic_local) inside.add(1, without);
    if (endpoints.empty() || service.external_traffic_local) {
      outside.add(addresses + node_ports, without);
      refused.add(node_ports, without);
      refused_udp.add(udp_node_ports, without);
    }
  }
  sizes.without_endpoints = inside.value();
  sizes.services_rules += sizes.service_ports - sizes.without_endpoints;
  sizes.external_without_endpoints = outside.value();
  sizes.refused_node_ports = refused.value();
  sizes.refused_udp_node_ports = refused_udp.value();
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
    if (!scenario.cluster.nodes.pools.empty()) hosts.rates.push_back(scenario.cluster.nodes.nic_of(node.pool));
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

TcpSettings tcp_settings(const ClusterSettings& cluster) {
  return {.kernel = parse_kernel_version(cluster.kernel).value_or(KernelVersion{}),
          .receive_window = cluster.tcp.receive_window,
          .send_buffer = cluster.tcp.send_buffer,
          .detection = cluster.tcp.loss_detection == "rack" ? LossDetection::Rack : LossDetection::Sack};
}

}  // namespace knetsim
