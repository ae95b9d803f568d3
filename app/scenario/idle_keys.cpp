#include "app/scenario/idle_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "app/scenario/variant_models.h"
#include "models/l7/proxy_kinds.h"

namespace knetsim {
namespace {

/// A key of `cluster`, and who reads it.
struct KeyReader {
  std::string_view group;
  std::string key;
  std::function<bool(const ClusterSettings&)> reads;
  std::string who;
};

bool is_leaf_spine(const ClusterSettings& cluster) { return cluster.topology.kind == "leaf-spine"; }
bool is_fat_tree(const ClusterSettings& cluster) { return cluster.topology.kind == "fat-tree"; }
bool has_switch_tiers(const ClusterSettings& cluster) { return is_leaf_spine(cluster) || is_fat_tree(cluster); }
bool has_zones(const ClusterSettings& cluster) { return cluster.topology.kind == "zones"; }
bool has_proxy(const ClusterSettings& cluster) { return mode_of(cluster).serves.contains(Exposure::ClusterIp); }
bool has_kube_proxy(const ClusterSettings& cluster) { return mode_of(cluster).kube_proxy; }
bool has_background(const ClusterSettings& cluster) { return cluster.background.services > 0; }
bool is_tracked_tunnel(const ClusterSettings& cluster) {
  CniSettings tracked = cluster.cni;
  tracked.notrack = false;
  return tunnel_of(tracked).tracks_flows();
}

bool enforces_policies(const ClusterSettings& cluster) { return enforcer_of(cluster).enforces; }
bool checks_health(const ClusterSettings& cluster) { return load_balancer_kind_of(cluster).checks_health; }
bool has_one_announcer(const ClusterSettings& cluster) { return load_balancer_kind_of(cluster).one_node; }
bool ends_connections(const ClusterSettings& cluster) { return load_balancer_kind_of(cluster).ends_connections; }
bool has_bgp_sessions(const ClusterSettings& cluster) { return !checks_health(cluster) && !has_one_announcer(cluster); }

bool ingress_outside(const ClusterSettings& cluster) {
  return cluster.ingress && proxy_kind_named(cluster.ingress->kind)->outside;
}
bool ingress_in_pods(const ClusterSettings& cluster) { return cluster.ingress && !ingress_outside(cluster); }

bool has_masq_agent(const ClusterSettings& cluster) { return cluster.egress.masquerade == "agent"; }

bool has_param(const ProxyInfo& mode, std::string_view key) {
  return std::ranges::any_of(mode.params, [&](const ModeParam& param) { return param.key == key; });
}

/// Keys that not every cluster reads: those below, and the parameters of the modes.
std::vector<KeyReader> readers() {
  std::vector<KeyReader> all = {
      {"topology", "leaves", is_leaf_spine, "the topology leaf-spine"},
      {"topology", "spines", is_leaf_spine, "the topology leaf-spine"},
      {"topology", "uplink", is_leaf_spine, "the topology leaf-spine"},
      {"topology", "k", is_fat_tree, "the topology fat-tree"},
      {"topology", "oversubscription", has_switch_tiers, "the topologies leaf-spine and fat-tree"},
      {"topology", "zoneDelay", has_zones, "the topology zones"},
      {"topology", "zoneRate", has_zones, "the topology zones"},
      {"topology", "zones", has_zones, "the topology zones"},
      {"proxy", "syncPeriod", has_proxy, "a proxy, and the proxy mode serves no Services"},
      {"proxy", "minSyncPeriod", has_kube_proxy, "kube-proxy, and the proxy mode has none"},
      {"background", "services", has_proxy, "a proxy's rules, and the proxy mode serves no Services"},
      {"background", "endpointsPerService", has_background, "background services"},
      {"cni", "notrack", is_tracked_tunnel, "a tunnel that is tracked flow by flow, flannel's"},
      {"cni", "denied", enforces_policies, "a pod network that enforces policies (cni.policy)"},
      {"loadBalancer", "healthCheck", checks_health, "the load balancers cloud and proxy"},
      {"loadBalancer", "failover", has_one_announcer, "the load balancer metallb-l2"},
      {"ingress", "replicas", ingress_in_pods, "a controller in pods"},
      {"ingress", "exposure", ingress_in_pods, "a controller in pods"},
      {"ingress", "rtt", ingress_outside, "the load balancers gce and aws"},
      {"egress", "nonMasqueradeCIDRs", has_masq_agent, "masquerade: agent"},
      {"egress", "masqLinkLocal", has_masq_agent, "masquerade: agent"},
      {"loadBalancer", "holdTime", has_bgp_sessions, "the load balancer metallb-bgp"},
      {"loadBalancer", "rtt", ends_connections, "the load balancer proxy"},
  };
  for (const ProxyInfo& mode : proxy_modes()) {
    for (const ModeParam& param : mode.params) {
      if (param.of_host_ports) continue;  // read in every mode, where there are any
      const auto known = std::ranges::find(all, param.key, &KeyReader::key);
      if (known != all.end()) {
        known->who += " and " + std::string(mode.name);
        continue;
      }
      all.push_back(
          {.group = "proxy",
           .key = param.key,
           .reads = [key = param.key](const ClusterSettings& cluster) { return has_param(mode_of(cluster), key); },
           .who = "the proxy mode " + std::string(mode.name)});
    }
  }
  return all;
}

Node key_of(const BoundVariant& variant, const KeyReader& reader) {
  return variant.scenario.root["cluster"][reader.group][reader.key];
}

}  // namespace

void tell_idle_keys(std::span<const BoundVariant> variants, Diagnostics& diagnostics) {
  for (const KeyReader& reader : readers()) {
    const auto given = std::find_if(variants.begin(), variants.end(),
                                    [&](const BoundVariant& variant) { return key_of(variant, reader).exists(); });
    const bool is_read = std::any_of(variants.begin(), variants.end(), [&](const BoundVariant& variant) {
      return reader.reads(variant.scenario.cluster);
    });
    if (given == variants.end() || is_read) continue;
    diagnostics.notice(key_of(*given, reader),
                       fmt::format("nothing reads '{}' here: it belongs to {}", reader.key, reader.who));
  }
}

void tell_idle_nodes(const BoundVariant& variant, const ClusterSummary& summary, Diagnostics& diagnostics) {
  constexpr std::array kOfMadeNodes = {"count", "cpu", "memory", "zones", "labels", "taints", "pools"};
  if (summary.nodes_made > 0) return;
  const Node nodes = variant.scenario.root["cluster"]["nodes"];
  if (std::none_of(kOfMadeNodes.begin(), kOfMadeNodes.end(), [&](const char* key) { return nodes[key].exists(); })) {
    return;
  }
  diagnostics.notice(
      nodes, fmt::format("the manifests bring {} Node objects: 'count', 'zones', 'labels', 'taints' and 'pools' are "
                         "not read, 'cpu' and 'memory' for those alone that state no capacity",
                         variant.cluster->members().size()));
}

}  // namespace knetsim
