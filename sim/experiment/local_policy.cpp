#include "sim/experiment/local_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace knetsim {
namespace {

/// Nodes whose kube-proxy chooses the endpoint of the edge's connections; of each client once.
std::vector<NodeIndex> choosing_nodes(const Cluster& cluster, const EdgeTarget& target,
                                      const std::vector<PodIndex>& clients) {
  std::vector<NodeIndex> nodes;
  if (target.exposure == Exposure::ClusterIp) {
    for (const PodIndex client : clients) nodes.push_back(cluster.pods[client].node);
  } else if (target.through != kNoIndex) {
    nodes.push_back(target.through);
  } else {
    for (NodeIndex node = 0; node < cluster.nodes.size(); ++node) nodes.push_back(node);
  }
  return nodes;
}

/// The Service whose policy Local decides where the edge's connections may go; null where none does.
const Service* local_service(const BoundVariant& variant, EdgeIndex edge) {
  const EdgeTarget& target = variant.targets[edge];
  if (target.port == kNoIndex) return nullptr;
  const Service& service = variant.cluster->services[variant.cluster->service_ports[target.port].service];
  const bool local =
      target.exposure == Exposure::NodePort ? service.external_traffic_local : service.internal_traffic_local;
  return local ? &service : nullptr;
}

void check_edge(const BoundVariant& variant, EdgeIndex edge, const Service& service,
                const std::vector<PodIndex>& clients, Node at, Diagnostics& diagnostics) {
  const Cluster& cluster = *variant.cluster;
  const EdgeTarget& target = variant.targets[edge];
  const bool node_port = target.exposure == Exposure::NodePort;
  std::set<NodeIndex> serving;
  const EndpointView view = cluster.endpoints.latest();
  for (const Endpoint& endpoint : view.endpoints(target.port)) serving.insert(endpoint.node);
  const std::vector<NodeIndex> asked = choosing_nodes(cluster, target, clients);
  const auto without =
      std::count_if(asked.begin(), asked.end(), [&](NodeIndex node) { return serving.count(node) == 0; });
  if (without == 0) return;
  const std::string& name = variant.traffic.edges[edge].name;
  diagnostics.notice(
      at, fmt::format("{} of {} {} have no endpoint of Service {} on their node, and its {}TrafficPolicy "
                      "is Local: those connections are dropped, and end at their timeout",
                      without, asked.size(),
                      node_port ? fmt::format("nodes that '{}' asks", name) : fmt::format("clients of '{}'", name),
                      service.name, node_port ? "external" : "internal"));
}

}  // namespace

void tell_dropped_by_policy(const BoundVariant& variant, Diagnostics& diagnostics) {
  const Node root = variant.scenario.root;
  for (const TrafficSpec& source : variant.traffic.sources) {
    const Service* service = local_service(variant, source.edge);
    if (service == nullptr) continue;
    check_edge(variant, source.edge, *service, source.clients, root["workloads"][source.name]["to"], diagnostics);
  }
  const std::vector<AppIndex>& app_of_pod = variant.traffic.app_of_pod;
  for (AppIndex app = 0; app < variant.traffic.apps.size(); ++app) {
    for (const AppStep& step : variant.traffic.apps[app].steps) {
      for (const EdgeIndex edge : step.calls) {
        const Service* service = local_service(variant, edge);
        if (service == nullptr) continue;
        std::vector<PodIndex> callers;
        for (PodIndex pod = 0; pod < app_of_pod.size(); ++pod) {
          if (app_of_pod[pod] == app) callers.push_back(pod);
        }
        check_edge(variant, edge, *service, callers, root["apps"], diagnostics);
      }
    }
  }
}

}  // namespace knetsim
