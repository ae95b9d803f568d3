#include "app/scenario/connection_limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <span>
#include <unordered_map>

#include "app/scenario/egress.h"
#include "app/scenario/node_cores.h"
#include "app/scenario/traffic_rates.h"
#include "app/scenario/variant_models.h"
#include "models/control/node_balancer.h"
#include "models/service/table_needs.h"
#include "sim/input/units_text.h"
#include "sim/net/flow_hash.h"
#include "sim/net/transport.h"

namespace knetsim {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

// IPVS keeps a closed connection's entry as long: ip_vs_proto_tcp.c, tcp_timeouts, IP_VS_TCP_S_TIME_WAIT.
constexpr double kIpvsTimeWait = 120;
// From here on IPVS takes a port that comes back as a new connection, and kube-proxy leaves conn_reuse_mode as it is;
// before, it sets it to 0 (k/k pkg/proxy/ipvs/proxier.go, connReuseFixedKernelVersion).
constexpr KernelVersion kPortsAreNew{5, 9};

// From here on a closing entry gives way to a new one that wants its port: nf_nat_core.c, nf_nat_used_tuple_harder
// (commit 4e0dbab570de, "netfilter: nat: evict closing tcp entries on reply tuple collision").
constexpr KernelVersion kClosingGivesWay{6, 7};

Duration nat_after_close(const ClusterSettings& cluster) {
  const bool gives_way = parse_kernel_version(cluster.kernel).value_or(KernelVersion{}) >= kClosingGivesWay;
  return gives_way ? Duration{} : kConntrackTimeWait;
}

/// Most entries of conntrack, as kube-proxy sets it.
/// @source k/k cmd/kube-proxy/app/server_linux.go, getConntrackMax
std::uint64_t conntrack_most(const Scenario& scenario, const ClusterNode& node) {
  const ConntrackSettings& asked = scenario.cluster.proxy.conntrack;
  // Without kube-proxy the kernel's own, of a machine of more than 4 GiB: nf_conntrack_core.c, nf_conntrack_init_start.
  if (!mode_of(scenario.cluster).kube_proxy || asked.max_per_core == 0) return 262'144;
  return std::max<std::uint64_t>(asked.min, std::uint64_t{asked.max_per_core} * cores_of(node));
}

/// Attempts of a request whose answer comes after the timeout, as far as the retry budget goes; else one.
double attempts_per_request(const EdgeSpec& edge, const EdgeRate& rate) {
  if (rate.least_seconds <= to_seconds(edge.timeout)) return 1;
  const double retries = edge.retries.attempts;
  if (!edge.retries.budget) return 1 + retries;
  const double asked =
      std::max(1e-9, rate.per_second / static_cast<double>(std::max<std::size_t>(1, rate.clients.size())));
  return 1 + std::min(retries, edge.retries.budget->ratio + edge.retries.budget->per_second / asked);
}

/// Connections that a request of an edge opens.
double connections_per_request(const EdgeSpec& edge, const EdgeRate& rate) {
  if (edge.connections.requests == 0) return 0;
  return attempts_per_request(edge, rate) / edge.connections.requests;
}

/// Connections that one client keeps open. @param without_limit  Where each carried one request and its pool had no limit.
double most_kept(const EdgeSpec& edge, double without_limit) {
  if (edge.connections.shared()) without_limit = std::ceil(without_limit / edge.connections.streams);
  const std::uint32_t limit = edge.connections.limit;
  return limit == 0 ? without_limit : std::min(without_limit, static_cast<double>(limit));
}

/// Where a local port counts towards: connections from one address to the same place share the ports.
std::uint64_t destination_key(const BoundVariant& variant, EdgeIndex edge) {
  const EdgeTarget& target = variant.targets[edge];
  if (target.loopback) return hash_combine(1, hash_text(variant.traffic.edges[edge].target));
  if (target.port != kNoIndex) {
    const std::uint64_t way = target.exposure == Exposure::NodePort     ? 2
                              : target.exposure == Exposure::ExternalIp ? hash_combine(5, target.external)
                                                                        : 3;
    return hash_combine(hash_combine(way, target.port), target.through);
  }
  std::uint64_t key = hash_combine(4, static_cast<std::uint64_t>(target.exposure));
  for (const Endpoint& endpoint : target.direct) key = hash_combine(hash_combine(key, endpoint.pod), endpoint.port);
  return key;
}

/// Addresses and ports that the sockets of a client's connections have at their far end.
std::uint32_t destinations_of(const BoundVariant& variant, EdgeIndex edge, PodIndex client) {
  const EdgeTarget& target = variant.targets[edge];
  const Cluster& cluster = *variant.cluster;
  if (target.loopback) return 1;
  if (target.port == kNoIndex) return static_cast<std::uint32_t>(std::max<std::size_t>(1, target.direct.size()));
  const bool host = cluster.spec(cluster.pods[client]).host_network;
  if (!cluster.is_external(client) && variant.models->proxy->in_socket(target.exposure, host)) {
    return static_cast<std::uint32_t>(std::max<std::size_t>(1, servers_of(variant, edge).size()));
  }
  if (target.exposure == Exposure::NodePort && target.through == kNoIndex && (!target.balanced || target.by_balancer)) {
    return static_cast<std::uint32_t>(cluster.members().size());
  }
  return 1;
}

class Reckoning {
 public:
  explicit Reckoning(const BoundVariant& variant) : variant_(variant), rates_(edge_rates(variant)) {
    limits_.run_s = to_seconds(variant.scenario.run.warm_up + variant.scenario.run.duration);
    const Cluster& cluster = *variant.cluster;
    for (const Pod& client : std::span(cluster.pods).last(cluster.external)) ++outside_[client.ip];
  }

