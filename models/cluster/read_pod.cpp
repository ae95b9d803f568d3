// Pods and pod templates: spec to PodSpec, and what a Pod's status says about its address and readiness.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <set>
#include <span>
#include <tuple>

#include "models/cluster/name_rules.h"
#include "models/cluster/object_reader.h"

namespace knetsim {
namespace {

// FieldValues of Kubernetes 1.36's core/v1 (and those that were removed but still stand in old manifests).
constexpr Keys kPodSpecKeys({"volumes",
                             "initContainers",
                             "containers",
                             "ephemeralContainers",
                             "restartPolicy",
                             "terminationGracePeriodSeconds",
                             "activeDeadlineSeconds",
                             "dnsPolicy",
                             "nodeSelector",
                             "serviceAccountName",
                             "serviceAccount",
                             "automountServiceAccountToken",
                             "nodeName",
                             "hostNetwork",
                             "hostPID",
                             "hostIPC",
                             "shareProcessNamespace",
                             "securityContext",
                             "imagePullSecrets",
                             "hostname",
                             "hostnameOverride",
                             "subdomain",
                             "affinity",
                             "schedulerName",
                             "tolerations",
                             "hostAliases",
                             "priorityClassName",
                             "priority",
                             "dnsConfig",
                             "readinessGates",
                             "runtimeClassName",
                             "enableServiceLinks",
                             "preemptionPolicy",
                             "overhead",
                             "topologySpreadConstraints",
                             "setHostnameAsFQDN",
                             "os",
                             "hostUsers",
                             "schedulingGates",
                             "resourceClaims",
                             "resources",
                             "workloadRef",
                             "schedulingGroup"});
constexpr Keys kContainerKeys({"name",
                               "image",
                               "command",
                               "args",
                               "workingDir",
                               "ports",
                               "envFrom",
                               "env",
                               "resources",
                               "resizePolicy",
                               "restartPolicy",
                               "restartPolicyRules",
                               "volumeMounts",
                               "volumeDevices",
                               "livenessProbe",
                               "readinessProbe",
                               "startupProbe",
                               "lifecycle",
                               "terminationMessagePath",
                               "terminationMessagePolicy",
                               "imagePullPolicy",
                               "securityContext",
                               "stdin",
                               "stdinOnce",
                               "tty"});
constexpr Keys kContainerPortKeys({"name", "hostPort", "containerPort", "protocol", "hostIP"});
constexpr std::array<std::string_view, 3> kRestartPolicies{"Always", "OnFailure", "Never"};
constexpr std::array<std::string_view, 4> kDnsPolicies{"ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"};
constexpr Keys kResourceKeys({"limits", "requests", "claims"});
constexpr Keys kDnsConfigKeys({"nameservers", "searches", "options"});
constexpr Keys kDnsOptionKeys({"name", "value"});

/// A name is one of its container's (k/k pkg/apis/core/validation/validation.go, validateContainerPorts); a Service
/// takes the first container that has it.
void read_ports(ObjectReader& reader, Node ports, bool host_network, std::vector<ContainerPort>& out) {
  std::vector<std::string_view> names;
  if (!reader.mappings(ports)) return;
  for (const Node node : ports) {
    const FieldValues fields(reader, node, kContainerPortKeys);
    const Node number = fields[kContainerPortKeys["containerPort"]];
    if (is_absent(number) && node.is_mapping()) reader.error(node, "containerPort is missing");
    const auto port = reader.port(number);
    const auto host_port =
        fields[kContainerPortKeys["hostPort"]].exists() && fields[kContainerPortKeys["hostPort"]].text() != "0"
            ? reader.port(fields[kContainerPortKeys["hostPort"]])
            : std::nullopt;
    const auto protocol = reader.protocol(fields[kContainerPortKeys["protocol"]]);
    const Node name_node = fields[kContainerPortKeys["name"]];
    const std::string_view name = reader.text(name_node);
    if (!name.empty()) {
      if (!is_port_name(name)) {
        reader.error(name_node, fmt::format("'{}' is not a port name", name), std::string(kPortName));
      } else if (std::ranges::find(names, name) != names.end()) {
        reader.error(name_node, fmt::format("a second port named '{}' in this container", name));
      }
      names.push_back(name);
    }
    if (!port || !protocol) continue;
    ContainerPort& read = out.emplace_back();
    read.name = name;
    read.port = *port;
    read.protocol = *protocol;
    read.host_port = host_port.value_or(0);
    const Node host_ip = fields[kContainerPortKeys["hostIP"]];
    if (!host_ip.text().empty() && host_ip.text() != "0.0.0.0" && host_ip.text() != "::") {
      read.host_ip = reader.ip(host_ip).value_or(IpAddress{});
    }
    if (!host_network) continue;
    // The API server fills hostPort in (k/k pkg/apis/core/v1/defaults.go, defaultHostNetworkPorts).
    if (read.host_port != 0 && read.host_port != read.port) {
      reader.error(
          fields[kContainerPortKeys["hostPort"]],
          fmt::format("hostPort {} differs from containerPort {} in a pod with hostNetwork", read.host_port, read.port),
          fmt::format("{}, or no hostPort", read.port));
    }
    read.host_port = read.port;
  }
}

/// Two containers of a pod cannot have one host port: k/k pkg/apis/core/validation/validation.go,
/// checkHostPortConflicts.
void check_host_ports(ObjectReader& reader, Node spec, std::span<const Container> containers) {
  std::set<std::tuple<std::uint16_t, Protocol, IpAddress>> taken;
  for (const Container& container : containers) {
    for (const ContainerPort& port : container.ports) {
      if (port.host_port == 0 || taken.insert({port.host_port, port.protocol, port.host_ip}).second) continue;
      reader.error(spec["containers"],
                   fmt::format("host port {}/{} twice in one pod", port.host_port, to_string(port.protocol)));
      return;
    }
  }
}

// What the scheduler's scoring, not its filter, assumes for a container without requests: k/k
// pkg/scheduler/util/pod_resources.go, DefaultMilliCPURequest and DefaultMemoryRequest.
constexpr Resources kScoredDefaults{.cpu_milli = 100, .memory_bytes = 200 * 1024 * 1024};

Resources sum(Resources a, const Resources& b) { return {a.cpu_milli + b.cpu_milli, a.memory_bytes + b.memory_bytes}; }

Resources larger(Resources a, const Resources& b) {
  return {std::max(a.cpu_milli, b.cpu_milli), std::max(a.memory_bytes, b.memory_bytes)};
}

struct ReadResources {
  StatedResources requests;
  StatedResources limits;
};

ReadResources read_resources(ObjectReader& reader, Node node) {
  const FieldValues fields(reader, node, kResourceKeys);
  const ReadResources read{.requests = reader.resources(fields[kResourceKeys["requests"]]),
                           .limits = reader.resources(fields[kResourceKeys["limits"]])};
  const auto above = [&](std::optional<std::int64_t> asked, std::optional<std::int64_t> limit, std::string_view name) {
    if (asked && limit && *asked > *limit) {
      reader.error(fields[kResourceKeys["requests"]][name], fmt::format("the request for {} is above its limit", name));
    }
  };
  above(read.requests.cpu_milli, read.limits.cpu_milli, "cpu");
  above(read.requests.memory_bytes, read.limits.memory_bytes, "memory");
  return read;
}

struct ReadContainer {
  Container container;
  StatedResources requests;  ///< With the limits where there is no request.
  std::optional<double> pre_stop_s = 0;
  std::int64_t ready_after_s = 0;
  bool restarts = false;  ///< An init container with restartPolicy Always: it runs beside the others.
};

/// Seconds of a preStop hook that sleeps: `sleep` (KEP-3960), or a command `sleep N`, by itself or in a shell. Empty for
/// any other, whose time nobody knows.
std::optional<double> pre_stop_seconds(ObjectReader& reader, Node hook) {
  if (is_absent(hook)) return 0;
  if (const Node sleep = hook["sleep"]["seconds"]; sleep.exists()) {
    return static_cast<double>(reader.integer(sleep, {}).value_or(0));
  }
  std::string words;
  for (const Node word : hook["exec"]["command"]) words += std::string(word.text()) + ' ';
  const std::size_t at = words.find("sleep ");
  const auto begins_word = [&] {
    return at == 0 || std::string_view(" /;&").find(words[at - 1]) != std::string_view::npos;
  };
  if (at == std::string::npos || !begins_word()) return std::nullopt;
  const std::string_view number = std::string_view(words).substr(at + 6);
  double seconds = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), seconds);
  if (error != std::errc{} || !(seconds >= 0)) return std::nullopt;
  switch (*end) {  // there is a blank at least; units are those of GNU's sleep
    case 'm':
      return seconds * 60;
    case 'h':
      return seconds * 3'600;
    case 'd':
      return seconds * 86'400;
    default:
      return seconds;
  }
}

