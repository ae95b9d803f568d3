#include "app/experiment/trace_way.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "app/scenario/result_names.h"
#include "app/scenario/variant_models.h"
#include "models/cluster/external_clients.h"
#include "models/service/addressing.h"

namespace knetsim {
namespace {

std::optional<EdgeIndex> edge_named(const TrafficPlan& traffic, const std::string& name) {
  const auto found = std::ranges::find(traffic.edges, name, &EdgeSpec::name);
  if (found == traffic.edges.end()) return std::nullopt;
  return static_cast<EdgeIndex>(found - traffic.edges.begin());
}

/// How a proxy comes to see the request. Handshakes of resumed sessions are not those of the traced connection, which is new.
std::string reading_text(const EdgeSpec& edge) {
  if (!edge.records) return "reads the request";
  std::uint32_t rounds = 0;
  for (const CallerStep& step : edge.script) {
    const auto* handshake = std::get_if<Handshake>(&step);
    if (handshake != nullptr && handshake->sessions != ForSessions::Resumed) rounds = handshake->rounds;
  }
  return fmt::format("ends TLS, of {} round trip{} before the request, and reads it", rounds, rounds == 1 ? "" : "s");
}

/// What proxies do with a request that has come by `edge`: read it, and call one of the Services behind them.
void add_content(const BoundVariant& variant, const EdgeSpec& edge, const std::string& proxy, std::vector<Hop>& way) {
  const TrafficPlan& traffic = variant.traffic;
  const AppSpec& app = traffic.apps[edge.app];
  for (const AppStep& step : app.steps) {
    double weights = 0;
    for (const double weight : step.weights) weights += weight;
    for (std::size_t i = 0; i < step.calls.size(); ++i) {
      const EdgeSpec& upstream = traffic.edges[step.calls[i]];
      const std::string part =
          step.weights.empty() ? std::string() : fmt::format(", {:.0f} % of it", 100 * step.weights[i] / weights);
      way.push_back({proxy, Decision::Content,
                     fmt::format("{}: {} is for Service {}{}", reading_text(edge), app.name,
                                 service_name(variant, step.calls[i]), part)});
      way.push_back({upstream.balancing ? proxy : "its node's kube-proxy", Decision::Balancing,
                     upstream.balancing
                         ? fmt::format("{} over {} endpoints, on a connection that it keeps",
                                       to_text(*upstream.balancing), variant.targets[step.calls[i]].direct.size())
                         : "one of the Service's endpoints"});
    }
  }
}

/// What a load balancer that ends connections does with what has come by `edge`, and who serves it then.
void add_balancer(const BoundVariant& variant, const EdgeSpec& edge, std::vector<Hop>& way) {
  const Cluster& cluster = *variant.cluster;
  const EdgeIndex call = variant.traffic.apps[edge.app].steps.front().calls.front();
  const EdgeSpec& upstream = variant.traffic.edges[call];
  const EdgeTarget& target = variant.targets[call];
  way.push_back({"the load balancer", Decision::Balancing,
                 fmt::format("ends the connection; its own, from {}, goes to node port {} of one of {} nodes",
                             to_string(cluster.pods[outside_balancer(cluster)].ip),
                             cluster.service_ports[target.port].node_port, cluster.members().size())});
  way.push_back({fmt::format("that node, {}", variant.scenario.cluster.proxy.mode), Decision::Balancing,
                 fmt::format("Service {}, one of {} endpoints", service_name(variant, call),
                             cluster.endpoints.latest().endpoints(target.port).size())});
  if (upstream.app != kNoIndex) add_content(variant, upstream, "the proxy there", way);
}

}  // namespace

std::string_view to_text(Decision decision) {
  switch (decision) {
    case Decision::Routing:
      return "routing (L3)";
    case Decision::Balancing:
      return "balancing (L4)";
    case Decision::Content:
      return "routing by content (L7)";
  }
  return "";
}

std::vector<Hop> way_of(const TracedConnection& connection) {
  const BoundVariant& variant = *connection.variant;
  const Cluster& cluster = *variant.cluster;
  const TrafficPlan& traffic = variant.traffic;
  const std::optional<EdgeIndex> index = edge_named(traffic, connection.edge);
  std::vector<Hop> way;
  if (!index) return way;
  const EdgeSpec& edge = traffic.edges[*index];
  if (edge.loopback || edge.app == kNoIndex) return way;
  const EdgeTarget& target = connection.target;
  const auto node_at = [&](NodeRole role) {
    return std::string(cluster.nodes[connection.nodes[static_cast<std::size_t>(role)]].name);
  };
  if (target.balanced) {
    const bool one = load_balancer_kind_of(variant.scenario.cluster).one_node;
    way.push_back({"the load balancer", one ? Decision::Routing : Decision::Balancing,
                   one ? std::string("to the node that announces the address")
                       : fmt::format("one of {} nodes by addresses and ports", cluster.members().size())});
  }
  if (target.by_proxy()) {
    way.push_back(
        {fmt::format("{}, {}", node_at(translating_node(connection.flow)), variant.scenario.cluster.proxy.mode),
         Decision::Balancing,
         fmt::format("Service {}, one of {} endpoints", service_name(variant, *index), connection.endpoints)});
  }
  const std::string proxy = endpoint_name(cluster.pods[connection.server]);
  way.push_back({node_at(translating_node(connection.flow)), Decision::Routing,
                 fmt::format("to {} on {}", proxy, cluster.nodes[cluster.pods[connection.server].node].name)});
  if (connection.server == outside_balancer(cluster)) {
    add_balancer(variant, edge, way);
  } else {
    add_content(variant, edge, proxy, way);
  }
  return way;
}

}  // namespace knetsim
