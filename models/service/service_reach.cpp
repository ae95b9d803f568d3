#include "models/service/service_reach.h"

#include "models/service/service_policies.h"

namespace knetsim {

std::span<const Endpoint> ServiceReach::own_endpoints(const EndpointView& view, ServicePortIndex port, NodeIndex node) {
  Own& own = own_[(std::uint64_t{port} << 32) | node];
  if (own.version != view.version()) {
    own.version = view.version();
    own.endpoints =
        ready_or_terminating(view.everywhere(port), [node](const Endpoint& one) { return one.node == node; });
  }
  return own.endpoints;
}

AddressKind ServiceReach::source_at(PodIndex client, NodeIndex asked) const {
  const Pod& pod = cluster_.pods[client];
  if (pod.node == asked) return cluster_.spec(pod).host_network ? AddressKind::ThisNode : AddressKind::Pod;
  return cluster_.spec(pod).host_network || options_.cni_masquerades ? AddressKind::OtherNode : AddressKind::Pod;
}

ServiceReach::Answer ServiceReach::of(const ProxyModel& proxy, const EdgeTarget& target, PodIndex client,
                                      NodeIndex asked) {
  const ServicePortIndex port = target.port;
  const ServicePort& service_port = cluster_.service_ports[port];
  const Service& service = cluster_.services[service_port.service];
  const ServicePolicies policies = policies_of(service, service_port);
  const bool from_outside = asks_from_outside(target.exposure) && !in_socket(proxy, target.exposure, client);
  const Pod& from = cluster_.pods[client];
  Answer answer{.local_policy = from_outside ? policies.external_local : policies.internal_local};
  const EndpointView view = endpoints_.at(asked);
  auto cluster = policies.uses_cluster() ? view.endpoints(port) : std::span<const Endpoint>();
  if (view.has_hints() && !cluster.empty()) [[unlikely]] {
    cluster = view.kept_at(cluster_.place(asked), proxy.hints_read(service), port);
  }
  const auto own = answer.local_policy ? own_endpoints(view, port, asked) : std::span<const Endpoint>();
  answer.reach = proxy.reach({.from_outside = from_outside,
                              .local_policy = answer.local_policy,
                              .source = source_at(client, asked),
                              .at_external_ip = target.exposure == Exposure::ExternalIp,
                              .admitted = target.exposure != Exposure::ExternalIp || target.admits(from.ip)},
                             {.cluster = cluster.size(), .local = own.size(), .any = !view.everywhere(port).empty()});
  if (answer.reach == Reach::Cluster) answer.endpoints = cluster;
  if (answer.reach == Reach::Local) answer.endpoints = own;
  return answer;
}

// With the policy Cluster the asked node masquerades; so does a CNI what nodes send on to other nodes' pods for a
// source outside of the pod network, which a masqueraded pod is too.
bool ServiceReach::answer_comes_back(bool local_policy, PodIndex client, NodeIndex asked,
                                     const Endpoint& endpoint) const {
  if (!local_policy || endpoint.node == asked || cluster_.pods[client].node == asked) return true;
  const bool to_pod = endpoint.pod != kNoIndex && !cluster_.spec(cluster_.pods[endpoint.pod]).host_network;
  return options_.cni_masquerades && to_pod;
}

}  // namespace knetsim