ReadContainer read_container(ObjectReader& reader, Node node, bool host_network, std::vector<std::string_view>& names) {
  const FieldValues fields(reader, node, kContainerKeys);
  ReadContainer read;
  const Node name = fields[kContainerKeys["name"]];
  read.container.name = reader.text(name);
  if (read.container.name.empty() && node.is_mapping()) {
    if (is_absent(name) || (name.is_scalar() && name.text().empty())) {
      reader.error(node, "name is missing: a container needs one");
    }
  } else if (std::ranges::find(names, read.container.name) != names.end()) {
    reader.error(name, fmt::format("a second container named '{}' in this pod", read.container.name));
  }
  if (!read.container.name.empty() && !is_dns_label(read.container.name)) {
    reader.error(name, fmt::format("'{}' is not the name of a container", read.container.name), std::string(kDnsLabel));
  }
  names.push_back(read.container.name);
  if (read.container.name == "istio-proxy" || read.container.name == "linkerd-proxy") {
    reader.uses(Unmodelled::ServiceMesh, name);
  }
  read_ports(reader, fields[kContainerKeys["ports"]], host_network, read.container.ports);
  const ReadResources resources = read_resources(reader, fields[kContainerKeys["resources"]]);
  // A request that is not stated is the limit (k/k pkg/apis/core/v1/defaults.go, SetDefaults_Pod); a stated 0 stays.
  read.requests = resources.requests.or_stated(resources.limits);
  read.container.requests = read.requests.or_zero();
  read.container.limits = resources.limits.or_zero();
  read.pre_stop_s = pre_stop_seconds(reader, fields[kContainerKeys["lifecycle"]]["preStop"]);
  read.ready_after_s = reader.integer(fields[kContainerKeys["readinessProbe"]]["initialDelaySeconds"], {}).value_or(0);
  read.restarts = reader.choice(fields[kContainerKeys["restartPolicy"]], kRestartPolicies) == std::size_t{0};
  return read;
}

