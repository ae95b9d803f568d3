#include "models/control/node_balancer.h"

#include <algorithm>
#include <utility>

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

NodeBalancer::NodeBalancer(const Cluster& cluster, const EndpointViews& endpoints,
                           std::span<const ServiceIndex> services)
    : nodes_(static_cast<std::uint32_t>(cluster.members().size())) {
  for (const ServiceIndex service : services) {
    std::vector<NodeIndex> healthy;
    for (NodeIndex node = 0; node < nodes_; ++node) {
      if (answers_health_check(cluster, endpoints.at(node), service, node)) healthy.push_back(node);
    }
    healthy_.insert_or_assign(service, std::move(healthy));
  }
}

NodeIndex NodeBalancer::node_for(ServiceIndex service, const FiveTuple& tuple) const {
  const auto found = healthy_.find(service);
  KNETSIM_ENSURE(found != healthy_.end());
  const std::vector<NodeIndex>& healthy = found->second;
  const std::uint64_t hash = flow_hash(tuple);
  if (healthy.empty()) return static_cast<NodeIndex>(hash % nodes_);
  return healthy[hash % healthy.size()];
}

std::vector<ServiceIndex> NodeBalancer::services() const {
  std::vector<ServiceIndex> services;
  for (const auto& [service, healthy] : healthy_) services.push_back(service);
  return services;
}

bool NodeBalancer::is_healthy(ServiceIndex service, NodeIndex node) const {
  return std::ranges::binary_search(healthy_.at(service), node);
}

void NodeBalancer::set(ServiceIndex service, NodeIndex node, bool healthy) {
  std::vector<NodeIndex>& nodes = healthy_.at(service);
  const auto place = std::ranges::lower_bound(nodes, node);
  const bool known = place != nodes.end() && *place == node;
  if (healthy && !known) nodes.insert(place, node);
  if (!healthy && known) nodes.erase(place);
}

}  // namespace knetsim
