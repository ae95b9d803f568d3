#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/cluster/cluster.h"
#include "models/cluster/ip_address.h"
#include "sim/core/distributions.h"
#include "sim/core/random.h"
#include "sim/core/units.h"

namespace knetsim {

/// Machines of one sort beyond the cluster's border: clients, or those that the cluster's own clients ask.
struct ExternalGroup {
  std::string name;             ///< Of the workload whose requests they send or answer; groups of one name add up.
  std::uint32_t count = 1;      ///< Each a machine.
  Bandwidth rate{};             ///< Of each one's access line.
  std::uint32_t addresses = 0;  ///< That they share in turn, behind a NAT; 0: each has its own.
  std::optional<Cidr> block{};  ///< Where their addresses are from; nothing: 198.18.0.0/15.
  std::uint32_t cores = 0;      ///< Of each; 0: kExternalCores.
  Distribution rtt_seconds{};   ///< To the border and back, propagation alone: each client draws its own and keeps it.
};

/// Cores of a client's machine: so many that the clients are not what a run waits for.
inline constexpr std::uint32_t kExternalCores = 8;
/// Addresses that there are for them: 198.18.0.0/15, set aside for benchmarks. @source RFC 2544, appendix C.2.2.
inline constexpr std::uint32_t kMostExternal = 100'000;

/// What the machine of a load balancer that ends connections is called, and what it has: more than a run asks of it, since
/// how its owner scales it is not modelled (assumptions).
inline constexpr std::string_view kBalancerName = "load-balancer";
inline constexpr std::string_view kHttpBalancerName = "http-load-balancer";  ///< Of one that Ingresses are served by.
inline constexpr std::uint32_t kBalancerCores = 64;
inline constexpr std::int64_t kBalancerBitsPerSecond = 100'000'000'000;

/// Adds a machine and a process in its own network for each client, behind all nodes and pods. What they are called and
/// how far away they are depends on the group and the client's number in it alone.
/// @pre The cluster is bound, and has no external clients yet; kMostExternal at most.
void add_external_clients(Cluster& cluster, std::span<const ExternalGroup> groups, RandomStreams streams);

/// Those of one name, in order of their groups.
std::vector<PodIndex> external_clients(const Cluster& cluster, std::string_view name);

/// The process of the load balancer that ends connections; kNoIndex where there is none.
/// @param name  Or kHttpBalancerName.
PodIndex outside_balancer(const Cluster& cluster, std::string_view name = kBalancerName);

}  // namespace knetsim
