#include "models/service/connection_symbols.h"

#include <algorithm>

#include "models/service/flow_tuple.h"
#include "models/walk/bindings.h"

namespace knetsim {
namespace {

constexpr Purpose kServiceOrder("proxy.services.order");
constexpr Purpose kNodePortOrder("proxy.nodeports.order");

}  // namespace

ConnectionSymbols::ConnectionSymbols(const Cluster& cluster, RandomStreams streams, const Options& options)
    : cluster_(cluster), streams_(streams), options_(options) {
  for (const ClusterNode& node : cluster.nodes) node_keys_.push_back(hash_text(node.name));
  for (const ServicePort& port : cluster.service_ports) {
    const Service& service = cluster.services[port.service];
    port_keys_.push_back(hash_combine(name_key(service.ns, service.name),
                                      std::uint64_t{port.port} << 8 | static_cast<std::uint64_t>(port.protocol)));
  }
}

float ConnectionSymbols::position(NodeIndex node, std::uint64_t rule, Purpose purpose, std::uint32_t of,
                                  Time now) const {
  const std::uint64_t sync = options_.sync != nullptr
                                 ? options_.sync->rewrites(node, now)
                                 : ProxySync::rewrites(streams_, node_keys_[node], options_.sync_period, now);
  RngStream draw = streams_.get(purpose.of(node_keys_[node]), hash_combine(rule, sync));
  return static_cast<float>(1 + draw.below(std::max(1u, of)));
}

const RuleSizes& ConnectionSymbols::sizes_at(NodeIndex node) const {
  static constexpr RuleSizes kNone{};
  return options_.rules != nullptr ? options_.rules->sizes(node) : kNone;
}

const MachineSymbols& ConnectionSymbols::of_node(NodeIndex node) const {
  static constexpr MachineSymbols kNothing{};
  return options_.rules != nullptr ? options_.rules->symbols(node) : kNothing;
}

FlowSymbols ConnectionSymbols::of(const EdgeTarget& target, PodIndex client, const Candidates& candidates,
                                  const Chosen& chosen, double looked_at, Time now) const {
  FlowSymbols symbols{};
  const auto set = [&](Symbol symbol, float value) { symbols[symbol_index(symbol)] = value; };
  if (target.by_proxy()) {
    const NodeIndex asked = candidates.asked;
    const RuleSizes& sizes = sizes_at(asked);
    const std::uint64_t rule = port_keys_[target.port];
    set(Symbol::EndpointIndex, static_cast<float>(chosen.index + 1));
    set(Symbol::EndpointDraws, static_cast<float>(std::min(chosen.index + 1, chosen.of - 1)));
    set(Symbol::Endpoints, static_cast<float>(chosen.of));
    set(Symbol::ServicePosition, position(asked, rule, kServiceOrder, sizes.services_rules, now));
    const float node_port = position(asked, rule, kNodePortOrder, sizes.node_ports, now);
    set(Symbol::NodePortPosition, node_port);
    set(Symbol::NodePortsAlike, static_cast<float>(node_ports_alike(node_port, sizes, target.transport)));
    set(Symbol::IpvsDestinations, static_cast<float>(looked_at));
    if (target.exposure == Exposure::ExternalIp) [[unlikely]] {
      // The rule for the cluster IP is written in front of it.
      set(Symbol::ServicePosition,
          1 + position(asked, rule, kServiceOrder, std::max(2U, sizes.services_rules) - 1, now));
      if (target.admitted) {
        set(Symbol::SourceRange, static_cast<float>(1 + target.range_of(cluster_.pods[client].ip)));
      }
    }
  } else if (target.exposure == Exposure::HostPort) {
    const Pod& server = cluster_.pods[chosen.endpoint.pod];
    set(Symbol::HostPortPosition, position(server.node, name_key(server.ns, server.name), kNodePortOrder,
                                           sizes_at(server.node).host_port_containers, now));
  }
  if (!options_.dispatch.empty()) [[unlikely]] {
    set(Symbol::ClientDispatch, options_.dispatch[client]);
    set(Symbol::ServerDispatch, options_.dispatch[chosen.endpoint.pod]);
  }
  return symbols;
}

}  // namespace knetsim
