#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string_view>
#include <unordered_map>

#include "models/proxy/endpoint_chooser.h"
#include "sim/core/time.h"

namespace knetsim {

/// The schedulers of IPVS that there are models of.
enum class IpvsScheduling : std::uint8_t {
  RoundRobin,
  WeightedRoundRobin,
  LeastConnection,
  WeightedLeastConnection,
  SourceHash,
  DestinationHash,
  ShortestDelay,
  NeverQueue,
};

struct IpvsSchedulerInfo {
  IpvsScheduling scheduling{};
  std::string_view name;      ///< ipvsadm's
  std::string_view summary;   ///< "round robin"
  bool looks_at_all = false;  ///< Compares every destination; else takes one, or looks into a table.
};
/// The first is kube-proxy's default.
std::span<const IpvsSchedulerInfo> ipvs_schedulers();
/// @pre There is one of this name.
const IpvsSchedulerInfo& ipvs_scheduler_named(std::string_view name);

/// How IPVS picks destinations at one virtual server of one node. kube-proxy gives every destination the weight 1, so
/// that wrr is rr and wlc is lc.
///
/// A TCP connection is active from its SYN on (tcp_state_active_table) and inactive once a FIN has passed, until
/// TIME_WAIT's timeout of two minutes; one that a RST ends would be gone after 10 s, and is kept as long here. A UDP
/// flow is inactive throughout, until five minutes after its last datagram. lc and wlc weigh an active connection as
/// 256 inactive ones; sed and nq look at active ones alone, so that they send all UDP to the first destination. The
/// kernel's list of destinations has the last added first, kube-proxy's order is a hash map's: here it is that of the
/// endpoints.
/// @source Linux net/netfilter/ipvs/ip_vs_lc.c, ip_vs_wlc.c, ip_vs_sed.c, ip_vs_nq.c, ip_vs_sh.c, ip_vs_dh.c;
/// include/net/ip_vs.h, ip_vs_dest_conn_overhead(); ip_vs_proto_tcp.c, tcp_timeouts; ip_vs_proto_udp.c, udp_timeouts.
class IpvsScheduler {
 public:
  explicit IpvsScheduler(IpvsScheduling scheduling) : scheduling_(scheduling) {}

  /// The index of the destination of a new connection, whose own destination is the virtual server. @pre There is one.
  std::uint32_t choose(std::span<const Endpoint> destinations, const NewConnection& connection, Time now);
  /// A connection to the destination has begun ...
  void opened(PodIndex destination, Transport transport);
  /// ... and has been closed at both ends.
  void closed(PodIndex destination, Transport transport, Time now);

 private:
  struct Connections {
    std::uint32_t active = 0;
    std::uint32_t inactive = 0;
  };
  struct Closed {
    Time gone{};
    PodIndex destination = kNoIndex;
  };
  bool counts_active() const;
  bool counts_inactive() const;
  void forget_expired(Time now);

  IpvsScheduling scheduling_;
  std::uint32_t next_ = 0;                                 ///< rr
  std::unordered_map<PodIndex, Connections> connections_;  // looked up, never iterated
  std::deque<Closed> closed_;                              ///< By time: a virtual server is of one transport.
};

/// The bucket of sh's and dh's tables that an address falls into; destinations are dealt to the 256 buckets in turn.
/// @source ip_vs_sh_hashkey() and ip_vs_dh_hashkey(); include/linux/hash.h, hash_32().
std::uint32_t ipvs_hash_bucket(const IpAddress& address);

/// A scheduler of this kind at each virtual server of each node.
std::unique_ptr<EndpointChooser> ipvs_chooser(const IpvsSchedulerInfo& scheduler);

}  // namespace knetsim
