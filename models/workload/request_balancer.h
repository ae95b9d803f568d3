#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>

#include "models/cluster/cluster.h"
#include "models/workload/indices.h"
#include "sim/core/random.h"

namespace knetsim {

/// How a caller spreads its requests over the servers that it knows.
enum class Balancing : std::uint8_t {
  RoundRobin,    ///< One after the other, from a drawn one on.
  Random,        ///< Any, with equal chances.
  LeastRequest,  ///< Of two drawn at random that with fewer requests of this caller under way (Envoy's LEAST_REQUEST).
  LeastConnections,  ///< That with the fewest of all; of several the next in turn (haproxy's leastconn).
};

struct BalancingInfo {
  std::string_view name;  ///< As in scenarios.
  std::string_view summary;
};
/// By Balancing.
std::span<const BalancingInfo> balancing_policies();

std::string_view to_text(Balancing balancing);
std::optional<Balancing> balancing_named(std::string_view name);

/// Picks the servers of requests: each client of an edge, as a replica of a proxy, knows of its own requests alone.
class RequestBalancer {
 public:
  explicit RequestBalancer(RandomStreams streams) : streams_(streams) {}

  /// @param id  Of the attempt. @pre There is a server. @return  Its place among them; its request is under way from now on;
  /// that to an address of no pod is not counted.
  std::size_t pick(Balancing balancing, EdgeIndex edge, PodIndex client, std::span<const Endpoint> servers,
                   std::uint64_t id);
  /// The request of this client to that server has ended. @pre It was counted.
  void ended(EdgeIndex edge, PodIndex client, PodIndex server);

 private:
  struct Caller {
    std::optional<std::uint64_t> turn;                      ///< Drawn at first.
    std::unordered_map<PodIndex, std::uint32_t> under_way;  // looked up, never iterated
  };
  std::size_t least_of_all(Caller& caller, std::span<const Endpoint> servers);

  RandomStreams streams_;
  std::unordered_map<std::uint64_t, Caller> callers_;  // by client_key(); looked up, never iterated
};

}  // namespace knetsim
