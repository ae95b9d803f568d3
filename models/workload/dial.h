#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "models/cluster/cluster.h"
#include "models/workload/indices.h"
#include "sim/core/time.h"
#include "sim/net/flow_state.h"

namespace knetsim {

/// What of a kernel's every connection takes a part of, so that it may run out.
enum class KernelLimit : std::uint8_t {
  LocalPorts,    ///< Of the client's address towards one destination: connect() fails with EADDRNOTAVAIL.
  NatPorts,      ///< Of a masquerading node towards one endpoint: the SYN is dropped.
  Conntrack,     ///< Entries of a node: likewise.
  GatewayPorts,  ///< Of a NAT gateway towards one destination outside, of a node or of all: likewise.
  AcceptQueue,   ///< Places of a server's listening socket: the SYN is dropped, and may find one when it is sent again.
  kCount
};

/// How a connection ended.
enum class ConnectionEnd : std::uint8_t {
  ByClient,  ///< It closed first.
  ByServer,
  ByReset,
};

/// What becomes of a connection attempt: a flow to a pod, or a refusal (no endpoint, no such port).
struct Dial {
  FlowSpec flow;
  PodIndex server = kNoIndex;  ///< kNoIndex: nobody answers.
  /// With it: in silence, so that connect() gives up when the kernel's SYN schedule ends, and a datagram is never
  /// answered. Else the connection is refused at once.
  bool dropped = false;
  /// With neither: how long it takes until the connection is refused, where that is not at once.
  std::optional<Duration> refused_after{};
  bool unreachable = false;  ///< Then or at once: the error is that there is no such host.
  /// Why nobody answers, where a kernel has no room for the connection; with `dropped` but for local ports.
  std::optional<KernelLimit> met{};
  std::uint32_t holds = 0;  ///< Of kernels' tables, for released(); 0: nothing that anybody counts.
  bool refuses = false;     ///< There is a server whose process does not listen: its kernel answers a SYN with a reset.
  bool stale = false;       ///< The server is no endpoint any more, as the API server has it.
  std::uint32_t path = 0;   ///< By which leads_to() finds the node of each packet; 0: it stays.
  /// Bytes of a message's packet that come through: a message with a larger one never arrives. 0: all do.
  std::uint32_t fits = 0;
  HostId chosen_at = 0;  ///< The node whose proxy chose the server; hung_up() is told.
  float rules = 0;       ///< Rules that the packets which open the connection evaluate, on all nodes; expected value.
};

/// Opens connections as the cluster would: looks up endpoints in the client node's view, lets the proxy mode choose,
/// finds the plans of the flow's class.
class Dialer {
 public:
  virtual ~Dialer() = default;
  /// @param id  Of the request or connection: what is drawn belongs to it.
  virtual Dial dial(EdgeIndex edge, PodIndex client, std::uint64_t id, Time now) = 0;
  /// The same to a server that the caller has picked among endpoints(); refused where it is none of them any more.
  virtual Dial dial_to(EdgeIndex edge, PodIndex client, PodIndex /*server*/, std::uint64_t id, Time now) {
    return dial(edge, client, id, now);
  }
  /// Those whom a caller that balances by itself knows. Valid until the next call of any of these.
  virtual std::span<const Endpoint> endpoints(EdgeIndex /*edge*/, PodIndex /*client*/, Time /*now*/) { return {}; }
  /// A connection that `chosen_at` chose `server` for has ended ("least connection" schedulers count).
  virtual void hung_up(EdgeIndex edge, HostId chosen_at, PodIndex server, Time now) = 0;
  /// A connection has ended, and what it held of kernels' tables ends with it or some time after.
  virtual void released(std::uint32_t /*holds*/, ConnectionEnd /*how*/, Time /*now*/) {}
  /// The node to which packets of a connection come now; kNoIndex: to none. @param path  Dial::path, not 0.
  virtual HostId leads_to(EdgeIndex /*edge*/, std::uint32_t /*path*/) const { return kNoIndex; }
};

}  // namespace knetsim
