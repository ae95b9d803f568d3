#include "models/cluster/external_clients.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "sim/core/ensure.h"
#include "sim/core/hash.h"
#include "sim/core/time.h"

namespace knetsim {
namespace {

constexpr Purpose kRoundTrip("external.rtt");
constexpr std::uint32_t kFirstAddress = 0xc6120001;  // 198.18.0.1

/// Addresses of blocks, one after another; the first and the last are those of the network and of all in it.
class TakenAddresses {
 public:
  IpAddress next(const Cidr& block) {
    const bool whole = block.prefix >= 31;
    const auto usable = static_cast<std::uint32_t>(std::min<std::uint64_t>(block.size(), 1U << 31U)) - (whole ? 0 : 2);
    return IpAddress::v4(block.base + (whole ? 0 : 1) + taken_[{block.base, block.prefix}]++ % usable);
  }

 private:
  std::map<std::pair<std::uint32_t, std::uint8_t>, std::uint32_t> taken_;
};

}  // namespace

void add_external_clients(Cluster& cluster, std::span<const ExternalGroup> groups, RandomStreams streams) {
  KNETSIM_ENSURE(cluster.external == 0);
  const std::string_view ns = cluster.strings.intern(kExternalNamespace);
  const auto spec = static_cast<PodSpecIndex>(cluster.pod_specs.size());
  cluster.pod_specs.push_back(
      {.containers = {Container{.name = cluster.strings.intern("client")}}, .host_network = true});
  std::map<std::string_view, std::uint32_t> named;
  TakenAddresses taken;
  std::uint32_t addresses = 0;
  for (const ExternalGroup& group : groups) {
    const std::uint32_t own = group.addresses == 0 ? group.count : std::min(group.addresses, group.count);
    const std::uint32_t cores = group.cores == 0 ? kExternalCores : group.cores;
    for (std::uint32_t i = 0; i < group.count; ++i) {
      const std::string_view name = cluster.strings.intern(fmt::format("{}-{}", group.name, named[group.name]++));
      const std::string_view host = cluster.strings.intern(fmt::format("{}/{}", ns, name));
      RngStream draw = streams.get(kRoundTrip, hash_text(host));
      const double rtt = std::max(0.0, group.rtt_seconds.sample(draw));
      const IpAddress address =
          group.block ? taken.next(*group.block) : IpAddress::v4(kFirstAddress + addresses + i % own);
      const auto node = static_cast<NodeIndex>(cluster.nodes.size());
      cluster.nodes.push_back({.name = host,
                               .capacity = {.cpu_milli = std::int64_t{cores} * 1000},
                               .ip = address,
                               .external = ExternalAccess{.rate = group.rate, .delay = from_seconds(rtt / 2)}});
      cluster.pods.push_back({.name = name, .ns = ns, .spec = spec, .node = node, .ip = address});
      ++cluster.external;
    }
    if (!group.block) addresses += own;
  }
  KNETSIM_ENSURE(cluster.external <= kMostExternal);
}

std::vector<PodIndex> external_clients(const Cluster& cluster, std::string_view name) {
  std::vector<PodIndex> clients;
  for (auto pod = static_cast<PodIndex>(cluster.pods.size() - cluster.external); pod < cluster.pods.size(); ++pod) {
    const std::string_view own = cluster.pods[pod].name;
    if (own.substr(0, own.rfind('-')) == name) clients.push_back(pod);
  }
  return clients;
}

PodIndex outside_balancer(const Cluster& cluster, std::string_view name) {
  const std::vector<PodIndex> found = external_clients(cluster, name);
  return found.empty() ? kNoIndex : found.front();
}

}  // namespace knetsim
