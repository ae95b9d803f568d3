#include "models/walk/step_cost.h"

#include <algorithm>

namespace knetsim {

bool is_scan(const Step& step, PacketClass packet) {
  if (step.passage != Passage::Message) return false;
  return info(step.kind).traits.scanned && step.rule_bytes > 0 &&
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
    case CostUnit::Match:
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

namespace {

StagePlace stage_place(Place place) {
  switch (place) {
    case Place::SendingCpu:
      return StagePlace::SenderCore;
    case Place::SoftirqCore:
      return StagePlace::SoftirqCore;
    case Place::ReceivingCpu:
      return StagePlace::ReceiverCore;
    case Place::Nic:
    case Place::Wire:
      return StagePlace::Wire;
  }
  return StagePlace::Wire;
}

}  // namespace

std::vector<StepRange> stages_of(const Walk& walk) {
  std::vector<StepRange> stages;
  for (std::size_t i = 0; i < walk.steps.size(); ++i) {
    const StagePlace place = stage_place(walk.steps[i].place);
    const NodeRole node = walk.steps[i].node;
    const bool same =
        !stages.empty() && stages.back().place == place && (place == StagePlace::Wire || stages.back().node == node);
    if (!same) stages.push_back({place, node, i, i});
    stages.back().end = i + 1;
  }
  return stages;
}

std::vector<ScanGroup> scan_groups(const Walk& walk, const StepRange& stage, PacketClass packet,
                                   const CostProfile& profile) {
  std::vector<ScanGroup> groups;
  for (std::size_t i = stage.begin; i < stage.end; ++i) {
    const Step& step = walk.steps[i];
    if (!is_scan(step, packet)) continue;
    const std::uint8_t table = step.table == RuleTable::Nat ? 0 : 1;
    auto group = std::find_if(groups.begin(), groups.end(), [&](const ScanGroup& other) {
      return other.kind == step.kind && other.when == step.when && other.table == table;
    });
    if (group == groups.end()) {
      groups.push_back({.kind = step.kind, .when = step.when, .table = table});
      group = groups.end() - 1;
    }
    Count bytes = step.count;
    bytes *= step.rule_bytes;
    group->rules += step.count;
    group->bytes += bytes;
    group->members.push_back(i);
  }
  std::stable_sort(groups.begin(), groups.end(), [&](const ScanGroup& a, const ScanGroup& b) {
    return profile[a.kind].sigma < profile[b.kind].sigma;
  });
  return groups;
}

ScanCurve scan_curve(const CostProfile& profile, StepKind kind) {
  if (const std::optional<ScanCost>& scan = profile.scan(kind)) {
    return {scan->warm_ps, scan->far_ps, scan->cold_ps, scan->cache_bytes, scan->forget_ps};
  }
  const double flat = profile[kind].median_ps;
  return {.warm_ps = flat, .far_ps = flat, .cold_ps = flat};
}

}  // namespace knetsim
