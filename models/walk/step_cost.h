#pragma once

#include <vector>

#include "models/cost/cost_profile.h"
#include "models/walk/bindings.h"
#include "models/walk/walk.h"
#include "sim/net/plan.h"
#include "sim/net/scan_cost.h"

namespace knetsim {

/// What a step costs for each unit of the message, in picoseconds, as medians.
struct UnitCosts {
  double per_message_ps = 0;
  double per_skb_ps = 0;
  double per_packet_ps = 0;
  double per_ack_ps = 0;
  double per_byte_ps = 0;
  bool latency = true;
  bool cpu = true;

  double total_ps(const MessageSize& size) const {
    return per_message_ps + per_skb_ps * size.skbs + per_packet_ps * size.packets + per_ack_ps * size.acks +
           per_byte_ps * static_cast<double>(size.payload.count());
  }
};

/// Whether the step is a scan, paid once a message by what is in the cache: the rules that a connection's first packet
/// evaluates, and those of a tunnel's untracked outer packets. All else costs the same each time: the few rules that an
/// established packet meets stay in the cache.
bool is_scan(const Step& step, PacketClass packet);

/// Costs of a step that is no scan. @param count  Units of the kind (of Rule and Lookup: for each skb).
UnitCosts unit_costs(const Step& step, double count, const CostProfile& profile);

/// Scans of one stage that are one scan to the engine: of one table, of one kind, under one condition.
struct ScanGroup {
  StepKind kind{};
  Condition when = Condition::Always;
  std::uint8_t table = 0;  ///< The engine's: 0 nat, 1 other rules.
  Count rules{0};
  Count bytes{0};                      ///< Memory of these rules.
  std::vector<std::size_t> members{};  ///< Indices of its steps in the walk.
};

/// A stage of a walk: steps at one place of one machine. NIC and wire are one stage.
struct StepRange {
  StagePlace place{};
  NodeRole node{};
  std::size_t begin = 0;
  std::size_t end = 0;
};
std::vector<StepRange> stages_of(const Walk& walk);

/// Scans of a stage in the order in which the engine pays them: by shape, then as they stand in the walk. The first
/// that applies finds its table as the core's last scan has left it, the later ones find it just scanned.
std::vector<ScanGroup> scan_groups(const Walk& walk, const StepRange& stage, PacketClass packet,
                                   const CostProfile& profile);

/// The curve of a kind; flat for a kind without one.
ScanCurve scan_curve(const CostProfile& profile, StepKind kind);

}  // namespace knetsim