  TableLimits tables() {
    const ConnectionLimits limits = all();
    const Cluster& cluster = *variant_.cluster;
    TableLimits made = ways_out();
    const auto may_fill = [](double taken, double room) { return taken >= kMayFill * room; };
    for (const PortUse& use : limits.ports) {
      const double taken = use.kept + use.per_second * std::min(limits.run_s, use.held_s + use.waits_s);
      if (may_fill(taken, use.ports * use.destinations)) (use.behind_nat ? made.nat_ports : made.local_ports) = true;
    }
    for (const MasqueradeUse& use : limits.masquerades) {
      const double taken = use.per_second * std::min(limits.run_s, use.held_s + use.waits_s);
      made.nat_ports = made.nat_ports || may_fill(taken, use.ports);
    }
    for (const GatewayUse& use : limits.gateways) {
      const double taken = use.kept + use.per_second * std::min(limits.run_s, use.held_s + use.waits_s);
      made.gateway_ports = made.gateway_ports || may_fill(taken, use.ports);
    }
    // Where programs carry packets past the stack there is no table at all.
    made.conntrack =
        limits.conntrack.most > 0 && may_fill(limits.conntrack.entries, static_cast<double>(limits.conntrack.most));
    for (EdgeIndex edge = 0; edge < variant_.traffic.edges.size(); ++edge)
      made.masqueraded.push_back(!variant_.traffic.edges[edge].udp &&
                                 (variant_.targets[edge].outside || is_masqueraded(edge)));
    for (NodeIndex node = 0; node < cluster.members().size(); ++node)
      made.conntrack_room.push_back(static_cast<std::uint32_t>(conntrack_most(variant_.scenario, cluster.nodes[node])));
    made.nat_after_close = nat_after_close(variant_.scenario.cluster);
    return made;
  }

  TableLimits ways_out() const {
    TableLimits made;
    add_egress_limits(variant_.scenario.cluster.egress, *variant_.cluster, variant_.models->cni->masquerades(), made);
    return made;
  }

  ConnectionLimits all() {
    ports();
    masquerades();
    leave();
    conntrack();
    return std::move(limits_);
  }

 private:
  /// What is reckoned comes near a limit with this part of it: rates are means, and retries come on top.
  static constexpr double kMayFill = 0.5;

  /// The source of a client's packets; of one that has no address its own number.
  using Address = std::pair<IpAddress, PodIndex>;
  Address address_of(PodIndex pod) const {
    const Cluster& cluster = *variant_.cluster;
    const Pod& client = cluster.pods[pod];
    const IpAddress& ip = cluster.spec(client).host_network ? cluster.nodes[client.node].ip : client.ip;
    return {ip, ip ? kNoIndex : pod};
  }
  std::string address_name(PodIndex pod) const {
    const Cluster& cluster = *variant_.cluster;
    const Pod& client = cluster.pods[pod];
    if (is_behind_nat(pod)) return fmt::format("{}, of {} clients", to_string(client.ip), outside_.at(client.ip));
    if (cluster.is_external(pod)) return fmt::format("client {}/{}", client.ns, client.name);
    if (!cluster.spec(client).host_network) return object_label("Pod", client.ns, client.name);
    return fmt::format("Node {}", cluster.nodes[client.node].name);
  }
  /// Of a client outside whose address others have too.
  bool is_behind_nat(PodIndex pod) const {
    return variant_.cluster->is_external(pod) && outside_.at(variant_.cluster->pods[pod].ip) > 1;
  }

