#include "app/scenario/target_lookup.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <span>
#include <tuple>
#include <utility>

#include "models/cluster/external_clients.h"
#include "models/service/resolver.h"
#include "sim/core/ensure.h"

namespace knetsim {
namespace {

std::optional<std::uint16_t> port_number(std::string_view text) {
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || number == 0) return std::nullopt;
  return number;
}

std::string lower(Protocol protocol) { return protocol == Protocol::Udp ? "UDP" : "TCP"; }

/// The container port that `wanted` (name, number or nothing) stands for.
const ContainerPort* container_port(const PodSpec& spec, std::string_view wanted, Protocol protocol, bool host) {
  const auto number = port_number(wanted);
  for (const Container& container : spec.containers) {
    for (const ContainerPort& port : container.ports) {
      if (port.protocol != protocol || (host && port.host_port == 0 && !spec.host_network)) continue;
      if (wanted.empty() || port.name == wanted ||
          (number && (port.port == *number || (host && port.host_port == *number)))) {
        return &port;
      }
    }
  }
  return nullptr;
}

std::string ports_of(const PodSpec& spec) {
  std::vector<std::string> names;
  for (const Container& container : spec.containers) {
    for (const ContainerPort& port : container.ports) {
      names.push_back(port.name.empty() ? fmt::format("{}", port.port) : fmt::format("{} ({})", port.name, port.port));
    }
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

/// Names of proxy modes that have rules for such addresses in this version: "iptables, nftables".
std::string modes_with(Exposure exposure, Version kubernetes) {
  std::vector<std::string_view> names;
  for (const ProxyInfo& mode : proxy_modes()) {
    const bool known = exposure != Exposure::ExternalIp || kubernetes >= mode.external_ips_since;
    if (mode.serves.contains(exposure) && known && kubernetes >= mode.since_kubernetes) names.push_back(mode.name);
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

/// "http 80 TCP, dns 53 UDP"
std::string ports_of(std::span<const ServicePort> ports) {
  std::vector<std::string> shown;
  for (const ServicePort& port : ports) {
    shown.push_back(
        fmt::format("{}{}{} {}", port.name, port.name.empty() ? "" : " ", port.port, to_string(port.protocol)));
  }
  return fmt::format("{}", fmt::join(shown, ", "));
}

/// An address of IPv6 that was taken apart at its first colon: "2001" and "db8::1", "[2001" and "db8::1]:443".
std::optional<IpAddress> v6_address(std::string_view name, std::string_view port) {
  std::string text = fmt::format("{}:{}", name, port);
  if (text.front() == '[') text = text.substr(1, text.find(']') - 1);
  const std::optional<IpAddress> address = parse_ip(text);
  return address && address->family() == IpFamily::V6 ? address : std::nullopt;
}

EdgeTarget target_of(Protocol protocol, Exposure exposure) {
  EdgeTarget target;
  target.exposure = exposure;
  target.transport = protocol == Protocol::Udp ? Transport::Udp : Transport::Tcp;
  return target;
}

}  // namespace

DnsName dns_name(std::string_view text) {
  DnsName named;
  if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
    named.port = std::string(text.substr(colon + 1));
    text = text.substr(0, colon);
  }
  const std::size_t dot = text.find('.');
  named.name = std::string(text.substr(0, dot));
  if (dot != std::string_view::npos) {
    text.remove_prefix(dot + 1);
    named.ns = std::string(text.substr(0, text.find('.')));
  }
  return named;
}

ObjectName split_service_name(std::string_view text, std::string_view ns) {
  if (text.find('/') != std::string_view::npos) return split_name(text, ns);
  DnsName named = dns_name(text);
  if (named.ns.empty()) named.ns = std::string(ns);
  return {std::move(named.ns), std::move(named.name)};
}

TargetLookup::TargetLookup(const Cluster& cluster, const Served& served, Diagnostics& diagnostics)
    : cluster_(cluster),
      mode_(served.mode),
      kubernetes_(served.kubernetes),
      balancer_(served.balancer),
      diagnostics_(diagnostics),
      names_(cluster),
      view_(cluster.endpoints.latest()) {
  for (WorkloadIndex i = 0; i < cluster.workloads.size(); ++i) workloads_[cluster.workloads[i].name].push_back(i);
}

ServiceIndex TargetLookup::find_service(const ObjectName& name, Node at) {
  const ServiceIndex found = names_.service(name.ns, name.name);
  if (found != kNoIndex) return found;
  std::vector<std::string> known;
  std::string elsewhere;
  for (const Service& service : cluster_.services) {
    if (service.ns == name.ns) known.emplace_back(service.name);
    if (service.name == name.name) elsewhere = fmt::format("{}/{}", service.ns, service.name);
  }
  const std::string hint =
      elsewhere.empty() ? suggest(name.name, known) : fmt::format("; did you mean '{}'?", elsewhere);
  diagnostics_.error(at, fmt::format("there is no {}{}", object_label("Service", name.ns, name.name), hint),
                     "a Service of the manifests; NAMESPACE/NAME for one of another namespace");
  return kNoIndex;
}

ServicePortIndex TargetLookup::find_port_of(ServiceIndex index, std::string_view wanted, Protocol protocol,
                                            bool with_node_port, Node at) {
  const Service& service = cluster_.services[index];
  const auto number = port_number(wanted);
  std::vector<std::string> names;
  for (ServicePortIndex i = service.first_port; i < service.first_port + service.port_count; ++i) {
    const ServicePort& port = cluster_.service_ports[i];
    if (port.protocol == protocol && !(with_node_port && port.node_port == 0) &&
        (wanted.empty() || port.name == wanted || (number && *number == port.port))) {
      return i;
    }
    names.emplace_back(port.name);
  }
  const std::string label = object_label("Service", service.ns, service.name);
  const std::string accepted = ports_of(cluster_.ports(service));
  if (with_node_port && wanted.empty()) {
    diagnostics_.error(at, fmt::format("{} has no node port: its type is {}", label, to_string(service.type)),
                       "a Service of type NodePort");
  } else if (wanted.empty()) {
    diagnostics_.error(at, fmt::format("{} has no {} port", label, lower(protocol)), accepted);
  } else {
    diagnostics_.error(at,
                       fmt::format("{} has no {}{} port '{}'{}", label, with_node_port ? "node port for its " : "",
                                   lower(protocol), wanted, suggest(wanted, names)),
                       accepted);
  }
  return kNoIndex;
}

void TargetLookup::tell_no_endpoints(ServicePortIndex port, Node at) {
  if (!view_.endpoints(port).empty()) return;
  const Service& service = cluster_.services[cluster_.service_ports[port].service];
  const std::string absent = absent_hint(cluster_, [&](const AbsentPods& pods) {
    return !service.selector.empty() && pods.ns == service.ns &&
           cluster_.label_sets.contains(pods.labels, service.selector);
  });
  if (!serves(service, IpFamily::V4)) {
    diagnostics_.error(at,
                       fmt::format("{} has IPv6 addresses alone, and simulated traffic is IPv4",
                                   object_label("Service", service.ns, service.name)),
                       "a Service with an IPv4 address");
    return;
  }
  std::vector<std::string> selector;
  for (const Label& label : service.selector) selector.push_back(fmt::format("{}={}", label.key, label.value));
  const std::string told =
      fmt::format("{} has no endpoints{}", object_label("Service", service.ns, service.name),
                  selector.empty() ? std::string(": it has no selector and no EndpointSlice")
                                   : fmt::format(": no ready pod with {} has its port", fmt::join(selector, ",")));
  constexpr const char* kAccepted = "pods that carry the labels of its selector";
  if (!absent.empty()) {  // the cluster may well have them: a refusal would answer another question
    diagnostics_.error(at, told + absent, kAccepted);
    return;
  }
  diagnostics_.notice(at, told + "; connections to it are refused", kAccepted);
}

std::optional<EdgeTarget> TargetLookup::service(const ObjectName& name, std::string_view port, Protocol protocol,
                                                Node at) {
  const ServiceIndex index = find_service(name, at);
  if (index == kNoIndex) return std::nullopt;
  const Service& service = cluster_.services[index];
  if (service.type == ServiceType::ExternalName) {
    diagnostics_.error(at, fmt::format("{} leads out of the cluster, to {}",
                                       object_label("Service", service.ns, service.name), service.external_name));
    return std::nullopt;
  }
  const ServicePortIndex found = find_port_of(index, port, protocol, false, at);
  if (found == kNoIndex) return std::nullopt;
  tell_no_endpoints(found, at);
  EdgeTarget target = target_of(protocol, Exposure::ClusterIp);
  target.service = index;
  if (service.headless || !mode_.serves.contains(Exposure::ClusterIp)) {
    target.exposure = Exposure::PodIp;
    target.named = found;
    target.direct = named_endpoints(view_, found);
  } else {
    target.port = found;
  }
  return target;
}

std::optional<EdgeTarget> TargetLookup::endpoints_of(const ObjectName& name, std::string_view port, Node at) {
  std::optional<EdgeTarget> target = service(name, port, Protocol::Tcp, at);
  if (!target || target->exposure == Exposure::PodIp) return target;
  target->exposure = Exposure::PodIp;
  target->named = std::exchange(target->port, kNoIndex);
  target->direct = named_endpoints(view_, target->named);
  return target;
}

std::optional<EdgeTarget> TargetLookup::node_port(std::string_view text, std::string_view ns, std::string_view port,
                                                  std::string_view through, Protocol protocol, Node at) {
  ServicePortIndex found = kNoIndex;
  if (const auto number = port_number(text)) {
    for (ServicePortIndex i = 0; i < cluster_.service_ports.size() && found == kNoIndex; ++i) {
      const ServicePort& candidate = cluster_.service_ports[i];
      if (candidate.node_port == *number && candidate.protocol == protocol) found = i;
    }
    if (found == kNoIndex) {
      diagnostics_.error(at, fmt::format("no Service has the {} node port {}", lower(protocol), text));
    }
  } else if (const ServiceIndex index = find_service(split_service_name(text, ns), at); index != kNoIndex) {
    found = find_port_of(index, port, protocol, true, at);
  }
  if (found == kNoIndex) return std::nullopt;
  tell_no_endpoints(found, at);
  EdgeTarget target = target_of(protocol, Exposure::NodePort);
  target.port = found;
  target.service = cluster_.service_ports[found].service;
  if (!is_served(Exposure::NodePort, "node ports", at)) return std::nullopt;
  const std::optional<NodeIndex> node = node_named(through, at);
  if (!node) return std::nullopt;
  target.through = *node;
  return target;
}

bool TargetLookup::is_served(Exposure exposure, std::string_view what, Node at) {
  const std::string others = modes_with(exposure, kubernetes_);
  if (!mode_.serves.contains(exposure)) {
    diagnostics_.error(at, fmt::format("with the proxy mode {} no node serves {}", mode_.name, what),
                       fmt::format("cluster.proxy.mode: {}; or {}", others,
                                   mode_.serves.contains(Exposure::ClusterIp) ? "a Service at its cluster IP"
                                                                              : "'hostPort:', or 'pod:' from inside"));
    return false;
  }
  if (exposure != Exposure::ExternalIp || kubernetes_ >= mode_.external_ips_since) return true;
  diagnostics_.error(at,
                     fmt::format("the rules of the proxy mode {} of Kubernetes {}.{} for {} are not known here",
                                 mode_.name, kubernetes_.major, kubernetes_.minor, what),
                     fmt::format("cluster.kubernetes: {}.{} or later{}", mode_.external_ips_since.major,
                                 mode_.external_ips_since.minor,
                                 others.empty() ? "" : fmt::format("; or cluster.proxy.mode: {}", others)));
  return false;
}

std::optional<NodeIndex> TargetLookup::node_named(std::string_view through, Node at) {
  if (through.empty() || through == "random") return kNoIndex;
  const NodeIndex found = names_.node(through);
  if (found != kNoIndex) return found;
  std::vector<std::string> known;
  for (const ClusterNode& node : cluster_.members()) known.emplace_back(node.name);
  diagnostics_.error(at.parent()["through"], fmt::format("there is no node '{}'{}", through, suggest(through, known)),
                     "random, or a node's name");
  return std::nullopt;
}

WorkloadIndex TargetLookup::workload(std::string_view text, Node at) {
  if (text.find('/') != std::string_view::npos) {
    const ObjectName name = split_name(text, {});
    if (const WorkloadIndex found = names_.workload(name.ns, name.name); found != kNoIndex) return found;
  }
  WorkloadIndex only = kNoIndex;
  if (const auto named = workloads_.find(text); named != workloads_.end()) {
    only = named->second.front();
    const auto in_another = [&](WorkloadIndex i) { return cluster_.workloads[i].ns != cluster_.workloads[only].ns; };
    if (const auto other = std::ranges::find_if(named->second, in_another); other != named->second.end()) {
      diagnostics_.error(at,
                         fmt::format("'{}' is a workload in the namespaces {} and {}", text,
                                     cluster_.workloads[only].ns, cluster_.workloads[*other].ns),
                         "NAMESPACE/NAME");
      return kNoIndex;
    }
  }
  if (only == kNoIndex) {
    std::vector<std::string> known;
    for (const Workload& candidate : cluster_.workloads) known.emplace_back(candidate.name);
    const ObjectName name = split_name(text, {});
    const std::string absent = absent_hint(cluster_, [&](const AbsentPods& pods) {
      return pods.name == name.name && (name.ns.empty() || pods.ns == name.ns);
    });
    diagnostics_.error(at,
                       fmt::format("there is no workload '{}'{}", text, absent.empty() ? suggest(text, known) : absent),
                       "the name of a Deployment, StatefulSet, DaemonSet, ReplicaSet or Pod of the manifests");
  }
  return only;
}

// Those that are made later in a run are among them.
std::vector<PodIndex> TargetLookup::pods_named(const ObjectName& name, std::string_view wanted, Node at) {
  if (const PodIndex pod = names_.pod(name.ns, name.name); pod != kNoIndex) return {pod};
  WorkloadIndex found = names_.workload(name.ns, name.name);
  if (found == kNoIndex) {
    std::vector<std::string> known;
    for (const Workload& candidate : cluster_.workloads) {
      if (candidate.ns == name.ns) known.emplace_back(candidate.name);
    }
    for (const Pod& candidate : cluster_.pods) {
      if (candidate.ns == name.ns) known.emplace_back(candidate.name);
    }
    const std::string absent =
        absent_hint(cluster_, [&](const AbsentPods& pods) { return pods.name == name.name && pods.ns == name.ns; });
    diagnostics_.error(at,
                       fmt::format("there is no pod or workload '{}' in the namespace {}{}", name.name, name.ns,
                                   absent.empty() ? suggest(name.name, known) : absent),
                       fmt::format("the name of {}", wanted));
    return {};
  }
  const Workload& workload = cluster_.workloads[found];
  if (workload.pods.empty()) {
    diagnostics_.error(at, fmt::format("{} has no pods{}", object_label(workload.kind, name.ns, name.name),
                                       absent_hint(cluster_, made_by(workload))));
  }
  return workload.pods;
}

std::optional<EdgeTarget> TargetLookup::host_port(ObjectName name, std::string_view port, Protocol protocol, Node at) {
  EdgeTarget target = target_of(protocol, Exposure::HostPort);
  for (const PodIndex index :
       pods_named(name, "a Deployment, DaemonSet ... or Pod whose containers have a hostPort", at)) {
    const Pod& pod = cluster_.pods[index];
    const PodSpec& spec = cluster_.spec(pod);
    const ContainerPort* found = container_port(spec, port, protocol, true);
    if (found == nullptr) {
      diagnostics_.error(at,
                         fmt::format("{} has no {} hostPort{}", object_label("Pod", pod.ns, pod.name), lower(protocol),
                                     port.empty() ? std::string() : fmt::format(" for '{}'", port)),
                         fmt::format("a container port with a hostPort; a patch can add it: patches: {{Deployment/{}: "
                                     "{{\"spec.template.spec.containers[0].ports[0].hostPort\": 8080}}}}",
                                     name.name));
      return std::nullopt;
    }
    // In the node's own network namespace nothing is mapped: the port is simply open there.
    if (spec.host_network) target.exposure = Exposure::PodIp;
    target.direct.push_back({.address = cluster_.nodes[pod.node].ip,
                             .port = spec.host_network ? found->port : found->host_port,
                             .ready = pod.ready,
                             .pod = index,
                             .node = pod.node});
  }
  if (target.direct.empty()) return std::nullopt;
  return target;
}

std::optional<EdgeTarget> TargetLookup::pod(const ObjectName& name, std::string_view port, Protocol protocol, Node at) {
  EdgeTarget target = target_of(protocol, Exposure::PodIp);
  for (const PodIndex index : pods_named(name, "a Pod, or of a Deployment, StatefulSet ...", at)) {
    const Pod& pod = cluster_.pods[index];
    const PodSpec& spec = cluster_.spec(pod);
    const ContainerPort* found = container_port(spec, port, protocol, false);
    // containerPort is informative: a pod may listen on ports that it does not list.
    const auto number = found != nullptr ? std::optional(found->port) : port_number(port);
    if (!number) {
      diagnostics_.error(
          at,
          port.empty()
              ? fmt::format("{} lists no {} port", object_label("Pod", pod.ns, pod.name), lower(protocol))
              : fmt::format("{} has no {} port '{}'", object_label("Pod", pod.ns, pod.name), lower(protocol), port),
          port.empty() ? "the port's number under 'port'" : ports_of(spec));
      return std::nullopt;
    }
    target.direct.push_back({.address = pod.ip, .port = *number, .ready = pod.ready, .pod = index, .node = pod.node});
  }
  if (target.direct.empty()) return std::nullopt;
  return target;
}

std::optional<EdgeTarget> TargetLookup::loopback(const std::vector<PodIndex>& pods, std::string_view port,
                                                 Protocol protocol, Node at, std::string& container) {
  const PodSpec& spec = cluster_.spec(cluster_.pods[pods.front()]);
  const auto number = port_number(port);
  for (const Container& candidate : spec.containers) {
    for (const ContainerPort& known : candidate.ports) {
      if (known.protocol != protocol || (known.name != port && !(number && known.port == *number))) continue;
      container = std::string(candidate.name);
      EdgeTarget target = target_of(protocol, Exposure::PodIp);
      target.loopback = true;
      return target;
    }
  }
  diagnostics_.error(at, fmt::format("no container of the pod has the {} port '{}'", lower(protocol), port),
                     ports_of(spec));
  return std::nullopt;
}

std::optional<EdgeTarget> TargetLookup::at_external_address(ServiceIndex index, std::string_view port,
                                                            Protocol protocol, std::uint32_t address, Node at) {
  const ServicePortIndex found = find_port_of(index, port, protocol, false, at);
  if (found == kNoIndex) return std::nullopt;
  tell_no_endpoints(found, at);
  EdgeTarget target = target_of(protocol, Exposure::ExternalIp);
  target.port = found;
  target.service = index;
  target.external = address;
  return target;
}

// Services may share one, each with ports of its own.
std::optional<std::pair<ServiceIndex, std::uint32_t>> TargetLookup::owner_of(const IpAddress& wanted,
                                                                             std::string_view port, Protocol protocol,
                                                                             Node at) {
  const auto number = port_number(port);
  const auto has_port = [&](const ServicePort& one) {
    return one.protocol == protocol && (port.empty() || one.name == port || (number && one.port == *number));
  };
  std::vector<std::string> known;
  std::vector<std::string> owners;
  std::vector<std::string> ports;
  for (ServiceIndex i = 0; i < cluster_.services.size(); ++i) {
    const Service& service = cluster_.services[i];
    const OuterAddresses addresses = addresses_of(service, IpFamily::V4);
    const auto ips = std::span(addresses.all).first(addresses.external_ips);
    for (const IpAddress& ip : ips) known.push_back(to_string(ip));
    const auto place = std::ranges::find(ips, wanted);
    if (place == ips.end()) continue;
    if (std::ranges::any_of(cluster_.ports(service), has_port)) {
      return std::pair(i, static_cast<std::uint32_t>(place - ips.begin()));
    }
    owners.push_back(object_label("Service", service.ns, service.name));
    ports.push_back(ports_of(cluster_.ports(service)));
  }
  const std::string text = to_string(wanted);
  if (owners.empty()) {
    diagnostics_.error(at, fmt::format("no Service has the external IP {}{}", text, suggest(text, known)),
                       "one of the externalIPs of a Service");
  } else {
    diagnostics_.error(at,
                       fmt::format("{} has the external IP {}, but no {} port{}", fmt::join(owners, ", "), text,
                                   lower(protocol), port.empty() ? "" : fmt::format(" {}", port)),
                       fmt::format("{}", fmt::join(ports, ", ")));
  }
  return std::nullopt;
}

std::optional<EdgeTarget> TargetLookup::external_ip(std::string_view text, std::string_view ns, std::string_view port,
                                                    std::string_view through, Protocol protocol, Side from, Node at) {
  if (from == Side::Inside && !through.empty()) {
    diagnostics_.error(at.parent()["through"],
                       "an external IP leads clients of the cluster to their own node, which has rules for it",
                       "'through' for clients that are external");
    return std::nullopt;
  }
  if (const std::optional<IpAddress> v6 = v6_address(text, port)) {
    diagnostics_.error(at, fmt::format("{} is an address of IPv6, and simulated traffic is IPv4", to_string(*v6)),
                       "an address of IPv4, or the name of a Service that has one");
    return std::nullopt;
  }
  ServiceIndex index = kNoIndex;
  std::uint32_t address = 0;
  if (const std::optional<IpAddress> wanted = parse_ip(text)) {
    const auto owner = owner_of(*wanted, port, protocol, at);
    if (!owner) return std::nullopt;
    std::tie(index, address) = *owner;
  } else {
    index = find_service(split_service_name(text, ns), at);
    if (index == kNoIndex) return std::nullopt;
    const Service& service = cluster_.services[index];
    if (addresses_of(service, IpFamily::V4).external_ips == 0) {
      diagnostics_.error(
          at,
          fmt::format("{} has no external IP{}", object_label("Service", service.ns, service.name),
                      service.external_ips.empty() ? "" : ", but for those of IPv6, and simulated traffic is IPv4"),
          fmt::format("a Service with externalIPs; a patch can add one: patches: {{Service/{}: "
                      "{{spec.externalIPs: [203.0.113.10]}}}}",
                      service.name));
      return std::nullopt;
    }
  }
  if (!is_served(Exposure::ExternalIp, "external IPs", at)) return std::nullopt;
  std::optional<EdgeTarget> target = at_external_address(index, port, protocol, address, at);
  if (!target) return std::nullopt;
  const std::optional<NodeIndex> node = node_named(through, at);
  if (!node) return std::nullopt;
  target->through = *node;
  return target;
}

std::optional<EdgeTarget> TargetLookup::load_balancer(const ObjectName& name, std::string_view port, Protocol protocol,
                                                      Side from, Node at) {
  const ServiceIndex index = find_service(name, at);
  if (index == kNoIndex) return std::nullopt;
  const Service& service = cluster_.services[index];
  const std::string label = object_label("Service", service.ns, service.name);
  if (service.type != ServiceType::LoadBalancer) {
    diagnostics_.error(at, fmt::format("{} is of type {}: nothing is in front of it", label, to_string(service.type)),
                       "a Service of type LoadBalancer (a patch can make it one)");
    return std::nullopt;
  }
  // Pods take their node's short cut where it has rules for the address: not of ipMode Proxy, and a name has none.
  const bool leaves_node = from == Side::Inside && service.load_balancer_known && service.load_balancer_ips.empty();
  const auto admit = [&](EdgeTarget& target) {
    if (!service.source_ranges.empty()) target.admitted = service.source_ranges;
  };
  if (from == Side::Outside && !service.load_balancer_class.empty()) {
    diagnostics_.error(
        at, fmt::format("nobody serves {} with the loadBalancerClass '{}'", label, service.load_balancer_class),
        "a Service without loadBalancerClass");
    return std::nullopt;
  }
  if (balancer_.ends_connections && (from == Side::Outside || leaves_node)) {
    std::optional<EdgeTarget> target = at_balancer(index, port, protocol, at);
    if (target) admit(*target);
    return target;
  }
  if (from == Side::Inside || balancer_.keeps_address) {
    const OuterAddresses addresses = addresses_of(service, IpFamily::V4);
    if (addresses.load_balancers() == 0 && !service.load_balancer_ips.empty()) {
      diagnostics_.error(
          at,
          fmt::format("the load balancer of {} has addresses of IPv6 alone ({}), and simulated traffic is IPv4", label,
                      to_string(service.load_balancer_ips.front())),
          fmt::format("a Service whose status has an address of IPv4{}", from == Side::Inside ? ", or service:" : ""));
      return std::nullopt;
    }
    if (addresses.load_balancers() == 0) {
      const char* const why = service.load_balancer_known ? "its status has a name, or an address of ipMode Proxy"
                                                          : "nobody has given it an address";
      diagnostics_.error(
          at,
          from == Side::Inside
              ? fmt::format("nodes have no rules for the load balancer of {}: {}, and what pods send there leaves the "
                            "cluster, which is not simulated",
                            label, why)
              : fmt::format("nodes have no rules for the load balancer of {}: {}, and what {} brings them is dropped",
                            label, why, balancer_.name),
          from == Side::Inside ? "service:, or clients that are external" : "a Service whose status has an address");
      return std::nullopt;
    }
    if (!is_served(Exposure::ExternalIp, "load balancers' addresses", at)) return std::nullopt;
    std::optional<EdgeTarget> target = at_external_address(index, port, protocol, addresses.external_ips, at);
    if (target && (from == Side::Outside || mode_.ranges_hold_inside)) admit(*target);
    if (target) target->balanced = from == Side::Outside;
    return target;
  }
  std::optional<EdgeTarget> target = behind_balancer(index, port, protocol, at);
  if (!target) return std::nullopt;
  target->by_balancer = false;
  admit(*target);
  return target;
}

std::optional<EdgeTarget> TargetLookup::at_balancer(ServiceIndex index, std::string_view port, Protocol protocol,
                                                    Node at) {
  if (protocol == Protocol::Udp) {
    diagnostics_.error(at, fmt::format("the load balancer {} ends TCP connections, and takes no UDP", balancer_.name),
                       "protocol: tcp, or cluster.loadBalancer.kind: cloud");
    return std::nullopt;
  }
  const ServicePortIndex found = find_port_of(index, port, protocol, false, at);
  if (found == kNoIndex) return std::nullopt;
  const PodIndex machine = outside_balancer(cluster_);
  KNETSIM_ENSURE(machine != kNoIndex);
  EdgeTarget target = at_machine(machine, cluster_.service_ports[found].port);
  target.service = index;
  return target;
}

EdgeTarget TargetLookup::at_machine(PodIndex machine, std::uint16_t port) const {
  const Pod& pod = cluster_.pods[machine];
  EdgeTarget target = target_of(Protocol::Tcp, Exposure::PodIp);
  target.direct.push_back({.address = pod.ip, .port = port, .ready = true, .pod = machine, .node = pod.node});
  return target;
}

bool TargetLookup::ends_at_balancer(const EdgeTarget& target) const {
  return balancer_.ends_connections && target.exposure == Exposure::PodIp && !target.direct.empty() &&
         target.direct.front().pod == outside_balancer(cluster_);
}

std::optional<EdgeTarget> TargetLookup::behind_balancer(ServiceIndex index, std::string_view port, Protocol protocol,
                                                        Node at) {
  const Service& service = cluster_.services[index];
  const ServicePortIndex found = find_port_of(index, port, protocol, false, at);
  if (found == kNoIndex) return std::nullopt;
  if (cluster_.service_ports[found].node_port == 0) {
    diagnostics_.error(at,
                       fmt::format("{} has no node ports (allocateLoadBalancerNodePorts: false): its load balancer has "
                                   "nothing to send to",
                                   object_label("Service", service.ns, service.name)),
                       "allocateLoadBalancerNodePorts: true");
    return std::nullopt;
  }
  if (!balancer_.checks_health) {
    diagnostics_.error(at, fmt::format("the load balancer {} finds no nodes for others", balancer_.name),
                       "cluster.loadBalancer.kind: cloud or proxy");
    return std::nullopt;
  }
  std::optional<EdgeTarget> target = node_port(fmt::format("{}/{}", service.ns, service.name), {},
                                               std::to_string(cluster_.service_ports[found].port), {}, protocol, at);
  if (target) target->balanced = true;
  if (target) target->by_balancer = true;
  return target;
}

bool TargetLookup::lets_in(const EdgeTarget& target, PodIndex client) const {
  const Pod& pod = cluster_.pods[client];
  const bool of_node = !cluster_.is_external(client) && cluster_.spec(pod).host_network;
  return target.admits(pod.ip) || (of_node && kubernetes_ < mode_.ranges_hold_on_nodes_since);
}

bool TargetLookup::reached_from_outside(const EdgeTarget& target, std::string_view name, Node at) const {
  if (asks_from_outside(target.exposure) || target.exposure == Exposure::HostPort) return true;
  const auto at_node = [&](const Endpoint& one) {
    return one.pod != kNoIndex && cluster_.spec(cluster_.pods[one.pod]).host_network;
  };
  const bool cluster_ip = target.exposure == Exposure::ClusterIp;
  if (!cluster_ip && !target.direct.empty() && std::ranges::all_of(target.direct, at_node)) return true;
  diagnostics_.error(at,
                     fmt::format("clients outside of the cluster do not reach {}",
                                 cluster_ip ? fmt::format("the cluster IP of '{}'", name)
                                            : fmt::format("the pods' own addresses of '{}'", name)),
                     "nodePort:, loadBalancer:, externalIP: or hostPort:, or pods with hostNetwork");
  return false;
}

}  // namespace knetsim
