#include "models/service/table_needs.h"

#include <map>
#include <utility>

namespace knetsim {

bool TableLimits::masquerades(const Cluster& cluster, PodIndex client, NodeIndex destination) const {
  switch (masquerading) {
    case Masquerading::Nobody:
      return false;
    case Masquerading::Pods:
      return !cluster.spec(cluster.pods[client]).host_network;
    case Masquerading::AllButKeptRanges:
      return cluster.nodes[destination].external->kept_range == 0;
  }
  return false;
}

TableNeeds::TableNeeds(const Cluster& cluster, TableLimits limits) : cluster_(cluster), limits_(std::move(limits)) {
  std::map<IpAddress, std::uint32_t> clients;
  for (PodIndex pod = 0; limits_.nat_ports && pod < cluster.pods.size(); ++pod) {
    if (cluster.is_external(pod) && ++clients[cluster.pods[pod].ip] == 2) shared_.insert(cluster.pods[pod].ip);
  }
}

/// Machines of one address behind a NAT have ports of their own each; processes of one node share its.
std::uint64_t TableNeeds::address_of(PodIndex client) const {
  const Pod& pod = cluster_.pods[client];
  const bool shares = !cluster_.is_external(client) && cluster_.spec(pod).host_network;
  return hash_combine(shares ? 1 : 2, shares ? pod.node : client);
}

std::uint64_t TableNeeds::destination_of(const EdgeTarget& target, const Candidates& candidates,
                                         const Endpoint& endpoint) const {
  std::uint64_t to = hash_combine(static_cast<std::uint64_t>(target.exposure), target.loopback ? 1 : 0);
  if (target.by_proxy() && !candidates.in_socket) {
    to = hash_combine(to, target.port);
    const bool at_node = target.exposure == Exposure::NodePort && (!target.balanced || target.by_balancer);
    if (at_node) to = hash_combine(to, candidates.asked);
    if (target.exposure == Exposure::ExternalIp) to = hash_combine(to, target.external);
  } else {
    to = hash_combine(hash_combine(to, endpoint.pod), endpoint.port);
  }
  return to;
}

void TableNeeds::add(const TableNeed& need) { needs_[count_++] = need; }

void TableNeeds::add_entry(NodeIndex node) {
  if (node >= limits_.conntrack_room.size()) return;  // a machine outside
  for (std::size_t i = 0; i < count_; ++i) {
    if (needs_[i].limit == KernelLimit::Conntrack && needs_[i].table == node) return;
  }
  add({.limit = KernelLimit::Conntrack,
       .table = node,
       .node = node,
       .room = limits_.conntrack_room[node],
       .after_close = kConntrackTimeWait});
}

void TableNeeds::add_masquerade(const EdgeTarget& target, PodIndex client, NodeIndex node, const Endpoint& endpoint) {
  if (target.outside && !limits_.masquerades(cluster_, client, endpoint.node)) return;
  add({.limit = KernelLimit::NatPorts,
       .table = hash_combine(hash_combine(node, endpoint.pod), endpoint.port),
       .node = node,
       .room = target.outside ? limits_.egress_ports : kMasqueradePorts,
       .after_close = limits_.nat_after_close});
}

std::span<const TableNeed> TableNeeds::of(EdgeIndex edge, const EdgeTarget& target, PodIndex client,
                                          const Candidates& candidates, const Endpoint& endpoint) {
  count_ = 0;
  const bool udp = target.transport == Transport::Udp;
  const std::uint64_t to = udp ? 0 : destination_of(target, candidates, endpoint);
  if (limits_.local_ports && !udp) {
    add({.limit = KernelLimit::LocalPorts,
         .table = hash_combine(address_of(client), to),
         .room = kLocalPorts,
         .after_close = target.loopback ? kTimeWaitOnLoopback : kTimeWait});
  }
  if (limits_.nat_ports && !udp && limits_.masqueraded[edge] && !candidates.in_socket) {
    add_masquerade(target, client, candidates.asked, endpoint);
  }
  if (limits_.gateway_ports && !udp && target.outside && cluster_.nodes[endpoint.node].external->behind_gateway) {
    const NodeIndex node = limits_.gateway_per_node ? cluster_.pods[client].node : kNoIndex;
    add({.limit = KernelLimit::GatewayPorts,
         .table = hash_combine(hash_combine(node, endpoint.pod), endpoint.port),
         .node = node,
         .room = limits_.gateway_room,
         .after_close = limits_.gateway_after_close});
  }
  const IpAddress& source = cluster_.pods[client].ip;
  if (limits_.nat_ports && !udp && cluster_.is_external(client) && shared_.contains(source)) {
    add({.limit = KernelLimit::NatPorts,
         .table = hash_combine(hash_combine(3, source.v4_value()), to),
         .room = kMasqueradePorts,
         .after_close = kConntrackTimeWait});
  }
  if (limits_.conntrack && !udp && !target.loopback && !target.untracked) {
    add_entry(cluster_.is_external(client) ? kNoIndex : cluster_.pods[client].node);
    if (target.by_proxy()) add_entry(candidates.asked);
    add_entry(cluster_.pods[endpoint.pod].node);
  }
  return std::span(needs_).first(count_);
}

}  // namespace knetsim