  /// A connection is open for as long as its request takes at least.
  double held_seconds(EdgeIndex edge) const {
    return std::min(rates_[edge].least_seconds, to_seconds(variant_.traffic.edges[edge].timeout));
  }
  /// The port waits with whoever sends the first FIN: with awaitClose that is the server. A NAT's waits in any case.
  double waiting_seconds(EdgeIndex edge, PodIndex client) const {
    if (is_behind_nat(client)) return to_seconds(kConntrackTimeWait);
    if (awaits_close(variant_.traffic.edges[edge].script)) return 0;
    return variant_.targets[edge].loopback ? to_seconds(kTimeWaitOnLoopback) : to_seconds(kTimeWait);
  }

  void ports() {
    struct Sum {
      double per_second = 0;
      double occupied = 0;  ///< Ports in use or in TIME_WAIT at that rate, once it has gone on for long.
      double kept = 0;      ///< Ports of connections that do not end.
      bool at_most = false;
    };
    std::map<std::pair<Address, std::uint64_t>, Sum> sums;  // by address and destination
    const auto& edges = variant_.traffic.edges;
    for (EdgeIndex edge = 0; edge < edges.size(); ++edge) {
      if (edges[edge].udp) continue;  // a socket without a connection has no TIME_WAIT
      const std::uint64_t to = destination_key(variant_, edge);
      const EdgeRate& rate = rates_[edge];
      const double held = held_seconds(edge);
      for (const auto& [client, per_second] : rate.clients) {
        Sum& sum = sums[{address_of(client), to}];
        const double opened = per_second * connections_per_request(edges[edge], rate);
        sum.per_second += opened;
        sum.occupied += opened * (held + waiting_seconds(edge, client));
        if (edges[edge].connections.requests == 0) {
          sum.kept += most_kept(edges[edge], rate.users_per_client > 0 ? rate.users_per_client
                                                                       : per_second * std::min(held, limits_.run_s));
        }
        sum.at_most = sum.at_most || rate.at_most;
      }
    }
    for (EdgeIndex edge = 0; edge < edges.size(); ++edge) {
      if (edges[edge].udp || rates_[edge].clients.empty()) continue;
      const std::uint64_t to = destination_key(variant_, edge);
      PodIndex worst = kNoIndex;
      Sum most;
      for (const auto& [client, per_second] : rates_[edge].clients) {
        const Sum& sum = sums[{address_of(client), to}];
        if (worst == kNoIndex || sum.occupied + sum.kept > most.occupied + most.kept) {
          worst = client;
          most = sum;
        }
      }
      PortUse use{.edge = edge, .address = address_name(worst), .behind_nat = is_behind_nat(worst)};
      use.ports = use.behind_nat ? kMasqueradePorts : kLocalPorts;
      use.per_second = most.per_second;
      use.at_most = most.at_most;
      use.destinations = destinations_of(variant_, edge, worst);
      use.held_s = held_seconds(edge);
      use.waits_s = waiting_seconds(edge, worst);
      use.kept = most.kept;
      const double ports = std::max(0.0, use.ports * use.destinations - most.kept);
      use.lasting_per_second = most.occupied > 0 ? most.per_second * ports / most.occupied : kNever;
      use.ports_last_s = most.occupied > ports ? ports / most.per_second : most.kept > 0 && ports == 0 ? 0 : kNever;
      limits_.ports.push_back(std::move(use));
    }
  }

  bool is_from_outside(EdgeIndex edge) const {
    const auto& clients = rates_[edge].clients;
    return !clients.empty() && variant_.cluster->is_external(clients.front().first);
  }

  /// Whether the edge's connections pass a node that they ask from outside, perhaps not the client's own.
  bool asks_nodes(EdgeIndex edge) const {
    const EdgeTarget& target = variant_.targets[edge];
    if (target.port == kNoIndex) return false;
    if (is_from_outside(edge)) return asks_from_outside(target.exposure);
    return target.exposure == Exposure::NodePort && !variant_.models->proxy->in_socket(target.exposure, false);
  }

  /// Nodes that masquerade the edge's connections.
  std::size_t masquerading_nodes(EdgeIndex edge) const {
    const EdgeTarget& target = variant_.targets[edge];
    const bool outside = is_from_outside(edge);
    if (outside && announcer(edge) != kNoIndex) return 1;
    if (outside || (target.exposure == Exposure::NodePort && !target.balanced)) {
      return target.through == kNoIndex ? variant_.cluster->members().size() : 1;
    }
    std::set<NodeIndex> nodes;
    for (const auto& [client, per_second] : rates_[edge].clients) nodes.insert(variant_.cluster->pods[client].node);
    return std::max<std::size_t>(1, nodes.size());
  }

