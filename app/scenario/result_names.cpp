#include "app/scenario/result_names.h"

#include <fmt/format.h>

namespace knetsim {

std::string endpoint_name(const Pod& pod) { return std::string(pod.ns) + "/" + std::string(pod.name); }

std::string service_name(const BoundVariant& variant, EdgeIndex edge) {
  const Cluster& cluster = *variant.cluster;
  const EdgeTarget& target = variant.targets[edge];
  if (target.service != kNoIndex) {
    const Service& service = cluster.services[target.service];
    return fmt::format("{}/{}", service.ns, service.name);
  }
  if (target.loopback || target.direct.empty()) return variant.traffic.edges[edge].target;
  const Pod& pod = cluster.pods[target.direct.front().pod];
  return fmt::format("{}:{}", target.exposure == Exposure::HostPort ? "hostPort" : "pod",
                     target.direct.size() == 1 ? endpoint_name(pod) : workload_name(cluster, pod));
}

std::string workload_name(const Cluster& cluster, const Pod& pod) {
  if (pod.workload == kNoIndex) return endpoint_name(pod);
  const Workload& workload = cluster.workloads[pod.workload];
  return fmt::format("{}/{}", workload.ns, workload.name);
}

}  // namespace knetsim
