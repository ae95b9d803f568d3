#include <fmt/format.h>

#include <algorithm>

#include "app/scenario/scenario_keys.h"
#include "app/scenario/variant_models.h"
#include "models/cluster/addresses.h"
#include "models/cni/cni_model.h"
#include "models/control/load_balancer_kind.h"
#include "models/l7/proxy_kinds.h"
#include "models/policy/policy_enforcer.h"
#include "models/proxy/proxy_model.h"
#include "models/service/nat_gateway.h"
#include "sim/net/transport.h"

namespace knetsim {
namespace {

std::vector<EnumValue> modes() {
  std::vector<EnumValue> values;
  for (const ProxyInfo& mode : proxy_modes()) {
    values.push_back({.name = std::string(mode.name), .value = 0, .doc = std::string(mode.summary)});
  }
  return values;
}

std::vector<EnumValue> load_balancers() {
  std::vector<EnumValue> values;
  for (const LoadBalancerKind& kind : load_balancer_kinds()) {
    values.push_back({.name = std::string(kind.name), .value = 0, .doc = std::string(kind.summary)});
  }
  return values;
}

std::vector<EnumValue> pod_networks() {
  std::vector<EnumValue> values;
  for (const CniInfo& kind : cni_kinds()) {
    values.push_back({.name = std::string(kind.name), .value = 0, .doc = std::string(kind.summary)});
  }
  return values;
}

std::vector<EnumValue> enforcers() {
  std::vector<EnumValue> values = {
      {.name = "default", .value = 0, .doc = "as the pod network does: cilium ebpf, routed iptables, others none"}};
  for (const PolicyEnforcer& one : policy_enforcers()) {
    values.push_back({.name = std::string(one.name),
                      .value = static_cast<std::int64_t>(values.size()),
                      .doc = std::string(one.summary)});
  }
  return values;
}

/// Programs that look policies up are the pod network's own, and rules are for packets that pass the node's stack.
void check_enforcer(const CniSettings& settings, Node node, Binding& binding) {
  const CniInfo* kind = cni_kind_named(settings.kind);
  const PolicyEnforcer* asked = policy_enforcer_named(settings.policy);
  if (kind == nullptr || asked == nullptr || !asked->enforces) return;
  const PolicyEnforcer* own = policy_enforcer_named(kind->policy);
  const bool of_its_own = own->enforces && !own->beside_any;
  if (asked == own || (asked->beside_any && !of_its_own)) return;
  binding.diagnostics.error(node["policy"],
                            fmt::format("no policies of {} are enforced by {}", settings.kind, settings.policy),
                            fmt::format("none, {}", of_its_own ? own->name : std::string_view("iptables")));
}

void check_backend(const CniSettings& settings, Node node, Binding& binding) {
  const CniInfo* kind = cni_kind_named(settings.kind);
  if (kind == nullptr) return;
  for (const char* const key : {"backend", "encapsulation"}) {
    const std::string& given = std::string_view(key) == "backend" ? settings.backend : settings.encapsulation;
    if (given.empty()) continue;
    const std::string accepted = fmt::format("{}", fmt::join(kind->backends, ", "));
    if (kind->backends.empty()) {
      binding.diagnostics.error(node[key], fmt::format("{} has no {}s to choose from", settings.kind, key), accepted);
    } else if (kind->chosen_by != key) {
      binding.diagnostics.error(node[key], fmt::format("{} has no {}", settings.kind, key),
                                fmt::format("{}: {}", kind->chosen_by, accepted));
    } else if (std::ranges::find(kind->backends, given) == kind->backends.end()) {
      binding.diagnostics.error(
          node[key], fmt::format("{} has no {} '{}'{}", settings.kind, key, given, suggest(given, kind->backends)),
          accepted);
    }
  }
}

/// Whether packets of full size come through, by arithmetic.
void check_mtu(const CniSettings& settings, Node node, Binding& binding) {
  const CniInfo* kind = cni_kind_named(settings.kind);
  if (kind == nullptr || (!settings.pod_mtu && !settings.path_mtu)) return;
  const std::string& chosen = settings.chosen();
  if (!chosen.empty() && std::ranges::find(kind->backends, chosen) == kind->backends.end()) return;  // told already
  const std::uint32_t header = kind->make({.backend = chosen})->tunnel().header_bytes;
  const std::uint32_t nics = settings.mtu - header;
  const std::uint32_t pods = settings.pod_mtu.value_or(nics);
  const std::uint32_t path = std::min(settings.path_mtu.value_or(settings.mtu), settings.mtu);
  const std::uint32_t fits = path - header;
  if (pods <= fits) return;
  const Node at = settings.pod_mtu ? node["podMtu"] : node["pathMtu"];
  const std::string packets = header == 0
                                  ? fmt::format("pods send packets of {} bytes", pods)
                                  : fmt::format("pods send packets of {} bytes, {} with the header of {}", pods,
                                                pods + header, chosen.empty() ? kind->backends.front() : chosen);
  const bool told = settings.path_mtu_discovery || nics <= fits;  // by a router, or by the own node
  binding.diagnostics.notice(
      at,
      fmt::format(
          "{}, and the network carries {}: {}", packets, path,
          told ? fmt::format("the first of full size to each address is lost, and the others are told of {}", fits)
               : std::string("connections open, and hang as soon as one of full size is sent")),
      fmt::format("podMtu: {}", fits));
}

/// "1.36": two whole numbers.
bool is_version(std::string_view text) {
  const std::size_t point = text.find('.');
  const auto digits = [](std::string_view part) {
    return !part.empty() && part.size() < 5 && part.find_first_not_of("0123456789") == std::string_view::npos;
  };
  return point != std::string_view::npos && digits(text.substr(0, point)) && digits(text.substr(point + 1));
}

constexpr std::uint64_t kMostCables = 262'144;  // each two links of the engine, and routes over them

constexpr Version kNewestKubernetes{1, 36};

void check_mode(const ClusterSettings& settings, Node node, Binding& binding) {
  const ProxyInfo* info = proxy_mode_named(settings.proxy.mode);
  if (info == nullptr) return;
  const Node mode = node["proxy"]["mode"];
  if (const Version since = info->since_kubernetes; parse_version(settings.kubernetes) < since) {
    binding.diagnostics.error(
        mode, fmt::format("kube-proxy of Kubernetes {} has no mode {}", settings.kubernetes, info->name),
        fmt::format("Kubernetes {}.{} or later", since.major, since.minor));
  }
  if (const Version since = info->since_kernel; parse_version(settings.kernel) < since) {
    binding.diagnostics.error(
        mode, fmt::format("kube-proxy's mode {} does not start on Linux {}", info->name, settings.kernel),
        fmt::format("Linux {}.{} or later", since.major, since.minor));
  }
}

/// A pod network that hands packets past the node's stack does so only where Services need nothing of it.
void check_host_routing(const ClusterSettings& settings, Node node, Binding& binding) {
  const CniInfo* kind = cni_kind_named(settings.cni.kind);
  const ProxyInfo* mode = proxy_mode_named(settings.proxy.mode);
  const Node backend = node["cni"]["backend"];
  if (kind == nullptr || mode == nullptr || !backend.exists()) return;
  if (kind->chosen_by != "backend" || std::ranges::find(kind->backends, settings.cni.backend) == kind->backends.end()) {
    return;  // told already
  }
  const CniParams params{.backend = settings.cni.backend, .services_by_programs = true};
  if (mode->translation == Translation::Connect || !kind->make(params)->skips_host_stack()) return;
  binding.diagnostics.notice(backend, fmt::format("{} beside the proxy mode {} passes the node's stack: the backend {} "
                                                  "needs a mode that translates by programs, as ebpf does",
                                                  kind->name, mode->name, settings.cni.backend));
}

/// Rules masquerade what passes them.
void check_agent(const ClusterSettings& settings, Node node, Binding& binding) {
  const CniInfo* kind = cni_kind_named(settings.cni.kind);
  const ProxyInfo* mode = proxy_mode_named(settings.proxy.mode);
  if (settings.egress.masquerade != "agent" || kind == nullptr || mode == nullptr) return;
  if (!settings.cni.backend.empty() &&
      std::ranges::find(kind->backends, settings.cni.backend) == kind->backends.end()) {
    return;  // told already
  }
  const CniParams params{.backend = settings.cni.backend,
                         .services_by_programs = mode->translation == Translation::Connect};
  if (!kind->make(params)->skips_host_stack()) return;
  binding.diagnostics.error(
      node["egress"]["masquerade"],
      fmt::format("programs of {} carry packets past the node's stack, and ip-masq-agent's rules with it", kind->name),
      "masquerade: network, or cni: {kind: cilium, backend: legacy}");
}

void check_versions(const ClusterSettings& settings, Node node, Binding& binding) {
  const bool kubernetes = is_version(settings.kubernetes);
  const bool kernel = parse_kernel_version(settings.kernel).has_value();
  if (!kubernetes) {
    binding.diagnostics.error(node["kubernetes"], fmt::format("'{}' is no version of Kubernetes", settings.kubernetes),
                              R"(major and minor, as in "1.36")");
  } else if (parse_version(settings.kubernetes) > kNewestKubernetes) {
    binding.diagnostics.notice(
        node["kubernetes"],
        fmt::format("Kubernetes {} is not known here; its rules are taken to be those of 1.36", settings.kubernetes));
  }
  if (!kernel) {
    binding.diagnostics.error(node["kernel"], fmt::format("'{}' is no version of Linux", settings.kernel),
                              R"(major and minor, as in "6.18")");
  }
  if (kubernetes && kernel) check_mode(settings, node, binding);
  check_host_routing(settings, node, binding);
  check_agent(settings, node, binding);
}

}  // namespace

void describe(Fields<NodesSpec>& f) {
  f.about("Nodes",
          "The machines, all alike, where the manifests bring no Node objects; their network cards in any case.");
  f.optional("count", &NodesSpec::count,
             {.doc = "How many beside those of pools; left out: those that the manifests name, or 3 where there are no "
                     "pools.",
              .unit = "nodes",
              .at_least = "1",
              .at_most = std::to_string(kMostNodes)});
  f.optional("cpu", &NodesSpec::cpu, "8",
             {.doc = "Cores of each. A machine has whole ones: of a fraction the next whole number run, and pods are "
                     "placed on what is stated.",
              .unit = "cores",
              .at_least = "1",
              .at_most = "1024"});
  f.optional("memory", &NodesSpec::memory, "32Gi",
             {.doc = "Memory of each, for placement.", .above = "0B", .at_most = "1024TiB"});
  f.optional("nic", &NodesSpec::nic, "25Gbps",
             {.doc = "Rate of each machine's cable.", .above = "0bps", .at_most = "100Tbps"});
  f.optional("cpuFactor", &NodesSpec::cpu_factor, "1",
             {.doc = "Multiplies every CPU cost of the profile: a slower or faster core, a busy SMT sibling.",
              .at_least = "0.01",
              .at_most = "100"});
  f.optional("zones", &NodesSpec::zones,
             {.doc = "Zones that the machines are dealt to in turn, as their label topology.kubernetes.io/zone.",
              .not_empty = true});
  f.optional(
      "labels", &NodesSpec::labels,
      {.doc = "Labels of each, beside those that every kubelet sets (hostname, os, arch); what a cloud knows, such "
              "as node.kubernetes.io/instance-type and topology.kubernetes.io/region, is there only if it is "
              "stated."});
  f.optional("taints", &NodesSpec::taints, {.doc = "Taints of each; pods without a toleration stay away."});
  f.optional("pools", &NodesSpec::pools,
             {.doc = "Further machines by the name of their pool, each pool of its own shape: NAME-0, NAME-1 ..."});
  f.check(check_node_pools);
}

void describe(Fields<ZoneSpec>& f) {
  f.about("Zone", "A zone's cable to the others; what is not said here is that of all zones.");
  f.optional("delay", &ZoneSpec::delay,
             {.doc = "One way, of the zone's part of the way to another.", .at_most = "10s"});
  f.optional("rate", &ZoneSpec::rate, {.doc = "Of its cable.", .above = "0bps", .at_most = "100Tbps"});
}

void describe(Fields<TopologySettings>& f) {
  f.about("Topology", "What connects the machines.");
  f.optional("kind", &TopologySettings::kind, "single-switch",
             {.doc = "Shape of the network.",
              .allowed = {{.name = "single-switch", .value = 0, .doc = "every machine at one switch"},
                          {.name = "leaf-spine", .value = 1, .doc = "machines at leaves, every leaf at every spine"},
                          {.name = "fat-tree", .value = 2, .doc = "three stages of k-port switches"},
                          {.name = "zones", .value = 3, .doc = "a switch in each zone, and one between the zones"}}});
  f.optional("leaves", &TopologySettings::leaves, "2",
             {.doc = "Leaf switches of a leaf-spine.", .unit = "switches", .at_least = "1", .at_most = "4096"});
  f.optional("spines", &TopologySettings::spines, "2",
             {.doc = "Spine switches of a leaf-spine.", .unit = "switches", .at_least = "1", .at_most = "1024"});
  f.optional("k", &TopologySettings::k, "0",
             {.doc = "Ports of a fat-tree's switch, even; 0: the smallest fabric that holds the machines.",
              .unit = "ports",
              .at_most = "128"});
  f.optional(
      "oversubscription", &TopologySettings::oversubscription, "1",
      {.doc = "Bandwidth of a leaf's machines over that of its uplinks.", .at_least = "0.001", .at_most = "1000"});
  f.optional("uplink", &TopologySettings::uplink,
             {.doc = "Rate of one leaf-spine cable; left out: as oversubscription says.",
              .above = "0bps",
              .at_most = "100Tbps"});
  f.optional(
      "border", &TopologySettings::border, "100Gbps",
      {.doc = "Rate of each cable between the border router, beyond which external clients are, and a switch of the "
              "network's top: the only one, a spine, a core.",
       .above = "0bps",
       .at_most = "100Tbps",
       .source = "assumption"});
  f.optional("delay", &TopologySettings::delay, "500ns",
             {.doc = "Of one cable, one way; light takes 5 ns a metre in fibre.",
              .at_most = "10s",
              .source = "assumption: 100 m of fibre"});
  f.optional("switchLatency", &TopologySettings::switch_latency, "500ns",
             {.doc = "Of one switch, without queueing.",
              .at_most = "10s",
              .source = "assumption: a cut-through switch of a data centre"});
  f.optional("buffer", &TopologySettings::buffer, "1MiB",
             {.doc = "Queue of one switch port; what does not fit is dropped.",
              .above = "0B",
              .at_most = "1TiB",
              .source = "assumption"});
  f.optional(
      "zoneDelay", &TopologySettings::zone_delay, "250us",
      {.doc = "Of zones: one way from a zone to the middle between zones; a packet to another zone takes that of both.",
       .at_most = "10s",
       .source = "assumption: a round trip of 1 ms between zones of a region"});
  f.optional("zoneRate", &TopologySettings::zone_rate, "400Gbps",
             {.doc = "Of zones: rate of each zone's cable to the others.",
              .above = "0bps",
              .at_most = "100Tbps",
              .source = "assumption"});
  f.optional("zones", &TopologySettings::zones, {.doc = "Zones whose cable differs, by name."});
  f.check([](const TopologySettings& settings, Node node, Binding& binding) {
    if (settings.kind == "leaf-spine" && std::uint64_t{settings.leaves} * settings.spines > kMostCables) {
      binding.diagnostics.error(
          node["spines"],
          fmt::format("{} cables between leaves and spines", std::uint64_t{settings.leaves} * settings.spines),
          fmt::format("up to {} cables", kMostCables));
    }
    if (settings.k % 2 != 0) {
      binding.diagnostics.error(node["k"],
                                fmt::format("a fat-tree's switches have an even number of ports, not {}", settings.k));
    }
    if (settings.kind == "fat-tree" && settings.oversubscription < 1) {
      binding.diagnostics.error(node["oversubscription"], "a fat-tree is oversubscribed by 1 or more", ">= 1");
    }
  });
}

void describe(Fields<SocketSettings>& f) {
  f.about("Tcp", "What the kernels' TCP is set to.");
  f.optional("receiveWindow", &SocketSettings::receive_window, "3MiB",
             {.doc = "The largest window that a receiver advertises; autotuning gets there before slow start does.",
              .at_least = "4KiB",
              .at_most = "1GiB",
              .source = "half of net.ipv4.tcp_rmem's maximum of 6 MiB: tcp_adv_win_scale = 1, Linux ip-sysctl.rst"});
  f.optional("sendBuffer", &SocketSettings::send_buffer, "4MiB",
             {.doc = "What a sender keeps of a connection, sent and not acknowledged, at most.",
              .at_least = "4KiB",
              .at_most = "1GiB",
              .source = "net.ipv4.tcp_wmem's maximum, Linux ip-sysctl.rst"});
  f.optional(
      "somaxconn", &SocketSettings::somaxconn,
      {.doc = "Most connections that a listening socket keeps for its process, whatever backlog this asks for; 4,096 "
              "from Linux 5.4 on and 128 before where nothing is said.",
       .at_least = "1",
       .at_most = "1000000",
       .source = "net.core.somaxconn, Linux ip-sysctl.rst; include/linux/socket.h, SOMAXCONN"});
  f.optional("lossDetection", &SocketSettings::loss_detection, "sack",
             {.doc = "What shows a sender that a segment is lost, before a timer does.",
              .source = "net.ipv4.tcp_recovery: 0 for sack; Linux's default is 1, rack, which ends incasts earlier",
              .allowed = {{.name = "sack", .value = 0, .doc = "three segments behind it have arrived (RFC 6675)"},
                          {.name = "rack", .value = 1, .doc = "one that was sent later has arrived (RFC 8985)"}}});
}

void describe(Fields<CniSettings>& f) {
  f.about("Cni", "The pod network.");
  f.optional("kind", &CniSettings::kind, "bridge", {.doc = "Which one.", .allowed = pod_networks()});
  f.optional("backend", &CniSettings::backend,
             {.doc = "How packets are carried between machines, or within one, where the kind leaves a choice; its "
                     "first by default."});
  f.optional("encapsulation", &CniSettings::encapsulation,
             {.doc = "What calico wraps packets between nodes in; IP in IP by default.",
              .source = "projectcalico/calico manifests/calico.yaml, CALICO_IPV4POOL_IPIP: Always"});
  f.optional("mtu", &CniSettings::mtu, "1500",
             {.doc = "Of the machines' network; a tunnel's header comes off for the pods.",
              .unit = "bytes",
              .at_least = "576",
              .at_most = "65535"});
  f.optional("podMtu", &CniSettings::pod_mtu,
             {.doc = "Of pods' devices; by default what the tunnel's header leaves of `mtu`.",
              .unit = "bytes",
              .at_least = "576",
              .at_most = "65535"});
  f.optional("pathMtu", &CniSettings::path_mtu,
             {.doc = "What the network between machines carries, where that is less than their `mtu`.",
              .unit = "bytes",
              .at_least = "576",
              .at_most = "65535"});
  f.optional("pathMtuDiscovery", &CniSettings::path_mtu_discovery, "true",
             {.doc = "Routers' word that a packet is too large comes back to who has sent it. Else it vanishes.",
              .source = "RFC 1191; Linux net.ipv4.tcp_mtu_probing is 0, so that TCP does not find out by itself"});
  f.optional("notrack", &CniSettings::notrack, "false", {.doc = "A tunnel's own packets are exempt from conntrack."});
  f.optional("policy", &CniSettings::policy, "default",
             {.doc = "Who enforces NetworkPolicies.", .allowed = enforcers()});
  f.optional(
      "denied", &CniSettings::denied, "default",
      {.doc = "What becomes of a connection that they forbid.",
       .allowed = {{.name = "default", .value = 0, .doc = "iptables rejects, calico and ebpf drop"},
                   {.name = "reject", .value = 1, .doc = "an ICMP error: connect() is refused"},
                   {.name = "drop", .value = 2, .doc = "nothing: SYNs are sent again until somebody gives up"}}});
  f.check(check_backend);
  f.check(check_enforcer);
  f.check(check_mtu);
}

namespace {

/// A key of a mode's own. Modes may share one.
void describe_param(Fields<ProxySettings>& f, const ModeParam& param) {
  const auto known = [&](const FieldInfo& field) { return field.name == param.key; };
  if (std::ranges::any_of(f.info().fields, known)) return;
  std::vector<EnumValue> values;
  for (const ModeParam::Value& value : param.values) {
    values.push_back({.name = value.name, .value = static_cast<std::int64_t>(values.size()), .doc = value.summary});
  }
  f.optional_at(param.key, [key = param.key](ProxySettings& settings) -> std::string& { return settings.choices[key]; },
                param.fallback, {.doc = param.doc, .source = param.source, .allowed = std::move(values)});
}

}  // namespace

void describe(Fields<ConntrackSettings>& f) {
  f.about("Conntrack", "Connections that a node can track: so many for each of its cores, and at least `min`.");
  f.optional("maxPerCore", &ConntrackSettings::max_per_core, "32768",
             {.doc = "0 leaves what the kernel has: 262,144.",
              .at_most = "100000000",
              .source = "k/k cmd/kube-proxy/app/server_linux.go, getConntrackMax"});
  f.optional("min", &ConntrackSettings::min, "131072",
             {.doc = "Whatever the cores.",
              .at_most = "1000000000",
              .source = "k/k pkg/proxy/apis/config/v1alpha1/defaults.go"});
}

void describe(Fields<ProxySettings>& f) {
  f.about("Proxy", "kube-proxy.");
  f.optional("mode", &ProxySettings::mode, "iptables", {.doc = "How Services become endpoints.", .allowed = modes()});
  for (const ProxyInfo& mode : proxy_modes()) {
    for (const ModeParam& param : mode.params) describe_param(f, param);
  }
  f.optional(
      "syncPeriod", &ProxySettings::sync_period, "30s",
      {.doc =
           "A sync begins this long after the start of the last, or when that ends: in every period something changes.",
       .at_least = "1ms",
       .at_most = "24h",
       .source = "k/k pkg/proxy/apis/config/v1alpha1/defaults.go"});
  f.optional("minSyncPeriod", &ProxySettings::min_sync_period, "1s",
             {.doc = "From the start of a sync to that of the next, where endpoints change, at least.",
              .at_most = "1h",
              .source = "k/k pkg/proxy/apis/config/v1alpha1/defaults.go"});
  f.optional("conntrack", &ProxySettings::conntrack, {.doc = "How many connections nodes can track."});
}

void describe(Fields<HealthCheckSettings>& f) {
  f.about("HealthCheck",
          "By which a load balancer finds out that a node is well: with the external policy Local, that it has "
          "a ready endpoint of the Service.");
  f.optional("interval", &HealthCheckSettings::interval, "8s",
             {.doc = "From one check of a node to the next.",
              .at_least = "1ms",
              .at_most = "1h",
              .source = "k8s.io/legacy-cloud-providers gce/gce.go, gceHcCheckIntervalSeconds and what follows"});
  f.optional("healthy", &HealthCheckSettings::healthy, "1",
             {.doc = "Checks in a row that have to be answered until a node is sent to.",
              .at_least = "1",
              .at_most = "1000",
              .source = "k8s.io/legacy-cloud-providers gce/gce.go, gceHcCheckIntervalSeconds and what follows"});
  f.optional("unhealthy", &HealthCheckSettings::unhealthy, "3",
             {.doc = "Checks in a row that have to fail until it is not any more.",
              .at_least = "1",
              .at_most = "1000",
              .source = "k8s.io/legacy-cloud-providers gce/gce.go, gceHcCheckIntervalSeconds and what follows"});
}

void describe(Fields<LoadBalancerSettings>& f) {
  f.about("LoadBalancer", "What is in front of Services of type LoadBalancer that a workload asks by 'loadBalancer'.");
  f.optional("kind", &LoadBalancerSettings::kind, std::string(load_balancer_kinds().front().name),
             {.doc = "Which one.", .allowed = load_balancers()});
  f.optional("pool", &LoadBalancerSettings::pool, "203.0.113.0/24",
             {.doc = "Addresses of those whose status states none, handed out in the order of the manifests.",
              .source = "RFC 5737, TEST-NET-3"});
  f.optional("healthCheck", &LoadBalancerSettings::health_check, {.doc = "Of cloud and proxy: which nodes are well."});
  f.optional(
      "failover", &LoadBalancerSettings::failover,
      {.doc = "Of metallb-l2: from the loss of the node that has the address until another one has it. Where nothing "
              "is said: a probe a second, which fails within the next, and suspicion of 4 s in clusters of up to ten "
              "nodes, of 4 s x log10(nodes) in larger ones.",
       .at_most = "1h",
       .source = "hashicorp/memberlist config.go, DefaultLANConfig; util.go, suspicionTimeout"});
  f.optional(
      "holdTime", &LoadBalancerSettings::hold_time, "90s",
      {.doc = "Of metallb-bgp: from the loss of a node until routers have given its session up; with BFD, 900ms.",
       .at_most = "1h",
       .source = "RFC 4271, 10; MetalLB, BFDProfile (300 ms, three times)"});
  f.optional("rtt", &LoadBalancerSettings::rtt, "500us",
             {.doc = "Of proxy: from its machine to the cluster's border and back, propagation alone.",
              .at_most = "10s",
              .source = "assumption: a machine of the same region"});
  f.check([](const LoadBalancerSettings& settings, Node node, Binding& binding) {
    if (!parse_cidr(settings.pool)) {
      binding.diagnostics.error(node["pool"], fmt::format("'{}' is no block of IPv4 addresses", settings.pool),
                                "as in 203.0.113.0/24");
    }
  });
}

void describe(Fields<NatGatewaySettings>& f) {
  f.about(
      "NatGateway",
      "What translates the addresses of nodes, none of which has one of its own outside, towards the internet. Where "
      "it has no port left it drops what opens a connection.");
  std::vector<EnumValue> kinds;
  for (const NatGatewayKind& kind : nat_gateway_kinds()) {
    kinds.push_back({.name = std::string(kind.name), .value = 0, .doc = std::string(kind.summary)});
  }
  f.required("kind", &NatGatewaySettings::kind, {.doc = "Which one.", .allowed = std::move(kinds)});
  f.optional("addresses", &NatGatewaySettings::addresses, "1",
             {.doc = "Its addresses outside.", .at_least = "1", .at_most = "1000"});
  f.optional(
      "portsPerNode", &NatGatewaySettings::ports_per_node,
      {.doc = "Of gcp and azure-load-balancer: ports of each node towards one destination; 64, and 1,024 or fewer "
              "by the number of nodes, where nothing is said.",
       .at_least = "1",
       .at_most = "64512"});
  f.optional("timeWait", &NatGatewaySettings::time_wait,
             {.doc = "How long a closed connection keeps its port from others to the same destination; as the kind has "
                     "it where nothing is said.",
              .at_most = "1h"});
  f.optional("latency", &NatGatewaySettings::latency, "0s",
             {.doc = "That it adds to each packet, one way.",
              .at_most = "10s",
              .source = "assumption: it is part of the network, as Cloud NAT is on each machine"});
  f.shorthand("kind");
  f.check([](const NatGatewaySettings& settings, Node node, Binding& binding) {
    const NatGatewayKind* kind = nat_gateway_kind_named(settings.kind);
    if (kind == nullptr || kind->per_node || !settings.ports_per_node) return;
    binding.diagnostics.error(node["portsPerNode"].key(),
                              fmt::format("all nodes share the ports of '{}'", settings.kind), "addresses: 2");
  });
}

void describe(Fields<EgressSettings>& f) {
  f.about("Egress", "The way out of the cluster, to machines that a workload asks by 'external'.");
  f.optional(
      "masquerade", &EgressSettings::masquerade, "network",
      {.doc = "Who gives pods' packets the address of their node.",
       .allowed = {{.name = "network",
                    .value = 0,
                    .doc = "the pod network, where it does (flannel's --ip-masq); else pods keep their addresses"},
                   {.name = "agent", .value = 1, .doc = "ip-masq-agent on every node, in the pod network's place"},
                   {.name = "none", .value = 2, .doc = "nobody: pods keep their addresses, flannel's too"}}});
  f.optional("nonMasqueradeCIDRs", &EgressSettings::non_masquerade,
             {.doc = "Of agent: whose addresses are asked with pods' own; 10.0.0.0/8, 172.16.0.0/12 and 192.168.0.0/16 "
                     "where nothing is said.",
              .source = "kubernetes-sigs/ip-masq-agent cmd/ip-masq-agent/ip-masq-agent.go, NewMasqConfig"});
  f.optional("masqLinkLocal", &EgressSettings::masq_link_local, "false",
             {.doc = "Of agent: 169.254.0.0/16 is masqueraded too.",
              .source = "kubernetes-sigs/ip-masq-agent cmd/ip-masq-agent/ip-masq-agent.go, NewMasqConfig"});
  f.optional("natGateway", &EgressSettings::nat_gateway,
             {.doc = "Between the nodes and the internet; without it each node has an address there."});
  f.check([](const EgressSettings& settings, Node node, Binding& binding) {
    const Node list = node["nonMasqueradeCIDRs"];
    constexpr std::size_t kMost = 64;  // MasqConfig.CidrLimit
    const std::vector<std::string> ranges = settings.non_masquerade.value_or(std::vector<std::string>{});
    if (ranges.size() > kMost) {
      binding.diagnostics.error(list, fmt::format("{} ranges", ranges.size()), fmt::format("up to {}", kMost));
    }
    for (std::size_t i = 0; i < ranges.size(); ++i) {
      const std::optional<Cidr> range = parse_cidr(ranges[i]);
      if (range && to_string(*range) == ranges[i]) continue;
      binding.diagnostics.error(list[i],
                                range ? fmt::format("ip-masq-agent refuses '{}', whose host bits are set", ranges[i])
                                      : fmt::format("'{}' is no block of IPv4 addresses", ranges[i]),
                                range ? to_string(*range) : "as in 10.0.0.0/8");
    }
  });
}

void describe(Fields<IngressSettings>& f) {
  f.about("Ingress",
          "A controller of Ingresses beside the manifests' objects, of their default class; or the cloud's, outside of "
          "the cluster.");
  std::vector<EnumValue> kinds;
  for (const ProxyKind& kind : proxy_kinds()) {
    kinds.push_back({.name = std::string(kind.name),
                     .value = static_cast<std::int64_t>(kinds.size()),
                     .doc = std::string(kind.summary)});
  }
  f.required("kind", &IngressSettings::kind, {.doc = "Which proxy.", .allowed = std::move(kinds)});
  f.optional("replicas", &IngressSettings::replicas, "2",
             {.doc = "Its pods; with hostNetwork one of every node instead.", .at_least = "1", .at_most = "10000"});
  f.optional("exposure", &IngressSettings::exposure, "loadBalancer",
             {.doc = "How clients reach it.",
              .allowed = {{.name = "loadBalancer", .value = 0, .doc = "a Service of type LoadBalancer"},
                          {.name = "nodePort", .value = 1, .doc = "a Service of type NodePort"},
                          {.name = "hostNetwork", .value = 2, .doc = "ports 80 and 443 of every node"}}});
  std::vector<EnumValue> policies = {{.name = "default", .value = 0, .doc = "as this proxy does where nobody says"}};
  for (const BalancingInfo& policy : balancing_policies()) {
    policies.push_back({.name = std::string(policy.name),
                        .value = static_cast<std::int64_t>(policies.size()),
                        .doc = std::string(policy.summary)});
  }
  f.optional("balancing", &IngressSettings::balancing, "default",
             {.doc = "To which endpoint each request goes.", .allowed = std::move(policies)});
  f.optional("upstreamConnections", &IngressSettings::upstream_connections, "default",
             {.doc = "How it keeps its connections to endpoints.",
              .allowed = {{.name = "default", .value = 0, .doc = "as this proxy does where nobody says"},
                          {.name = "new", .value = 1, .doc = "one for each request"}}});
  f.optional(
      "updateInterval", &IngressSettings::update_interval,
      {.doc = "From an update of its endpoints to the next, at least: what changes after a longer while is taken "
              "up at once. Where nothing is said: 10/3 s of nginx (--sync-rate-limit 0.3), 2 s of traefik, none "
              "of the others.",
       .at_least = "0s",
       .at_most = "1h"});
  f.optional(
      "updatePoll", &IngressSettings::update_poll,
      {.doc = "So often each of its pods looks for an update; 0s: it is handed over. Where nothing is said: 1 s of "
              "nginx, 0s of the others.",
       .at_least = "0s",
       .at_most = "1h"});
  f.optional("rtt", &IngressSettings::rtt, "500us",
             {.doc = "Of gce and aws: from the load balancer to the cluster's border and back, propagation alone.",
              .at_most = "10s",
              .source = "assumption: a machine of the same region"});
  f.shorthand("kind");
}

void describe(Fields<BackgroundSettings>& f) {
  f.about("Background", "Services beside those of the manifests: rules and sync cost without traffic.");
  f.optional("services", &BackgroundSettings::services, "0",
             {.doc = "How many.", .unit = "Services", .at_most = "1000000"});
  f.optional("endpointsPerService", &BackgroundSettings::endpoints_per_service, "10",
             {.doc = "Endpoints of each.", .unit = "endpoints", .at_most = "100000"});
}

void describe(Fields<ClusterSettings>& f) {
  f.about("Cluster", "Machines, network, pod network and kube-proxy.");
  f.optional("kubernetes", &ClusterSettings::kubernetes, "1.36",
             {.doc = "Version: selects the layout of kube-proxy's rules."});
  f.optional("kernel", &ClusterSettings::kernel, "6.18",
             {.doc = "Version: selects TCP's timers (from 6.5 on SYNs are sent again evenly at first, before 4.14 a "
                     "tail-loss probe waits 10 ms at least), and whether kube-proxy's mode nftables starts (5.13)."});
  f.optional("nodes", &ClusterSettings::nodes, {.doc = "The machines."});
  f.optional("topology", &ClusterSettings::topology, {.doc = "What connects them."});
  f.optional("tcp", &ClusterSettings::tcp, {.doc = "The machines' TCP."});
  f.optional("cni", &ClusterSettings::cni, {.doc = "The pod network."});
  f.optional("proxy", &ClusterSettings::proxy, {.doc = "kube-proxy."});
  f.optional("control", &ClusterSettings::control, {.doc = "The control plane's delays, where there is a timeline."});
  f.optional("loadBalancer", &ClusterSettings::load_balancer, {.doc = "In front of Services of type LoadBalancer."});
  f.optional("egress", &ClusterSettings::egress, {.doc = "The way out, to machines outside of the cluster."});
  f.optional("ingress", &ClusterSettings::ingress,
             {.doc = "A controller of Ingresses; without it those of the manifests are looked for."});
  f.optional("background", &ClusterSettings::background, {.doc = "Services that only cost rules."});
  f.optional("dns", &ClusterSettings::dns, {.doc = "Cluster DNS, where names are looked up."});
  f.check(check_versions);
}

}  // namespace knetsim
