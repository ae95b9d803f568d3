#include "app/scenario/variant_models.h"

#include <algorithm>
#include <charconv>

#include "app/scenario/egress.h"
#include "models/proxy/iptables_rules.h"
#include "models/service/pod_dispatch.h"
#include "sim/core/ensure.h"
#include "sim/net/generators.h"

namespace knetsim {

Version parse_version(const std::string& text) {
  Version version;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, version.major);
  if (error == std::errc{} && rest != end) {
    std::from_chars(rest + 1, end, version.minor);
  }
  return version;
}

bool terminating_serve(const Scenario& scenario) {
  return parse_version(scenario.cluster.kubernetes) >= Version{1, 26};
}

const ProxyInfo& mode_of(const ClusterSettings& cluster) {
  const ProxyInfo* mode = proxy_mode_named(cluster.proxy.mode);
  KNETSIM_ENSURE(mode != nullptr, "the scenario's reader refuses unknown modes");
  return *mode;
}

const LoadBalancerKind& load_balancer_kind_of(const ClusterSettings& cluster) {
  const LoadBalancerKind* kind = load_balancer_kind_named(cluster.load_balancer.kind);
  KNETSIM_ENSURE(kind != nullptr, "the scenario's reader refuses unknown kinds");
  return *kind;
}

Tunnel tunnel_of(const CniSettings& network) {
  const CniInfo* kind = cni_kind_named(network.kind);
  KNETSIM_ENSURE(kind != nullptr, "the scenario's reader refuses unknown kinds");
  return kind->make({.backend = network.chosen(), .notrack = network.notrack})->tunnel();
}

const PolicyEnforcer& enforcer_of(const ClusterSettings& cluster) {
  const CniInfo* kind = cni_kind_named(cluster.cni.kind);
  KNETSIM_ENSURE(kind != nullptr, "the scenario's reader refuses unknown kinds");
  const PolicyEnforcer* enforcer =
      policy_enforcer_named(cluster.cni.policy == "default" ? kind->policy : std::string_view(cluster.cni.policy));
  KNETSIM_ENSURE(enforcer != nullptr, "the scenario's reader refuses unknown enforcers");
  return *enforcer;
}

bool rejects_denied(const ClusterSettings& cluster) {
  return cluster.cni.denied == "default" ? enforcer_of(cluster).refuses : cluster.cni.denied == "reject";
}

namespace {

BackgroundServices background_of(const BoundVariant& variant) {
  const BackgroundSettings& background = variant.scenario.cluster.background;
  return {background.services, background.endpoints_per_service};
}

}  // namespace

std::vector<RuleSizes> rule_sizes(const BoundVariant& variant, const EndpointView& view) {
  return rule_sizes(*variant.cluster, view, background_of(variant), *variant.models->proxy);
}

namespace {

SpecialAddresses special_addresses(const Cluster& cluster) {
  SpecialAddresses special;
  for (const Service& service : cluster.services) {
    const OuterAddresses addresses = addresses_of(service, IpFamily::V4);
    if (addresses.external_ips > 0) special.external_ips = true;
    if (addresses.load_balancers() == 0) continue;
    special.load_balancers = true;
    if (!service.source_ranges.empty()) special.firewalled = true;
  }
  return special;
}

IpMasqAgent::Options masquerade_of(const Cluster& cluster, const EgressSettings& egress, IptablesBackend backend) {
  IpMasqAgent::Options options{.kept = kept_ranges(egress), .backend = backend};
  const auto is_v4 = [](const IpAddress& address) { return address && address.family() == IpFamily::V4; };
  for (const Pod& pod : cluster.member_pods()) {
    if (options.pod == 0 && is_v4(pod.ip) && !cluster.spec(pod).host_network) options.pod = pod.ip.v4_value();
  }
  for (const ClusterNode& node : cluster.members()) {
    if (options.node == 0 && is_v4(node.ip)) options.node = node.ip.v4_value();
  }
  return options;
}

}  // namespace