  /// The node that takes all of the edge's connections for their load balancer; kNoIndex where none does.
  NodeIndex announcer(EdgeIndex edge) const {
    const EdgeTarget& target = variant_.targets[edge];
    const LoadBalancerKind& kind = load_balancer_kind_of(variant_.scenario.cluster);
    if (!target.balanced || !kind.one_node) return kNoIndex;
    const Cluster& cluster = *variant_.cluster;
    const NodeBalancer balancer(cluster, cluster.endpoints, std::span(&target.service, 1), kind);
    const auto nodes = balancer.nodes(target.service);
    return nodes.empty() ? kNoIndex : nodes.front();
  }

  bool is_masqueraded(EdgeIndex edge) const {
    const EdgeTarget& target = variant_.targets[edge];
    if (!asks_nodes(edge) && target.exposure != Exposure::ExternalIp) return false;
    if (!mode_of(variant_.scenario.cluster).has_nat()) return false;
    const Cluster& cluster = *variant_.cluster;
    return !cluster.services[cluster.service_ports[target.port].service].external_traffic_local;
  }

  /// Whom session affinity takes a client for at the nodes that it asks. See ServiceChooser::client_key().
  Address remembered_address(EdgeIndex edge, PodIndex pod) const {
    const Cluster& cluster = *variant_.cluster;
    const EdgeTarget& target = variant_.targets[edge];
    const NodeIndex own = cluster.pods[pod].node;
    const bool at_others = target.exposure == Exposure::NodePort && target.through != own;
    if (cluster.is_external(pod) || !at_others || !variant_.models->cni->masquerades()) return address_of(pod);
    return {cluster.nodes[own].ip, kNoIndex};
  }

  /// What part of an edge's connections the busiest pair of a masquerading node and an endpoint has, at least.
  struct Busiest {
    double part = 0;
    bool by_affinity = false;
  };
  Busiest busiest_pair(EdgeIndex edge, std::size_t servers) const {
    const auto nodes = static_cast<double>(masquerading_nodes(edge));
    Busiest found{.part = 1 / (nodes * static_cast<double>(servers))};
    const EdgeTarget& target = variant_.targets[edge];
    const Cluster& cluster = *variant_.cluster;
    const Service& service = cluster.services[cluster.service_ports[target.port].service];
    if (!service.client_ip_affinity || variant_.models->proxy->clients_remembered() == 0) return found;
    const bool own_node = !is_from_outside(edge) && target.exposure == Exposure::ExternalIp;
    std::map<Address, double> of_address;
    for (const auto& [client, per_second] : rates_[edge].clients) {
      of_address[remembered_address(edge, client)] += per_second;
    }
    for (const auto& [address, per_second] : of_address) {
      const double part = per_second / rates_[edge].per_second / (own_node ? 1 : nodes);
      if (part > found.part) found = {.part = part, .by_affinity = true};
    }
    return found;
  }

  void masquerades() {
    for (EdgeIndex edge = 0; edge < variant_.traffic.edges.size(); ++edge) {
      const EdgeSpec& spec = variant_.traffic.edges[edge];
      const std::size_t servers = servers_of(variant_, edge).size();
      if (spec.udp || servers == 0 || !is_masqueraded(edge)) continue;
      const Busiest busiest = busiest_pair(edge, servers);
      const double per_second = rates_[edge].per_second * connections_per_request(spec, rates_[edge]) * busiest.part;
      const double held = held_seconds(edge);
      const double waits = to_seconds(nat_after_close(variant_.scenario.cluster));
      const double last = per_second * (held + waits) > kMasqueradePorts ? kMasqueradePorts / per_second : kNever;
      limits_.masquerades.push_back({.edge = edge,
                                     .ports = kMasqueradePorts,
                                     .by_affinity = busiest.by_affinity,
                                     .per_second = per_second,
                                     .held_s = held,
                                     .waits_s = waits,
                                     .ports_last_s = last});
    }
  }

  /// Connections of clients that share ports towards one machine outside.
  struct Leaving {
    double per_second = 0;
    double kept = 0;
  };
  /// By node; those of a client that masquerade, or pass the gateway, towards the machine `destination`.
  template <class Counts>
  std::map<NodeIndex, Leaving> leaving(EdgeIndex edge, Counts counts) const {
    const Cluster& cluster = *variant_.cluster;
    const EdgeSpec& spec = variant_.traffic.edges[edge];
    const EdgeRate& rate = rates_[edge];
    const auto machines = static_cast<double>(variant_.targets[edge].direct.size());
    std::map<NodeIndex, Leaving> nodes;
    for (const auto& [client, per_second] : rate.clients) {
      if (!counts(client)) continue;
      Leaving& node = nodes[cluster.pods[client].node];
      node.per_second += per_second * connections_per_request(spec, rate) / machines;
      if (spec.connections.requests != 0) continue;
      node.kept +=
          most_kept(spec, rate.users_per_client > 0 ? rate.users_per_client
                                                    : per_second * std::min(held_seconds(edge), limits_.run_s)) /
          machines;
    }
    return nodes;
  }

