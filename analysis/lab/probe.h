#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "analysis/lab/net_namespace.h"
#include "analysis/lab/sockets.h"

namespace knetsim::lab {

/// Times of single operations, nanoseconds, in the order in which they were taken.
using Samples = std::vector<double>;

struct ProbeOptions {
  int cpu = -1;  ///< Where the client runs; -1: anywhere.
  std::uint32_t samples = 1000;
  std::uint32_t before = 50;         ///< Operations that are not counted, first.
  std::uint32_t bytes = 1;           ///< Of a request.
  std::uint32_t response_bytes = 0;  ///< Of a response; 0: as many.
  Transport transport = Transport::Tcp;
  std::uint32_t requests = 1;  ///< Of a session.
  std::uint32_t at_once = 1;   ///< Sessions of a sample.
  Ipv4 client = 0;             ///< The first of the addresses that connections come from, each from the next one; 0:
                               ///< all from the namespace's own.
  std::function<void()> before_each{};  ///< Between two operations, untimed: sweeping the cache, say.
};

/// connect() of new connections: SYN, SYN-ACK, and the client's return. Each is reset afterwards, so that neither
/// ports nor TIME_WAIT run out. @throws LabError  One does not come about.
Samples connect_times(const NetNamespace& from, const SocketAddress& to, const ProbeOptions& options);

/// Whole connections: socket(), connect(), requests and responses in turn, close() with FIN. Of each sample
/// options.at_once, one after the other, and their mean. @throws LabError
Samples session_times(const NetNamespace& from, const SocketAddress& to, const ProbeOptions& options);

/// Request and response on one established connection, or between two UDP sockets: the time from before send() to after
/// recv() of the last byte.
/// @throws LabError
Samples round_trip_times(const NetNamespace& from, const SocketAddress& to, const ProbeOptions& options);

}  // namespace knetsim::lab
