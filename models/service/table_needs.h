#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <set>
#include <span>
#include <vector>

#include "models/service/edge_target.h"
#include "models/service/kernel_tables.h"
#include "models/service/service_chooser.h"
#include "sim/net/flow_hash.h"

namespace knetsim {

/// Which tables of kernels a run keeps account of, and how large they are. What cannot fill up is not counted.
struct TableLimits {
  bool local_ports = false;
  bool nat_ports = false;
  bool conntrack = false;
  std::vector<bool> masqueraded;              ///< By edge: by the node that it asks.
  std::vector<std::uint32_t> conntrack_room;  ///< By node.
  /// How long a closed connection keeps its masqueraded port from others. From Linux 6.7 on a closing entry gives way (commit
  /// 4e0dbab570de, nf_nat_used_tuple_harder).
  Duration nat_after_close{};
  /// Whose packets leave for machines outside with their node's address.
  enum class Masquerading : std::uint8_t { Nobody, Pods, AllButKeptRanges };
  Masquerading masquerading = Masquerading::Nobody;
  /// Whether that is so of a client and a machine outside.
  bool masquerades(const Cluster& cluster, PodIndex client, NodeIndex destination) const;
  std::uint32_t egress_ports = 0;  ///< That a node has for them towards one destination.
  bool gateway_ports = false;
  bool gateway_per_node = false;   ///< Its ports are each node's own; else all share them.
  std::uint32_t gateway_room = 0;  ///< Towards one destination.
  Duration gateway_after_close{};

  bool any() const { return local_ports || nat_ports || conntrack || gateway_ports; }
};

/// What a connection of TCP wants of kernels' tables. One address has 28,232 local ports towards each destination, which is
/// the endpoint where the system call translates; a node that masquerades has 64,512 towards each endpoint, as has a NAT that
/// clients outside share towards each destination; a NAT gateway has those that its vendor says (NatGatewayKind); and each node that tracks connections has an entry for each that passes.
/// @source Linux net/ipv4/inet_hashtables.c, __inet_hash_connect; net/ipv4/tcp_ipv4.c, tcp_twsk_unique (tcp_tw_reuse 2);
///         include/net/tcp.h, TCP_TIMEWAIT_LEN; net/netfilter/nf_nat_core.c; nf_conntrack_proto_tcp.c
class TableNeeds {
 public:
  TableNeeds(const Cluster& cluster, TableLimits limits);

  /// Valid until the next call. @pre The endpoint is a pod.
  std::span<const TableNeed> of(EdgeIndex edge, const EdgeTarget& target, PodIndex client, const Candidates& candidates,
                                const Endpoint& endpoint);

 private:
  std::uint64_t address_of(PodIndex client) const;
  std::uint64_t destination_of(const EdgeTarget& target, const Candidates& candidates, const Endpoint& endpoint) const;
  /// A masquerading node's ports. @param node  It.
  void add_masquerade(const EdgeTarget& target, PodIndex client, NodeIndex node, const Endpoint& endpoint);
  void add(const TableNeed& need);
  void add_entry(NodeIndex node);

  const Cluster& cluster_;
  TableLimits limits_;
  std::set<IpAddress> shared_;  // of several clients outside, by a NAT
  std::array<TableNeed, KernelTables::kMostNeeds> needs_{};
  std::size_t count_ = 0;
};

inline constexpr std::uint32_t kMasqueradePorts = 64'512;  ///< 1024 to 65535
inline constexpr Duration kTimeWait = std::chrono::seconds(60);
/// Over the loopback a port is taken again after a second.
inline constexpr Duration kTimeWaitOnLoopback = std::chrono::seconds(1);
inline constexpr Duration kConntrackTimeWait = std::chrono::seconds(120);
inline constexpr Duration kConntrackUdp = std::chrono::seconds(30);

}  // namespace knetsim