  /// Connections that leave the cluster.
  void leave() {
    for (EdgeIndex edge = 0; edge < variant_.traffic.edges.size(); ++edge) {
      const auto& machines = variant_.targets[edge].direct;
      if (!variant_.targets[edge].outside || variant_.traffic.edges[edge].udp) continue;
      const TableLimits ways = ways_out();
      const Cluster& cluster = *variant_.cluster;
      const auto masqueraded = [&](PodIndex client) {
        return std::ranges::any_of(machines,
                                   [&](const Endpoint& one) { return ways.masquerades(cluster, client, one.node); });
      };
      const auto by_gateway = std::ranges::any_of(
          machines, [&](const Endpoint& one) { return cluster.nodes[one.node].external->behind_gateway; });
      masquerade_out(edge, ways, leaving(edge, masqueraded));
      if (by_gateway) pass_gateway(edge, ways, leaving(edge, [](PodIndex) { return true; }));
    }
  }

  static bool more(const std::pair<const NodeIndex, Leaving>& a, const std::pair<const NodeIndex, Leaving>& b) {
    return a.second.per_second + a.second.kept < b.second.per_second + b.second.kept;
  }

  void masquerade_out(EdgeIndex edge, const TableLimits& ways, const std::map<NodeIndex, Leaving>& nodes) {
    const auto busiest = std::ranges::max_element(nodes, more);
    if (busiest == nodes.end()) return;
    const double per_second = busiest->second.per_second;
    const double held = held_seconds(edge);
    const double waits = to_seconds(nat_after_close(variant_.scenario.cluster));
    const double ports = ways.egress_ports;
    limits_.masquerades.push_back({.edge = edge,
                                   .outside = true,
                                   .ports = ways.egress_ports,
                                   .per_second = per_second,
                                   .held_s = held,
                                   .waits_s = waits,
                                   .ports_last_s = per_second * (held + waits) > ports ? ports / per_second : kNever});
  }

  void pass_gateway(EdgeIndex edge, const TableLimits& ways, const std::map<NodeIndex, Leaving>& nodes) {
    if (nodes.empty()) return;
    GatewayUse use{.edge = edge, .ports = ways.gateway_room, .at_most = rates_[edge].at_most};
    Leaving all;
    for (const auto& [node, one] : nodes) {
      all.per_second += one.per_second;
      all.kept += one.kept;
    }
    if (ways.gateway_per_node) {
      const auto busiest = std::ranges::max_element(nodes, more);
      use.node = std::string(variant_.cluster->nodes[busiest->first].name);
      all = busiest->second;
    }
    use.per_second = all.per_second;
    use.kept = all.kept;
    use.held_s = held_seconds(edge);
    use.waits_s = to_seconds(ways.gateway_after_close);
    const double ports = std::max(0.0, use.ports - use.kept);
    const double each = use.held_s + use.waits_s;
    use.lasting_per_second = ports / each;
    use.ports_last_s = use.per_second * each > ports ? ports / use.per_second : use.kept > 0 && ports == 0 ? 0 : kNever;
    limits_.gateways.push_back(std::move(use));
  }

  /// Parts of an edge's connections that pass each node, which keeps an entry for them.
  std::unordered_map<NodeIndex, double> passing(EdgeIndex edge) const {
    const Cluster& cluster = *variant_.cluster;
    std::unordered_map<NodeIndex, double> missed;  // probability that neither of these is on the node
    const auto add = [&](const std::unordered_map<NodeIndex, double>& parts) {
      for (const auto& [node, part] : parts) {
        const auto [entry, made] = missed.try_emplace(node, 1.0);
        entry->second *= 1 - std::min(1.0, part);
      }
    };
    std::unordered_map<NodeIndex, double> parts;
    for (const auto& [client, per_second] : rates_[edge].clients) {
      parts[cluster.pods[client].node] += per_second / rates_[edge].per_second;
    }
    add(parts);
    const EdgeTarget& target = variant_.targets[edge];
    parts.clear();
    const NodeIndex sole = announcer(edge);
    if (sole != kNoIndex) {
      parts[sole] = 1;
      add(parts);
      parts.clear();
    }
    if (sole == kNoIndex && target.balanced && cluster.services[target.service].external_traffic_local) {
      // Nodes with endpoints alone are asked, in equal parts, and answer themselves.
      for (const Endpoint& one : cluster.endpoints.latest().endpoints(target.port)) parts[one.node] = 1;
      for (auto& [node, part] : parts) part = 1.0 / static_cast<double>(parts.size());
      add(parts);
      for (auto& [node, part] : missed) part = 1 - part;
      return missed;
    }
    for (const auto& [pod, share] : shares_of_pods(variant_, edge, rates_[edge].clients)) {
      parts[cluster.pods[pod].node] += share;
    }
    add(parts);
    if (asks_nodes(edge) && sole == kNoIndex) {
      parts.clear();
      if (target.through != kNoIndex) {
        parts[target.through] = 1;
      } else {
        for (NodeIndex node = 0; node < cluster.members().size(); ++node) {
          parts[node] = 1.0 / static_cast<double>(cluster.members().size());
        }
      }
      add(parts);
    }
    for (auto& [node, part] : missed) part = 1 - part;
    return missed;
  }

