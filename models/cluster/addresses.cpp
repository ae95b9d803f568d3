#include "models/cluster/addresses.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>

namespace knetsim {
namespace {

constexpr std::uint8_t kNodeMask = 24;             // kube-controller-manager, --node-cidr-mask-size
constexpr Cidr kLargePods{0x0a800000, 9};          // 10.128.0.0/9: room for 32,768 nodes
constexpr std::uint32_t kFirstNodeHost = 10;       // Leaves room for a gateway, as most networks do.
constexpr std::uint64_t kServiceStaticBand = 256;  // min(max(16, size/16), 256), KEP-3070
constexpr std::uint16_t kNodePortStaticBand = 86;  // min(max(16, size/32), 128) of 2,768 ports, KEP-3668

std::string object_name(std::string_view kind, std::string_view ns, std::string_view name) {
  return ns.empty() ? fmt::format("{} {}", kind, name) : fmt::format("{} {}/{}", kind, ns, name);
}

void report(Diagnostics& diagnostics, const Mark& mark, std::string object, std::string path, std::string message) {
  Diagnostic diagnostic = Diagnostic::at(Severity::Error, mark, std::move(path), std::move(message));
  diagnostic.object = std::move(object);
  diagnostics.add(std::move(diagnostic));
}

void assign_nodes(Cluster& cluster, const AddressPlan& plan, Diagnostics& diagnostics) {
  std::unordered_set<std::uint32_t> taken_addresses;
  std::unordered_set<std::uint32_t> taken_blocks;
  for (const ClusterNode& node : cluster.nodes) {
    if (node.ip && node.ip.family() == IpFamily::V4) taken_addresses.insert(node.ip.v4_value());
    if (node.pod_cidr) taken_blocks.insert(node.pod_cidr->base);
  }
  const bool large = cluster.nodes.size() > plan.pods.size() >> (32 - kNodeMask);
  const Cidr pods = large ? kLargePods : plan.pods;
  std::uint64_t next_address = std::uint64_t{plan.nodes.base} + kFirstNodeHost;
  std::uint64_t next_block = pods.base;
  for (ClusterNode& node : cluster.nodes) {
    if (!node.ip) {
      while (taken_addresses.contains(static_cast<std::uint32_t>(next_address))) ++next_address;
      if (!plan.nodes.contains(static_cast<std::uint32_t>(next_address))) {
        report(diagnostics, node.mark, object_name("Node", {}, node.name), {},
               fmt::format("no address is left for the node in {}", to_string(plan.nodes)));
        return;
      }
      node.ip = IpAddress::v4(static_cast<std::uint32_t>(next_address++));
    }
    if (!node.pod_cidr) {
      while (taken_blocks.contains(static_cast<std::uint32_t>(next_block))) next_block += 1u << (32 - kNodeMask);
      if (!pods.contains(static_cast<std::uint32_t>(next_block))) {
        report(diagnostics, node.mark, object_name("Node", {}, node.name), {},
               fmt::format("no pod CIDR is left for the node in {}", to_string(pods)));
        return;
      }
      node.pod_cidr = Cidr{static_cast<std::uint32_t>(next_block), kNodeMask};
      next_block += 1u << (32 - kNodeMask);
    }
  }
}

void assign_pods(Cluster& cluster, Diagnostics& diagnostics) {
  std::unordered_set<std::uint32_t> taken;
  for (const Pod& pod : cluster.pods) {
    if (pod.ip && pod.ip.family() == IpFamily::V4) taken.insert(pod.ip.v4_value());
  }
  std::vector<std::uint64_t> next(cluster.nodes.size(), 0);
  std::vector<bool> full(cluster.nodes.size(), false);
  for (Pod& pod : cluster.pods) {
    if (pod.ip || pod.node == kNoIndex) continue;
    const ClusterNode& node = cluster.nodes[pod.node];
    if (cluster.spec(pod).host_network) {
      pod.ip = node.ip;
      pod.secondary_ip = node.secondary_ip;
      continue;
    }
    if (!node.pod_cidr) continue;  // Reported by assign_nodes.
    std::uint64_t& at = next[pod.node];
    if (at == 0) at = std::uint64_t{node.pod_cidr->base} + 2;
    const std::uint64_t broadcast = node.pod_cidr->base + node.pod_cidr->size() - 1;
    while (at < broadcast && taken.contains(static_cast<std::uint32_t>(at))) ++at;
    if (at < broadcast) {
      pod.ip = IpAddress::v4(static_cast<std::uint32_t>(at++));
    } else if (!full[pod.node]) {
      full[pod.node] = true;
      report(diagnostics, node.mark, object_name("Node", {}, node.name), "spec.podCIDR",
             fmt::format("{} has no address left for pod {}/{}", to_string(*node.pod_cidr), pod.ns, pod.name));
    }
  }
}

void assign_cluster_ips(Cluster& cluster, const AddressPlan& plan, Diagnostics& diagnostics) {
  std::map<IpAddress, ServiceIndex> taken;
  for (ServiceIndex i = 0; i < cluster.services.size(); ++i) {
    const Service& service = cluster.services[i];
    for (const IpAddress& address : service.cluster_ips) {
      const auto [owner, added] = taken.try_emplace(address, i);
      if (added || owner->second == i) continue;
      const Service& other = cluster.services[owner->second];
      report(diagnostics, service.mark, object_name("Service", service.ns, service.name), "spec.clusterIP",
             fmt::format("{} is the address of Service {}/{} already", to_string(address), other.ns, other.name));
    }
  }
  const std::uint64_t band = plan.services.size() > 2 * kServiceStaticBand ? kServiceStaticBand : 1;
  std::uint64_t next = plan.services.base + band;
  for (ServiceIndex i = 0; i < cluster.services.size(); ++i) {
    Service& service = cluster.services[i];
    if (service.headless || service.type == ServiceType::ExternalName || !service.cluster_ips.empty()) continue;
    while (taken.contains(IpAddress::v4(static_cast<std::uint32_t>(next)))) ++next;
    if (next + 1 >= plan.services.base + plan.services.size()) {
      report(diagnostics, service.mark, object_name("Service", service.ns, service.name), "spec.clusterIP",
             fmt::format("no ClusterIP is left in {}", to_string(plan.services)));
      return;
    }
    service.cluster_ips = {IpAddress::v4(static_cast<std::uint32_t>(next++))};
  }
}

void assign_node_ports(Cluster& cluster, Diagnostics& diagnostics) {
  using Key = std::pair<std::uint16_t, Protocol>;
  std::map<Key, ServicePortIndex> taken;
  const auto owner_name = [&](ServicePortIndex port) {
    const Service& owner = cluster.services[cluster.service_ports[port].service];
    return object_name("Service", owner.ns, owner.name);
  };
  for (ServicePortIndex i = 0; i < cluster.service_ports.size(); ++i) {
    const ServicePort& port = cluster.service_ports[i];
    if (port.node_port == 0) continue;
    const auto [owner, added] = taken.try_emplace({port.node_port, port.protocol}, i);
    if (added) continue;
    const Service& service = cluster.services[port.service];
    report(diagnostics, port.mark, owner_name(i), fmt::format("spec.ports[{}].nodePort", i - service.first_port),
           fmt::format("nodePort {}/{} belongs to {} already", port.node_port, to_string(port.protocol),
                       owner_name(owner->second)));
  }
  std::uint32_t next = kFirstNodePort + kNodePortStaticBand;
  bool wrapped = false;
  for (ServicePortIndex i = 0; i < cluster.service_ports.size(); ++i) {
    ServicePort& port = cluster.service_ports[i];
    const ServiceType type = cluster.services[port.service].type;
    if (port.node_port != 0 || (type != ServiceType::NodePort && type != ServiceType::LoadBalancer)) continue;
    while (taken.contains({static_cast<std::uint16_t>(next), port.protocol}) || next > kLastNodePort) {
      if (next > kLastNodePort && !wrapped) {
        wrapped = true;
        next = kFirstNodePort;  // The static band is used when the other is full.
      } else if (next > kLastNodePort) {
        report(diagnostics, port.mark, owner_name(i), {},
               fmt::format("no NodePort is left in {}-{}", kFirstNodePort, kLastNodePort));
        return;
      } else {
        ++next;
      }
    }
    port.node_port = static_cast<std::uint16_t>(next++);
  }
}

}  // namespace

void assign_addresses(Cluster& cluster, const AddressPlan& plan, Diagnostics& diagnostics) {
  assign_nodes(cluster, plan, diagnostics);
  assign_pods(cluster, diagnostics);
  assign_cluster_ips(cluster, plan, diagnostics);
  assign_node_ports(cluster, diagnostics);
}

}  // namespace knetsim
