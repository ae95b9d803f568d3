#include "app/experiment/result_axes.h"

#include <set>

#include "app/scenario/result_names.h"
#include "app/scenario/traffic_rates.h"

namespace knetsim {

std::size_t NameAxis::add(const std::string& name) {
  const auto [entry, is_new] = index_.try_emplace(name, names_.size());
  if (is_new) {
    names_.push_back(name);
  }
  return entry->second;
}

std::vector<PodIndex> serving_pods(const BoundVariant& variant) {
  std::set<PodIndex> pods;
  for (EdgeIndex edge = 0; edge < variant.traffic.edges.size(); ++edge) {
    const std::vector<PodIndex> servers = servers_of(variant, edge);
    pods.insert(servers.begin(), servers.end());
    if (const ServicePortIndex port = variant.targets[edge].port; port != kNoIndex) {
      // Those that terminate too: policy Local may choose them where no other is on the node.
      for (const Endpoint& endpoint : variant.cluster->endpoints.latest().everywhere(port)) {
        if (endpoint.pod != kNoIndex) pods.insert(endpoint.pod);
      }
    }
    // And those that are made in a run.
    const EdgeTarget& target = variant.targets[edge];
    const ServicePortIndex of = target.port != kNoIndex ? target.port : target.named;
    if (of == kNoIndex || variant.cluster->events.empty()) continue;
    for (const Endpoint& endpoint : variant.cluster->possible_endpoints.everywhere(of, IpFamily::V4)) {
      if (endpoint.pod != kNoIndex) pods.insert(endpoint.pod);
    }
  }
  for (const std::vector<PodIndex>& of_app : pods_of_apps(variant.traffic)) pods.insert(of_app.begin(), of_app.end());
  return {pods.begin(), pods.end()};
}

ResultAxes::ResultAxes(const std::vector<BoundVariant>& variants) {
  for (const BoundVariant& variant : variants) {
    for (const TrafficSpec& source : variant.traffic.sources) {
      workloads.add(source.name);
    }
    for (const TrafficSpec& source : variant.traffic.sources) calls.add(variant.traffic.edges[source.edge].name);
  }
  for (const BoundVariant& variant : variants) {
    for (EdgeIndex edge = 0; edge < variant.traffic.edges.size(); ++edge) {
      calls.add(variant.traffic.edges[edge].name);
      services.add(service_name(variant, edge));
    }
    for (const PodIndex pod : serving_pods(variant)) endpoints.add(endpoint_name(variant.cluster->pods[pod]));
    for (const ClusterNode& node : variant.cluster->members()) {
      nodes.add(std::string(node.name));
    }
    const Topology& topology = variant.fabric->topology;
    for (LinkId link = 0; link < topology.links().size(); ++link) {
      links.add(topology.link_name(link));
    }
  }
}

}  // namespace knetsim