  void conntrack() {
    // What passes by the stack is tracked in eBPF maps, which let the least recently used go instead.
    if (variant_.models->cni->skips_host_stack()) return;
    const Cluster& cluster = *variant_.cluster;
    std::vector<ConntrackUse> uses(cluster.nodes.size());
    for (EdgeIndex edge = 0; edge < variant_.traffic.edges.size(); ++edge) {
      const EdgeSpec& spec = variant_.traffic.edges[edge];
      const EdgeRate& rate = rates_[edge];
      if (variant_.targets[edge].loopback || rate.per_second <= 0) continue;
      const double per_second = rate.per_second * connections_per_request(spec, rate);
      const double life = spec.udp ? to_seconds(kConntrackUdp) : to_seconds(kConntrackTimeWait);
      const double kept = spec.connections.requests == 0
                              ? most_kept(spec, rate.users_per_client) * static_cast<double>(rate.clients.size())
                              : 0;
      // A datagram from a port that comes back meets the entry that the port has.
      const double most = spec.udp ? kLocalPorts * static_cast<double>(rate.clients.size()) : kNever;
      for (const auto& [node, part] : passing(edge)) {
        if (node >= cluster.members().size()) continue;  // a client's own machine
        ConntrackUse& use = uses[node];
        use.per_second += part * per_second;
        use.lasting += part * std::min(most, kept + per_second * life);
        use.entries += part * std::min(most, kept + per_second * std::min(life, limits_.run_s));
        if (variant_.models->cni->tunnel().tracks_flows() && cluster.members().size() > 1) {
          // A tunnel's own packets: an entry a direction that never sees an answer.
          const double ports = 2 * kLocalPorts * static_cast<double>(cluster.members().size() - 1);
          use.lasting += std::min(ports, 2 * part * per_second * to_seconds(kConntrackUdp));
          use.entries += std::min(ports, 2 * part * per_second * std::min(to_seconds(kConntrackUdp), limits_.run_s));
        }
        use.at_most = use.at_most || rate.at_most;
      }
    }
    for (NodeIndex node = 0; node < cluster.members().size(); ++node) {
      ConntrackUse& use = uses[node];
      use.node = std::string(cluster.nodes[node].name);
      use.most = conntrack_most(variant_.scenario, cluster.nodes[node]);
      const auto share = [](const ConntrackUse& one) { return one.lasting / static_cast<double>(one.most); };
      if (limits_.conntrack.node.empty() || share(use) > share(limits_.conntrack)) limits_.conntrack = use;
    }
  }

