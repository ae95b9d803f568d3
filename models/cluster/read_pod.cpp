// Pods and pod templates: spec to PodSpec, and what a Pod's status says about its address and readiness.

#include <fmt/format.h>

#include <algorithm>
#include <array>
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
constexpr Keys kResourceKeys({"limits", "requests", "claims"});

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

/// Requests that are not stated are the limits (k/k pkg/apis/core/v1/defaults.go, SetDefaults_Pod).
void default_requests(Container& container) {
  if (container.requests.cpu_milli == 0) container.requests.cpu_milli = container.limits.cpu_milli;
  if (container.requests.memory_bytes == 0) container.requests.memory_bytes = container.limits.memory_bytes;
}

Resources sum(Resources a, const Resources& b) { return {a.cpu_milli + b.cpu_milli, a.memory_bytes + b.memory_bytes}; }

Resources larger(Resources a, const Resources& b) {
  return {std::max(a.cpu_milli, b.cpu_milli), std::max(a.memory_bytes, b.memory_bytes)};
}

void read_limits(ObjectReader& reader, Node node, Resources& requests, Resources& limits) {
  const FieldValues fields(reader, node, kResourceKeys);
  requests = reader.resources(fields[kResourceKeys["requests"]]);
  limits = reader.resources(fields[kResourceKeys["limits"]]);
  const auto above = [&](std::int64_t asked, std::int64_t limit, std::string_view name) {
    if (limit > 0 && asked > limit) {
      reader.error(fields[kResourceKeys["requests"]][name], fmt::format("the request for {} is above its limit", name));
    }
  };
  above(requests.cpu_milli, limits.cpu_milli, "cpu");
  above(requests.memory_bytes, limits.memory_bytes, "memory");
}

struct ReadContainer {
  Container container;
  bool restarts = false;  ///< An init container with restartPolicy Always: it runs beside the others.
};

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
  read_limits(reader, fields[kContainerKeys["resources"]], read.container.requests, read.container.limits);
  default_requests(read.container);
  read.restarts = fields[kContainerKeys["restartPolicy"]].text() == "Always";
  return read;
}

}  // namespace

PodSpec read_pod_spec(ObjectReader& reader, Node node) {
  const FieldValues fields(reader, node, kPodSpecKeys);
  PodSpec spec;
  spec.host_network = reader.boolean(fields[kPodSpecKeys["hostNetwork"]], false);
  std::vector<std::string_view> names;

  const Node containers = fields[kPodSpecKeys["containers"]];
  if (reader.mappings(containers)) {
    spec.containers.reserve(containers.size());
    for (const Node one : containers) {
      spec.containers.push_back(read_container(reader, one, spec.host_network, names).container);
    }
  }
  if (containers.size() == 0 && node.is_mapping() && (is_absent(containers) || containers.is_sequence())) {
    reader.error(containers.exists() ? containers : node, "containers is missing: a pod needs at least one");
  }
  check_host_ports(reader, node, spec.containers);
  // What a pod asks for: k/k component-helpers/resource/helpers.go, PodRequests. Init containers run one after the
  // other before the rest, those that restart go on beside them.
  Resources running;
  Resources starting;
  Resources starting_limits;
  bool cpu_limited = true;
  bool memory_limited = true;
  const auto count_limits = [&](const Container& container) {
    cpu_limited = cpu_limited && container.limits.cpu_milli > 0;
    memory_limited = memory_limited && container.limits.memory_bytes > 0;
  };
  for (const Container& container : spec.containers) count_limits(container);
  if (const Node init = fields[kPodSpecKeys["initContainers"]]; reader.mappings(init)) {
    Resources running_limits;
    for (const Node one : init) {
      ReadContainer read = read_container(reader, one, spec.host_network, names);
      count_limits(read.container);
      starting = larger(starting, sum(running, read.container.requests));
      starting_limits = larger(starting_limits, sum(running_limits, read.container.limits));
      if (!read.restarts) continue;
      running = sum(running, read.container.requests);
      running_limits = sum(running_limits, read.container.limits);
      spec.containers.push_back(std::move(read.container));
    }
  }
  Resources own;
  for (const Container& container : spec.containers) {
    own = sum(own, container.requests);
    spec.limits = sum(spec.limits, container.limits);
  }
  spec.requests = larger(own, starting);
  spec.limits = larger(spec.limits, starting_limits);
  if (!cpu_limited) spec.limits.cpu_milli = 0;
  if (!memory_limited) spec.limits.memory_bytes = 0;
  if (const Node whole = fields[kPodSpecKeys["resources"]]; whole.exists()) {  // Pod-level resources, KEP-2837.
    Resources requests;
    Resources limits;
    read_limits(reader, whole, requests, limits);
    if (requests.cpu_milli == 0 && spec.requests.cpu_milli == 0) requests.cpu_milli = limits.cpu_milli;
    if (requests.memory_bytes == 0 && spec.requests.memory_bytes == 0) requests.memory_bytes = limits.memory_bytes;
    if (requests.cpu_milli > 0) spec.requests.cpu_milli = requests.cpu_milli;
    if (requests.memory_bytes > 0) spec.requests.memory_bytes = requests.memory_bytes;
    if (limits.cpu_milli > 0) spec.limits.cpu_milli = limits.cpu_milli;
    if (limits.memory_bytes > 0) spec.limits.memory_bytes = limits.memory_bytes;
  }
  if (const Node overhead = fields[kPodSpecKeys["overhead"]]; overhead.exists()) {
    const Resources on_top = reader.resources(overhead);
    spec.requests = sum(spec.requests, on_top);
    if (spec.limits.cpu_milli > 0) spec.limits.cpu_milli += on_top.cpu_milli;
    if (spec.limits.memory_bytes > 0) spec.limits.memory_bytes += on_top.memory_bytes;
  }

  const bool placed = fields[kPodSpecKeys["nodeName"]].exists();
  spec.scheduling = read_scheduling_rules(reader,
                                          {.node_selector = fields[kPodSpecKeys["nodeSelector"]],
                                           .affinity = fields[kPodSpecKeys["affinity"]],
                                           .tolerations = fields[kPodSpecKeys["tolerations"]]},
                                          placed);
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
