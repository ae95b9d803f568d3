#pragma once

#include <span>
#include <string>
#include <vector>

#include "analysis/lab/measurement.h"
#include "models/cost/cost_profile.h"

namespace knetsim::lab {

/// What everybody expects of two datapaths that differ in one thing.
struct OrderRelation {
  std::string text;             ///< "hosts below pods, round trips"
  std::uint32_t pairs = 0;      ///< Of measured cases that differ in this.
  std::uint32_t measured = 0;   ///< Of these, whose medians stand so ...
  std::uint32_t reversed = 0;   ///< ... or the other way round; where the intervals overlap, neither.
  std::uint32_t predicted = 0;  ///< Whose predictions stand so.
};

/// The order of modes, of what was measured and of what the models say: hosts, pods, pods by a Service with conntrack
/// and NAT, the same over VXLAN; established packets by IPVS above those by iptables, connects below from some hundred
/// Services on; cold above warm; more rules to pass above fewer. Relations of which no pair was measured are left out.
std::vector<OrderRelation> orders_of(std::span<const Measured> measured, const CostProfile& profile);
/// All of them together.
OrderRelation sum_of(std::span<const OrderRelation> orders);

}  // namespace knetsim::lab
