#include "app/scenario/balancer_edges.h"

#include <fmt/format.h>

#include <limits>
#include <string>
#include <utility>

#include "models/cluster/external_clients.h"

namespace knetsim {

std::optional<AppIndex> add_balancer(const Cluster& cluster, TargetLookup& lookup, CallGraph& graph,
                                     const BalancedCall& call, Node at) {
  const Endpoint& machine = call.target.direct.front();
  std::optional<EdgeTarget> target =
      lookup.behind_balancer(call.target.service, std::to_string(machine.port), Protocol::Tcp, at);
  if (!target) return std::nullopt;
  const std::string service(cluster.services[call.target.service].name);
  EdgeSpec edge;
  edge.name = graph.unique_name(fmt::format("{} > {}", kBalancerName, service));
  edge.target = service;
  edge.connections = call.connections;
  edge.script = plain_script(
      {.request_bytes = call.exchange.request_bytes, .response_bytes = call.exchange.response_bytes, .relayed = true});
  edge.timeout = call.timeout;
  edge.app = call.behind;
  AppStep step;
  step.calls.push_back(graph.add_edge(std::move(edge), std::move(*target)));
  AppSpec spec;
  spec.name = fmt::format("{} of {}", kBalancerName, service);
  spec.steps.push_back(std::move(step));
  spec.workers = std::numeric_limits<std::uint32_t>::max();
  spec.for_edges_in = {machine.pod};
  graph.traffic.apps.push_back(std::move(spec));
  return static_cast<AppIndex>(graph.traffic.apps.size() - 1);
}

}  // namespace knetsim
