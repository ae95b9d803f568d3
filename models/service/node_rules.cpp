#include "models/service/node_rules.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "models/service/service_policies.h"

namespace knetsim {
namespace {

/// Calls `visit` once for each node that has one of these endpoints.
class NodesOf {
 public:
  explicit NodesOf(std::size_t nodes) : seen_(nodes, 0) {}

  template <class Visit>
  void each(std::span<const Endpoint> endpoints, const Visit& visit) {
    ++turn_;
    for (const Endpoint& endpoint : endpoints) {
      if (endpoint.node == kNoIndex || seen_[endpoint.node] == turn_) continue;
      seen_[endpoint.node] = turn_;
      visit(endpoint.node);
    }
  }

 private:
  std::vector<std::uint32_t> seen_;  // shape (nodes,): the turn in which each was visited last
  std::uint32_t turn_ = 0;
};

void count_host_ports(const Cluster& cluster, std::vector<RuleSizes>& sizes) {
  for (const Pod& pod : cluster.pods) {
    const PodSpec& spec = cluster.spec(pod);
    if (spec.host_network || pod.later) continue;
    for (const Container& container : spec.containers) {
      if (std::ranges::any_of(container.ports, [](const ContainerPort& port) { return port.host_port != 0; })) {
        ++sizes[pod.node].host_port_containers;
      }
    }
  }
}

void count_policy_pods(const Cluster& cluster, std::vector<RuleSizes>& sizes) {
  if (cluster.network_policies.empty()) return;
  for (const Pod& pod : cluster.member_pods()) {
    if (!cluster.spec(pod).host_network && !pod.later) ++sizes[pod.node].policy_pods;
  }
}

/// kube-proxy's IPv4 half has no rules for a Service of IPv6 alone (k/k pkg/proxy/config, ServiceConfig by family).
bool has_rules(const Service& service) {
  return !service.headless && service.type != ServiceType::ExternalName && serves(service, IpFamily::V4);
}

/// Ready endpoints that a node has no rules for, since hints mean them for others: as many on every node of a zone, but
/// for those nodes that hints name, or that have an endpoint of their own which their policy Local keeps all the same.
class MeantForOthers {
 public:
  explicit MeantForOthers(const Cluster& cluster)
      : cluster_(cluster), of_zone_(cluster.zones.size(), 0), of_node_(cluster.nodes.size(), 0) {}

  void add(const HintedEndpoints& hinted, std::span<const Endpoint> ready, HintsRead read, bool uses_local) {
    const auto all = static_cast<std::int64_t>(ready.size());
    for (const HintedEndpoints::Group& zone : hinted.by_zone()) of_zone_[zone.key] += all - zone.count;
    if (read == HintsRead::ZonesAndNodes) {
      for (const HintedEndpoints::Group& node : hinted.by_node()) {
        const auto by_zone = hinted.kept(cluster_.place(node.key), HintsRead::Zones);
        of_node_[node.key] +=
            all - node.count - (by_zone.empty() ? 0 : all - static_cast<std::int64_t>(by_zone.size()));
      }
    }
    if (!uses_local) return;
    // A node's own that are not meant for it: all of its own, but for those that it keeps.
    for (const Endpoint& one : ready) {
      if (one.node != kNoIndex && !hinted.kept(cluster_.place(one.node), read).empty()) --of_node_[one.node];
    }
    const auto keep = [&](const HintedEndpoints::Group& group, bool of_zone) {
      for (const Endpoint& one : hinted.endpoints(group)) {
        if (one.node == kNoIndex) continue;
        const auto kept = hinted.kept(cluster_.place(one.node), read);
        const bool at_home = of_zone ? cluster_.nodes[one.node].zone_index == group.key : one.node == group.key;
        if (at_home && kept.data() == hinted.endpoints(group).data()) ++of_node_[one.node];
      }
    };
    for (const HintedEndpoints::Group& group : hinted.by_zone()) keep(group, true);
    for (const HintedEndpoints::Group& group : hinted.by_node()) keep(group, false);
  }

