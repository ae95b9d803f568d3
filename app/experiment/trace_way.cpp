#include "app/experiment/trace_way.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/scenario/variant_models.h"
#include "models/service/addressing.h"

namespace knetsim {
namespace {

const EdgeSpec* edge_named(const TrafficPlan& traffic, const std::string& name) {
  const auto found = std::ranges::find(traffic.edges, name, &EdgeSpec::name);
  return found == traffic.edges.end() ? nullptr : &*found;
}

std::string service_label(const Cluster& cluster, ServiceIndex index) {
  return fmt::format("{}/{}", cluster.services[index].ns, cluster.services[index].name);
}

std::string pod_label(const Cluster& cluster, PodIndex pod) {
  return fmt::format("{}/{}", cluster.pods[pod].ns, cluster.pods[pod].name);
}

std::string tls_text(const EdgeSpec& edge) {
  if (!edge.records) return "reads the request";
  std::uint32_t rounds = 0;
  for (const CallerStep& step : edge.script) {
    const auto* handshake = std::get_if<Handshake>(&step);
    if (handshake != nullptr && handshake->sessions != ForSessions::Resumed) rounds = handshake->rounds;
  }
  return fmt::format("ends TLS 1.{} and reads the request", rounds == 1 ? 3 : 2);
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
  const EdgeSpec* edge = edge_named(traffic, connection.edge);
  std::vector<Hop> way;
  if (edge == nullptr || edge->loopback || edge->app == kNoIndex) return way;
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
         fmt::format("Service {}, one of {} endpoints", service_label(cluster, target.service), connection.endpoints)});
  }
  const std::string proxy = pod_label(cluster, connection.server);
  way.push_back({node_at(translating_node(connection.flow)), Decision::Routing,
                 fmt::format("to {} on {}", proxy, cluster.nodes[cluster.pods[connection.server].node].name)});
  const AppSpec& app = traffic.apps[edge->app];
  for (const AppStep& step : app.steps) {
    double weights = 0;
    for (const double weight : step.weights) weights += weight;
    for (std::size_t i = 0; i < step.calls.size(); ++i) {
      const EdgeSpec& upstream = traffic.edges[step.calls[i]];
      const EdgeTarget& behind = variant.targets[step.calls[i]];
      const std::string part =
          step.weights.empty() ? std::string() : fmt::format(", {:.0f} % of it", 100 * step.weights[i] / weights);
      way.push_back(
          {proxy, Decision::Content,
           fmt::format("{}: {} is for Service {}{}", tls_text(*edge), app.name,
                       behind.service == kNoIndex ? upstream.target : service_label(cluster, behind.service), part)});
      way.push_back({upstream.balancing ? proxy : "its node's kube-proxy", Decision::Balancing,
                     upstream.balancing ? fmt::format("{} over {} endpoints, on a connection that it keeps",
                                                      to_text(*upstream.balancing), behind.direct.size())
                                        : "one of the Service's endpoints"});
    }
  }
  return way;
}

}  // namespace knetsim
