#include "models/workload/request_balancer.h"

#include <algorithm>
#include <array>

#include "sim/core/ensure.h"

namespace knetsim {
namespace {

constexpr Purpose kPick("balancer.pick");
constexpr Purpose kFirstTurn("balancer.turn");

constexpr std::array<BalancingInfo, 4> kPolicies{{
    {"roundRobin", "one endpoint after the other"},
    {"random", "any, with equal chances"},
    {"leastRequest", "of two drawn at random that with fewer requests of this proxy under way"},
    {"leastConnections", "that with the fewest requests of this proxy under way"},
}};

}  // namespace

std::span<const BalancingInfo> balancing_policies() { return kPolicies; }

std::string_view to_text(Balancing balancing) { return kPolicies[static_cast<std::size_t>(balancing)].name; }

std::optional<Balancing> balancing_named(std::string_view name) {
  const auto found = std::ranges::find(kPolicies, name, &BalancingInfo::name);
  if (found == kPolicies.end()) return std::nullopt;
  return static_cast<Balancing>(found - kPolicies.begin());
}

std::size_t RequestBalancer::least_of_all(Caller& caller, std::span<const Endpoint> servers) {
  const std::size_t first = (*caller.turn)++ % servers.size();
  std::size_t best = first;
  std::uint32_t fewest = caller.under_way[servers[first].pod];
  for (std::size_t i = 1; i < servers.size() && fewest > 0; ++i) {
    const std::size_t place = (first + i) % servers.size();
    const std::uint32_t under_way = caller.under_way[servers[place].pod];
    if (under_way >= fewest) continue;
    best = place;
    fewest = under_way;
  }
  return best;
}

std::size_t RequestBalancer::pick(Balancing balancing, EdgeIndex edge, PodIndex client,
                                  std::span<const Endpoint> servers, std::uint64_t id) {
  KNETSIM_ENSURE(!servers.empty());
  Caller& caller = callers_[client_key(edge, client)];
  if (!caller.turn) caller.turn = streams_.get(kFirstTurn, client_key(edge, client)).below(servers.size());
  RngStream draw = streams_.get(kPick, id);
  std::size_t place = 0;
  switch (balancing) {
    case Balancing::RoundRobin:
      place = (*caller.turn)++ % servers.size();
      break;
    case Balancing::Random:
      place = draw.below(servers.size());
      break;
    case Balancing::LeastRequest: {  // the two may be one (source/extensions/load_balancing_policies/least_request)
      place = draw.below(servers.size());
      const std::size_t other = draw.below(servers.size());
      if (caller.under_way[servers[other].pod] < caller.under_way[servers[place].pod]) place = other;
      break;
    }
    case Balancing::LeastConnections:
      place = least_of_all(caller, servers);
      break;
  }
  if (const PodIndex server = servers[place].pod; server != kNoIndex) ++caller.under_way[server];
  return place;
}

void RequestBalancer::ended(EdgeIndex edge, PodIndex client, PodIndex server) {
  std::uint32_t& under_way = callers_[client_key(edge, client)].under_way[server];
  KNETSIM_ENSURE(under_way > 0);
  --under_way;
}

}  // namespace knetsim