  const BoundVariant& variant_;
  std::vector<EdgeRate> rates_;
  std::map<IpAddress, std::uint32_t> outside_;  // clients outside, by address
  ConnectionLimits limits_;
};

std::string whole(double value) { return with_commas(static_cast<std::int64_t>(value + 0.5)); }
/// Of what would last: rounded down.
std::string lasting(double value) { return with_commas(static_cast<std::int64_t>(value)); }
/// The same of few.
std::string lasting_few(double value) { return value < 10 ? fmt::format("{:.2f}", value) : lasting(value); }
std::string about(bool at_most) { return at_most ? "up to " : ""; }

/// What a cluster would run into, as the run does.
void tell(Diagnostics& diagnostics, Node at, std::string message, std::string accepted = {}) {
  diagnostics.notice(at, std::move(message), std::move(accepted));
}

/// What is asked for and not simulated: --strict refuses it.
void tell_missing(Diagnostics& diagnostics, Node at, std::string message, std::string accepted = {}) {
  Diagnostic notice = Diagnostic::at(Severity::Notice, at, std::move(message), std::move(accepted));
  notice.unsupported = true;
  diagnostics.add(std::move(notice));
}

/// Where the rate of an edge is stated: its workload's arrivals, or the apps whose calls it is one of.
Node place_of(const BoundVariant& variant, EdgeIndex edge) {
  const Node root = variant.scenario.root;
  for (const TrafficSpec& source : variant.traffic.sources) {
    if (source.edge == edge) return root["workloads"][source.name]["arrivals"];
  }
  return root["apps"] ? root["apps"] : root["graph"];
}

/// Why a port is not free again at once.
std::string port_taken_text(const PortUse& use) {
  constexpr double kWorthATelling = 0.1;
  std::vector<std::string> reasons;
  if (use.kept > 0) reasons.push_back(fmt::format("{} connections stay open", whole(use.kept)));
  if (use.per_second > 0 && use.held_s >= kWorthATelling) {
    reasons.push_back(fmt::format("each is open for {}", human(from_seconds(use.held_s))));
  }
  if (use.per_second > 0 && use.waits_s > 0) {
    reasons.push_back(fmt::format("each waits {} in {}", human(from_seconds(use.waits_s)),
                                  use.behind_nat ? "conntrack" : "TIME_WAIT"));
  }
  return reasons.empty() ? "each takes one" : fmt::format("{}", fmt::join(reasons, " and "));
}

void tell_ports(const BoundVariant& variant, const PortUse& use, double run_s, Diagnostics& diagnostics) {
  if (use.ports_last_s >= run_s) return;
  const EdgeSpec& edge = variant.traffic.edges[use.edge];
  tell(diagnostics, place_of(variant, use.edge),
       fmt::format(
           "'{}' opens {}{} connections a second from one address ({}) to {}: its {} {} last {}, since {}; {} a second "
           "would last. From then on {}",
           edge.name, about(use.at_most), whole(use.per_second), use.address,
           use.destinations == 1 ? std::string("one destination") : fmt::format("{} destinations", use.destinations),
           whole(use.ports * use.destinations), use.behind_nat ? "ports at a NAT" : "local ports",
           human(from_seconds(use.ports_last_s)), port_taken_text(use), lasting(use.lasting_per_second),
           use.behind_nat ? "its NAT drops SYNs" : "connect() fails with EADDRNOTAVAIL"),
       fmt::format("more {}, or more requests on a connection (requestsPerConnection)",
                   use.behind_nat ? "addresses" : "clients"));
}

/// What of ports is taken for how long.
std::string kept_text(double held_s, double waits_s, std::string_view keeper) {
  return waits_s > 0 ? fmt::format("{} keeps each for {}", keeper, human(from_seconds(waits_s)))
                     : fmt::format("each is open for {}", human(from_seconds(held_s)));
}

void tell_gateway(const BoundVariant& variant, const GatewayUse& use, double run_s, Diagnostics& diagnostics) {
  if (use.ports_last_s >= run_s) return;
  const bool per_node = !use.node.empty();
  tell(
      diagnostics, place_of(variant, use.edge),
      fmt::format("'{}': {}{} connections a second go from {} to one machine outside, and the NAT gateway has {} ports "
                  "{} towards it: they last {}, since {}{}; {} a second would last. From then on it drops SYNs",
                  variant.traffic.edges[use.edge].name, about(use.at_most), whole(use.per_second),
                  per_node ? "Node " + use.node : std::string("all nodes"), with_commas(use.ports),
                  per_node ? "of each node" : "for all of them", human(from_seconds(use.ports_last_s)),
                  use.kept > 0 ? fmt::format("{} connections stay open and ", whole(use.kept)) : std::string(),
                  kept_text(use.held_s, use.waits_s, "it"), lasting_few(use.lasting_per_second)),
      fmt::format(
          "{}, or more requests on a connection (requestsPerConnection)",
          per_node ? "a larger cluster.egress.natGateway.portsPerNode" : "more cluster.egress.natGateway.addresses"));
}

void tell_masquerade(const BoundVariant& variant, const MasqueradeUse& use, double run_s, Diagnostics& diagnostics) {
  if (use.ports_last_s >= run_s) return;
  if (use.outside) {
    tell(diagnostics, place_of(variant, use.edge),
         fmt::format("'{}': {} connections a second are masqueraded by one node towards one machine outside, whose {} "
                     "ports last {}, since {}; {} a second would last. From then on SYNs are dropped",
                     variant.traffic.edges[use.edge].name, whole(use.per_second), with_commas(use.ports),
                     human(from_seconds(use.ports_last_s)), kept_text(use.held_s, use.waits_s, "conntrack"),
                     lasting(use.ports / (use.held_s + use.waits_s))),
         "clients on more nodes, or more requests on a connection (requestsPerConnection)");
    return;
  }
  tell(diagnostics, place_of(variant, use.edge),
       fmt::format(
           "'{}': {} connections a second are masqueraded by one node towards one endpoint, whose {} ports last "
           "{}, since {} {}; {} a second would last. From then on SYNs are dropped",
           variant.traffic.edges[use.edge].name, whole(use.per_second), whole(kMasqueradePorts),
           human(from_seconds(use.ports_last_s)), use.waits_s > 0 ? "conntrack keeps each for" : "each is open for",
           human(from_seconds(use.waits_s > 0 ? use.waits_s : use.held_s)),
           lasting(kMasqueradePorts / (use.held_s + use.waits_s))),
       use.by_affinity ? "externalTrafficPolicy: Local, more nodes or addresses, or sessionAffinity: None"
                       : "externalTrafficPolicy: Local, or more nodes and endpoints");
}

void tell_conntrack(const BoundVariant& variant, const ConntrackUse& use, Diagnostics& diagnostics) {
  if (use.entries <= static_cast<double>(use.most)) return;
  const Node workloads = variant.scenario.root["workloads"];
  tell(diagnostics, workloads,
       fmt::format("conntrack of Node {} has {}{} entries at the run's end, and room for {} ({}): each connection's "
                   "entry stays {} after its end. A full table drops the packets of new connections",
                   use.node, about(use.at_most), whole(use.entries), with_commas(static_cast<std::int64_t>(use.most)),
                   mode_of(variant.scenario.cluster).kube_proxy
                       ? "what kube-proxy asks for; the kernel's own default may be more"
                       : "the kernel's default",
                   human(kConntrackTimeWait)));
}

/// Ports that come back while IPVS still remembers them stay with the endpoint that they had.
void tell_ipvs_reuse(const BoundVariant& variant, const PortUse& use, double run_s, Diagnostics& diagnostics) {
  const ClusterSettings& cluster = variant.scenario.cluster;
  if (mode_of(cluster).translation != Translation::Input || variant.targets[use.edge].port == kNoIndex) return;
  if (parse_kernel_version(cluster.kernel).value_or(KernelVersion{}) >= kPortsAreNew) return;
  const double round = use.ports * use.destinations / std::max(1e-9, use.per_second);
  if (round >= kIpvsTimeWait || round >= run_s) return;
  tell_missing(
      diagnostics, place_of(variant, use.edge),
      fmt::format("'{}': a port of {} comes back within {} at {}{} connections a second, and IPVS remembers it for {}: "
                  "before Linux 5.9, where kube-proxy sets conn_reuse_mode to 0, such a connection goes where the last "
                  "one went, an endpoint that is gone included; here its scheduler chooses",
                  variant.traffic.edges[use.edge].name, use.address, human(from_seconds(round)), about(use.at_most),
                  whole(use.per_second), human(from_seconds(kIpvsTimeWait))));
}

}  // namespace

