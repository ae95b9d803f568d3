// Services: addresses, ports, selector and the policies that a proxy follows.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "models/cluster/addresses.h"
#include "models/cluster/name_rules.h"
#include "models/cluster/object_reader.h"
#include "sim/input/scalar.h"

namespace knetsim {
namespace {

// FieldValues of Kubernetes 1.36's core/v1 (and those that were removed but still stand in old manifests).
constexpr Keys kServiceKeys({"ports",
                             "selector",
                             "clusterIP",
                             "clusterIPs",
                             "type",
                             "externalIPs",
                             "sessionAffinity",
                             "loadBalancerIP",
                             "loadBalancerSourceRanges",
                             "externalName",
                             "externalTrafficPolicy",
                             "healthCheckNodePort",
                             "publishNotReadyAddresses",
                             "sessionAffinityConfig",
                             "ipFamilies",
                             "ipFamilyPolicy",
                             "allocateLoadBalancerNodePorts",
                             "loadBalancerClass",
                             "internalTrafficPolicy",
                             "trafficDistribution",
                             "topologyKeys",
                             "ipFamily"});
constexpr Keys kServicePortKeys({"name", "protocol", "appProtocol", "port", "targetPort", "nodePort"});
constexpr Keys kAffinityConfigKeys({"clientIP"});
constexpr Keys kClientIpKeys({"timeoutSeconds"});
constexpr std::array<std::string_view, 4> kTypes{"ClusterIP", "NodePort", "LoadBalancer", "ExternalName"};
constexpr std::array<std::string_view, 2> kPolicies{"Cluster", "Local"};
constexpr std::array<std::string_view, 2> kAffinities{"None", "ClientIP"};
constexpr std::array<std::string_view, 2> kFamilyNames{"IPv4", "IPv6"};
constexpr std::array<std::string_view, 3> kFamilyPolicies{"SingleStack", "PreferDualStack", "RequireDualStack"};
constexpr std::array<std::string_view, 3> kDistributions{"PreferClose", "PreferSameZone", "PreferSameNode"};

bool is_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// An int-or-string: a quoted number is the name of a port, as for the API server, and never what was meant. 0 and ""
/// are the port, as the API server fills it in (k/k pkg/apis/core/v1/defaults.go, SetDefaults_Service).
void read_target(ObjectReader& reader, Node node, ServicePort& port) {
  if (!node.exists() || node.is_null() || (node.is_scalar() && node.text().empty()) ||
      (node.is_scalar() && !node.is_quoted() && to_double(node.text()) == 0.0)) {
    port.target_port = port.port;
    return;
  }
  if (node.is_scalar() && (node.is_quoted() || !to_double(node.text()))) {
    if (is_digits(node.text())) {
      reader.error(node, fmt::format("targetPort \"{}\" is the name of a port, since it is in quotes", node.text()),
                   fmt::format("{}, without quotes, or a port's name", node.text()));
      return;
    }
    port.target_name = reader.text(node);
    if (!port.target_name.empty() && !is_port_name(port.target_name)) {
      reader.error(node, fmt::format("'{}' is not a port name", port.target_name), std::string(kPortName));
    }
    return;
  }
  port.target_port = reader.port(node).value_or(0);
}

void check_repeated(ObjectReader& reader, Node list, std::span<const ServicePort> read) {
  for (std::size_t i = 0; i < read.size(); ++i) {
    if (read[i].port == 0) continue;  // Reported.
    if (read.size() > 1 && read[i].name.empty()) {
      reader.error(list[i], "name is missing: the ports of a Service with several need names");
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (!read[i].name.empty() && read[i].name == read[j].name) {
        reader.error(list[i]["name"], fmt::format("a second port named '{}'", read[i].name));
      }
      if (read[i].port == read[j].port && read[i].protocol == read[j].protocol) {
        reader.error(list[i]["port"], fmt::format("a second port {}/{}", read[i].port, to_string(read[i].protocol)));
      }
    }
  }
}

void read_ports(ObjectReader& reader, Node list, const ObjectMeta& meta, bool type_known, Service& service) {
  Cluster& cluster = reader.cluster();
  service.first_port = static_cast<ServicePortIndex>(cluster.service_ports.size());
  if (!reader.mappings(list)) return;
  for (const Node node : list) {
    const FieldValues fields(reader, node, kServicePortKeys);
    ServicePort port{.service = static_cast<ServiceIndex>(cluster.services.size()),
                     .name = reader.text(fields[kServicePortKeys["name"]])};
    const auto protocol = reader.protocol(fields[kServicePortKeys["protocol"]]);
    const Node number = fields[kServicePortKeys["port"]];
    const auto value = reader.port(number);
    if (is_absent(number) && node.is_mapping()) reader.error(node, "port is missing");
    port.protocol = protocol.value_or(Protocol::Tcp);
    if (!port.name.empty() && !is_dns_label(port.name)) {
      reader.error(fields[kServicePortKeys["name"]], fmt::format("'{}' is not the name of a Service's port", port.name),
                   std::string(kDnsLabel));
    }
    port.port = value.value_or(0);
    read_target(reader, fields[kServicePortKeys["targetPort"]], port);
    if (const Node node_port = fields[kServicePortKeys["nodePort"]];
        node_port.exists() && !node_port.is_null() && node_port.text() != "0") {
      const bool masked = node_port.is_scalar() && is_masked_port(node_port.text());
      if (masked) reader.note_masked_port(node_port);
      const auto stated = masked ? std::nullopt
                                 : reader.integer(node_port, {.least = kFirstNodePort,
                                                              .most = kLastNodePort,
                                                              .accepted = "a port from 30000 to 32767"});
      if (type_known && (service.type == ServiceType::ClusterIp || service.type == ServiceType::ExternalName)) {
        reader.error(node_port, fmt::format("nodePort in a Service of type {}", to_string(service.type)),
                     "type: NodePort, or no nodePort");
      }
      port.node_port = static_cast<std::uint16_t>(stated.value_or(0));
      if (stated) reader.claim_node_port(port.node_port, port.protocol, node_port, meta);
    }
    const Node target = fields[kServicePortKeys["targetPort"]];
    port.mark = target.exists() ? target.mark() : node.mark();
    cluster.service_ports.push_back(port);
  }
  service.port_count = static_cast<std::uint32_t>(cluster.service_ports.size()) - service.first_port;
  check_repeated(reader, list, std::span(cluster.service_ports).subspan(service.first_port));
}

void read_addresses(ObjectReader& reader, const FieldValues<kServiceKeys.names().size()>& fields,
                    const ObjectMeta& meta, Service& service) {
  const Node single = fields[kServiceKeys["clusterIP"]];
  const Node several = fields[kServiceKeys["clusterIPs"]];
  const auto add = [&](Node node) {
    if (node.text() == "None") {
      service.headless = true;
    } else if (node.exists() && !node.text().empty()) {
      const auto ip = reader.ip(node);
      if (!ip) return;
      service.cluster_ips.push_back(*ip);
      reader.claim_cluster_ip(*ip, node, meta);
    }
  };
  if (several.size() > 0 && reader.sequence(several)) {
    for (const Node node : several) add(node);
    // k/k pkg/apis/core/validation/validation.go, ValidateServiceClusterIPsRelatedFields.
    const bool masked = is_masked(single.text()) || is_masked(several[0].text());
    if (!single.text().empty() && several[0].text() != single.text() && !masked) {
      reader.error(single,
                   fmt::format("clusterIP is {}, and clusterIPs begins with {}", single.text(), several[0].text()),
                   "the first of clusterIPs, or no clusterIP");
    }
  } else {
    add(single);
  }
  if (service.headless && service.type != ServiceType::ClusterIp) {
    reader.error(single.exists() ? single : several,
                 fmt::format("clusterIP None in a Service of type {}", to_string(service.type)), "type: ClusterIP");
  }
  const auto list = [&](Node node, std::vector<IpAddress>& into) {
    if (!reader.sequence(node)) return;
    for (const Node one : node) {
      if (const auto ip = reader.ip(one)) {
        into.push_back(*ip);
      } else if (is_masked(one.text())) {
        into.push_back(reader.made_up_address());
      }
    }
  };
  list(fields[kServiceKeys["externalIPs"]], service.external_ips);
}

void read_affinity(ObjectReader& reader, const FieldValues<kServiceKeys.names().size()>& fields, Service& service) {
  service.client_ip_affinity = reader.choice(fields[kServiceKeys["sessionAffinity"]], kAffinities) == std::size_t{1};
  const FieldValues config(reader, fields[kServiceKeys["sessionAffinityConfig"]], kAffinityConfigKeys);
  const FieldValues client_ip(reader, config[kAffinityConfigKeys["clientIP"]], kClientIpKeys);
  const auto seconds = reader.integer(client_ip[kClientIpKeys["timeoutSeconds"]],
                                      {.least = 1, .most = 86400, .accepted = "1 to 86400 seconds"});
  if (seconds) service.affinity_timeout_s = static_cast<std::int32_t>(*seconds);
}

/// Fields that the API server takes only with some types of Service: k/k pkg/apis/core/validation/validation.go,
/// ValidateService (validateServiceExternalTrafficPolicy, needsExternalTrafficPolicy) and
/// pkg/apis/core/v1/validation of the rest.
void check_fields_of_type(ObjectReader& reader, const FieldValues<kServiceKeys.names().size()>& fields,
                          const Service& service) {
  const bool balanced = service.type == ServiceType::LoadBalancer;
  const bool outside = balanced || service.type == ServiceType::NodePort || !service.external_ips.empty();
  const auto refuse = [&](Node node, std::string_view needed) {
    if (!node.exists() || node.is_null() || (node.is_scalar() && (node.text().empty() || node.text() == "0"))) return;
    if (node.is_sequence() && node.size() == 0) return;
    reader.error(node.key().exists() ? node.key() : node,
                 fmt::format("{} in a Service of type {}", node.key().text(), to_string(service.type)),
                 std::string(needed));
  };
  if (!outside) refuse(fields[kServiceKeys["externalTrafficPolicy"]], "type: NodePort or LoadBalancer, or externalIPs");
  if (!balanced) {
    refuse(fields[kServiceKeys["loadBalancerClass"]], "type: LoadBalancer");
    refuse(fields[kServiceKeys["loadBalancerSourceRanges"]], "type: LoadBalancer");
    refuse(fields[kServiceKeys["allocateLoadBalancerNodePorts"]], "type: LoadBalancer");
  }
  if (!balanced || !service.external_traffic_local) {
    refuse(fields[kServiceKeys["healthCheckNodePort"]], "type: LoadBalancer with externalTrafficPolicy: Local");
  }
  if (service.type == ServiceType::ExternalName) {
    refuse(fields[kServiceKeys["clusterIP"]], "no clusterIP: an ExternalName is an alias in DNS");
    refuse(fields[kServiceKeys["clusterIPs"]], "no clusterIPs: an ExternalName is an alias in DNS");
  }
  if (!service.client_ip_affinity && fields[kServiceKeys["sessionAffinityConfig"]].size() > 0) {
    reader.error(fields[kServiceKeys["sessionAffinityConfig"]].key(), "sessionAffinityConfig without sessionAffinity",
                 "sessionAffinity: ClientIP");
  }
}

/// What a Service says of its families, and a notice where the first is IPv6: simulated traffic is IPv4. Its addresses
/// decide where it states them. One that may have both (ipFamilyPolicy) is taken to have both.
void read_families(ObjectReader& reader, const FieldValues<kServiceKeys.names().size()>& fields, Node spec,
                   Service& service) {
  Node stated = fields[kServiceKeys["ipFamily"]];  // Of 1.16 to 1.19.
  const auto add = [&](IpFamily family) {
    if (std::ranges::find(service.families, family) == service.families.end()) service.families.push_back(family);
  };
  if (const Node list = fields[kServiceKeys["ipFamilies"]]; list.size() > 0 && reader.sequence(list)) {
    stated = list;
    for (const Node one : list) {
      const auto family = reader.choice(one, kFamilyNames);
      if (!family) continue;
      if (std::ranges::find(service.families, static_cast<IpFamily>(*family)) != service.families.end()) {
        reader.error(one, fmt::format("{} twice", one.text()), "each family once");
      }
      add(static_cast<IpFamily>(*family));
    }
  } else if (const auto family = reader.choice(stated, kFamilyNames)) {
    add(static_cast<IpFamily>(*family));
  }
  const auto policy = reader.choice(fields[kServiceKeys["ipFamilyPolicy"]], kFamilyPolicies);
  if (policy.value_or(0) > 0 && service.families.size() == 1) {
    add(service.families[0] == IpFamily::V4 ? IpFamily::V6 : IpFamily::V4);
  }
  if (!service.cluster_ips.empty()) {
    service.families.clear();
    for (const IpAddress& ip : service.cluster_ips) add(ip.family());
    if (const Node several = fields[kServiceKeys["clusterIPs"]]; !stated.exists()) stated = several;
    if (!stated.exists()) stated = fields[kServiceKeys["clusterIP"]];
  }
  if (service.families.empty() || service.families.front() != IpFamily::V6) return;
  reader.uses(Unmodelled::Ipv6, stated.exists() ? stated : spec);
}

/// Whether load balancers for HTTP outside of the cluster ask its pods: {"ingress": true}, or {"exposed_ports": ..} without.
/// @source kubernetes/ingress-gce pkg/annotations/service.go, NEGAnnotationKey; aws-load-balancer-controller
/// docs/guide/ingress/annotations.md, target-type
bool asks_pods(Node annotations) {
  std::string neg(annotations["cloud.google.com/neg"].text());
  std::erase_if(neg, [](char c) { return c == ' ' || c == '\n' || c == '\t'; });
  return neg.find("\"ingress\":true") != std::string::npos ||
         annotations["alb.ingress.kubernetes.io/target-type"].text() == "ip";
}

/// The value of the annotation topology-mode; of the older topology-aware-hints where that is there.
/// @source k/k staging/src/k8s.io/endpointslice/utils.go, hintsEnabled; 1.24 to 1.26 know the older one alone.
Node topology_mode(const ObjectReader& reader, Node annotations) {
  const Node older = annotations["service.kubernetes.io/topology-aware-hints"];
  if (older.exists() || static_cast<int>(reader.kubernetes_minor()) < kTopologyMode) return older;
  return annotations["service.kubernetes.io/topology-mode"];
}

/// What the Service asks for, and what the EndpointSlice controller hints of its endpoints for that.
/// @source k/k pkg/features/kube_features.go; pkg/apis/core/validation, validateServiceTrafficDistribution.
void read_topology(ObjectReader& reader, const FieldValues<kServiceKeys.names().size()>& fields, Node annotations,
                   Service& service) {
  const int minor = static_cast<int>(reader.kubernetes_minor());
  if (const Node keys = fields[kServiceKeys["topologyKeys"]]; keys.size() > 0) {
    reader.uses(Unmodelled::TopologyKeys, keys);
  }
  const Node stated = fields[kServiceKeys["trafficDistribution"]];
  if (const auto chosen = reader.choice(stated, kDistributions)) {
    const std::string_view name = kDistributions[*chosen];
    const bool first_name = name == "PreferClose";
    if (minor < kTrafficDistribution) {
      reader.notice(stated, fmt::format("trafficDistribution is not known to Kubernetes 1.{}: it is left out", minor),
                    fmt::format("cluster.kubernetes 1.{} or later", kTrafficDistribution));
    } else if (minor < kSameDistribution && !first_name) {
      reader.error(stated, fmt::format("{} is not known to Kubernetes 1.{}", name, minor),
                   fmt::format("PreferClose, or cluster.kubernetes 1.{} or later", kSameDistribution));
    } else {
      service.hint_policy = name == "PreferSameNode" ? HintPolicy::SameNode : HintPolicy::SameZone;
      service.distribution = static_cast<TrafficDistribution>(1 + *chosen);
    }
  }
  const Node mode = topology_mode(reader, annotations);
  const std::string_view value = mode.text();
  constexpr std::array<std::string_view, 2> kModes{"Auto", "Disabled"};
  const bool is_auto = value == "Auto" || value == "auto";
  if (!value.empty() && value != "Disabled" && value != "disabled") {
    service.topology_mode = is_auto ? TopologyMode::Auto : TopologyMode::Other;
  }
  if (service.topology_mode == TopologyMode::Other) {
    reader.notice(
        mode, fmt::format("'{}' is no topology mode of Kubernetes{}: no hints are set", value, suggest(value, kModes)),
        "Auto, Disabled");
  }
  if (is_auto && minor >= kTopologyHints) service.hint_policy = HintPolicy::Auto;
  const Node later = annotations["service.kubernetes.io/topology-mode"];
  if (is_auto && minor < kTopologyHints) {
    reader.notice(
        mode, fmt::format("Kubernetes 1.{} sets no topology hints unless it is told to (TopologyAwareHints)", minor),
        fmt::format("cluster.kubernetes 1.{} or later", kTopologyHints));
  } else if (minor < kTopologyMode && !mode.exists() && later.exists()) {
    reader.notice(later, fmt::format("topology-mode is not known to Kubernetes 1.{}: no hints are set", minor),
                  fmt::format("topology-aware-hints, or cluster.kubernetes 1.{} or later", kTopologyMode));
  }
}

bool is_v6_block(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return false;
  const std::optional<IpAddress> base = parse_ip(text.substr(0, slash));
  const std::optional<double> prefix = to_double(text.substr(slash + 1));
  return base && base->family() == IpFamily::V6 && is_digits(text.substr(slash + 1)) && *prefix <= 128;
}

/// Those of IPv4, without the blanks around them: a proxy leaves out the other family's, and where none of its own is
/// left the Service has none. One of all addresses is none either. One that is masked holds nobody.
/// @source k/k pkg/proxy/serviceport.go, newBaseServiceInfo (cidrFamilyMap; IsZeroCIDR: k/k#132722).
void read_source_ranges(ObjectReader& reader, Node ranges, Service& service) {
  bool anyone = false;
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  for (const Node node : ranges) {
    std::string_view text = reader.text(node);
    while (!text.empty() && blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && blank(text.back())) text.remove_suffix(1);
    if (const std::optional<Cidr> range = parse_cidr(text)) {
      anyone = anyone || range->prefix == 0;
      service.source_ranges.push_back(*range);
    } else if (is_masked(text)) {
      if (text.find(':') == std::string_view::npos) service.source_ranges.push_back({.base = 0, .prefix = 32});
    } else if (!is_v6_block(text)) {
      reader.error(node, fmt::format("'{}' is no block of addresses", text),
                   "as in 203.0.113.0/24, or 2001:db8::/32, which holds for addresses of IPv6 alone");
    }
  }
  if (anyone) service.source_ranges.clear();
}

}  // namespace

void read_service(ObjectReader& reader, Node object) {
  const FieldValues fields(reader, object, kObjectKeys);
  const std::optional<ObjectMeta> meta = reader.metadata(object, "Service");
  if (!meta) return;
  // A letter first, until RelaxedServiceNameValidation (beta in 1.36) takes any DNS label.
  if (!is_dns_label(meta->name) || (reader.kubernetes_minor() < 36 && !is_dns1035_label(meta->name))) {
    reader.error(object["metadata"]["name"], fmt::format("'{}' is not the name of a Service", meta->name),
                 std::string(reader.kubernetes_minor() < 36 ? kDns1035Label : kDnsLabel));
  }
  const Node spec_node = fields[kObjectKeys["spec"]];
  if (!spec_node.is_mapping()) {
    if (is_absent(spec_node)) reader.error(object, "spec is missing");
  }
  const FieldValues spec(reader, spec_node, kServiceKeys);
  Service service{.name = meta->name, .ns = meta->ns};
  service.mark = meta->mark;
  const Node type_node = spec[kServiceKeys["type"]];
  const auto type = reader.choice(type_node, kTypes);
  if (type) service.type = static_cast<ServiceType>(*type);
  if (service.type == ServiceType::LoadBalancer) reader.uses(Unmodelled::LoadBalancer, spec[kServiceKeys["type"]]);
  read_addresses(reader, spec, *meta, service);
  read_ports(reader, spec[kServiceKeys["ports"]], *meta, type || !type_node.exists(), service);
  if (service.port_count == 0 && !service.headless && service.type != ServiceType::ExternalName &&
      spec_node.is_mapping() && spec[kServiceKeys["ports"]].size() == 0) {
    reader.error(spec[kServiceKeys["ports"]].exists() ? spec[kServiceKeys["ports"]] : spec_node,
                 "ports is missing: a Service with a ClusterIP needs at least one");
  }
  service.selector = reader.labels(spec[kServiceKeys["selector"]]);
  if (const Node selector = spec[kServiceKeys["selector"]];
      selector.is_mapping() && (selector["matchLabels"].exists() || selector["matchExpressions"].exists())) {
    reader.error(selector, "a Service's selector is a plain mapping of labels", "selector: {app: web}");
  }
  std::ranges::sort(service.selector, {}, &Label::key);
  service.selector_mark = service.selector.empty() ? service.mark : spec[kServiceKeys["selector"]].mark();
  read_affinity(reader, spec, service);
  service.internal_traffic_local =
      reader.choice(spec[kServiceKeys["internalTrafficPolicy"]], kPolicies) == std::size_t{1};
  service.external_traffic_local =
      reader.choice(spec[kServiceKeys["externalTrafficPolicy"]], kPolicies) == std::size_t{1};
  service.publish_not_ready = reader.boolean(spec[kServiceKeys["publishNotReadyAddresses"]], false);
  service.allocate_node_ports = reader.boolean(spec[kServiceKeys["allocateLoadBalancerNodePorts"]], true);
  if (const Node health = spec[kServiceKeys["healthCheckNodePort"]];
      health.is_scalar() && is_masked_port(health.text())) {
    reader.note_masked_port(health);
  } else if (const auto port = reader.integer(health, {.least = 0, .most = 65535})) {
    service.health_check_node_port = static_cast<std::uint16_t>(*port);
  }
  if (const Node requested = spec[kServiceKeys["loadBalancerIP"]];
      !is_absent(requested) && !requested.text().empty() && !is_masked(requested.text())) {
    if (const auto address = reader.ip(requested)) service.requested_ip = *address;
  }
  service.load_balancer_class = reader.text(spec[kServiceKeys["loadBalancerClass"]]);
  service.external_name = reader.text(spec[kServiceKeys["externalName"]]);
  if (service.type == ServiceType::ExternalName && service.external_name.empty() && spec_node.is_mapping()) {
    reader.error(spec_node, "externalName is missing: a Service of type ExternalName needs it");
  }
  read_topology(reader, spec, fields[kObjectKeys["metadata"]]["annotations"], service);
  service.to_pods = asks_pods(fields[kObjectKeys["metadata"]]["annotations"]);
  if (const Node ranges = spec[kServiceKeys["loadBalancerSourceRanges"]]; ranges.size() > 0) {
    reader.uses(Unmodelled::SourceRanges, ranges);
    read_source_ranges(reader, ranges, service);
  }
  for (const Node ingress : fields[kObjectKeys["status"]]["loadBalancer"]["ingress"]) {
    const Node ip = ingress["ip"];
    service.load_balancer_known = true;
    // Of a proxy, or of a name, nodes have no rules: what is sent there goes there.
    if (!ip.exists() || ingress["ipMode"].text() == "Proxy") continue;
    if (const auto address = reader.ip(ip)) {
      service.load_balancer_ips.push_back(*address);
    } else if (is_masked(ip.text())) {
      service.load_balancer_ips.push_back(reader.made_up_address());
    }
  }
  check_fields_of_type(reader, spec, service);
  read_families(reader, spec, spec_node, service);
  reader.cluster().services.push_back(std::move(service));
}

}  // namespace knetsim
