#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>

#include "models/cluster/cluster.h"
#include "sim/core/time.h"

namespace knetsim {

/// What sessionAffinity: ClientIP knows at one node of one virtual server: the endpoint that each client's address was
/// given last, until the timeout has passed without another connection.
///
/// The iptables mode keeps a list of the module `recent` for each endpoint, of 100 addresses (ip_list_tot's default):
/// the 101st takes the place of the one that was seen longest ago.
/// @source Linux net/netfilter/xt_recent.c; k/k pkg/proxy/iptables/proxier.go.
class ClientAffinity {
 public:
  /// The pod, or nothing where the client is unknown or was seen `timeout` ago.
  std::optional<PodIndex> endpoint_of(std::uint64_t address, Time now, Duration timeout) const;
  /// @param capacity  Clients that an endpoint's list holds.
  void connected(std::uint64_t address, PodIndex endpoint, Time now, std::uint32_t capacity);

 private:
  struct Known {
    PodIndex endpoint = kNoIndex;
    Time seen{};
  };
  void forget_oldest_of(PodIndex endpoint, std::uint64_t newest);

  std::unordered_map<std::uint64_t, Known> clients_;          // by address
  std::unordered_map<PodIndex, std::uint32_t> list_lengths_;  // by endpoint
};

}  // namespace knetsim
