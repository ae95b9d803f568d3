#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/scenario/bound_variant.h"
#include "models/service/table_needs.h"
#include "sim/input/diagnostics.h"

namespace knetsim {

// Limits of kernels, reckoned from the rates that a scenario states: what a run will meet is told before it, and what it may meet
// is counted in it (TableLimits).

/// Ports that one client address would use up towards one destination.
struct PortUse {
  EdgeIndex edge = 0;
  std::string address;  ///< "Pod client", "Node n1" with hostNetwork, "198.18.0.1, of 60 clients" behind a NAT.
  bool behind_nat = false;
  double ports = 0;       ///< Of the address, towards one destination: its own local ones, or its NAT's.
  double per_second = 0;  ///< Connections.
  bool at_most = false;
  std::uint32_t destinations = 1;
  double held_s = 0;              ///< Of a connection: open ...
  double waits_s = 0;             ///< ... and then in TIME_WAIT, or in the NAT's conntrack.
  double kept = 0;                ///< Connections that stay open.
  double lasting_per_second = 0;  ///< What its ports allow for ever.
  double ports_last_s = 0;        ///< Until none is left; infinite where that never comes.
};

/// Ports of a node that masquerades, towards one endpoint: those of the pair that has the most, at least.
struct MasqueradeUse {
  EdgeIndex edge = 0;
  bool outside = false;  ///< Of the pods of the busiest node, towards one machine outside.
  std::uint32_t ports = 0;
  bool by_affinity = false;  ///< One client's address makes that pair, which session affinity keeps to one endpoint.
  double per_second = 0;
  double held_s = 0;   ///< Of a connection: open ...
  double waits_s = 0;  ///< ... and then kept by conntrack, where a closing entry does not give way.
  double ports_last_s = 0;
};

/// Ports of a NAT gateway towards one machine outside: those of the node that has the most connections, or of all nodes.
struct GatewayUse {
  EdgeIndex edge = 0;
  std::string node{};  ///< Empty: of all nodes.
  std::uint32_t ports = 0;
  double per_second = 0;
  bool at_most = false;
  double held_s = 0;   ///< Of a connection: open ...
  double waits_s = 0;  ///< ... and then kept by the gateway.
  double kept = 0;     ///< Connections that stay open.
  double lasting_per_second = 0;
  double ports_last_s = 0;
};

/// conntrack of the node that has the most of it.
struct ConntrackUse {
  std::string node;
  double per_second = 0;  ///< Entries made.
  double entries = 0;     ///< At the run's end.
  double lasting = 0;     ///< After minutes of the same.
  std::uint64_t most = 0;
  bool at_most = false;
};

struct ConnectionLimits {
  double run_s = 0;            ///< Warm-up included.
  std::vector<PortUse> ports;  ///< Of each edge the address that is the worst off.
  std::vector<MasqueradeUse> masquerades;
  std::vector<GatewayUse> gateways;
  ConntrackUse conntrack;
};

ConnectionLimits connection_limits(const BoundVariant& variant);

/// Those that a run keeps account of.
TableLimits table_limits(const BoundVariant& variant);

/// Notices of the limits that the run would pass.
void tell_connection_limits(const BoundVariant& variant, Diagnostics& diagnostics);

/// "28,232 local ports last 42 s ...", the tightest of each kind: for a person.
std::string limits_text(const BoundVariant& variant, const ConnectionLimits& limits);

}  // namespace knetsim
