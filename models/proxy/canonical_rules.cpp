#include "models/proxy/canonical_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "sim/core/ensure.h"

namespace knetsim {
namespace {

constexpr Ipv4 kFirstClusterIp = ipv4(10, 96, 0, 10);
constexpr Ipv4 kExternalIp = ipv4(203, 0, 113, 1);
constexpr Ipv4 kPodOfContainers = ipv4(10, 244, 1, 100);
constexpr std::uint16_t kEndpointPort = 8'000;

}  // namespace

CanonicalNode::CanonicalNode(const RuleWriter& write, const CanonicalService& service, const Mix& mix,
                             Transport containers, IptablesBackend backend)
    : mix_(mix) {
  for (std::uint32_t i = 0; i < mix.endpoints; ++i) {
    // Endpoints in the hosts' network are told apart by their ports.
    const Ipv4 address =
        service.host_network ? (service.here ? kNode : kThirdNode) : ipv4(10, 244, service.here ? 1 : 2, 10) + i;
    endpoints_.push_back({address, static_cast<std::uint16_t>(kEndpointPort + i), service.here});
  }
  if (service.one_here) endpoints_.push_back({ipv4(10, 244, 1, 20), kEndpointPort, true});
  std::vector<HostPortSpec> with_ports;
  for (std::uint32_t i = 0; i < mix.containers_before + 1 + mix.containers_after; ++i) {
    with_ports.push_back({.container = "c" + std::to_string(i),
                          .address = kPodOfContainers + i,
                          .mappings = {{containers, static_cast<std::uint16_t>(kHostPort + 1 + i), kPort}}});
  }
  // Each is written in front of those before it.
  with_ports[mix.containers_after].mappings[0].host_port = kHostPort;
  NodeSpec node{.primary_address = kNode};
  const auto add_branch = [&](std::string_view last, std::uint32_t mates) {
    for (std::uint32_t i = 0; i < mates; ++i) node.pod_devices.push_back(fmt::format("{}{:010}", last.substr(0, 5), i));
    node.pod_devices.emplace_back(last);
  };
  add_branch(kClientDevice, mix.client_mates);
  add_branch(kServerDevice, mix.server_mates);
  rules_ = std::make_unique<Ruleset>(write(node, services(service), with_ports));
  std::vector<Ipv4> local = {kNode};
  for (const auto& [name, set] : rules_->ip_sets) {
    if (name != "KUBE-IPVS-IPS") continue;  // addresses of the node's own device
    for (const ServiceKey& member : set.members) local.push_back(member.address);
  }
  interpreter_ = std::make_unique<RulesetInterpreter>(*rules_, std::move(local), backend);
  set_symbols(service);
}

Ipv4 CanonicalNode::cluster_ip() const { return kFirstClusterIp; }

Ipv4 CanonicalNode::external_ip() const { return kExternalIp; }

EndpointSpec CanonicalNode::host_port_endpoint() const {
  return {kPodOfContainers + mix_.containers_after, kPort, true};
}

std::vector<ServicePortSpec> CanonicalNode::services(const CanonicalService& asked) const {
  std::vector<ServicePortSpec> all;
  const auto add = [&](std::uint32_t count, const ServicePortSpec& like, bool node_port, bool alive) {
    for (std::uint32_t i = 0; i < count; ++i) {
      ServicePortSpec one = like;
      const auto number = static_cast<std::uint32_t>(all.size() + 1);
      one.name = "s" + std::to_string(number);
      one.cluster_ip = kFirstClusterIp + number;
      one.port = kPort;
      if (node_port) one.node_port = static_cast<std::uint16_t>(kNodePort + number);
      if (alive) one.endpoints = {{ipv4(10, 244, 1, 50) + number, kPort, true}};
      for (Ipv4& address : one.external_ips) address += number;
      for (Ipv4& address : one.load_balancer_ips) address += number;
      all.push_back(std::move(one));
    }
  };
  const ServicePortSpec tcp;
  const ServicePortSpec udp{.transport = Transport::Udp};
  add(mix_.plain_before, tcp, false, true);
  add(mix_.tcp_before, tcp, true, true);
  add(mix_.udp_before, udp, true, true);
  ServicePortSpec own{.name = "asked",
                      .transport = asked.transport,
                      .cluster_ip = kFirstClusterIp,
                      .port = kPort,
                      .endpoints = endpoints_,
                      .internal_local = asked.internal_local,
                      .external_local = asked.external_local,
                      .affinity_seconds = asked.affinity ? 10'800 : 0};
  own.node_port = asked.node_port ? kNodePort : std::uint16_t{0};
  if (asked.external_ip) (asked.load_balancer ? own.load_balancer_ips : own.external_ips) = {kExternalIp};
  if (asked.firewalled) {
    for (std::uint32_t i = 0; i < mix_.ranges_before; ++i) own.source_ranges.push_back({ipv4(198, 51, 100, 0) + i, 32});
    own.source_ranges.push_back({0, 0});  // the client's
  }
  all.push_back(std::move(own));
  add(mix_.plain_after, tcp, false, true);
  add(mix_.tcp_after, tcp, true, true);
  add(mix_.udp_after, udp, true, true);
  add(mix_.local_tcp, {.external_local = true}, true, true);
  add(mix_.local_udp, {.transport = Transport::Udp, .external_local = true}, true, true);
  add(mix_.dead, tcp, false, false);
  add(mix_.dead_tcp, tcp, true, false);
  add(mix_.dead_udp, udp, true, false);
  add(mix_.dead_external, {.external_ips = {ipv4(203, 0, 113, 10)}}, false, false);
  const std::vector<Ipv4> address = {ipv4(203, 0, 113, 10)};
  add(mix_.external, {.external_ips = address}, false, true);
  add(mix_.local_external, {.external_local = true, .external_ips = address}, false, true);
  add(mix_.balanced, {.load_balancer_ips = address}, false, true);
  add(mix_.local_balanced, {.external_local = true, .load_balancer_ips = address}, false, true);
  add(mix_.firewalled, {.load_balancer_ips = address, .source_ranges = {{ipv4(198, 51, 100, 0), 24}}}, false, true);
  add(mix_.open_firewalled, {.load_balancer_ips = address, .source_ranges = {{kNode, 32}}}, false, true);
  return all;
}

void CanonicalNode::set_symbols(const CanonicalService& asked) {
  const auto set = [&](Symbol symbol, std::uint32_t value) { symbols_[symbol_index(symbol)] = value; };
  const bool tcp = asked.transport == Transport::Tcp;
  const std::uint32_t own_tcp = asked.node_port && tcp ? 1 : 0;
  const std::uint32_t own_udp = asked.node_port && !tcp ? 1 : 0;
  const std::uint32_t own_external = asked.external_ip ? 1 : 0;
  const std::uint32_t in_front = mix_.tcp_before + mix_.udp_before;
  const std::uint32_t tcp_ports = own_tcp + mix_.tcp_before + mix_.tcp_after + mix_.local_tcp;
  const std::uint32_t udp_ports = own_udp + mix_.udp_before + mix_.udp_after + mix_.local_udp;
  // Where the policy is Local and the node has none of its endpoints, the Service itself is one that is refused.
  const bool none_here = !asked.here && !asked.one_here;
  const std::uint32_t refused_inside = asked.internal_local && none_here ? 1 : 0;
  const bool refused_outside = asked.external_local && none_here;
  const std::uint32_t firewalled = mix_.firewalled + mix_.open_firewalled;
  const std::uint32_t balanced = mix_.balanced + mix_.local_balanced + firewalled;
  const std::uint32_t external = mix_.external + mix_.local_external;
  symbols_[0] = 1;
  // Behind its own rule for the cluster IP.
  set(Symbol::ServicePosition, mix_.plain_before + in_front + 1 + (own_external > refused_inside ? 1 : 0));
  if (asked.firewalled) set(Symbol::SourceRange, mix_.ranges_before + 1);
  if (asked.node_port) {
    set(Symbol::NodePortPosition, in_front + 1);
    set(Symbol::NodePortsAlike, (tcp ? mix_.tcp_before : mix_.udp_before) + 1);
  }
  set(Symbol::EndpointIndex, mix_.chosen + 1);
  const auto endpoints = static_cast<std::uint32_t>(endpoints_.size());
  set(Symbol::EndpointDraws, std::min(mix_.chosen + 1, endpoints - 1));
  set(Symbol::Endpoints, endpoints);
  set(Symbol::HostPortPosition, mix_.containers_before + 1);
  set(Symbol::ServicesRules, 1 - refused_inside + own_external + mix_.plain_before + mix_.plain_after + tcp_ports -
                                 own_tcp + udp_ports - own_udp + 2 * (external + balanced));
  set(Symbol::TcpNodePorts, tcp_ports);
  set(Symbol::UdpNodePorts, udp_ports);
  set(Symbol::WithoutEndpoints, refused_inside + mix_.dead + mix_.dead_tcp + mix_.dead_udp + mix_.dead_external);
  set(Symbol::RefusedAddresses, mix_.dead_external + (refused_outside ? own_external : 0));
  set(Symbol::RefusedTcpNodePorts, mix_.dead_tcp + (refused_outside ? own_tcp : 0));
  set(Symbol::RefusedUdpNodePorts, mix_.dead_udp + (refused_outside ? own_udp : 0));
  set(Symbol::HostPortContainers, mix_.containers_before + 1 + mix_.containers_after);
  set(Symbol::HostPortPlugin, 1);
  set(Symbol::FirewalledAddresses, firewalled + (asked.firewalled ? 1 : 0));
  set(Symbol::ClientDispatch, 1 + mix_.client_mates + 1);  // the first of two branches
  set(Symbol::ServerDispatch, 2 + mix_.server_mates + 1);
  if (!has_service_sets()) return;
  const auto any = [&](Symbol symbol, std::uint32_t count) { set(symbol, count > 0 ? 1 : 0); };
  any(Symbol::TcpNodePortSets, tcp_ports + mix_.dead_tcp);
  any(Symbol::UdpNodePortSets, udp_ports + mix_.dead_udp);
  any(Symbol::LocalTcpNodePortSets, mix_.local_tcp + (asked.external_local ? own_tcp : 0));
  any(Symbol::LocalUdpNodePortSets, mix_.local_udp + (asked.external_local ? own_udp : 0));
  const std::uint32_t own_balanced = asked.load_balancer ? own_external : 0;
  const std::uint32_t own_ip = own_external - own_balanced;
  any(Symbol::ExternalIpSets, mix_.dead_external + mix_.external + (asked.external_local ? 0 : own_ip));
  any(Symbol::LocalExternalIpSets, mix_.local_external + (asked.external_local ? own_ip : 0));
  any(Symbol::LoadBalancerSets, balanced + own_balanced);
  any(Symbol::LocalLoadBalancerSets, mix_.local_balanced + (asked.external_local ? own_balanced : 0));
  any(Symbol::FirewalledLoadBalancers, firewalled + (asked.firewalled ? 1 : 0));
  set(Symbol::ClosedAddresses, mix_.firewalled);
}

CanonicalNodes::CanonicalNodes(const RuleWriter& write, const CanonicalService& service, Transport containers,
                               IptablesBackend backend, const SpecialAddresses& special) {
  using Mix = CanonicalNode::Mix;
  const auto add = [&](const Mix& mix) {
    nodes_.emplace_back(write, service, mix, containers, backend);
    return nodes_.size() - 1;
  };
  const std::size_t base = add({});
  const auto learn = [&](Symbol symbol, const Mix& mix, std::size_t against) {
    const std::size_t node = add(mix);
    const auto value = [&](std::size_t of) { return nodes_[of].symbols()[symbol_index(symbol)]; };
    // The Service that is asked may fix a symbol: what its own node port makes sure of is no size of the node.
    const bool differs = value(node) != value(against);
    if (differs) lessons_.push_back({symbol, node, against});
    return differs;
  };
  learn(Symbol::ServicesRules, {.plain_after = 2}, base);
  learn(Symbol::ServicePosition, {.plain_before = 2}, base);
  learn(Symbol::EndpointIndex, {.chosen = 2}, base);  // the last: as many draws as for the one in front of it
  learn(Symbol::EndpointDraws, {.chosen = 0}, base);
  learn(Symbol::Endpoints, {.endpoints = 4}, base);
  learn(Symbol::HostPortContainers, {.containers_after = 2}, base);
  learn(Symbol::HostPortPosition, {.containers_before = 2}, base);
  const std::size_t one_tcp = add({.tcp_after = 1});
  learn(Symbol::TcpNodePorts, {.tcp_after = 2}, one_tcp);
  const std::size_t one_udp = add({.udp_after = 1});
  learn(Symbol::UdpNodePorts, {.udp_after = 2}, one_udp);
  if (nodes_[base].has_service_sets()) {
    const auto set = [&](Symbol symbol, std::size_t node) {
      if (nodes_[node].symbols()[symbol_index(symbol)] != nodes_[base].symbols()[symbol_index(symbol)]) {
        lessons_.push_back({symbol, node, base});
      }
    };
    set(Symbol::TcpNodePortSets, one_tcp);
    set(Symbol::UdpNodePortSets, one_udp);
    learn(Symbol::LocalTcpNodePortSets, {.local_tcp = 1}, base);
    learn(Symbol::LocalUdpNodePortSets, {.local_udp = 1}, base);
    if (special.external_ips) {
      learn(Symbol::ExternalIpSets, {.external = 1}, base);
      learn(Symbol::LocalExternalIpSets, {.local_external = 1}, base);
    }
    if (special.load_balancers) {
      learn(Symbol::LoadBalancerSets, {.balanced = 1}, base);
      learn(Symbol::LocalLoadBalancerSets, {.local_balanced = 1}, base);
    }
  }
  if (service.node_port) {
    const bool tcp = service.transport == Transport::Tcp;
    const Mix other = tcp ? Mix{.udp_before = 1} : Mix{.tcp_before = 1};
    const Mix alike = tcp ? Mix{.tcp_before = 1} : Mix{.udp_before = 1};
    learn(Symbol::NodePortPosition, other, base);
    learn(Symbol::NodePortsAlike, alike, base);
  }
  learn(Symbol::WithoutEndpoints, {.dead = 1}, base);
  learn(Symbol::RefusedAddresses, {.dead_external = 2}, add({.dead_external = 1}));
  learn(Symbol::RefusedTcpNodePorts, {.dead_tcp = 1}, base);
  learn(Symbol::RefusedUdpNodePorts, {.dead_udp = 1}, base);
  if (special.felix) {
    learn(Symbol::ClientDispatch, {.client_mates = 2}, base);
    learn(Symbol::ServerDispatch, {.server_mates = 2}, base);
  }
  if (service.firewalled) learn(Symbol::SourceRange, {.ranges_before = 2}, base);
  if (!special.firewalled) return;
  learn(Symbol::FirewalledAddresses, {.open_firewalled = 2}, add({.open_firewalled = 1}));
  if (!nodes_[base].has_service_sets()) return;
  const std::size_t one_closed = add({.firewalled = 1});
  learn(Symbol::ClosedAddresses, {.firewalled = 2}, one_closed);
  learn(Symbol::FirewalledLoadBalancers, {.firewalled = 1}, base);
}

Count CanonicalNodes::linear(std::span<const double> values) const {
  Count count = 0;
  SymbolValues known{};
  const auto explained = [&](std::size_t node) {
    double sum = 0;
    for (std::size_t i = 1; i < known.size(); ++i) sum += known[i] * nodes_[node].symbols()[i];
    return sum;
  };
  for (const Lesson& lesson : lessons_) {
    const std::size_t index = symbol_index(lesson.symbol);
    const double difference = values[lesson.node] - values[lesson.against];
    const double step = nodes_[lesson.node].symbols()[index] - nodes_[lesson.against].symbols()[index];
    known[index] = (difference - explained(lesson.node) + explained(lesson.against)) / step;
    KNETSIM_ENSURE(std::abs(known[index] - std::round(known[index])) < 1e-9, "rules are counted whole");
    if (known[index] != 0) count.add(lesson.symbol, known[index]);
  }
  count.fixed = values[0] - explained(0);
  return count;
}

}  // namespace knetsim
