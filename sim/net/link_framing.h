#pragma once

#include <algorithm>
#include <cstdint>

#include "sim/core/units.h"

namespace knetsim {

// What Ethernet adds to each packet. @source IEEE 802.3-2018, clauses 3.1.1 and 4.2.3.2; table 4-2 for the gap.
inline constexpr Bytes kPreamble{8};         ///< With the start-of-frame delimiter.
inline constexpr Bytes kEthernetHeader{14};  ///< No VLAN tag.
inline constexpr Bytes kFrameCheck{4};
inline constexpr Bytes kInterFrameGap{12};
inline constexpr Bytes kEthernetOverhead{8 + 14 + 4 + 12};  ///< All of it: 38 bytes a packet.
inline constexpr Bytes kMinFrame{64};  ///< Header and frame check included; shorter ones are padded.

inline constexpr Bytes kIpv4Header{20};
inline constexpr Bytes kIpv6Header{40};
inline constexpr Bytes kTcpHeader{32};  ///< With the timestamp option of 10 bytes and two of padding: Linux's default.
inline constexpr Bytes kTcpSynHeader{40};  ///< MSS, SACK-permitted, timestamps and window scale.
inline constexpr Bytes kUdpHeader{8};

// What an encapsulation adds inside the outer Ethernet frame, over IPv4.
inline constexpr Bytes kVxlanBytes{20 + 8 + 8 + 14};   ///< RFC 7348, section 5: outer IPv4, UDP, VXLAN, inner Ethernet.
inline constexpr Bytes kGeneveBytes{20 + 8 + 8 + 14};  ///< RFC 8926, section 3.4, without options.
inline constexpr Bytes kIpipBytes{20};                 ///< RFC 2003
inline constexpr Bytes kWireGuardBytes{20 + 8 + 16 + 16};  ///< Type, receiver, counter (16) and Poly1305 tag (16).

/// Wire time in bytes of one packet: IP packet, encapsulation, Ethernet frame with its padding, preamble and gap.
constexpr Bytes wire_size(Bytes ip_packet) {
  const Bytes frame = std::max(kMinFrame, ip_packet + kEthernetHeader + kFrameCheck);
  return frame + kPreamble + kInterFrameGap;
}

/// How a message of one connection becomes packets.
struct PacketFormat {
  Bytes mtu{1500};        ///< Largest IP packet of the sender, before encapsulation.
  Bytes header{20 + 32};  ///< IP and transport headers of each packet (kIpv4Header + kTcpHeader).
  Bytes encapsulation{};  ///< Added to each packet below its IP header.
  /// Payload of a full segment: what `ss` prints as mss.
  constexpr Bytes mss() const { return mtu - header; }
};

/// Sizes of a run of packets sent back to back: all are as long as the first but for the last.
struct PacketTrain {
  Bytes bytes{};  ///< Of all packets, on the wire.
  Bytes first{};
  Bytes last{};
  std::uint32_t packets = 0;

  /// Cuts off the first `count` packets, a round of slow start or one skb, and keeps the rest.
  /// @param count  At least 1, less than `packets`.
  constexpr PacketTrain take_front(std::uint32_t count) {
    const PacketTrain front{.bytes = first * count, .first = first, .last = first, .packets = count};
    packets -= count;
    bytes -= front.bytes;
    first = packets == 1 ? last : first;
    return front;
  }
};

/// Packets of one skb at most: GSO builds up to 64 KiB of them.
/// @source Linux v6.1 include/linux/netdevice.h, GSO_LEGACY_MAX_SIZE.
constexpr std::uint32_t packets_per_skb(Bytes mss) { return static_cast<std::uint32_t>(65536 / mss.count()); }

/// A TCP message of `payload` bytes cut into segments of the format's MSS. Without payload it is one bare header (SYN,
/// ACK, FIN). TSO changes nothing here: the NIC writes the same packets.
/// @param payload  At least 0, below 2^32 segments; mss above 0.
constexpr PacketTrain tcp_train(Bytes payload, const PacketFormat& format) {
  const std::int64_t mss = format.mss().count();
  const std::int64_t packets = std::max<std::int64_t>(1, (payload.count() + mss - 1) / mss);
  const Bytes around = format.header + format.encapsulation;
  const Bytes last = wire_size(around + payload - Bytes((packets - 1) * mss));
  const Bytes full = wire_size(around + format.mss());
  return {.bytes = full * (packets - 1) + last,
          .first = packets == 1 ? last : full,
          .last = last,
          .packets = static_cast<std::uint32_t>(packets)};
}

/// A UDP datagram, fragmented by IPv4 where it exceeds the MTU: every fragment repeats the IP header, carries a
/// multiple of 8 bytes (the last one excepted), and the first one holds the UDP header. `format.header` is not read.
/// @source RFC 791, section 3.2.
constexpr PacketTrain udp_train(Bytes payload, const PacketFormat& format) {
  const Bytes datagram = payload + kUdpHeader;
  const Bytes around = kIpv4Header + format.encapsulation;
  const Bytes room = format.mtu - kIpv4Header;
  if (datagram <= room) {
    const Bytes only = wire_size(around + datagram);
    return {.bytes = only, .first = only, .last = only, .packets = 1};
  }
  const std::int64_t fragment = room.count() / 8 * 8;
  const std::int64_t packets = (datagram.count() + fragment - 1) / fragment;
  const Bytes full = wire_size(around + Bytes(fragment));
  const Bytes last = wire_size(around + datagram - Bytes((packets - 1) * fragment));
  return {.bytes = full * (packets - 1) + last,
          .first = full,
          .last = last,
          .packets = static_cast<std::uint32_t>(packets)};
}

}  // namespace knetsim