/// What a pod asks for, of one `part` of its containers: k/k component-helpers/resource/helpers.go, PodRequests and
/// PodLimits. Init containers run one after the other before the rest, those that restart go on beside them.
template <class Part>
Resources whole_pod(std::span<const ReadContainer> running, std::span<const ReadContainer> starting, Part part) {
  Resources beside;
  Resources most;
  for (const ReadContainer& one : starting) {
    most = larger(most, sum(beside, part(one)));
    if (one.restarts) beside = sum(beside, part(one));
  }
  for (const ReadContainer& one : running) beside = sum(beside, part(one));
  return larger(most, beside);
}

/// @param whole  Resources of the pod itself, KEP-2837: where they are stated, they stand for those of its containers.
void count_resources(ObjectReader& reader, Node whole, Node overhead, std::span<const ReadContainer> running,
                     std::span<const ReadContainer> starting, PodSpec& spec) {
  bool cpu_limited = true;
  bool memory_limited = true;
  bool cpu_asked = false;
  bool memory_asked = false;
  for (const std::span<const ReadContainer> containers : {running, starting}) {
    for (const ReadContainer& one : containers) {
      cpu_limited = cpu_limited && one.container.limits.cpu_milli > 0;
      memory_limited = memory_limited && one.container.limits.memory_bytes > 0;
      cpu_asked = cpu_asked || one.requests.cpu_milli.has_value();
      memory_asked = memory_asked || one.requests.memory_bytes.has_value();
    }
  }
  ReadResources of_pod;
  if (whole.exists()) of_pod = read_resources(reader, whole);
  // SetDefaults_PodLevelResources: the limit is the request where no container asks for any.
  StatedResources asked = of_pod.requests;
  if (!asked.cpu_milli && !cpu_asked) asked.cpu_milli = of_pod.limits.cpu_milli;
  if (!asked.memory_bytes && !memory_asked) asked.memory_bytes = of_pod.limits.memory_bytes;
  const Resources requests =
      whole_pod(running, starting, [](const ReadContainer& one) { return one.container.requests; });
  const Resources limits = whole_pod(running, starting, [](const ReadContainer& one) { return one.container.limits; });
  // Beside resources of the pod no container is given what another one asks for (k/k pkg/scheduler/framework/types.go,
  // getNonMissingContainerRequests).
  const bool pod_asks = asked.cpu_milli || asked.memory_bytes;
  const Resources defaults{.cpu_milli = pod_asks && cpu_asked ? 0 : kScoredDefaults.cpu_milli,
                           .memory_bytes = pod_asks && memory_asked ? 0 : kScoredDefaults.memory_bytes};
  const Resources scored =
      whole_pod(running, starting, [&](const ReadContainer& one) { return one.requests.or_else(defaults); });
  const Resources on_top = overhead.exists() ? reader.resources(overhead).or_zero() : Resources{};
  spec.requests = sum(asked.or_else(requests), on_top);
  spec.scored = sum(asked.or_else(scored), on_top);
  spec.limits = {cpu_limited ? limits.cpu_milli : 0, memory_limited ? limits.memory_bytes : 0};
  if (of_pod.limits.cpu_milli.value_or(0) > 0) spec.limits.cpu_milli = *of_pod.limits.cpu_milli;
  if (of_pod.limits.memory_bytes.value_or(0) > 0) spec.limits.memory_bytes = *of_pod.limits.memory_bytes;
  if (spec.limits.cpu_milli > 0) spec.limits.cpu_milli += on_top.cpu_milli;
  if (spec.limits.memory_bytes > 0) spec.limits.memory_bytes += on_top.memory_bytes;
}