  std::uint64_t at(NodeIndex node, std::uint64_t all) const {
    const ZoneIndex zone = cluster_.nodes[node].zone_index;
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(all) - of_node_[node] -
                                      (zone == kNoIndex ? 0 : of_zone_[zone]));
  }

 private:
  const Cluster& cluster_;
  std::vector<std::int64_t> of_zone_;  // shape (zones,)
  std::vector<std::int64_t> of_node_;  // shape (nodes,): beside those of its zone
};

/// The node's address in IPv4, by which source ranges know it.
std::optional<std::uint32_t> v4_of(const ClusterNode& node) {
  for (const IpAddress& ip : {node.ip, node.secondary_ip}) {
    if (ip && ip.family() == IpFamily::V4) return ip.v4_value();
  }
  return std::nullopt;
}

/// Load balancers' addresses that each node may not ask, since it is in none of their source ranges. Nodes stand in the
/// order of their addresses, so that a range is a stretch of them, and takes no longer the more they are.
class ClosedAddresses {
 public:
  explicit ClosedAddresses(const Cluster& cluster) : nodes_(cluster.members().size()) {
    for (NodeIndex node = 0; node < nodes_; ++node) {
      if (const auto address = v4_of(cluster.nodes[node])) order_.emplace_back(*address, node);
    }
    std::ranges::sort(order_);
    opened_.assign(order_.size() + 1, 0);
  }

  /// So many addresses that sources of these ranges may ask alone.
  void add(std::span<const Cidr> ranges, std::int64_t addresses) {
    closed_ += addresses;
    sorted_.assign(ranges.begin(), ranges.end());
    std::ranges::sort(sorted_, {}, [](const Cidr& range) { return std::pair(range.base, range.prefix); });
    std::uint64_t end = 0;  // ranges lie within one another, or apart
    for (const Cidr& range : sorted_) {
      if (range.base < end) continue;
      end = range.base + range.size();
      opened_[first_from(range.base)] += addresses;
      opened_[first_from(end)] -= addresses;
    }
  }

  /// By node, shape (nodes,).
  std::vector<std::uint32_t> by_node() const {
    std::vector<std::uint32_t> closed(nodes_, static_cast<std::uint32_t>(closed_));
    std::int64_t open = 0;
    for (std::size_t at = 0; at < order_.size(); ++at) {
      open += opened_[at];
      closed[order_[at].second] = static_cast<std::uint32_t>(closed_ - open);
    }
    return closed;
  }

 private:
  std::size_t first_from(std::uint64_t address) const {
    const auto from =
        std::ranges::lower_bound(order_, address, {}, [](const auto& one) -> std::uint64_t { return one.first; });
    return static_cast<std::size_t>(from - order_.begin());
  }

  std::size_t nodes_;
  std::int64_t closed_ = 0;                                 // addresses, as if no node were in a range
  std::vector<std::pair<std::uint32_t, NodeIndex>> order_;  // of nodes with an address in IPv4
  std::vector<std::int64_t> opened_;                        // addresses that are open from this place in it on
  std::vector<Cidr> sorted_;
};

}  // namespace

std::uint64_t known_endpoints(const Cluster& cluster, const EndpointView& view, const BackgroundServices& background) {
  std::uint64_t known = std::uint64_t{background.services} * background.endpoints_per_service;
  for (ServicePortIndex index = 0; index < cluster.service_ports.size(); ++index) {
    if (has_rules(cluster.services[cluster.service_ports[index].service])) known += view.endpoints(index).size();
  }
  return known;
}

