#include "models/workload/spec.h"

#include <algorithm>

namespace knetsim {

std::vector<std::vector<PodIndex>> pods_of_apps(const TrafficPlan& plan) {
  std::vector<std::vector<PodIndex>> pods(plan.apps.size());
  for (PodIndex pod = 0; pod < plan.app_of_pod.size(); ++pod) {
    if (const AppIndex app = plan.app_of_pod[pod]; app != kNoIndex) pods[app].push_back(pod);
  }
  for (AppIndex app = 0; app < plan.apps.size(); ++app) {
    const std::vector<PodIndex>& more = plan.apps[app].for_edges_in;
    pods[app].insert(pods[app].end(), more.begin(), more.end());
    std::ranges::sort(pods[app]);
  }
  return pods;
}

}  // namespace knetsim
