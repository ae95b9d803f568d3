#include "models/service/service_chooser.h"

#include <algorithm>

namespace knetsim {
namespace {

// Which of a Service port's ways in a virtual server is, beside its node: 0 the cluster IP, then the node's port, then
// its external addresses.
constexpr unsigned kWayShift = 24;
constexpr std::uint64_t kWays = std::uint64_t{0xff} << kWayShift;

}  // namespace

std::uint64_t ServiceChooser::virtual_server(const EdgeTarget& target, NodeIndex node) {
  const std::uint64_t way = target.exposure == Exposure::NodePort     ? 1
                            : target.exposure == Exposure::ExternalIp ? std::min(2 + target.external, 255U)
                                                                      : 0;
  return (std::uint64_t{target.port} << 32) | (way << kWayShift) | node;
}

// Rules remember by endpoint, whichever way it was asked for; IPVS by virtual server.
ClientAffinity& ServiceChooser::affinity(const EdgeTarget& target, NodeIndex node) {
  const std::uint64_t server = virtual_server(target, node);
  return affinities_[proxy_.remembers_by_virtual_server() ? server : server & ~kWays];
}

NewConnection ServiceChooser::connection_of(const EdgeTarget& target, PodIndex client_index, NodeIndex asked,
                                            std::uint64_t id) const {
  const Pod& client = cluster_.pods[client_index];
  NewConnection connection{.id = id, .server = virtual_server(target, asked), .by_nic = asked != client.node};
  if (!chooser_->reads_addresses()) return connection;
  const Service& service = cluster_.services[cluster_.service_ports[target.port].service];
  if (target.exposure == Exposure::NodePort) {
    connection.destination = cluster_.nodes[asked].ip;
  } else if (target.exposure == Exposure::ExternalIp) {
    connection.destination = addresses_of(service, IpFamily::V4).all[target.external];
  } else {
    const auto ipv4 = std::ranges::find(service.cluster_ips, IpFamily::V4, &IpAddress::family);
    if (ipv4 != service.cluster_ips.end()) connection.destination = *ipv4;
  }
  switch (resolver_.source_at(client_index, asked)) {
    case AddressKind::Pod:
    case AddressKind::ClusterIp:
    case AddressKind::ExternalIp:
      connection.source = client.ip;
      break;
    case AddressKind::ThisNode:  // what asks for an address of the node itself (kube-ipvs0) takes that as its source
      connection.source = connection.destination;
      break;
    case AddressKind::OtherNode:
      connection.source = cluster_.nodes[client.node].ip;
      break;
  }
  return connection;
}

std::optional<Chosen> ServiceChooser::same_again(std::span<const Endpoint> endpoints, PodIndex known) {
  const auto found = std::ranges::find(endpoints, known, &Endpoint::pod);
  if (found == endpoints.end()) return std::nullopt;  // gone, and its rules with it
  return Chosen{.endpoint = *found,
                .index = static_cast<std::uint32_t>(found - endpoints.begin()),
                .of = static_cast<std::uint32_t>(endpoints.size()),
                .remembered = true};
}

std::uint64_t ServiceChooser::client_key(PodIndex client, NodeIndex asked) const {
  if (cluster_.is_external(client)) return (std::uint64_t{1} << 33) + cluster_.pods[client].ip.v4_value();
  const bool of_node = resolver_.source_at(client, asked) != AddressKind::Pod;
  return of_node ? (std::uint64_t{1} << 32) + cluster_.pods[client].node : client;
}

Chosen ServiceChooser::among(const EdgeTarget& target, PodIndex client, const Candidates& candidates, std::uint64_t id,
                             Time now) {
  const auto count = static_cast<std::uint32_t>(candidates.endpoints.size());
  const std::uint32_t index =
      !target.by_proxy()
          ? static_cast<std::uint32_t>(streams_.get(kEndpointDraw, id).below(count))
          : chooser_->choose(connection_of(target, client, candidates.asked, id), candidates.endpoints, now);
  return {.endpoint = candidates.endpoints[index], .index = index, .of = count};
}

Chosen ServiceChooser::choose(const EdgeTarget& target, PodIndex client, const Candidates& candidates, std::uint64_t id,
                              Time now) {
  const Service* service =
      target.by_proxy() ? &cluster_.services[cluster_.service_ports[target.port].service] : nullptr;
  const bool remembers = service != nullptr && service->client_ip_affinity && proxy_.clients_remembered() > 0;
  if (!remembers) return among(target, client, candidates, id, now);
  ClientAffinity& clients = affinity(target, candidates.asked);
  const std::uint64_t key = client_key(client, candidates.asked);
  std::optional<Chosen> chosen;
  if (const auto known = clients.endpoint_of(key, now, std::chrono::seconds(service->affinity_timeout_s))) {
    chosen = same_again(candidates.endpoints, *known);
  }
  if (!chosen) chosen = among(target, client, candidates, id, now);
  clients.connected(key, chosen->endpoint.pod, now, proxy_.clients_remembered());
  return *chosen;
}

}  // namespace knetsim