std::vector<RuleSizes> rule_sizes(const Cluster& cluster, const EndpointView& view,
                                  const BackgroundServices& background, const ProxyModel& proxy) {
  RuleSizes common;  // as if no node had an endpoint of a Service whose policy is Local
  common.service_ports = background.services;
  common.endpoints = std::uint64_t{background.services} * background.endpoints_per_service;
  std::uint32_t addresses_in_rules = 0;
  std::vector<RuleSizes> sizes(cluster.nodes.size());  // of machines outside: none
  ClosedAddresses closed(cluster);
  NodesOf nodes(cluster.nodes.size());
  MeantForOthers others(cluster);
  /// What a node that has an endpoint has less of refusals, to be taken off the common part.
  std::vector<RuleSizes> reached(cluster.nodes.size());
  for (ServicePortIndex index = 0; index < cluster.service_ports.size(); ++index) {
    const ServicePort& port = cluster.service_ports[index];
    const Service& service = cluster.services[port.service];
    if (!has_rules(service)) continue;
    const auto endpoints = view.endpoints(index);
    const OuterAddresses outer = addresses_of(service, IpFamily::V4);
    const std::uint32_t addresses = outer.count();
    const std::uint32_t node_ports = port.node_port != 0 ? 1 : 0;
    const std::uint32_t udp_node_ports = port.protocol == Protocol::Udp ? node_ports : 0;
    ++common.service_ports;
    common.endpoints += endpoints.size();
    if (const auto hinted = view.hinted(index)) {
      const HintsRead read = proxy.hints_read(service);
      const ServicePolicies policies = policies_of(service, port);
      if (read != HintsRead::None && policies.uses_cluster()) {
        others.add(*hinted, endpoints, read, policies.uses_local());
      }
    }
    if (node_ports != 0) {
      (udp_node_ports != 0 ? common.udp_node_port_set : common.tcp_node_port_set) = true;
      if (service.external_traffic_local) {
        (udp_node_ports != 0 ? common.local_udp_node_port_set : common.local_tcp_node_port_set) = true;
      }
    }
    if (outer.external_ips > 0) {
      (service.external_traffic_local ? common.local_external_ip_set : common.external_ip_set) = true;
    }
    const std::uint32_t firewalled = service.source_ranges.empty() ? 0 : outer.load_balancers();
    if (outer.load_balancers() > 0) {
      common.load_balancer_set = true;
      if (service.external_traffic_local) common.local_load_balancer_set = true;
    }
    if (firewalled > 0) {
      common.firewalled_load_balancer_set = true;
      closed.add(service.source_ranges, firewalled);
    }
    if (!endpoints.empty()) {
      addresses_in_rules += addresses;
      common.firewalled_addresses += firewalled;
      common.node_ports += node_ports;
      common.udp_node_ports += udp_node_ports;
    }
    const bool inside = endpoints.empty() || service.internal_traffic_local;
    const bool outside = endpoints.empty() || service.external_traffic_local;
    const auto refuse = [&](RuleSizes& where) {
      if (inside) ++where.without_endpoints;
      if (!outside) return;
      where.external_without_endpoints += addresses + node_ports;
      where.refused_node_ports += node_ports;
      where.refused_udp_node_ports += udp_node_ports;
    };
    if (inside || outside) refuse(common);
    if (!endpoints.empty() && (inside || outside)) {
      nodes.each(view.everywhere(index), [&](NodeIndex node) { refuse(reached[node]); });
    }
  }
  const std::vector<std::uint32_t> closed_to = closed.by_node();
  for (NodeIndex node = 0; node < cluster.members().size(); ++node) {
    RuleSizes& one = sizes[node] = common;
    one.without_endpoints -= reached[node].without_endpoints;
    one.external_without_endpoints -= reached[node].external_without_endpoints;
    one.refused_node_ports -= reached[node].refused_node_ports;
    one.refused_udp_node_ports -= reached[node].refused_udp_node_ports;
    one.endpoints = others.at(node, common.endpoints);
    one.closed_addresses = closed_to[node];
    one.services_rules = addresses_in_rules + one.service_ports - one.without_endpoints;
  }
  count_host_ports(cluster, sizes);
  count_policy_pods(cluster, sizes);
  return sizes;
}

}  // namespace knetsim