ConnectionLimits connection_limits(const BoundVariant& variant) { return Reckoning(variant).all(); }

TableLimits table_limits(const BoundVariant& variant) { return Reckoning(variant).tables(); }

void tell_connection_limits(const BoundVariant& variant, Diagnostics& diagnostics) {
  const ConnectionLimits limits = connection_limits(variant);
  for (const PortUse& use : limits.ports) {
    tell_ports(variant, use, limits.run_s, diagnostics);
    tell_ipvs_reuse(variant, use, limits.run_s, diagnostics);
  }
  for (const MasqueradeUse& use : limits.masquerades) tell_masquerade(variant, use, limits.run_s, diagnostics);
  for (const GatewayUse& use : limits.gateways) tell_gateway(variant, use, limits.run_s, diagnostics);
  tell_conntrack(variant, limits.conntrack, diagnostics);
}

std::string limits_text(const BoundVariant& variant, const ConnectionLimits& limits) {
  std::string text;
  const auto tightest = std::ranges::min_element(limits.ports, {}, [](const PortUse& use) {
    return use.per_second > 0 ? use.lasting_per_second / use.per_second : kNever;
  });
  if (tightest != limits.ports.end() && tightest->per_second > 0) {
    text = fmt::format("{}{} connections/s of one address to one destination ('{}'), local ports for {} ({})",
                       about(tightest->at_most), whole(tightest->per_second / tightest->destinations),
                       variant.traffic.edges[tightest->edge].name,
                       tightest->lasting_per_second == kNever
                           ? std::string("any number")
                           : fmt::format("{}/s", lasting(tightest->lasting_per_second / tightest->destinations)),
                       tightest->ports_last_s == kNever
                           ? std::string("they last")
                           : fmt::format("they last {}", human(from_seconds(tightest->ports_last_s))));
  }
  if (limits.conntrack.per_second > 0) {
    text += fmt::format("{}conntrack of {}: {}{} of {} entries after minutes", text.empty() ? "" : "; ",
                        limits.conntrack.node, about(limits.conntrack.at_most), whole(limits.conntrack.lasting),
                        with_commas(static_cast<std::int64_t>(limits.conntrack.most)));
  }
  return text;
}

}  // namespace knetsim
