#include "models/cluster/addresses.h"

#include <fmt/format.h>

#include <set>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

namespace knetsim {
namespace {

constexpr std::uint8_t kNodeMask = 24;       // kube-controller-manager, --node-cidr-mask-size
constexpr Cidr kLargePods{0x0a800000, 9};    // 10.128.0.0/9: 32,768 blocks of a /24
constexpr Cidr kLargeNodes{0xac100000, 12};  // 172.16.0.0/12
constexpr std::uint8_t kSmallestBlock = 26;
static_assert(kLargePods.size() >> (32 - kSmallestBlock) >= kMostNodes);
constexpr std::uint32_t kFirstNodeHost = 10;       // Leaves room for a gateway, as most networks do.
constexpr std::uint64_t kServiceStaticBand = 256;  // min(max(16, size/16), 256), KEP-3070
constexpr std::uint16_t kNodePortStaticBand = 86;  // min(max(16, size/32), 128) of 2,768 ports, KEP-3668

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
  }
  const std::size_t count = cluster.nodes.size();
  const Cidr nodes = count + kFirstNodeHost < plan.nodes.size() ? plan.nodes : kLargeNodes;
  const Cidr pods = count > plan.pods.size() >> (32 - kNodeMask) ? kLargePods : plan.pods;
  std::uint8_t mask = kNodeMask;
  while (mask < kSmallestBlock && count > pods.size() >> (32 - mask)) ++mask;
  const std::uint64_t block = std::uint64_t{1} << (32 - mask);
  for (const ClusterNode& node : cluster.nodes) {
    if (!node.pod_cidr) continue;
    const std::uint64_t end = std::uint64_t{node.pod_cidr->base} + node.pod_cidr->size();
    for (std::uint64_t at = node.pod_cidr->base & ~(block - 1); at < end; at += block) {
      taken_blocks.insert(static_cast<std::uint32_t>(at));
    }
  }
  std::uint64_t next_address = std::uint64_t{nodes.base} + kFirstNodeHost;
  std::uint64_t next_block = pods.base;
  for (ClusterNode& node : cluster.nodes) {
    if (!node.ip) {
      while (taken_addresses.contains(static_cast<std::uint32_t>(next_address))) ++next_address;
      if (!nodes.contains(static_cast<std::uint32_t>(next_address))) {
        report(diagnostics, node.mark, object_label("Node", {}, node.name), {},
               fmt::format("no address is left for the node in {}", to_string(nodes)));
        return;
      }
      node.ip = IpAddress::v4(static_cast<std::uint32_t>(next_address++));
    }
    if (!node.pod_cidr) {
      while (taken_blocks.contains(static_cast<std::uint32_t>(next_block))) next_block += block;
      if (!pods.contains(static_cast<std::uint32_t>(next_block))) {
        report(diagnostics, node.mark, object_label("Node", {}, node.name), {},
               fmt::format("no pod CIDR is left for the node in {}", to_string(pods)));
        return;
      }
      node.pod_cidr = Cidr{static_cast<std::uint32_t>(next_block), mask};
      next_block += block;
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
      report(diagnostics, node.mark, object_label("Node", {}, node.name), "spec.podCIDR",
             fmt::format("{} has no address left for {}", to_string(*node.pod_cidr),
                         object_label("Pod", pod.ns, pod.name)));
    }
  }
}

void assign_cluster_ips(Cluster& cluster, const AddressPlan& plan, Diagnostics& diagnostics) {
  std::set<IpAddress> taken;
  for (const Service& service : cluster.services) taken.insert(service.cluster_ips.begin(), service.cluster_ips.end());
  const std::uint64_t band = plan.services.size() > 2 * kServiceStaticBand ? kServiceStaticBand : 1;
  std::uint64_t next = plan.services.base + band;
  for (Service& service : cluster.services) {
    if (service.headless || service.type == ServiceType::ExternalName || !service.cluster_ips.empty()) continue;
    if (!serves(service, IpFamily::V4)) continue;  // Of IPv6 alone: no traffic of it is simulated.
    while (taken.contains(IpAddress::v4(static_cast<std::uint32_t>(next)))) ++next;
    if (next + 1 >= plan.services.base + plan.services.size()) {
      report(diagnostics, service.mark, object_label("Service", service.ns, service.name), "spec.clusterIP",
             fmt::format("no ClusterIP is left in {}", to_string(plan.services)));
      return;
    }
    service.cluster_ips = {IpAddress::v4(static_cast<std::uint32_t>(next++))};
  }
}

void assign_node_ports(Cluster& cluster, Diagnostics& diagnostics) {
  std::set<std::pair<std::uint16_t, Protocol>> taken;
  for (const ServicePort& port : cluster.service_ports) taken.insert({port.node_port, port.protocol});
  std::uint32_t next = kFirstNodePort + kNodePortStaticBand;
  bool wrapped = false;
  for (ServicePort& port : cluster.service_ports) {
    const ServiceType type = cluster.services[port.service].type;
    const bool balanced = type == ServiceType::LoadBalancer && cluster.services[port.service].allocate_node_ports;
    if (port.node_port != 0 || (type != ServiceType::NodePort && !balanced)) continue;
    while (taken.contains({static_cast<std::uint16_t>(next), port.protocol}) || next > kLastNodePort) {
      if (next > kLastNodePort && !wrapped) {
        wrapped = true;
        next = kFirstNodePort;  // The static band is used when the other is full.
      } else if (next > kLastNodePort) {
        const Service& service = cluster.services[port.service];
        report(diagnostics, port.mark, object_label("Service", service.ns, service.name), {},
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

void assign_load_balancer_ips(Cluster& cluster, const Cidr& pool, Diagnostics& diagnostics) {
  std::unordered_set<std::uint32_t> taken;
  for (const Service& service : cluster.services) {
    for (const IpAddress& ip : service.load_balancer_ips) {
      if (ip.family() == IpFamily::V4) taken.insert(ip.v4_value());
    }
    if (service.requested_ip && service.requested_ip.family() == IpFamily::V4)
      taken.insert(service.requested_ip.v4_value());
  }
  std::uint64_t next = std::uint64_t{pool.base} + 1;
  for (Service& service : cluster.services) {
    if (service.type != ServiceType::LoadBalancer || !service.load_balancer_class.empty()) continue;
    if (service.load_balancer_known || !serves(service, IpFamily::V4)) continue;
    const std::string label = object_label("Service", service.ns, service.name);
    if (service.requested_ip) {
      if (service.requested_ip.family() != IpFamily::V4 || !pool.contains(service.requested_ip.v4_value())) {
        report(diagnostics, service.mark, label, "spec.loadBalancerIP",
               fmt::format("{} is outside of the load balancer's pool {}", to_string(service.requested_ip),
                           to_string(pool)));
      }
      service.load_balancer_ips.push_back(service.requested_ip);
      continue;
    }
    while (taken.contains(static_cast<std::uint32_t>(next))) ++next;
    if (next >= pool.base + pool.size()) {
      report(diagnostics, service.mark, label, {},
             fmt::format("no address is left for it in the pool {}", to_string(pool)));
      return;
    }
    service.load_balancer_ips.push_back(IpAddress::v4(static_cast<std::uint32_t>(next++)));
  }
}

void assign_addresses(Cluster& cluster, const AddressPlan& plan, Diagnostics& diagnostics) {
  assign_nodes(cluster, plan, diagnostics);
  assign_pods(cluster, diagnostics);
  assign_cluster_ips(cluster, plan, diagnostics);
  assign_node_ports(cluster, diagnostics);
}

}  // namespace knetsim
