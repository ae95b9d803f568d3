#include "sim/net/stage_costs.h"

#include <span>

#include "sim/core/ensure.h"

namespace knetsim {
namespace {

// Cold, at the start of the run: no scan within living memory.
constexpr Time kLongAgo{Duration(-3'600'000'000'000'000)};

Duration rounded(double ps) { return Duration(static_cast<std::int64_t>(ps + 0.5)); }

}  // namespace

StageCosts::StageCosts(const PlanTables& tables, std::size_t cores) : tables_(tables) {
  KNETSIM_ENSURE(tables.curves.size() <= kMaxKinds, "more kinds of work than a time split has room for");
  std::array<Time, kScanTables> cold;
  cold.fill(kLongAgo);
  last_scan_.assign(cores, cold);
}

template <class Note>
StageCost StageCosts::work_out(const StageVisit& visit, RngStream& noise, const Note& note) {
  const Stage& stage = visit.stage;
  const MessageSize& size = visit.size;
  StageCost cost;
  int shape = -1;
  double drawn = 1;
  // All in registers: whatever is written through a pointer in the loop might be one of them as far as the compiler knows.
  const double messages = size.messages, skbs = size.skbs, packets = size.packets, acks = size.acks;
  const auto payload = static_cast<double>(size.payload.count());
  Duration latency{}, cpu_too{};
  const auto draw = [&](std::uint8_t wanted) {
    if (wanted != shape) {  // one draw a shape and visit, taken whether or not the term applies: streams stay aligned
      shape = wanted;
      drawn = tables_.shapes[wanted].factor(noise) * visit.factor;
    }
  };
  const auto delay = [&](KindIndex kind, Duration span, bool cpu) {
    latency += span;
    if (cpu) cpu_too += span;
    note(kind, span);
  };
  for (const CostTerm& term : std::span(visit.plan.terms).subspan(stage.first_term, stage.terms)) {
    draw(term.shape);
    const double median = term.per_message_ps * messages + term.per_skb_ps * skbs + term.per_packet_ps * packets +
                          term.per_ack_ps * acks + term.per_byte_ps * payload;
    double span_ps = median * drawn;
    if (term.plain) [[likely]] {
      delay(term.kind, rounded(span_ps), true);
      continue;
    }
    if (term.when == StageCondition::OuterUntracked && !visit.outer_untracked) {
      continue;
    }
    if (term.symbol != 0) {
      const double amount = symbol_value(term.symbol, visit.symbols, visit.machine);
      if (!(amount > 0)) continue;
      span_ps *= amount;
    }
    const Duration span = rounded(span_ps);
    if (term.when == StageCondition::IdleResource) {
      if (stage.place == StagePlace::ReceiverCore) {
        cost.wake += size.messages > 1 ? span / size.messages : span;  // it is woken once, however often it reads
        cost.wake_kind = term.kind;
        continue;
      }
      if (!visit.idle) {
        continue;
      }
    }
    if (!term.latency) {
      cost.cpu_only += span;
      continue;
    }
    delay(term.kind, span, term.cpu);
  }
  for (const ScanTerm& scan : std::span(visit.plan.scans).subspan(stage.first_scan, stage.scans)) {
    draw(scan.shape);
    if (scan.when == StageCondition::OuterUntracked && !visit.outer_untracked) {
      continue;
    }
    double items = scan.items;
    double bytes = scan.bytes;
    for (const ScanPart& part : std::span(visit.plan.scan_parts).subspan(scan.first_part, scan.parts)) {
      const double value = symbol_value(part.symbol, visit.symbols, visit.machine);
      items += part.items * value;
      bytes += part.bytes * value;
    }
    if (!(items > 0)) {
      continue;
    }
    Time& last = last_scan_[visit.core][scan.table];
    const double median = tables_.curves[scan.curve].cost_ps(items, bytes / items, visit.now - last);
    last = visit.now;
    delay(scan.kind, rounded(median * drawn), true);
  }
  if (tables_.interruptions && stage.place != StagePlace::Wire) {
    const Duration lost =
        rounded(tables_.interruptions->drawn_ps(static_cast<double>(cpu_too.count()), noise.uniform()));
    if (lost > Duration{}) delay(tables_.interruptions->kind, lost, true);
  }
  cost.latency = latency;
  cost.cpu = cpu_too;
  return cost;
}

StageCost StageCosts::evaluate(const StageVisit& visit, RngStream& noise) {
  KNETSIM_ENSURE(visit.stage.terms + visit.stage.scans < parts_.size(),
                 "a stage with more terms than a visit keeps apart");
  Part* next = parts_.data();
  const StageCost cost = work_out(visit, noise, [&](KindIndex kind, Duration span) { *next++ = {kind, span}; });
  parts_count_ = static_cast<std::size_t>(next - parts_.data());
  return cost;
}

StageCost StageCosts::spend(const StageVisit& visit, RngStream& noise, TimeSplit* split) {
  if (split != nullptr && split->trace != nullptr) [[unlikely]] {
    const StageCost cost = evaluate(visit, noise);
    commit(split, cost.latency, cost.latency);
    return cost;
  }
  TimeSplit& into = split != nullptr ? *split : unread_;
  return work_out(visit, noise, [&into](KindIndex kind, Duration span) { into.service[kind] += span.count(); });
}

void StageCosts::commit(TimeSplit* split, Duration whole, Duration visible) const {
  if (split == nullptr) {
    return;
  }
  if (visible == whole) {
    for (std::size_t i = 0; i < parts_count_; ++i) {
      split->serve(parts_[i].kind, parts_[i].span);
    }
    return;
  }
  // The rounding goes with the last kind.
  Duration left = visible;
  for (std::size_t i = 0; i < parts_count_; ++i) {
    const Duration share =
        i + 1 == parts_count_
            ? left
            : Duration(static_cast<std::int64_t>(Int128{parts_[i].span.count()} * visible.count() / whole.count()));
    split->serve(parts_[i].kind, share);
    left -= share;
  }
}

}  // namespace knetsim