/// KEP-3521: on from 1.27. With a nodeName the API server refuses them (k/k pkg/apis/core/validation/validation.go,
/// ValidatePodCreate).
void read_gates(ObjectReader& reader, Node gates, bool placed, SchedulingRules& rules) {
  constexpr std::uint32_t kSchedulingGates = 27;
  if (reader.kubernetes_minor() < kSchedulingGates || !reader.mappings(gates) || gates.size() == 0) return;
  if (placed) reader.error(gates, "schedulingGates beside a nodeName", "one of the two");
  rules.gated = true;
}

std::vector<std::string_view> read_texts(ObjectReader& reader, Node list) {
  std::vector<std::string_view> texts;
  if (!reader.sequence(list)) return texts;
  for (const Node one : list) texts.push_back(reader.text(one));
  return texts;
}

/// k/k pkg/apis/core/validation/validation.go, validatePodDNSConfig: the policy None needs a nameserver, an option a name.
void read_dns(ObjectReader& reader, const FieldValues<kPodSpecKeys.names().size()>& fields, Node pod, PodDns& dns) {
  const Node policy = fields[kPodSpecKeys["dnsPolicy"]];
  dns.policy = static_cast<DnsPolicy>(reader.choice(policy, kDnsPolicies).value_or(0));
  dns.hostname = reader.text(fields[kPodSpecKeys["hostname"]]);
  dns.subdomain = reader.text(fields[kPodSpecKeys["subdomain"]]);
  const Node config = fields[kPodSpecKeys["dnsConfig"]];
  const FieldValues stated(reader, config, kDnsConfigKeys);
  dns.nameservers = read_texts(reader, stated[kDnsConfigKeys["nameservers"]]);
  dns.searches = read_texts(reader, stated[kDnsConfigKeys["searches"]]);
  if (const Node options = stated[kDnsConfigKeys["options"]]; reader.mappings(options)) {
    for (const Node one : options) {
      const FieldValues option(reader, one, kDnsOptionKeys);
      const std::string_view name = reader.text(option[kDnsOptionKeys["name"]]);
      if (name.empty() && one.is_mapping()) reader.error(one, "name is missing: an option of resolv.conf needs one");
      dns.options.push_back({name, reader.text(option[kDnsOptionKeys["value"]])});
    }
  }
  if (dns.policy == DnsPolicy::None && dns.nameservers.empty()) {
    reader.error(is_absent(config) ? (is_absent(policy) ? pod : policy) : config, "dnsPolicy None without a nameserver",
                 "dnsConfig: {nameservers: [...]}");
  }
}

}  // namespace

