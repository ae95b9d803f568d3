#pragma once

#include "models/cost/cost_profile.h"
#include "models/walk/walk.h"
#include "sim/net/network.h"
#include "sim/net/plan.h"

namespace knetsim {

/// IP and TCP headers of a data segment, timestamps included (RFC 7323: 10 bytes of option, padded to 12).
inline constexpr std::uint32_t kTcpHeaderBytes = 20 + 20 + 12;
inline constexpr std::uint32_t kUdpHeaderBytes = 20 + 8;

/// The engine's tables for a profile: one shape for each sigma that it has, in ascending order, and one curve for each
/// kind.
PlanTables plan_tables(const CostProfile& profile);

struct CompileOptions {
  PacketClass packet = PacketClass::Request;
  Transport transport = Transport::Tcp;
  std::uint32_t mtu = 1500;  ///< Of the underlay; the tunnel's header comes off it.
};

/// Turns a walk into the engine's plan. Consecutive steps at one place of one machine become one stage; NIC latencies
/// join the wire between them. In a stage, costs of one kind, symbol, condition and charge are added up, ACKs whatever their
/// kind, and scans of one table become one scan. What happens once a connection and delays nobody
/// becomes the plan's closing work. The plan's sums are the walk's.
/// @throws InvariantError  A step names a machine that the walk does not pass.
Plan compile(const Walk& walk, const CostProfile& profile, const PlanTables& tables, const CompileOptions& options);

/// Mean CPU time, picoseconds, that a thread spends on an empty segment: sending it (SenderCore) or receiving it
/// (ReceiverCore), without what a tunnel's untracked packet adds and what goes with a symbol.
double empty_segment_thread_ps(const Plan& plan, const PlanTables& tables, StagePlace place);

}  // namespace knetsim
