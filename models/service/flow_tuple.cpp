#include "models/service/flow_tuple.h"

#include <algorithm>

#include "sim/core/hash.h"
#include "sim/core/math.h"

namespace knetsim {
namespace {

// 32768-60999, net.ipv4.ip_local_port_range.
// nf_conntrack_udp_timeout, for an entry that has seen no reply, as a tunnel's outer tuples see none.
constexpr Duration kUnrepliedUdpTimeout = std::chrono::seconds(30);

}  // namespace

std::uint16_t local_port(RngStream draw) { return static_cast<std::uint16_t>(kLocalPortMin + draw.below(kLocalPorts)); }

FiveTuple flow_tuple(const Pod& client, const Pod& server, std::uint16_t port, Transport transport, RngStream draw) {
  return {.src_address = name_key(client.ns, client.name),
          .dst_address = name_key(server.ns, server.name),
          .src_port = local_port(draw),
          .dst_port = port,
          .protocol = transport == Transport::Udp ? kProtocolUdp : kProtocolTcp};
}

void OuterTuples::opened(FlowSpec& flow, Time now) {
  ++opened_;
  // One tuple a pair of nodes is known to conntrack from the pair's first packet on.
  if (flow.encapsulation == Encapsulation::None || hides_flows(flow.encapsulation)) return;
  const double elapsed = std::max(1.0, to_seconds(now.time_since_epoch()));
  const double rate = static_cast<double>(opened_) / elapsed / node_pairs_;
  if (flow.encapsulation == Encapsulation::Vxlan) flow.outer_timeout = kUnrepliedUdpTimeout;
  flow.outer_untracked = math::exp(-rate * to_seconds(kUnrepliedUdpTimeout) / kLocalPorts);
}

}  // namespace knetsim
