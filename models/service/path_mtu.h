#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "models/walk/walk.h"

namespace knetsim {

/// How large packets may be: what machines and pods take for granted, and what the way between machines carries.
///
/// Steady state: where a router's or the own node's "fragmentation needed" comes back, every packet has the size that it
/// told of. Left out are the first packet of full size to each address in ten minutes, which is lost and sent again a
/// round trip later, and fragments of tunnels' outer packets.
struct PathMtu {
  std::uint32_t nodes = 1'500;          ///< Of the machines' NICs; a tunnel's header comes off it for pods.
  std::optional<std::uint32_t> pods{};  ///< Of pods' devices; empty: what goes through the NICs.
  std::optional<std::uint32_t> path{};  ///< What the network between machines carries; empty: what their NICs send.
  bool discovery = true;                ///< A router on the way tells of what is too large, and is heard.

  PathMtu() = default;
  PathMtu(std::uint32_t mtu) : nodes(mtu) {}  // NOLINT(google-explicit-constructor): an MTU of all
};

/// What a flow's packets are, with the tunnel's header, and how many bytes of payload a packet may have that comes
/// through: 0 where all do.
struct FlowMtu {
  std::uint32_t outer = 0;
  std::uint32_t fits = 0;
};

/// @param outer_bytes    Of the tunnel's header, on a flow between machines.
/// @param packet_header  IP and transport, of a segment.
inline FlowMtu flow_mtu(const PathMtu& mtu, const FlowClass& flow, std::uint32_t outer_bytes,
                        std::uint32_t packet_header) {
  const bool between_pods = !flow.client_host_network || !flow.server_host_network;
  const std::uint32_t through_nic = mtu.nodes - outer_bytes;
  const std::uint32_t sent = between_pods && mtu.pods ? *mtu.pods : through_nic;
  const bool remote = flow.locality == Locality::Remote || flow.ingress == IngressNode::ThirdNode;
  if (!remote) return {.outer = sent + outer_bytes};
  // What its own NIC cannot take a node tells its pods itself (ip_forward, ip_tunnel_xmit: "fragmentation needed").
  const std::uint32_t told = std::min(sent, through_nic);
  const std::uint32_t carried = std::min(mtu.path.value_or(mtu.nodes), mtu.nodes) - outer_bytes;
  if (told <= carried || mtu.discovery) return {.outer = std::min(told, carried) + outer_bytes};
  return {.outer = told + outer_bytes, .fits = carried - packet_header};
}

}  // namespace knetsim