PodSpec read_pod_spec(ObjectReader& reader, Node node) {
  const FieldValues fields(reader, node, kPodSpecKeys);
  PodSpec spec;
  spec.host_network = reader.boolean(fields[kPodSpecKeys["hostNetwork"]], false);
  std::vector<std::string_view> names;
  std::vector<ReadContainer> running;  // all but the init containers that end
  std::vector<ReadContainer> starting;

  const Node containers = fields[kPodSpecKeys["containers"]];
  if (reader.mappings(containers)) {
    spec.containers.reserve(containers.size());
    for (const Node one : containers) running.push_back(read_container(reader, one, spec.host_network, names));
  }
  if (containers.size() == 0 && node.is_mapping() && (is_absent(containers) || containers.is_sequence())) {
    reader.error(containers.exists() ? containers : node, "containers is missing: a pod needs at least one");
  }
  for (const ReadContainer& one : running) spec.containers.push_back(one.container);
  check_host_ports(reader, node, spec.containers);
  if (const Node init = fields[kPodSpecKeys["initContainers"]]; reader.mappings(init)) {
    for (const Node one : init) starting.push_back(read_container(reader, one, spec.host_network, names));
  }
  for (const ReadContainer& one : starting) {
    if (one.restarts) spec.containers.push_back(one.container);
  }
  // k/k pkg/apis/core/validation/validation.go: a grace period below 0 is taken as 1.
  spec.lifecycle.grace_s =
      reader.integer(fields[kPodSpecKeys["terminationGracePeriodSeconds"]], {.least = -2147483647}).value_or(30);
  if (spec.lifecycle.grace_s < 0) spec.lifecycle.grace_s = 1;
  for (const ReadContainer& one : running) {
    spec.lifecycle.pre_stop_s = std::max(spec.lifecycle.pre_stop_s, one.pre_stop_s.value_or(0));
    spec.lifecycle.unknown_pre_stop = spec.lifecycle.unknown_pre_stop || !one.pre_stop_s;
    spec.lifecycle.ready_after_s = std::max(spec.lifecycle.ready_after_s, one.ready_after_s);
  }
  count_resources(reader, fields[kPodSpecKeys["resources"]], fields[kPodSpecKeys["overhead"]], running, starting, spec);

  const bool placed = fields[kPodSpecKeys["nodeName"]].exists();
  spec.scheduling = read_scheduling_rules(reader,
                                          {.node_selector = fields[kPodSpecKeys["nodeSelector"]],
                                           .affinity = fields[kPodSpecKeys["affinity"]],
                                           .tolerations = fields[kPodSpecKeys["tolerations"]]},
                                          placed);
  reader.choice(fields[kPodSpecKeys["restartPolicy"]], kRestartPolicies);
  read_dns(reader, fields, node, spec.dns);
  read_gates(reader, fields[kPodSpecKeys["schedulingGates"]], placed, spec.scheduling);
  if (!placed && fields[kPodSpecKeys["topologySpreadConstraints"]].size() > 0) {
    reader.uses(Unmodelled::SpreadConstraints, fields[kPodSpecKeys["topologySpreadConstraints"]]);
  }
  if (const Node scheduler = fields[kPodSpecKeys["schedulerName"]];
      !placed && scheduler.exists() && scheduler.text() != "default-scheduler") {
    reader.uses(Unmodelled::OtherScheduler, scheduler);
  }
  if (fields[kPodSpecKeys["os"]]["name"].text() == "windows") {
    reader.uses(Unmodelled::Windows, fields[kPodSpecKeys["os"]]);
  }
  if (const Node sysctls = fields[kPodSpecKeys["securityContext"]]["sysctls"]; sysctls.size() > 0) {
    reader.uses(Unmodelled::KernelSettings, sysctls);
  }
  return spec;
}

