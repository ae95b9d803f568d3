#pragma once

#include <span>
#include <vector>

#include "analysis/lab/lab_cluster.h"
#include "models/walk/netfilter.h"

namespace knetsim {

// Addresses, Services and containers of the clusters in which rules are loaded and counted.

inline constexpr std::uint16_t kServerPort = 8080;
inline constexpr std::uint16_t kNodePort = 30'080;
inline constexpr std::uint16_t kEmptyNodePort = 30'099;
inline constexpr std::uint16_t kHostPort = 8088;
inline constexpr std::uint32_t kServices = 7;
inline constexpr std::uint32_t kEndpoints = 3;
inline constexpr std::uint32_t kWanted = 4;   // the Service that is asked, 0-based
inline constexpr double kWantedNodePort = 3;  // its place among the node ports, which Services 0, 2, 4 and 6 have
inline constexpr double kWantedRange = 2;     // the client's, among the source ranges of a load balancer
inline constexpr double kWantedHostPort = 2;  // its container's place in CNI-HOSTPORT-DNAT
inline constexpr Ipv4 kServiceAddress = ipv4(10, 96, 0, 10) + kWanted;
inline constexpr Ipv4 kExternalIp = ipv4(203, 0, 113, 5);      // of the Service that is asked, where it has one
inline constexpr Ipv4 kLoadBalancerIp = ipv4(203, 0, 113, 6);  // of its load balancer
inline constexpr Ipv4 kEmptyAddress = ipv4(10, 96, 0, 99);
inline constexpr Ipv4 kClientPod = ipv4(10, 244, 1, 10);
inline constexpr Ipv4 kNodeA = ipv4(192, 168, 1, 1);
inline constexpr Ipv4 kNodeB = ipv4(192, 168, 1, 2);
inline constexpr Ipv4 kOutside = ipv4(192, 168, 7, 9);

/// What of the Service that is asked differs from one test to the next.
struct WantedService {
  bool external_local = false;
  bool internal_local = false;
  int affinity_seconds = 0;
  bool external = false;  ///< It has both external addresses; another Service has a load balancer with source ranges.
  std::vector<Ipv4Range> source_ranges{};  ///< Of its load balancer.
  bool first_elsewhere = false;            ///< The server's node takes the first endpoint for another node's.
};

/// Seven Services of three endpoints each, every second with a node port; the wanted one's endpoints are `servers`.
/// Behind them one without endpoints.
/// @param local  Whether the endpoints are on the node whose rules are to be made.
std::vector<ServicePortSpec> lab_services(std::span<const Ipv4> servers, bool local, const WantedService& wanted = {});

/// Containers with host ports: three on the server's node, the second of them at `server`; two on the others, where it
/// is 0.
std::vector<HostPortSpec> lab_containers(std::uint32_t node, Ipv4 server);

/// Sizes of one node's rules, by what each Service and policy adds to them.
RuleSizes lab_sizes(std::span<const ServicePortSpec> services, std::span<const HostPortSpec> containers);

}  // namespace knetsim
