#include "sim/experiment/result_axes.h"

#include "sim/experiment/variant_models.h"

namespace knetsim {

std::size_t NameAxis::add(const std::string& name) {
  const auto [entry, is_new] = index_.try_emplace(name, names_.size());
  if (is_new) {
    names_.push_back(name);
  }
  return entry->second;
}

std::string endpoint_name(const Pod& pod) { return std::string(pod.ns) + "/" + std::string(pod.name); }

ResultAxes::ResultAxes(const std::vector<BoundVariant>& variants) {
  for (const BoundVariant& variant : variants) {
    for (const TrafficSpec& source : variant.traffic.sources) {
      workloads.add(source.name);
    }
    for (const EdgeSpec& edge : variant.traffic.edges) {
      services.add(edge.target);
    }
    for (PodIndex pod = 0; pod < variant.traffic.app_of_pod.size(); ++pod) {
      if (variant.traffic.app_of_pod[pod] != kNoIndex) {
        endpoints.add(endpoint_name(variant.cluster->pods[pod]));
      }
    }
    for (const ClusterNode& node : variant.cluster->nodes) {
      nodes.add(std::string(node.name));
    }
    const Topology topology = make_topology(variant.scenario, *variant.cluster);
    for (LinkId link = 0; link < topology.links().size(); ++link) {
      links.add(topology.link_name(link));
    }
  }
}

}  // namespace knetsim