VariantModels make_models(const BoundVariant& variant) {
  const ClusterSettings& cluster = variant.scenario.cluster;
  VariantModels models;
  const EndpointView view = variant.cluster->endpoints.latest();
  const CniInfo* kind = cni_kind_named(cluster.cni.kind);
  KNETSIM_ENSURE(kind != nullptr);
  const ProxyInfo& mode = mode_of(cluster);
  models.cni = kind->make({.backend = cluster.cni.chosen(),
                           .notrack = cluster.cni.notrack,
                           .masquerade = cluster.egress.masquerade == "network",
                           .services_by_programs = mode.translation == Translation::Connect});
  ProxyParams params{
      .kubernetes = parse_version(cluster.kubernetes),
      .kernel = parse_version(cluster.kernel),
      .choices = cluster.proxy.choices,
      .special = special_addresses(*variant.cluster),
      .large_cluster = known_endpoints(*variant.cluster, view, background_of(variant)) > kLargeClusterEndpoints};
  if (models.cni->has_felix()) {
    const FelixOptions felix{.encapsulation = models.cni->tunnel().encapsulation};
    models.dispatch = pod_dispatch(*variant.cluster);
    if (mode.in_iptables) {
      params.special.felix = felix;
    } else {
      models.felix.emplace(felix, iptables_backend(params));
    }
  }
  models.proxy = make_proxy(cluster.proxy.mode, params);
  models.sizes = rule_sizes(*variant.cluster, view, background_of(variant), *models.proxy);
  if (enforcer_of(cluster).enforces && !variant.cluster->network_policies.empty()) {
    models.policies.emplace(
        *variant.cluster,
        NetworkPolicies::Options{.blocks_hold_inside = enforcer_of(cluster).blocks_hold_inside,
                                 .kubernetes_minor = static_cast<std::uint32_t>(params.kubernetes.minor)});
    if (enforcer_of(cluster).rules) models.policy_rules.emplace(iptables_backend(params));
  }
  const bool portmap = !models.proxy->info().host_ports;
  if (portmap &&
      std::ranges::any_of(models.sizes, [](const RuleSizes& node) { return node.host_port_containers > 0; })) {
    models.host_ports.emplace(iptables_backend(params));
  }
  if (cluster.egress.masquerade == "agent") {
    models.masquerade.emplace(masquerade_of(*variant.cluster, cluster.egress, iptables_backend(params)));
  }
  return models;
}

PathMtu path_mtu(const CniSettings& settings) {
  PathMtu mtu(settings.mtu);
  mtu.pods = settings.pod_mtu;
  mtu.path = settings.path_mtu;
  mtu.discovery = settings.path_mtu_discovery;
  return mtu;
}

Topology make_topology(const Scenario& scenario, const Cluster& cluster) {
  const TopologySettings& settings = scenario.cluster.topology;
  FabricHosts hosts;
  hosts.count = static_cast<std::uint32_t>(cluster.members().size());
  for (const ClusterNode& node : cluster.members()) {
    hosts.names.emplace_back(node.name);
    if (!scenario.cluster.nodes.pools.empty()) hosts.rates.push_back(scenario.cluster.nodes.nic_of(node.pool));
  }
  hosts.rate = scenario.cluster.nodes.nic;
  for (const ClusterNode& machine : std::span(cluster.nodes).last(cluster.external)) {
    hosts.outside.push_back(
        {.name = std::string(machine.name), .rate = machine.external->rate, .delay = machine.external->delay});
  }
  hosts.border_rate = settings.border;
  FabricWires wires;
  wires.delay = settings.delay;
  wires.switch_latency = settings.switch_latency;
  wires.switch_buffer = settings.buffer;
  if (settings.kind == "leaf-spine") {
    return leaf_spine({.hosts = std::move(hosts),
                       .wires = wires,
                       .leaves = settings.leaves,
                       .spines = settings.spines,
                       .uplink_rate = settings.uplink,
                       .oversubscription = settings.oversubscription});
  }
  if (settings.kind == "zones") {
    ZonedSpec spec{.hosts = std::move(hosts), .wires = wires};
    for (const ClusterNode& node : cluster.members()) spec.hosts.zones.emplace_back(node.zone);
    for (const std::string_view name : cluster.zones) {
      const auto own = std::ranges::find(settings.zones, name, &std::pair<std::string, ZoneSpec>::first);
      const ZoneSpec stated = own != settings.zones.end() ? own->second : ZoneSpec{};
      spec.zones.push_back({.name = std::string(name),
                            .rate = stated.rate.value_or(settings.zone_rate),
                            .delay = stated.delay.value_or(settings.zone_delay)});
    }
    return zoned(spec);
  }
  if (settings.kind == "fat-tree") {
    return fat_tree(
        {.hosts = std::move(hosts), .wires = wires, .k = settings.k, .oversubscription = settings.oversubscription});
  }
  return single_switch({.hosts = std::move(hosts), .wires = wires});
}

std::uint32_t somaxconn(const ClusterSettings& cluster) {
  // Commit 19f92a030ca6 ("net: increase SOMAXCONN to 4096").
  const bool since_5_4 = parse_kernel_version(cluster.kernel).value_or(KernelVersion{}) >= KernelVersion{5, 4};
  return cluster.tcp.somaxconn.value_or(since_5_4 ? 4096 : 128);
}

TcpSettings tcp_settings(const ClusterSettings& cluster) {
  return {.kernel = parse_kernel_version(cluster.kernel).value_or(KernelVersion{}),
          .receive_window = cluster.tcp.receive_window,
          .send_buffer = cluster.tcp.send_buffer,
          .detection = cluster.tcp.loss_detection == "rack" ? LossDetection::Rack : LossDetection::Sack};
}

}  // namespace knetsim
