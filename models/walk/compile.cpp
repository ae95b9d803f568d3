#include "models/walk/compile.h"

#include <algorithm>

#include "models/walk/step_cost.h"
#include "sim/core/ensure.h"

namespace knetsim {

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

StageCondition condition(Condition when) {
  switch (when) {
    case Condition::Always:
      return StageCondition::Always;
    case Condition::IdleResource:
      return StageCondition::IdleResource;
    case Condition::OuterUntracked:
      return StageCondition::OuterUntracked;
  }
  return StageCondition::Always;
}

KindIndex index_of(StepKind kind) { return static_cast<KindIndex>(kind); }

double sigma_of(const CostProfile& profile, StepKind kind) { return profile[kind].sigma; }

std::uint8_t shape_of(const PlanTables& tables, double sigma) {
  for (std::size_t i = 0; i < tables.shapes.size(); ++i) {
    if (tables.shapes[i].sigma() == sigma) return static_cast<std::uint8_t>(i);
  }
  fail_invariant(__FILE__, __LINE__, "the tables are of this profile");
}

/// Terms of one stage while it is put together.
class StageBuilder {
 public:
  StageBuilder(const CostProfile& profile, const PlanTables& tables, PacketClass packet)
      : profile_(profile), tables_(tables), packet_(packet) {}

  void add(const Step& step) {
    if (is_computed(step.kind)) return;
    if (is_scan(step, packet_)) {
      add_scan(step);
    } else {
      add_costs(step);
    }
  }

  void finish(Stage& stage, Plan& plan) {
    std::stable_sort(terms_.begin(), terms_.end(),
                     [](const CostTerm& a, const CostTerm& b) { return a.shape < b.shape; });
    std::stable_sort(scans_.begin(), scans_.end(),
                     [](const ScanTerm& a, const ScanTerm& b) { return a.shape < b.shape; });
    stage.first_term = static_cast<std::uint16_t>(plan.terms.size());
    stage.terms = static_cast<std::uint16_t>(terms_.size());
    stage.first_scan = static_cast<std::uint16_t>(plan.scans.size());
    stage.scans = static_cast<std::uint16_t>(scans_.size());
    plan.terms.insert(plan.terms.end(), terms_.begin(), terms_.end());
    plan.scans.insert(plan.scans.end(), scans_.begin(), scans_.end());
    terms_.clear();
    scans_.clear();
  }

 private:
  void add_costs(const Step& step) {
    const UnitCosts costs = unit_costs(step, step.count.fixed, profile_);
    const std::uint8_t shape = shape_of(tables_, sigma_of(profile_, step.kind));
    const StageCondition when = condition(step.when);
    auto term = std::find_if(terms_.begin(), terms_.end(), [&](const CostTerm& other) {
      return other.shape == shape && other.when == when && other.latency == costs.latency && other.cpu == costs.cpu &&
             (other.kind == index_of(step.kind) || !costs.latency);
    });
    if (term == terms_.end()) {
      terms_.push_back(
          {.kind = index_of(step.kind), .shape = shape, .when = when, .latency = costs.latency, .cpu = costs.cpu});
      term = terms_.end() - 1;
    }
    term->per_message_ps += costs.per_message_ps;
    term->per_skb_ps += costs.per_skb_ps;
    term->per_packet_ps += costs.per_packet_ps;
    term->per_ack_ps += costs.per_ack_ps;
    term->per_byte_ps += costs.per_byte_ps;
  }

  void add_scan(const Step& step) {
    ScanTerm scan{.kind = index_of(step.kind),
                  .shape = shape_of(tables_, sigma_of(profile_, step.kind)),
                  .when = condition(step.when),
                  .curve = index_of(step.kind),
                  .table = static_cast<std::uint8_t>(step.table == RuleTable::Filter ? 1 : 0),
                  .symbol = static_cast<std::uint8_t>(step.count.symbol),
                  .item_bytes = std::max<std::uint32_t>(1, step.rule_bytes),
                  .fixed = step.count.fixed};
    for (ScanTerm& other : scans_) {
      if (other.kind != scan.kind || other.when != scan.when || other.table != scan.table) continue;
      if (other.symbol != 0 && scan.symbol != 0) continue;
      // The rules of a bound count are many and give the item size; among fixed ones the longer run does.
      if (scan.symbol != 0 || (other.symbol == 0 && scan.fixed > other.fixed)) other.item_bytes = scan.item_bytes;
      other.symbol = std::max(other.symbol, scan.symbol);
      other.fixed += scan.fixed;
      return;
    }
    scans_.push_back(scan);
  }

  const CostProfile& profile_;
  const PlanTables& tables_;
  PacketClass packet_;
  std::vector<CostTerm> terms_;
  std::vector<ScanTerm> scans_;
};

}  // namespace

PlanTables plan_tables(const CostProfile& profile) {
  std::vector<double> sigmas;
  for (const Cost& cost : profile.costs) sigmas.push_back(cost.sigma);
  std::sort(sigmas.begin(), sigmas.end());
  sigmas.erase(std::unique(sigmas.begin(), sigmas.end()), sigmas.end());
  PlanTables tables;
  for (const double sigma : sigmas) tables.shapes.emplace_back(sigma);
  for (const StepKindInfo& entry : step_kinds()) {
    const double flat = profile[entry.kind].median_ps;
    if (const std::optional<ScanCost>& scan = profile.scan(entry.kind)) {
      tables.curves.push_back({scan->warm_ps, scan->cold_ps, scan->cache_bytes, scan->forget_ps});
    } else {
      tables.curves.push_back({.warm_ps = flat, .cold_ps = flat});
    }
  }
  tables.wire_kind = index_of(StepKind::Wire);
  return tables;
}

Plan compile(const Walk& walk, const CostProfile& profile, const PlanTables& tables, const CompileOptions& options) {
  static_assert(kStepKinds <= kMaxKinds && kWalkSymbols <= kSymbols);
  Plan plan;
  plan.nodes = static_cast<std::uint8_t>(walk.nodes.size());
  plan.header_bytes = (options.transport == Transport::Tcp ? kTcpHeaderBytes : kUdpHeaderBytes) + walk.outer_bytes;
  KNETSIM_ENSURE(options.mtu > plan.header_bytes, "the MTU holds no payload");
  plan.max_segment_bytes = options.mtu - plan.header_bytes;
  plan.tunnelled = walk.encapsulation != Encapsulation::None;

  StageBuilder builder(profile, tables, options.packet);
  for (const Step& step : walk.steps) {
    const auto machine = std::find(walk.nodes.begin(), walk.nodes.end(), step.node);
    KNETSIM_ENSURE(machine != walk.nodes.end(), "a step at a machine that the walk does not pass");
    const StagePlace place = stage_place(step.place);
    const auto node = static_cast<std::uint8_t>(machine - walk.nodes.begin());
    const bool same = !plan.stages.empty() && plan.stages.back().place == place &&
                      (place == StagePlace::Wire || plan.stages.back().node == node);
    if (!same) {
      if (!plan.stages.empty()) builder.finish(plan.stages.back(), plan);
      plan.stages.push_back({.place = place, .node = node});
    }
    builder.add(step);
  }
  if (!plan.stages.empty()) builder.finish(plan.stages.back(), plan);
  return plan;
}

}  // namespace knetsim
