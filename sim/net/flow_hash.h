#pragma once

#include <cstdint>

#include "sim/core/hash.h"

namespace knetsim {

/// What a switch, a NIC or Linux hashes to tell flows apart.
struct FiveTuple {
  std::uint64_t src_address = 0;  ///< An IPv4 address as a number, or any 64-bit digest of an IPv6 one.
  std::uint64_t dst_address = 0;
  std::uint16_t src_port = 0;
  std::uint16_t dst_port = 0;
  std::uint8_t protocol = 6;
  constexpr bool operator==(const FiveTuple&) const = default;
};

inline constexpr std::uint8_t kProtocolIpip = 4;
inline constexpr std::uint8_t kProtocolTcp = 6;
inline constexpr std::uint8_t kProtocolUdp = 17;

/// Hash of a header. It is direction-sensitive: a reply may take another path and another core, as with most switches
/// and with RSS's usual key. Not the Toeplitz or jhash function of a given device: only that flows spread evenly is
/// kept.
constexpr std::uint64_t flow_hash(const FiveTuple& tuple) {
  const std::uint64_t ports =
      (std::uint64_t{tuple.src_port} << 24) | (std::uint64_t{tuple.dst_port} << 8) | tuple.protocol;
  std::uint64_t h = mix64(tuple.src_address + 0x9e3779b97f4a7c15ULL);
  h = mix64(h ^ (tuple.dst_address + 0xd1b54a32d192ed03ULL));
  return mix64(h ^ (ports + 0x8cb92ba72f3d8dd7ULL));
}

/// How a packet between two nodes is wrapped.
enum class Encapsulation : std::uint8_t { None, Vxlan, Geneve, Ipip, WireGuard };

/// Whether all flows between two nodes have one outer header in each direction, that of one way the other's reversed.
constexpr bool hides_flows(Encapsulation encapsulation) {
  return encapsulation == Encapsulation::Ipip || encapsulation == Encapsulation::WireGuard;
}

/// Addresses of the two nodes, in the direction of the packet.
struct NodePair {
  std::uint64_t src_address = 0;
  std::uint64_t dst_address = 0;
};

/// Range that net.ipv4.ip_local_port_range holds by default, both ends included.
/// @source Linux v6.1 Documentation/networking/ip-sysctl.rst, ip_local_port_range.
inline constexpr std::uint16_t kLocalPortMin = 32768;
inline constexpr std::uint16_t kLocalPortMax = 60999;
inline constexpr std::uint32_t kLocalPorts = kLocalPortMax - kLocalPortMin + 1;

/// Source port of a tunnel's UDP header for a flow whose inner hash is `hash`. As in Linux the upper end of the range
/// is not reached, and distinct flows may share a port.
/// @source Linux v6.1 include/net/udp.h, udp_flow_src_port.
constexpr std::uint16_t udp_flow_src_port(std::uint32_t hash, std::uint16_t min = kLocalPortMin,
                                          std::uint16_t max = kLocalPortMax) {
  hash ^= hash << 16;
  const std::uint64_t offset = (std::uint64_t{hash} * (std::uint32_t{max} - min)) >> 32;
  return static_cast<std::uint16_t>(offset + min);
}

/// Ports of tunnels. VXLAN's is IANA's; Linux without a dstport, flannel with it, uses 8472, which changes no spread.
inline constexpr std::uint16_t kVxlanPort = 4789;
inline constexpr std::uint16_t kGenevePort = 6081;
inline constexpr std::uint16_t kWireGuardPort = 51820;

/// The header that switches and the receiving NIC see: VXLAN and Geneve carry the inner flow's entropy in their UDP
/// source port; IPIP and WireGuard have one header for each pair of nodes, so all their flows share one path and one
/// receive core.
constexpr FiveTuple outer_header(Encapsulation encapsulation, const FiveTuple& inner, const NodePair& nodes) {
  switch (encapsulation) {
    case Encapsulation::Vxlan:
    case Encapsulation::Geneve:
      return {.src_address = nodes.src_address,
              .dst_address = nodes.dst_address,
              .src_port = udp_flow_src_port(static_cast<std::uint32_t>(flow_hash(inner) >> 32)),
              .dst_port = encapsulation == Encapsulation::Vxlan ? kVxlanPort : kGenevePort,
              .protocol = kProtocolUdp};
    case Encapsulation::Ipip:
      return {nodes.src_address, nodes.dst_address, 0, 0, kProtocolIpip};
    case Encapsulation::WireGuard:
      return {nodes.src_address, nodes.dst_address, kWireGuardPort, kWireGuardPort, kProtocolUdp};
    case Encapsulation::None:
      break;
  }
  return inner;
}

/// flow_hash() of outer_header(): what Routing::path() and the choice of the receive core take.
constexpr std::uint64_t outer_hash(Encapsulation encapsulation, const FiveTuple& inner, const NodePair& nodes) {
  return flow_hash(outer_header(encapsulation, inner, nodes));
}

}  // namespace knetsim
