#include "models/service/dialer.h"

#include <algorithm>

#include "models/walk/bindings.h"
#include "sim/core/math.h"

namespace knetsim {
namespace {

constexpr Purpose kIngress("nodeport.node");
constexpr Purpose kServiceOrder("proxy.services.order");
constexpr Purpose kNodePortOrder("proxy.nodeports.order");
constexpr Purpose kPorts("flow.source-port");

constexpr std::uint64_t kOfNodePort = std::uint64_t{1} << 31;  // beside a virtual server's node

// 32768-60999, net.ipv4.ip_local_port_range.
constexpr std::uint32_t kLocalPorts = kLocalPortMax - kLocalPortMin + 1;
// nf_conntrack_udp_timeout, for an entry that has seen no reply, as a tunnel's outer tuples see none.
constexpr Duration kUnrepliedUdpTimeout = std::chrono::seconds(30);

/// By name and not by position: objects that a manifest brings beside it change nothing that is drawn for one.
std::uint64_t name_key(std::string_view ns, std::string_view name) {
  return hash_combine(hash_text(ns), hash_text(name));
}

/// Stands for the pod's address where a flow's hash decides (receive core, ECMP).
std::uint64_t address_key(const Pod& pod) { return name_key(pod.ns, pod.name); }

}  // namespace

ServiceDialer::ServiceDialer(const Cluster& cluster, const EndpointViews& endpoints, std::vector<EdgeTarget> targets,
                             PlanBook& book, const ProxyModel& proxy, RandomStreams streams,
                             const DialerOptions& options)
    : cluster_(cluster),
      targets_(std::move(targets)),
      book_(book),
      proxy_(proxy),
      streams_(streams),
      options_(options),
      reach_(cluster, endpoints, {.cni_masquerades = options.cni_masquerades}),
      chooser_(proxy.make_chooser(streams)) {
  for (const ClusterNode& node : cluster.nodes) node_keys_.push_back(hash_text(node.name));
  for (const ServicePort& port : cluster.service_ports) {
    const Service& service = cluster.services[port.service];
    port_keys_.push_back(hash_combine(name_key(service.ns, service.name),
                                      std::uint64_t{port.port} << 8 | static_cast<std::uint64_t>(port.protocol)));
  }
}

float ServiceDialer::position(NodeIndex node, std::uint64_t rule, Purpose purpose, std::uint32_t of, Time now) const {
  const std::uint64_t sync = options_.sync != nullptr
                                 ? options_.sync->rewrites(node, now)
                                 : ProxySync::rewrites(streams_, node_keys_[node], options_.sync_period, now);
  RngStream draw = streams_.get(purpose.of(node_keys_[node]), hash_combine(rule, sync));
  return static_cast<float>(1 + draw.below(std::max(1u, of)));
}

const RuleSizes& ServiceDialer::sizes_at(NodeIndex node) const {
  static constexpr RuleSizes kNone{};
  return options_.rules != nullptr ? options_.rules->sizes(node) : kNone;
}

std::uint64_t ServiceDialer::virtual_server(EdgeIndex edge, NodeIndex node) const {
  const EdgeTarget& target = targets_[edge];
  const bool node_port = target.exposure == Exposure::NodePort;
  return (std::uint64_t{target.port} << 32) | (node_port ? kOfNodePort : 0) | node;
}

// Rules remember by endpoint, whichever way it was asked for; IPVS by virtual server.
ClientAffinity& ServiceDialer::affinity(EdgeIndex edge, NodeIndex node) {
  const std::uint64_t server = virtual_server(edge, node);
  return affinities_[proxy_.remembers_by_virtual_server() ? server : server & ~kOfNodePort];
}

NewConnection ServiceDialer::connection_of(const Call& call) const {
  NewConnection connection{.id = call.id, .server = virtual_server(call.edge, call.asked)};
  if (!chooser_->reads_addresses()) return connection;
  const EdgeTarget& target = targets_[call.edge];
  const Service& service = cluster_.services[cluster_.service_ports[target.port].service];
  const Pod& client = cluster_.pods[call.client];
  if (target.exposure == Exposure::NodePort) {
    connection.destination = cluster_.nodes[call.asked].ip;
  } else {
    const auto ipv4 = std::ranges::find(service.cluster_ips, IpFamily::V4, &IpAddress::family);
    if (ipv4 != service.cluster_ips.end()) connection.destination = *ipv4;
  }
  switch (reach_.source_at(call.client, call.asked)) {
    case AddressKind::Pod:
    case AddressKind::ClusterIp:
      connection.source = client.ip;
      break;
    case AddressKind::ThisNode:  // what asks for an address of the node itself (kube-ipvs0) takes that as its source
      connection.source = connection.destination;
      break;
    case AddressKind::OtherNode:
      connection.source = cluster_.nodes[client.node].ip;
      break;
  }
  return connection;
}

ServiceDialer::Chosen ServiceDialer::choose(const Call& call, std::span<const Endpoint> endpoints) {
  const std::uint32_t index = chooser_->choose(connection_of(call), endpoints, call.now);
  return {endpoints[index], index, static_cast<std::uint32_t>(endpoints.size())};
}

ServiceDialer::Chosen ServiceDialer::same_again(std::span<const Endpoint> endpoints, PodIndex known) {
  const auto found = std::ranges::find(endpoints, known, &Endpoint::pod);
  if (found == endpoints.end()) return {};  // gone, and its rules with it
  return {*found, static_cast<std::uint32_t>(found - endpoints.begin()), static_cast<std::uint32_t>(endpoints.size())};
}

std::uint64_t ServiceDialer::client_key(PodIndex client, NodeIndex asked) const {
  const bool of_node = reach_.source_at(client, asked) != AddressKind::Pod;
  return of_node ? (std::uint64_t{1} << 32) + cluster_.pods[client].node : client;
}

ServiceDialer::Chosen ServiceDialer::choose_of_service(const Call& call, FlowClass& flow, Dial& dial) {
  const EdgeTarget& target = targets_[call.edge];
  const Service& service = cluster_.services[cluster_.service_ports[target.port].service];
  const ServiceReach::Answer answer = reach_.of(proxy_, target.exposure, target.port, call.client, call.asked);
  flow.local_policy = answer.local_policy;
  flow.local_inside = target.exposure == Exposure::NodePort && service.internal_traffic_local;
  flow.affinity = service.client_ip_affinity;
  if (answer.endpoints.empty()) {
    // A process whose own node drops its datagram is told so by sendto() (nf_hook_slow: EPERM); connect() goes on.
    const bool told =
        transport(call.edge) == Transport::Udp && reach_.source_at(call.client, call.asked) == AddressKind::ThisNode;
    dial.dropped = answer.reach == Reach::Dropped && !told;
    return {};
  }
  Chosen chosen;
  if (flow.affinity) {
    ClientAffinity& clients = affinity(call.edge, call.asked);
    const std::uint64_t key = client_key(call.client, call.asked);
    const Duration timeout = std::chrono::seconds(service.affinity_timeout_s);
    if (const auto known = clients.endpoint_of(key, call.now, timeout)) {
      chosen = same_again(answer.endpoints, *known);
      flow.remembered = chosen.endpoint.has_value();
    }
    if (!flow.remembered) chosen = choose(call, answer.endpoints);
    clients.connected(key, chosen.endpoint->pod, call.now, proxy_.clients_remembered());
  } else {
    chosen = choose(call, answer.endpoints);
  }
  if (!reach_.answer_comes_back(answer, call.client, call.asked, *chosen.endpoint)) {
    dial.dropped = true;
    return {};
  }
  const RuleSizes& sizes = sizes_at(call.asked);
  const auto set = [&](Symbol symbol, float value) { dial.flow.symbols[symbol_index(symbol)] = value; };
  set(Symbol::EndpointIndex, static_cast<float>(chosen.index + 1));
  set(Symbol::EndpointDraws, static_cast<float>(std::min(chosen.index + 1, chosen.of - 1)));
  set(Symbol::Endpoints, static_cast<float>(chosen.of));
  set(Symbol::ServicePosition,
      position(call.asked, port_keys_[target.port], kServiceOrder, sizes.services_rules, call.now));
  const float node_port = position(call.asked, port_keys_[target.port], kNodePortOrder, sizes.node_ports, call.now);
  set(Symbol::NodePortPosition, node_port);
  set(Symbol::NodePortsAlike, static_cast<float>(node_ports_alike(node_port, sizes, transport(call.edge))));
  set(Symbol::IpvsDestinations, static_cast<float>(chooser_->looked_at(chosen.of)));
  return chosen;
}

Dial ServiceDialer::dial(EdgeIndex edge, PodIndex client, std::uint64_t id, Time now) {
  const EdgeTarget& target = targets_[edge];
  const NodeIndex client_node = cluster_.pods[client].node;
  FlowClass flow;
  flow.transport = transport(edge);
  flow.exposure = target.exposure;
  flow.client_host_network = cluster_.spec(cluster_.pods[client]).host_network;
  NodeIndex ingress = client_node;
  Chosen chosen;
  Dial dial;
  if (target.loopback) {
    flow.locality = Locality::SamePod;
    dial.server = client;
  } else if (target.port == kNoIndex) {
    const auto count = static_cast<std::uint32_t>(target.direct.size());
    if (count == 0) {
      return dial;
    }
    const auto index = static_cast<std::uint32_t>(streams_.get(kEndpointDraw, id).below(count));
    chosen = {target.direct[index], index, count};
  } else {
    if (target.exposure == Exposure::NodePort) {
      ingress = target.through != kNoIndex
                    ? target.through
                    : static_cast<NodeIndex>(streams_.get(kIngress, id).below(cluster_.nodes.size()));
    }
    chosen = choose_of_service({edge, client, ingress, id, now}, flow, dial);
    if (!chosen.endpoint.has_value()) return dial;
  }
  if (chosen.endpoint.has_value()) {
    dial.server = chosen.endpoint->pod;
    if (dial.server == kNoIndex) {
      return dial;  // an address outside the cluster: nothing there to answer
    }
    const NodeIndex server_node = cluster_.pods[dial.server].node;
    flow.server_host_network = cluster_.spec(cluster_.pods[dial.server]).host_network;
    flow.locality = server_node == client_node ? Locality::SameNode : Locality::Remote;
    if (target.exposure == Exposure::NodePort) {
      flow.ingress = ingress == client_node   ? IngressNode::ClientNode
                     : ingress == server_node ? IngressNode::ServerNode
                                              : IngressNode::ThirdNode;
    }
    if (target.exposure == Exposure::HostPort) {
      dial.flow.symbols[symbol_index(Symbol::HostPortPosition)] =
          position(server_node, address_key(cluster_.pods[dial.server]), kNodePortOrder,
                   sizes_at(server_node).host_port_containers, now);
    }
  }
  const PlanBook::Entry& entry = book_.at(flow);
  dial.flow.plans = &entry.plans;
  for (std::size_t i = 0; i < entry.nodes.size(); ++i) {
    switch (entry.nodes[i]) {
      case NodeRole::Client:
        dial.flow.nodes[i] = client_node;
        break;
      case NodeRole::Ingress:
        dial.flow.nodes[i] = ingress;
        break;
      case NodeRole::Server:
        dial.flow.nodes[i] = cluster_.pods[dial.server].node;
        break;
    }
  }
  RngStream ports = streams_.get(kPorts, id);
  const bool is_udp = transport(edge) == Transport::Udp;
  dial.flow.tuple = {.src_address = address_key(cluster_.pods[client]),
                     .dst_address = address_key(cluster_.pods[dial.server]),
                     .src_port = static_cast<std::uint16_t>(kLocalPortMin + ports.below(kLocalPorts)),
                     .dst_port = chosen.endpoint.has_value() ? chosen.endpoint->port : std::uint16_t{0},
                     .protocol = is_udp ? kProtocolUdp : kProtocolTcp};
  dial.flow.encapsulation = entry.walks[0].encapsulation;
  dial.flow.id = id;
  dial.flow.datagrams = is_udp;
  ++dialed_;
  if (dial.flow.encapsulation != Encapsulation::None) {
    const double elapsed = std::max(1.0, to_seconds(now.time_since_epoch()));
    const double rate = static_cast<double>(dialed_) / elapsed / options_.client_nodes_times_server_nodes;
    if (dial.flow.encapsulation == Encapsulation::Vxlan) dial.flow.outer_timeout = kUnrepliedUdpTimeout;
    dial.flow.outer_untracked = math::exp(-rate * to_seconds(kUnrepliedUdpTimeout) / kLocalPorts);
  }
  dial.chosen_at = ingress;
  if (is_chosen(edge)) chooser_->opened(virtual_server(edge, ingress), dial.server, transport(edge));
  static constexpr MachineSymbols kNothing{};
  std::array<const MachineSymbols*, 3> at{};
  for (std::size_t i = 0; i < entry.nodes.size(); ++i) {
    at[static_cast<std::size_t>(entry.nodes[i])] =
        options_.rules != nullptr ? &options_.rules->symbols(dial.flow.nodes[i]) : &kNothing;
  }
  dial.rules = static_cast<float>(entry.opening.value(dial.flow.symbols, at, dial.flow.outer_untracked));
  return dial;
}

void ServiceDialer::hung_up(EdgeIndex edge, HostId chosen_at, PodIndex server, Time now) {
  if (is_chosen(edge)) chooser_->closed(virtual_server(edge, chosen_at), server, transport(edge), now);
}

}  // namespace knetsim