void read_pod(ObjectReader& reader, Node object) {
  const FieldValues fields(reader, object, kObjectKeys);
  const std::optional<ObjectMeta> meta = reader.metadata(object, "Pod");
  if (!meta) return;
  const Node spec_node = fields[kObjectKeys["spec"]];
  const Node status = fields[kObjectKeys["status"]];
  const std::string_view phase = status["phase"].text();
  Manifests& manifests = reader.manifests();
  const auto leave_out = [&](std::string why) {
    const bool owned = !meta->owner.name.empty();
    manifests.cluster.absent.push_back({owned ? meta->owner.kind : reader.intern("Pod"), meta->ns,
                                        owned ? meta->owner.name : meta->name, meta->labels, std::move(why)});
  };
  if (phase == "Succeeded" || phase == "Failed") {
    ++manifests.not_used["finished Pod"];
    leave_out("have ended, says their status");
    return;
  }
  if (!spec_node.is_mapping()) reader.error(object, "spec is missing");

  Pod pod{.name = meta->name, .ns = meta->ns, .labels = meta->labels, .terminating = meta->terminating};
  const std::string_view node_name = reader.text(spec_node["nodeName"]);
  // A bound pod whose status tells of its life is ready where that says so, and nowhere else (k/k pkg/api/v1/pod/util.go,
  // IsPodReady). The status of one that was never bound says nothing of what becomes of it.
  pod.ready = node_name.empty() || (!status["phase"].exists() && status["conditions"].size() == 0);
  for (const Node condition : status["conditions"]) {
    const std::string_view type = condition["type"].text();
    if (type == "Ready") pod.ready = condition["status"].text() == "True";
    if (type == "PodScheduled" && node_name.empty() && condition["status"].text() == "False") {
      ++manifests.not_used["Pod that the cluster's scheduler could not place"];
      leave_out("are pending, says their status");
      return;
    }
  }
  if (status["podIP"].exists() && !status["podIP"].text().empty()) {
    pod.ip = reader.ip(status["podIP"]).value_or(IpAddress{});
    for (const Node entry : status["podIPs"]) {
      const auto address = reader.ip(entry["ip"]);
      if (address && address->family() != pod.ip.family()) pod.secondary_ip = *address;
    }
  }

  PodSpec spec = read_pod_spec(reader, spec_node);
  pod.spec = reader.add_spec(meta->owner, meta->ns, std::move(spec));
  manifests.cluster.pods.push_back(pod);
  manifests.pod_owners.push_back(meta->owner);
  manifests.pod_nodes.push_back(node_name);
  manifests.pod_marks.push_back(meta->mark);
}

}  // namespace knetsim
