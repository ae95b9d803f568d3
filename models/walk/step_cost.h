#pragma once

#include "models/cost/cost_profile.h"
#include "models/walk/bindings.h"
#include "models/walk/walk.h"
#include "sim/net/plan.h"

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
/// evaluates, and those of a tunnel's untracked outer packets. All else has fixed costs: the few rules that an
/// established packet meets stay in the cache.
bool is_scan(const Step& step, PacketClass packet);

/// Costs of a step that is no scan. @param count  Units of the kind (of Rule and Lookup: for each skb).
UnitCosts unit_costs(const Step& step, double count, const CostProfile& profile);

/// Cost of a scan step whose table is cold: what an idle network pays. Picoseconds.
double cold_scan_ps(const Step& step, const Bindings& bindings, const CostProfile& profile);

}  // namespace knetsim
