#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace knetsim {

/// What is in front of Services of type LoadBalancer, as it describes itself. Nothing else asks which one it is.
struct LoadBalancerKind {
  std::string_view name;
  std::string_view summary;
  std::string_view source;
  /// Packets come to a node with the load balancer's own address, by which the node's rules know the Service; else they
  /// ask the Service's port of the node.
  bool keeps_address = false;
  bool one_node = false;  ///< One node takes all connections of a Service; else each goes by a hash to any of them.
  bool tracks_connections = false;  ///< It knows a connection's node; else each packet goes where the next one would.
  bool checks_health = false;  ///< It asks nodes whether they are well (HealthChecks); else they announce the address.
  /// It ends clients' TCP connections, and opens its own to node ports, from its own address: nodes see no other.
  bool ends_connections = false;
  bool all_where_none = false;  ///< Where no node may be sent to all are; else nobody is there.
};

/// The table of kinds, in the order in which they are shown: the first is the default.
std::span<const LoadBalancerKind> load_balancer_kinds();
/// nullptr for an unknown name.
const LoadBalancerKind* load_balancer_kind_named(std::string_view name);

}  // namespace knetsim
