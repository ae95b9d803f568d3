#pragma once

#include <cstdint>

#include "models/cluster/cluster.h"
#include "models/cluster/object_name.h"
#include "models/walk/walk.h"
#include "sim/core/random.h"
#include "sim/core/time.h"
#include "sim/net/flow_state.h"

namespace knetsim {

/// For local_port(), by the connection's id.
inline constexpr Purpose kSourcePort("flow.source-port");

/// Of a connection of any client: all ports alike. @param draw  Of the connection.
std::uint16_t local_port(RngStream draw);

/// Of a connection's inner packets, client to server. Names stand for the pods' addresses, which hashes alone read; the
/// local port is any of the range. @param port  Of the endpoint. @param draw  Of the connection.
FiveTuple flow_tuple(const Pod& client, const Pod& server, std::uint16_t port, Transport transport, RngStream draw);

/// How often a tunnel's outer tuple is new to conntrack. It is where no other flow of this pair of nodes has used its
/// source port within the UDP timeout: with probability exp(-rate 30 s / ports), the rate that of the run so far.
class OuterTuples {
 public:
  /// @param node_pairs  That connections run between, at least 1.
  explicit OuterTuples(std::uint32_t node_pairs) : node_pairs_(node_pairs) {}

  /// A connection is opened: sets what of the flow is its tunnel's.
  void opened(FlowSpec& flow, Time now);

 private:
  std::uint32_t node_pairs_;
  std::uint64_t opened_ = 0;
};

}  // namespace knetsim
