#include "sim/experiment/idle_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace knetsim {
namespace {

/// A key of `cluster`, what it does not change by, and who reads it.
struct Reader {
  std::string_view group;
  std::string_view key;
  bool (*is_given)(const ClusterSettings&);
  bool (*reads)(const ClusterSettings&);
  std::string_view who;
};

bool is_leaf_spine(const ClusterSettings& cluster) { return cluster.topology.kind == "leaf-spine"; }
bool is_fat_tree(const ClusterSettings& cluster) { return cluster.topology.kind == "fat-tree"; }
bool has_switch_tiers(const ClusterSettings& cluster) { return is_leaf_spine(cluster) || is_fat_tree(cluster); }
bool is_ipvs(const ClusterSettings& cluster) { return cluster.proxy.mode == "ipvs"; }
bool is_tunnel(const ClusterSettings& cluster) {
  return cluster.cni.kind == "flannel" && cluster.cni.backend != "host-gw";
}

constexpr std::array kReaders = {
    Reader{"topology", "leaves", [](const ClusterSettings& c) { return c.topology.leaves != 2; }, is_leaf_spine,
           "the topology leaf-spine"},
    Reader{"topology", "spines", [](const ClusterSettings& c) { return c.topology.spines != 2; }, is_leaf_spine,
           "the topology leaf-spine"},
    Reader{"topology", "uplink", [](const ClusterSettings& c) { return c.topology.uplink.bits_per_second() != 0; },
           is_leaf_spine, "the topology leaf-spine"},
    Reader{"topology", "k", [](const ClusterSettings& c) { return c.topology.k != 0; }, is_fat_tree,
           "the topology fat-tree"},
    Reader{"topology", "oversubscription", [](const ClusterSettings& c) { return c.topology.oversubscription != 1; },
           has_switch_tiers, "the topologies leaf-spine and fat-tree"},
    Reader{"proxy", "scheduler", [](const ClusterSettings& c) { return c.proxy.scheduler != "rr"; }, is_ipvs,
           "the proxy mode ipvs"},
    Reader{"cni", "notrack", [](const ClusterSettings& c) { return c.cni.notrack; }, is_tunnel, "a tunnel"},
};

}  // namespace

void tell_idle_keys(std::span<const BoundVariant> variants, Diagnostics& diagnostics) {
  for (const Reader& reader : kReaders) {
    const auto clusters_are = [&](bool (*what)(const ClusterSettings&)) {
      return std::find_if(variants.begin(), variants.end(),
                          [&](const BoundVariant& variant) { return what(variant.scenario.cluster); });
    };
    const auto given = clusters_are(reader.is_given);
    if (given == variants.end() || clusters_are(reader.reads) != variants.end()) continue;
    diagnostics.notice(given->scenario.root["cluster"][reader.group][reader.key],
                       fmt::format("nothing reads '{}' here: it belongs to {}", reader.key, reader.who));
  }
}

void tell_idle_nodes(const BoundVariant& variant, const ClusterSummary& summary, Diagnostics& diagnostics) {
  const NodesSpec& nodes = variant.scenario.cluster.nodes;
  constexpr double kUsualCpu = 8;
  constexpr Bytes kUsualMemory(std::int64_t{32} << 30);
  if (summary.nodes_made > 0) return;
  if (nodes.count == 0 && nodes.zones.empty() && nodes.cpu == kUsualCpu && nodes.memory == kUsualMemory) return;
  diagnostics.notice(
      variant.scenario.root["cluster"]["nodes"],
      fmt::format("the manifests bring {} Node objects: 'count', 'cpu', 'memory' and 'zones' are not read",
                  variant.cluster->nodes.size()));
}

}  // namespace knetsim
