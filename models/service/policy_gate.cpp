#include "models/service/policy_gate.h"

#include <algorithm>

namespace knetsim {
namespace {

PolicyEnd node_end(const Cluster& cluster, NodeIndex node) {
  return {.pod = kNoIndex, .address = cluster.nodes[node].ip, .of_node = true};
}

/// By the address that it has itself: a pod's own, its node's with hostNetwork, or that of a machine outside.
PolicyEnd own_end(const Cluster& cluster, PodIndex pod) {
  if (cluster.is_external(pod)) return {.pod = kNoIndex, .address = cluster.pods[pod].ip, .of_node = false};
  if (cluster.spec(cluster.pods[pod]).host_network) return node_end(cluster, cluster.pods[pod].node);
  return {.pod = pod, .address = cluster.pods[pod].ip, .of_node = false};
}

/// The port on the node under which the endpoint's container is asked.
std::uint16_t host_port(const Cluster& cluster, const Endpoint& endpoint, Protocol protocol) {
  for (const Container& container : cluster.spec(cluster.pods[endpoint.pod]).containers) {
    for (const ContainerPort& port : container.ports) {
      if (port.port == endpoint.port && port.protocol == protocol && port.host_port != 0) return port.host_port;
    }
  }
  return endpoint.port;
}

}  // namespace

PolicyQuestion policy_question(const Cluster& cluster, const EdgeTarget& target, PodIndex client, NodeIndex asked,
                               const Endpoint& endpoint, const Walk& first) {
  const Protocol protocol = target.transport == Transport::Udp ? Protocol::Udp : Protocol::Tcp;
  PolicyQuestion question{.source = own_end(cluster, client),
                          .destination = own_end(cluster, endpoint.pod),
                          .asked_there = {.protocol = protocol, .port = endpoint.port, .pod = endpoint.pod},
                          .asked_here = {.protocol = protocol, .port = endpoint.port, .pod = endpoint.pod}};
  if (first.masqueraded_by) {
    question.source = node_end(cluster, *first.masqueraded_by == NodeRole::Client ? cluster.pods[client].node : asked);
  }
  if (first.leaves_for_endpoint) return question;
  question.asked_here.pod = kNoIndex;
  if (target.exposure == Exposure::HostPort) {
    question.destination = node_end(cluster, endpoint.node);
    question.asked_here.port = host_port(cluster, endpoint, protocol);
  } else if (target.by_proxy()) {
    const ServicePort& port = cluster.service_ports[target.port];
    const bool node_port = target.exposure == Exposure::NodePort;
    question.asked_here.port = node_port ? port.node_port : port.port;
    if (node_port) {
      question.destination = node_end(cluster, asked);
    } else {
      const Service& service = cluster.services[port.service];
      const IpAddress address = target.exposure == Exposure::ExternalIp
                                    ? addresses_of(service, IpFamily::V4).all[target.external]
                                    : IpAddress{};
      question.destination = {.pod = kNoIndex, .address = address, .of_node = false};
    }
  }
  return question;
}

std::optional<PolicyDenial> policy_denial(const Cluster& cluster, const NetworkPolicies& policies, PodIndex client,
                                          PodIndex server, const PolicyQuestion& question) {
  if (client == server) return std::nullopt;
  const auto own_node = [&](const PolicyEnd& end, PodIndex pod) {
    return end.of_node && end.address == cluster.nodes[cluster.pods[pod].node].ip;
  };
  if (!cluster.is_external(client) && !own_node(question.destination, client) &&
      !policies.allows(client, PolicyDirection::Egress, question.destination, question.asked_here)) {
    return PolicyDenial{PolicyDirection::Egress, policies.isolating(client, PolicyDirection::Egress)};
  }
  if (!own_node(question.source, server) &&
      !policies.allows(server, PolicyDirection::Ingress, question.source, question.asked_there)) {
    return PolicyDenial{PolicyDirection::Ingress, policies.isolating(server, PolicyDirection::Ingress)};
  }
  return std::nullopt;
}

PolicyVerdict policy_verdict(const Cluster& cluster, const NetworkPolicies& policies, PodIndex client, PodIndex server,
                             const PolicyQuestion& question) {
  const auto has_chain = [&](PodIndex pod) {
    return !cluster.is_external(pod) && !cluster.spec(cluster.pods[pod]).host_network;
  };
  PolicyVerdict verdict{.denial = policy_denial(cluster, policies, client, server, question)};
  if (has_chain(client)) {
    verdict.egress = policies.chain_work(client, PolicyDirection::Egress, question.destination, question.asked_here);
  }
  if (has_chain(server)) {
    verdict.ingress = policies.chain_work(server, PolicyDirection::Ingress, question.source, question.asked_there);
  }
  return verdict;
}

const PolicyVerdict& PolicyGate::ask(EdgeIndex edge, const EdgeTarget& target, PodIndex client, NodeIndex asked,
                                     const Endpoint& endpoint, const Walk& first, Time now) {
  const auto [entry, added] = known_.try_emplace({edge, client, endpoint.pod, endpoint.port, asked});
  if (added) {
    entry->second = policy_verdict(cluster_, policies_, client, endpoint.pod,
                                   policy_question(cluster_, target, client, asked, endpoint, first));
  }
  const std::optional<PolicyDenial>& found = entry->second.denial;
  if (!found) return entry->second;
  const auto alike = std::ranges::find_if(denied_, [&](const DeniedConnections& one) {
    return one.edge == edge && one.direction == found->direction && std::ranges::equal(one.by, found->by);
  });
  DeniedConnections& denied =
      alike != denied_.end()
          ? *alike
          : denied_.emplace_back(DeniedConnections{.direction = found->direction,
                                                   .by = found->by,
                                                   .edge = edge,
                                                   .client = client,
                                                   .server = endpoint.pod,
                                                   .port = endpoint.port,
                                                   .refused = refuses() && target.transport == Transport::Tcp,
                                                   .since = now});
  ++denied.connections;
  return entry->second;
}

}  // namespace knetsim
