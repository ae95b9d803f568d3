#include "app/scenario/result_names.h"

#include <fmt/format.h>

#include <algorithm>

namespace knetsim {
namespace {

/// Of the pods whose app makes the call: they ask themselves.
std::string loopback_name(const BoundVariant& variant, EdgeIndex edge) {
  const TrafficPlan& traffic = variant.traffic;
  for (PodIndex pod = 0; pod < traffic.app_of_pod.size(); ++pod) {
    if (traffic.app_of_pod[pod] == kNoIndex) continue;
    for (const AppStep& step : traffic.apps[traffic.app_of_pod[pod]].steps) {
      if (std::ranges::find(step.calls, edge) != step.calls.end()) {
        return workload_name(*variant.cluster, variant.cluster->pods[pod]);
      }
    }
  }
  return traffic.edges[edge].target;
}

}  // namespace

std::string endpoint_name(const Pod& pod) { return std::string(pod.ns) + "/" + std::string(pod.name); }

std::string service_name(const BoundVariant& variant, EdgeIndex edge) {
  const Cluster& cluster = *variant.cluster;
  const EdgeTarget& target = variant.targets[edge];
  if (target.service != kNoIndex) {
    const Service& service = cluster.services[target.service];
    return fmt::format("{}/{}", service.ns, service.name);
  }
  if (target.loopback) return loopback_name(variant, edge);
  if (target.outside) return fmt::format("{}/{}", kExternalNamespace, variant.traffic.edges[edge].name);
  if (target.direct.empty()) return variant.traffic.edges[edge].target;
  const Pod& pod = cluster.pods[target.direct.front().pod];
  return target.direct.size() == 1 ? endpoint_name(pod) : workload_name(cluster, pod);
}

std::size_t exposure_of(const EdgeTarget& target) {
  constexpr std::size_t kLoopback = 4;
  if (target.loopback) return kLoopback;
  const auto exposure = static_cast<std::size_t>(target.exposure);
  return exposure < kLoopback ? exposure : exposure + 1;
}

std::string workload_name(const Cluster& cluster, const Pod& pod) {
  if (pod.workload == kNoIndex) return endpoint_name(pod);
  const Workload& workload = cluster.workloads[pod.workload];
  return fmt::format("{}/{}", workload.ns, workload.name);
}

}  // namespace knetsim
