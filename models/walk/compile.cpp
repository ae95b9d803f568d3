#include "models/walk/compile.h"

#include <algorithm>
#include <span>
#include <utility>

#include "models/walk/bindings.h"
#include "models/walk/step_cost.h"
#include "sim/core/ensure.h"

namespace knetsim {

namespace {

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

  void add(const Step& step, std::uint8_t machine, Plan& plan) {
    if (info(step.kind).traits.computed || is_scan(step, packet_)) return;
    add(step, Symbol::None, step.count.fixed, machine, plan);
    for (const Count::Term& term : step.count.terms) add(step, term.symbol, term.coefficient, machine, plan);
  }

  void add(const ScanGroup& group, Plan& plan) {
    if (!profile_.scan(group.kind) && profile_[group.kind].median_ps == 0) return;  // held in other steps
    const auto first = static_cast<std::uint16_t>(plan.scan_parts.size());
    for (std::size_t i = 0; i < group.rules.terms.size(); ++i) {
      plan.scan_parts.push_back({.symbol = symbol_index(group.rules.terms[i].symbol),
                                 .items = group.rules.terms[i].coefficient,
                                 .bytes = group.bytes.terms[i].coefficient});
    }
    scans_.push_back({.kind = index_of(group.kind),
                      .shape = shape_of(tables_, sigma_of(profile_, group.kind)),
                      .when = condition(group.when),
                      .curve = index_of(group.kind),
                      .table = group.table,
                      .first_part = first,
                      .parts = static_cast<std::uint16_t>(plan.scan_parts.size() - first),
                      .items = group.rules.fixed,
                      .bytes = group.bytes.fixed});
  }

  void finish(Stage& stage, Plan& plan) {
    std::stable_sort(terms_.begin(), terms_.end(),
                     [](const CostTerm& a, const CostTerm& b) { return a.shape < b.shape; });
    drop_free_terms();
    for (CostTerm& term : terms_) {
      term.plain = term.when == StageCondition::Always && term.latency && term.cpu && term.symbol == 0;
    }
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
  static bool is_free(const CostTerm& term) {
    return term.per_message_ps == 0 && term.per_skb_ps == 0 && term.per_packet_ps == 0 && term.per_ack_ps == 0 &&
           term.per_byte_ps == 0;
  }

  /// What costs nothing, as steps that the profile holds in others, but for one where no other term has its shape: a
  /// visit draws a number for each shape.
  void drop_free_terms() {
    std::vector<CostTerm> kept;
    for (std::size_t i = 0; i < terms_.size(); ++i) {
      const auto same_shape = [&](const CostTerm& other) { return other.shape == terms_[i].shape; };
      const bool another = std::any_of(kept.begin(), kept.end(), same_shape) ||
                           std::any_of(terms_.begin() + static_cast<std::ptrdiff_t>(i) + 1, terms_.end(), same_shape);
      if (!is_free(terms_[i]) || !another) kept.push_back(terms_[i]);
    }
    terms_ = std::move(kept);
  }

  /// @param count  Of the step, what goes with one symbol.
  void add(const Step& step, Symbol symbol, double count, std::uint8_t machine, Plan& plan) {
    if (count == 0) return;
    const UnitCosts costs = unit_costs(step, count, profile_);
    if (costs.latency || costs.per_message_ps == 0) {
      add_costs(step, costs, symbol_index(symbol));
      return;
    }
    // What is done once a connection and delays nobody.
    const double mean_ps =
        costs.per_message_ps * tables_.shapes[shape_of(tables_, sigma_of(profile_, step.kind))].mean();
    if (symbol == Symbol::None) {
      plan.closing_ps[machine] += mean_ps;
    } else {
      plan.closing.push_back({.node = machine, .symbol = symbol_index(symbol), .ps = mean_ps});
    }
  }

  void add_costs(const Step& step, const UnitCosts& costs, SymbolIndex symbol) {
    const std::uint8_t shape = shape_of(tables_, sigma_of(profile_, step.kind));
    const StageCondition when = condition(step.when);
    auto term = std::find_if(terms_.begin(), terms_.end(), [&](const CostTerm& other) {
      return other.symbol == symbol && other.shape == shape && other.when == when && other.latency == costs.latency &&
             other.cpu == costs.cpu && (other.kind == index_of(step.kind) || !costs.latency);
    });
    if (term == terms_.end()) {
      terms_.push_back({.kind = index_of(step.kind),
                        .symbol = symbol,
                        .shape = shape,
                        .when = when,
                        .latency = costs.latency,
                        .cpu = costs.cpu});
      term = terms_.end() - 1;
    }
    term->per_message_ps += costs.per_message_ps;
    term->per_skb_ps += costs.per_skb_ps;
    term->per_packet_ps += costs.per_packet_ps;
    term->per_ack_ps += costs.per_ack_ps;
    term->per_byte_ps += costs.per_byte_ps;
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
    tables.curves.push_back(scan_curve(profile, entry.kind));
  }
  tables.wire_kind = index_of(StepKind::Wire);
  if (const std::optional<Interruptions>& seen = profile.interruptions) {
    tables.interruptions = {.kind = index_of(StepKind::Interruption),
                            .per_ps = seen->per_second * 1e-12,
                            .median_ps = seen->median_ps,
                            .sigma = seen->sigma};
  }
  return tables;
}

Plan compile(const Walk& walk, const CostProfile& profile, const PlanTables& tables, const CompileOptions& options) {
  Plan plan;
  plan.nodes = static_cast<std::uint8_t>(walk.nodes.size());
  plan.header_bytes = (options.transport == Transport::Tcp ? kTcpHeaderBytes : kUdpHeaderBytes) + walk.outer_bytes;
  KNETSIM_ENSURE(options.mtu > plan.header_bytes, "the MTU holds no payload");
  plan.max_segment_bytes = options.mtu - plan.header_bytes;
  plan.tunnelled = walk.encapsulation != Encapsulation::None;

  StageBuilder builder(profile, tables, options.packet);
  for (const StepRange& range : stages_of(walk)) {
    const auto machine = std::find(walk.nodes.begin(), walk.nodes.end(), range.node);
    KNETSIM_ENSURE(machine != walk.nodes.end(), "a step at a machine that the walk does not pass");
    Stage stage{.place = range.place, .node = static_cast<std::uint8_t>(machine - walk.nodes.begin())};
    for (std::size_t i = range.begin; i < range.end; ++i) builder.add(walk.steps[i], stage.node, plan);
    for (const ScanGroup& group : scan_groups(walk, range, options.packet, profile)) builder.add(group, plan);
    builder.finish(stage, plan);
    plan.stages.push_back(stage);
  }
  return plan;
}

double empty_segment_thread_ps(const Plan& plan, const PlanTables& tables, StagePlace place) {
  double sum = 0;
  for (const Stage& stage : plan.stages) {
    if (stage.place != place) continue;
    for (const CostTerm& term : std::span(plan.terms).subspan(stage.first_term, stage.terms)) {
      if (!term.cpu || term.when != StageCondition::Always || term.symbol != 0) continue;
      sum += (term.per_message_ps + term.per_skb_ps + term.per_packet_ps) * tables.shapes[term.shape].mean();
    }
  }
  return sum;
}

}  // namespace knetsim
