#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "sim/core/time.h"

namespace knetsim {

/// What translates the addresses of nodes that have none of their own outside, as it describes itself: how many ports it
/// has for connections to one destination (address, port, protocol), whose they are, and how long it keeps them.
struct NatGatewayKind {
  std::string_view name;
  std::string_view summary;
  std::string_view source;
  std::uint32_t ports_per_address = 0;  ///< Of each of its addresses, towards each destination.
  bool per_node = false;                ///< Each node has a part of them for itself; else all share them.
  std::uint32_t most_per_node = 0;      ///< Of a node where nobody says, ...
  bool by_pool = false;                 ///< ... or fewer, by the number of nodes (ports_of_pool).
  Duration after_close{};               ///< How long a closed connection keeps its port from the same destination.
  bool after_close_assumed = false;     ///< Nobody has published that.
};

/// The table of kinds, in the order in which they are shown.
std::span<const NatGatewayKind> nat_gateway_kinds();
/// nullptr for an unknown name.
const NatGatewayKind* nat_gateway_kind_named(std::string_view name);

/// Ports that a node has where nobody says. @pre The kind is per_node.
std::uint32_t ports_per_node(const NatGatewayKind& kind, std::uint32_t nodes);

}  // namespace knetsim
