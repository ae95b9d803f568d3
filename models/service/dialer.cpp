#include "models/service/dialer.h"

#include <algorithm>

#include "models/walk/bindings.h"
#include "sim/core/math.h"

namespace knetsim {
namespace {

constexpr Purpose kEndpoint("proxy.endpoint");
constexpr Purpose kIngress("nodeport.node");
constexpr Purpose kServiceOrder("proxy.services.order");
constexpr Purpose kNodePortOrder("proxy.nodeports.order");
constexpr Purpose kPorts("flow.source-port");

constexpr std::uint64_t kOfNodePort = std::uint64_t{1} << 31;  // beside a virtual server's node

// 32768-60999, net.ipv4.ip_local_port_range.
constexpr std::uint32_t kLocalPorts = kLocalPortMax - kLocalPortMin + 1;
// nf_conntrack_udp_timeout, for an entry that has seen no reply.
constexpr double kUdpTimeoutSeconds = 30;

/// Rules that the packets which open a connection evaluate, the tunnel's own ones by their probability.
double opening_rules(const PlanBook::Entry& entry, const FlowSpec& flow) {
  Bindings bindings;
  for (std::size_t i = 0; i < kWalkSymbols; ++i) {
    bindings.value[i] = static_cast<double>(flow.symbols[i]);
  }
  double rules = 0;
  for (const PacketClass packet : {PacketClass::First, PacketClass::SynAck}) {
    const Walk& walk = entry.walks[static_cast<std::size_t>(packet)];
    const double tracked = rules_evaluated(walk, bindings);
    rules += tracked;
    if (flow.outer_untracked > 0) {
      rules += flow.outer_untracked *
               (rules_evaluated(walk, bindings, {.node = {}, .table = {}, .outer_untracked = true}) - tracked);
    }
  }
  return rules;
}

/// Whether a scheduler chooses by the open connections of its destinations.
bool counts_connections(Selection selection) {
  switch (selection) {
    case Selection::LeastConnection:
    case Selection::WeightedLeastConnection:
    case Selection::ShortestDelay:
    case Selection::NeverQueue:
      return true;
    default:
      return false;
  }
}

/// By name and not by position: objects that a manifest brings beside it change nothing that is drawn for one.
std::uint64_t name_key(std::string_view ns, std::string_view name) {
  return hash_combine(hash_text(ns), hash_text(name));
}

/// Stands for the pod's address where a flow's hash decides (receive core, ECMP).
std::uint64_t address_key(const Pod& pod) { return name_key(pod.ns, pod.name); }

}  // namespace

ServiceDialer::ServiceDialer(const Cluster& cluster, const EndpointViews& endpoints, std::vector<EdgeTarget> targets,
                             std::vector<bool> udp, PlanBook& book, const ProxyModel& proxy, RandomStreams streams,
                             const DialerOptions& options)
    : cluster_(cluster),
      endpoints_(endpoints),
      targets_(std::move(targets)),
      udp_(std::move(udp)),
      book_(book),
      proxy_(&proxy),
      streams_(streams),
      options_(options) {
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

std::uint64_t ServiceDialer::virtual_server(EdgeIndex edge, NodeIndex node) const {
  const EdgeTarget& target = targets_[edge];
  const bool node_port = target.exposure == Exposure::NodePort;
  return (std::uint64_t{target.port} << 32) | (node_port ? kOfNodePort : 0) | node;
}

// Rules remember by endpoint, whichever way it was asked for; IPVS by virtual server.
ClientAffinity& ServiceDialer::affinity(EdgeIndex edge, NodeIndex node) {
  const std::uint64_t server = virtual_server(edge, node);
  const bool of_rules = proxy_->selection() == Selection::Random;
  return affinities_[of_rules ? server & ~kOfNodePort : server];
}

ServiceDialer::Chosen ServiceDialer::choose(EdgeIndex edge, NodeIndex node, std::span<const Endpoint> endpoints,
                                            std::uint64_t id, std::uint64_t source) {
  const auto count = static_cast<std::uint32_t>(endpoints.size());
  if (count == 0) {
    return {};
  }
  const auto pick = [&](std::uint32_t index) { return Chosen{endpoints[index], index, count}; };
  const auto least = [&](auto cost) {
    auto& active = state(edge, node).active;
    std::uint32_t best = 0;
    for (std::uint32_t i = 1; i < count; ++i) {
      if (cost(active[endpoints[i].pod]) < cost(active[endpoints[best].pod])) {
        best = i;
      }
    }
    ++active[endpoints[best].pod];
    return pick(best);
  };
  switch (proxy_->selection()) {
    case Selection::Random:
      return pick(static_cast<std::uint32_t>(streams_.get(kEndpoint, id).below(count)));
    case Selection::RoundRobin:
    case Selection::WeightedRoundRobin:  // kube-proxy gives every destination the weight 1
      return pick(state(edge, node).next++ % count);
    case Selection::LeastConnection:
    case Selection::WeightedLeastConnection:
      return least([](std::uint32_t active) { return active; });
    case Selection::ShortestDelay:
      return least([](std::uint32_t active) { return active + 1; });
    case Selection::NeverQueue: {
      // An idle destination at once, else the shortest expected delay: with equal weights that is the least one again.
      return least([](std::uint32_t active) { return active == 0 ? 0 : active + 1; });
    }
    case Selection::SourceHash:
      return pick(static_cast<std::uint32_t>(mix64(source) % count));
    case Selection::DestinationHash:
      return pick(static_cast<std::uint32_t>(mix64(targets_[edge].port + std::uint64_t{1}) % count));
  }
  return {};
}

ServiceDialer::Chosen ServiceDialer::same_again(EdgeIndex edge, NodeIndex node, std::span<const Endpoint> endpoints,
                                                PodIndex known) {
  const auto found = std::ranges::find(endpoints, known, &Endpoint::pod);
  if (found == endpoints.end()) return {};  // gone, and its rules with it
  if (auto& active = state(edge, node).active; counts_connections(proxy_->selection())) ++active[known];
  return {*found, static_cast<std::uint32_t>(found - endpoints.begin()), static_cast<std::uint32_t>(endpoints.size())};
}

std::uint64_t ServiceDialer::client_address(PodIndex client) const {
  const bool of_node = cluster_.spec(cluster_.pods[client]).host_network;
  return of_node ? (std::uint64_t{1} << 32) + cluster_.pods[client].node : client;
}

Dial ServiceDialer::dial(EdgeIndex edge, PodIndex client, std::uint64_t id, Time now) {
  const EdgeTarget& target = targets_[edge];
  const NodeIndex client_node = cluster_.pods[client].node;
  FlowClass flow;
  flow.transport = udp_[edge] ? Transport::Udp : Transport::Tcp;
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
    const auto index = static_cast<std::uint32_t>(streams_.get(kEndpoint, id).below(count));
    chosen = {target.direct[index], index, count};
  } else {
    const ServicePort& port = cluster_.service_ports[target.port];
    const Service& service = cluster_.services[port.service];
    if (target.exposure == Exposure::NodePort) {
      ingress = target.through != kNoIndex
                    ? target.through
                    : static_cast<NodeIndex>(streams_.get(kIngress, id).below(cluster_.nodes.size()));
      flow.local_policy = service.external_traffic_local;
      flow.local_inside = service.internal_traffic_local;
    } else {
      flow.local_policy = service.internal_traffic_local;
    }
    flow.affinity = service.client_ip_affinity;
    const EndpointView view = endpoints_.at(ingress);
    std::span<const Endpoint> endpoints = view.endpoints(target.port);
    std::vector<Endpoint> local;
    if (flow.local_policy) {
      std::copy_if(endpoints.begin(), endpoints.end(), std::back_inserter(local),
                   [&](const Endpoint& endpoint) { return endpoint.node == ingress; });
      endpoints = local;
    }
    if (flow.affinity) {
      const Duration timeout = std::chrono::seconds(service.affinity_timeout_s);
      if (const auto known = affinity(edge, ingress).endpoint_of(client_address(client), now, timeout)) {
        chosen = same_again(edge, ingress, endpoints, *known);
        flow.remembered = chosen.endpoint.has_value();
      }
    }
    if (!flow.remembered) chosen = choose(edge, ingress, endpoints, id, client);
    if (flow.affinity && chosen.endpoint.has_value()) {
      affinity(edge, ingress)
          .connected(client_address(client), chosen.endpoint->pod, now, proxy_->clients_remembered());
    }
    if (!chosen.endpoint.has_value()) {
      dial.dropped = flow.local_policy;
      return dial;
    }
    flow.endpoints = flow.affinity || proxy_->selection() != Selection::Random ? chosen.of : 1;
    dial.flow.symbols[static_cast<std::size_t>(Symbol::EndpointIndex)] = static_cast<float>(chosen.index + 1);
    dial.flow.symbols[static_cast<std::size_t>(Symbol::ServicePosition)] =
        position(ingress, port_keys_[target.port], kServiceOrder, options_.sizes.services_rules, now);
    dial.flow.symbols[static_cast<std::size_t>(Symbol::NodePortPosition)] =
        position(ingress, port_keys_[target.port], kNodePortOrder, options_.sizes.node_ports, now);
    dial.flow.symbols[static_cast<std::size_t>(Symbol::IpvsDestinations)] =
        static_cast<float>(proxy_->destinations_scanned(chosen.of));
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
      dial.flow.symbols[static_cast<std::size_t>(Symbol::HostPortPosition)] =
          position(server_node, address_key(cluster_.pods[dial.server]), kNodePortOrder,
                   options_.sizes.host_port_containers, now);
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
  dial.flow.tuple = {.src_address = address_key(cluster_.pods[client]),
                     .dst_address = address_key(cluster_.pods[dial.server]),
                     .src_port = static_cast<std::uint16_t>(kLocalPortMin + ports.below(kLocalPorts)),
                     .dst_port = chosen.endpoint.has_value() ? chosen.endpoint->port : std::uint16_t{0},
                     .protocol = udp_[edge] ? kProtocolUdp : kProtocolTcp};
  dial.flow.encapsulation = entry.walks[0].encapsulation;
  dial.flow.id = id;
  dial.flow.datagrams = udp_[edge];
  ++dialed_;
  if (dial.flow.encapsulation != Encapsulation::None) {
    const double elapsed = std::max(1.0, to_seconds(now.time_since_epoch()));
    const double rate = static_cast<double>(dialed_) / elapsed / options_.client_nodes_times_server_nodes;
    dial.flow.outer_untracked = math::exp(-rate * kUdpTimeoutSeconds / kLocalPorts);
  }
  dial.chosen_at = ingress;
  dial.rules = static_cast<float>(opening_rules(entry, dial.flow));
  return dial;
}

void ServiceDialer::hung_up(EdgeIndex edge, HostId chosen_at, PodIndex server) {
  const auto scheduler = states_.find(virtual_server(edge, chosen_at));
  if (scheduler == states_.end()) {
    return;
  }
  auto& active = scheduler->second.active;
  if (const auto connections = active.find(server); connections != active.end() && connections->second > 0) {
    --connections->second;
  }
}

}  // namespace knetsim
