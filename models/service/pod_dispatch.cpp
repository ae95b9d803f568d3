#include "models/service/pod_dispatch.h"

#include <algorithm>
#include <string>

#include "models/proxy/felix_rules.h"

namespace knetsim {

std::vector<float> pod_dispatch(const Cluster& cluster) {
  std::vector<float> rules(cluster.pods.size(), 0);
  const auto has_device = [&](const Pod& pod) {
    return pod.node < cluster.members().size() && !cluster.spec(pod).host_network;
  };
  const auto device = [](const Pod& pod) { return pod_device(pod.ns, pod.name); };
  std::vector<std::vector<std::string>> devices(cluster.members().size());  // by node, in ascending order
  for (const Pod& pod : cluster.pods) {
    if (has_device(pod) && !pod.later) devices[pod.node].push_back(device(pod));
  }
  std::vector<std::vector<std::uint32_t>> counts;  // likewise
  for (std::vector<std::string>& all : devices) {
    std::ranges::sort(all);
    counts.push_back(dispatch_rules(all));
  }
  for (PodIndex index = 0; index < cluster.pods.size(); ++index) {
    const Pod& pod = cluster.pods[index];
    if (!has_device(pod)) continue;
    const std::vector<std::string>& all = devices[pod.node];
    const std::string own = device(pod);
    const auto at = std::ranges::lower_bound(all, own);
    const auto place = static_cast<std::size_t>(at - all.begin());
    if (!pod.later) {
      rules[index] = static_cast<float>(counts[pod.node][place]);
      continue;
    }
    std::vector<std::string> with = all;
    with.insert(with.begin() + (at - all.begin()), own);
    rules[index] = static_cast<float>(dispatch_rules(with)[place]);
  }
  return rules;
}

}  // namespace knetsim
