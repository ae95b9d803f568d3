#include "app/scenario/pod_groups.h"

#include <algorithm>

#include "app/scenario/node_cores.h"

namespace knetsim {
namespace {

// k/k pkg/kubelet/cm/helpers_linux.go: SharesPerCPU, MinShares, MaxShares; MinQuotaPeriod, the least quota in a period.
constexpr double kSharesPerCore = 1024;
constexpr double kMinShares = 2;
constexpr double kMaxShares = 262'144;
constexpr Duration kMinQuota = std::chrono::milliseconds(1);

std::optional<CpuQuota> quota_of(std::int64_t limit_milli) {
  if (limit_milli <= 0) return std::nullopt;
  CpuQuota quota;
  quota.quota = std::max(kMinQuota, quota.period * limit_milli / 1000);
  return quota;
}

double weight_of(std::int64_t request_milli) {
  return std::clamp(static_cast<double>(request_milli) * kSharesPerCore / 1000, kMinShares, kMaxShares);
}

/// A limit on top of another; 0 is none.
std::int64_t tighter(std::int64_t a, std::int64_t b) { return a <= 0 ? b : b <= 0 ? a : std::min(a, b); }

std::vector<std::vector<std::uint16_t>> ports_reached(const BoundVariant& variant) {
  std::vector<std::vector<std::uint16_t>> ports(variant.cluster->pods.size());
  const EndpointView view = variant.cluster->endpoints.latest();
  for (const EdgeTarget& target : variant.targets) {
    if (target.loopback) continue;
    for (const Endpoint& endpoint :
         target.port == kNoIndex ? std::span<const Endpoint>(target.direct) : view.everywhere(target.port)) {
      if (endpoint.pod != kNoIndex) ports[endpoint.pod].push_back(endpoint.port);
    }
  }
  return ports;
}

/// Apps that run in a container of their own, by the pod that it is in.
std::vector<std::vector<AppIndex>> apps_beside(const BoundVariant& variant) {
  std::vector<std::vector<AppIndex>> apps(variant.cluster->pods.size());
  for (AppIndex app = 0; app < variant.traffic.apps.size(); ++app) {
    for (const PodIndex pod : variant.traffic.apps[app].beside_in) apps[pod].push_back(app);
  }
  return apps;
}

std::int64_t limit_of(const PodSpec& spec, std::size_t container) {
  return container < spec.containers.size() ? spec.containers[container].limits.cpu_milli : 0;
}

std::size_t main_of(const BoundVariant& variant, PodIndex pod, const std::vector<std::uint16_t>& reached_at) {
  const AppIndex app = variant.traffic.app_of_pod[pod];
  return main_container(variant.cluster->spec(variant.cluster->pods[pod]),
                        app == kNoIndex ? std::string_view{} : variant.traffic.apps[app].container, reached_at);
}

MainShare share_of(const PodSpec& spec, std::size_t main) {
  return {.weight = weight_of(spec.requests.cpu_milli),
          .limit_milli = tighter(limit_of(spec, main), spec.limits.cpu_milli)};
}

}  // namespace

std::vector<MainShare> main_shares(const BoundVariant& variant) {
  const Cluster& cluster = *variant.cluster;
  const auto reached = ports_reached(variant);
  std::vector<MainShare> shares;
  shares.reserve(cluster.pods.size());
  for (PodIndex pod = 0; pod < cluster.pods.size(); ++pod) {
    shares.push_back(share_of(cluster.spec(cluster.pods[pod]), main_of(variant, pod, reached[pod])));
  }
  return shares;
}

std::size_t main_container(const PodSpec& spec, std::string_view named, const std::vector<std::uint16_t>& reached_at) {
  const auto& containers = spec.containers;
  const auto first = [&](auto matches) {
    return static_cast<std::size_t>(std::ranges::find_if(containers, matches) - containers.begin());
  };
  if (!named.empty()) {
    if (const std::size_t found = first([&](const Container& c) { return c.name == named; }); found < containers.size())
      return found;
  }
  for (const std::uint16_t port : reached_at) {
    const std::size_t found = first(
        [&](const Container& c) { return std::ranges::find(c.ports, port, &ContainerPort::port) != c.ports.end(); });
    if (found < containers.size()) return found;
  }
  const std::size_t with_port = first([](const Container& c) { return !c.ports.empty(); });
  return with_port < containers.size() ? with_port : 0;
}

PodGroups add_pod_groups(Cpus& cpus, const BoundVariant& variant) {
  const Cluster& cluster = *variant.cluster;
  for (const ClusterNode& node : cluster.nodes) {
    cpus.add_node(cores_of(node));
  }
  const auto reached = ports_reached(variant);
  const auto beside = apps_beside(variant);
  PodGroups groups;
  groups.main.reserve(cluster.pods.size());
  for (PodIndex index = 0; index < cluster.pods.size(); ++index) {
    const Pod& pod = cluster.pods[index];
    const PodSpec& spec = cluster.spec(pod);
    const std::size_t main = main_of(variant, index, reached[index]);
    if (beside[index].empty()) {
      const MainShare share = share_of(spec, main);
      groups.main.push_back(cpus.add_group(pod.node, share.weight, quota_of(share.limit_milli)));
      groups.with_threads.push_back(groups.main.back());
      continue;
    }
    const GroupIndex whole =
        cpus.add_group(pod.node, weight_of(spec.requests.cpu_milli), quota_of(spec.limits.cpu_milli));
    std::vector<GroupIndex> of_container(spec.containers.size());
    for (std::size_t i = 0; i < spec.containers.size(); ++i) {
      of_container[i] =
          cpus.add_group_within(whole, weight_of(spec.containers[i].requests.cpu_milli), quota_of(limit_of(spec, i)));
    }
    groups.main.push_back(of_container[main]);
    for (const AppIndex other : beside[index]) {
      const auto container =
          std::ranges::find(spec.containers, variant.traffic.apps[other].container, &Container::name);
      const auto at = static_cast<std::size_t>(container - spec.containers.begin());
      groups.beside.push_back(
          {.pod = index, .app = other, .group = of_container[at < of_container.size() ? at : main]});
    }
    groups.with_threads.insert(groups.with_threads.end(), of_container.begin(), of_container.end());
  }
  return groups;
}

}  // namespace knetsim
