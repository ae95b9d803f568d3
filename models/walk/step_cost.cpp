#include "models/walk/step_cost.h"

namespace knetsim {

bool is_scan(const Step& step, PacketClass packet) {
  if (step.passage != Passage::Message) return false;
  if (step.count.symbol != Symbol::None) return true;  // a count that is bound when the connection opens
  return is_scanned(step.kind) && step.rule_bytes > 0 &&
         (packet == PacketClass::First || step.when == Condition::OuterUntracked);
}

UnitCosts unit_costs(const Step& step, double count, const CostProfile& profile) {
  UnitCosts costs;
  const StepKindInfo& kind = info(step.kind);
  const double cost = profile[step.kind].median_ps * count;
  if (step.passage != Passage::Message) {
    costs.latency = false;
    (step.passage == Passage::Ack ? costs.per_ack_ps : costs.per_message_ps) = kind.unit == CostUnit::Byte ? 0 : cost;
    return costs;
  }
  costs.latency = kind.charge != Charge::CpuOnly;
  costs.cpu = kind.charge != Charge::LatencyOnly;
  switch (kind.unit) {
    case CostUnit::Connection:
    case CostUnit::Message:
    case CostUnit::WakeUp:
      costs.per_message_ps = cost;
      break;
    case CostUnit::Skb:
    case CostUnit::Rule:
    case CostUnit::Lookup:
      costs.per_skb_ps = cost;
      break;
    case CostUnit::WirePacket:
      costs.per_packet_ps = cost;
      break;
    case CostUnit::Ack:
      costs.per_ack_ps = cost;
      break;
    case CostUnit::Byte:
      costs.per_byte_ps = cost;
      break;
  }
  return costs;
}

double cold_scan_ps(const Step& step, const Bindings& bindings, const CostProfile& profile) {
  const std::optional<ScanCost>& scan = profile.scan(step.kind);
  return value_of(step.count, bindings) * (scan ? scan->cold_ps : profile[step.kind].median_ps);
}

}  // namespace knetsim
