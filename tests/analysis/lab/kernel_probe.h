#pragma once

#include <chrono>
#include <cstdint>

#include "analysis/lab/net_namespace.h"
#include "analysis/lab/sockets.h"

namespace knetsim {

/// A TCP connection opened and reset, and nothing else: SYN, SYN-ACK, ACK, RST.
struct ProbeResult {
  bool connected = false;
  Ipv4 endpoint = 0;  ///< The server's address of the accepted connection.
  Ipv4 source = 0;    ///< The client's, as the server sees it.
};
/// @param server_port  Of the listener in `server`, on all its addresses.
ProbeResult open_and_reset(const lab::NetNamespace& client, const lab::NetNamespace& server,
                           const lab::SocketAddress& to, std::uint16_t server_port);

/// A connection that does not come about.
struct FailedProbe {
  int error = 0;           ///< errno of connect(); 0: no answer yet.
  std::uint32_t syns = 0;  ///< How many were sent: the first, and what TCP has repeated by itself.
};
/// Asks, and gives up after `patience`. A socket that is closed before it is connected sends nothing more.
FailedProbe ask_in_vain(const lab::NetNamespace& client, const lab::SocketAddress& to,
                        std::chrono::milliseconds patience);

}  // namespace knetsim
