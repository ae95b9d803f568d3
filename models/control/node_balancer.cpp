#include "models/control/node_balancer.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <numeric>
#include <string>
#include <utility>

#include "sim/checksum/sha256.h"
#include "sim/core/ensure.h"

namespace knetsim {

bool answers_health_check(const Cluster& cluster, const EndpointView& view, ServiceIndex index, NodeIndex node) {
  const Service& service = cluster.services[index];
  if (!service.external_traffic_local) return true;
  for (ServicePortIndex port = service.first_port; port < service.first_port + service.port_count; ++port) {
    const auto here = [node](const Endpoint& one) { return one.node == node && one.ready; };
    if (std::ranges::any_of(view.everywhere(port), here)) return true;
  }
  return false;
}

bool announces(const Cluster& cluster, const EndpointView& view, ServiceIndex index, NodeIndex node) {
  const Service& service = cluster.services[index];
  for (ServicePortIndex port = service.first_port; port < service.first_port + service.port_count; ++port) {
    const auto counts = [&](const Endpoint& one) { return !service.external_traffic_local || one.node == node; };
    if (std::ranges::any_of(view.everywhere(port), counts)) return true;
  }
  return false;
}

NodeBalancer::NodeBalancer(const Cluster& cluster, const EndpointViews& endpoints,
                           std::span<const ServiceIndex> services, const LoadBalancerKind& kind)
    : kind_(kind), nodes_(static_cast<std::uint32_t>(cluster.members().size())) {
  for (const ServiceIndex service : services) {
    behind_[service].ranks = ranks(cluster, service);
    for (NodeIndex node = 0; node < nodes_; ++node) {
      const EndpointView view = endpoints.at(node);
      set(service, node,
          kind.checks_health ? answers_health_check(cluster, view, service, node)
                             : announces(cluster, view, service, node));
    }
  }
}

std::vector<std::uint32_t> NodeBalancer::ranks(const Cluster& cluster, ServiceIndex index) const {
  std::vector<NodeIndex> order(nodes_);
  std::iota(order.begin(), order.end(), NodeIndex{0});
  if (kind_.one_node) {
    const OuterAddresses ips = addresses_of(cluster.services[index], IpFamily::V4);
    const std::string address = ips.load_balancers() == 0 ? "" : to_string(ips.all[ips.external_ips]);
    std::vector<std::array<std::byte, 32>> keys;
    for (const ClusterNode& node : cluster.members()) keys.push_back(sha256(std::string(node.name) + "#" + address));
    std::ranges::sort(order, {}, [&](NodeIndex node) { return std::pair(keys[node], node); });
  }
  std::vector<std::uint32_t> ranks(nodes_);
  for (std::uint32_t rank = 0; rank < nodes_; ++rank) ranks[order[rank]] = rank;
  return ranks;
}

NodeIndex NodeBalancer::node_for(ServiceIndex service, const FiveTuple& tuple) const {
  const auto found = behind_.find(service);
  KNETSIM_ENSURE(found != behind_.end());
  if (!kind_.tracks_connections) return node_of(service, path_of(tuple));
  const std::vector<NodeIndex>& nodes = found->second.nodes;
  const std::uint64_t hash = flow_hash(tuple);
  if (!nodes.empty()) return nodes[hash % nodes.size()];
  return kind_.all_where_none ? static_cast<NodeIndex>(hash % nodes_) : kNoIndex;
}

std::uint32_t NodeBalancer::path_of(const FiveTuple& tuple) {
  return std::max(1U, static_cast<std::uint32_t>(flow_hash(tuple)));
}

NodeIndex NodeBalancer::node_of(ServiceIndex service, std::uint32_t path) const {
  const std::vector<NodeIndex>& nodes = behind_.at(service).nodes;
  if (nodes.empty()) return kNoIndex;
  return kind_.one_node ? nodes.front() : nodes[path % nodes.size()];
}

std::vector<ServiceIndex> NodeBalancer::services() const {
  std::vector<ServiceIndex> services;
  for (const auto& [service, behind] : behind_) services.push_back(service);
  return services;
}

bool NodeBalancer::is_healthy(ServiceIndex service, NodeIndex node) const {
  return std::ranges::find(behind_.at(service).nodes, node) != behind_.at(service).nodes.end();
}

void NodeBalancer::set(ServiceIndex service, NodeIndex node, bool healthy) {
  Behind& behind = behind_.at(service);
  const auto rank = [&](NodeIndex one) { return behind.ranks[one]; };
  const auto place = std::ranges::lower_bound(behind.nodes, rank(node), {}, rank);
  const bool known = place != behind.nodes.end() && *place == node;
  if (healthy && !known) behind.nodes.insert(place, node);
  if (!healthy && known) behind.nodes.erase(place);
}

}  // namespace knetsim
