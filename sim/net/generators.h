#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/core/time.h"
#include "sim/core/units.h"
#include "sim/net/topology.h"

namespace knetsim {

/// How hosts are dealt to leaf (edge) switches.
enum class HostSpread : std::uint8_t {
  RoundRobin,  ///< Host i at leaf i mod leaves: neighbours in the node list sit in different racks.
  Blocks,      ///< The first ceil(hosts / leaves) hosts at leaf 0, and so on: racks are filled in order.
};

/// A host beyond the border router, at a line of its own.
struct OutsideHost {
  std::string name;
  Bandwidth rate{};
  Duration delay{};  ///< Propagation to the border, one way.
};

/// What the generators share. Host names are taken from `host_names`; where it is empty they are host-0, host-1,
/// ...
struct FabricHosts {
  std::uint32_t count = 0;
  std::vector<std::string> names{};  ///< Empty, or `count` names.
  std::vector<std::string> zones{};  ///< Empty, or `count` zones.
  Bandwidth rate{25'000'000'000};    ///< Of the cable at the host, and of a fat tree's other cables.
  std::vector<Bandwidth> rates{};    ///< Empty, or of the cable at each host.
  HostSpread spread = HostSpread::RoundRobin;
  /// Their HostIds follow those of the others. Where there are any the fabric has a border router, at every switch of its
  /// top: the only one, the spines, the cores.
  std::vector<OutsideHost> outside{};
  Bandwidth border_rate{100'000'000'000};  ///< Of the cable from the border to one of those switches.
};

/// Delays and buffers, the same on every cable and switch.
struct FabricWires {
  Duration delay = std::chrono::nanoseconds(500);  ///< Of one cable, one way. 100 m of fibre.
  Duration switch_latency{};                       ///< Forwarding inside one switch.
  Bytes switch_buffer{1 << 20};                    ///< Queue of each switch port.
  Bytes host_buffer{16 << 20};                     ///< Queue in front of each host's NIC (qdisc and ring).
};

struct SingleSwitchSpec {
  FabricHosts hosts{};
  FabricWires wires{};
};

/// Every leaf is connected to every spine by one cable.
struct LeafSpineSpec {
  FabricHosts hosts{};
  FabricWires wires{};
  std::uint32_t leaves = 2;
  std::uint32_t spines = 2;
  /// Of one leaf-spine cable. Zero: chosen so that hosts' bandwidth at the fullest leaf is `oversubscription` times its
  /// uplinks' together.
  Bandwidth uplink_rate{};
  double oversubscription = 1.0;  ///< Read only when uplink_rate is zero. At least 1/1000.
  std::uint32_t leaf_ports = 0;   ///< Hosts that one leaf can take; zero: as many as there are.
};

/// The three-stage Clos network of k-port switches: k pods of k/2 edge and k/2 aggregation switches, (k/2)^2 cores,
/// k^3/4 hosts. Edge switches take up to `oversubscription` times k/2 hosts each; with hosts fewer than that the fabric
/// keeps its size.
/// @source Al-Fares, Loukissas, Vahdat, A Scalable, Commodity Data Center Network Architecture, SIGCOMM 2008,
/// section 3.
struct FatTreeSpec {
  FabricHosts hosts{};
  FabricWires wires{};
  std::uint32_t k = 4;            ///< Ports of a switch; even, at least 2. Zero: the smallest that holds the hosts.
  double oversubscription = 1.0;  ///< Host bandwidth of a full edge switch over that of its uplinks; at least 1.
};

/// A switch in each zone with its hosts, and one in the middle that every zone's is connected to: what goes from one
/// zone to another passes both of their cables. The border router is at the one in the middle.
struct ZonedSpec {
  struct Zone {
    std::string name;
    Bandwidth rate{};  ///< Of its cable to the middle ...
    Duration delay{};  ///< ... one way.
  };
  FabricHosts hosts{};  ///< With the zone of each.
  FabricWires wires{};
  std::vector<Zone> zones{};
};

/// All hosts at one switch. @throws std::invalid_argument  No hosts, or names or zones of another count.
Topology single_switch(const SingleSwitchSpec& spec);

/// @throws std::invalid_argument  No hosts, leaves or spines, more hosts than leaf ports, or an uplink rate out of
/// range.
Topology leaf_spine(const LeafSpineSpec& spec);

/// @throws std::invalid_argument  k odd or too small, no hosts or more than the fabric holds, oversubscription below 1.
Topology fat_tree(const FatTreeSpec& spec);

/// @throws std::invalid_argument  No hosts, no zones, or a host in none of them.
Topology zoned(const ZonedSpec& spec);

/// Hosts that a fat tree of `k`-port switches holds: k/2 * floor(k/2 * oversubscription) * k.
std::uint64_t fat_tree_capacity(std::uint32_t k, double oversubscription = 1.0);

}  // namespace knetsim
