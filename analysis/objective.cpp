#include "analysis/objective.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "analysis/effective_sample.h"
#include "analysis/pooled_quantile.h"
#include "analysis/spread.h"

namespace knetsim {
namespace {

bool is_below(double value, const Limit& limit) {
  return value < limit.value || (limit.or_equal && value == limit.value);
}

/// Of an interval whose lower figures are the good ones.
Holds held(const Bounds& interval, const Limit& limit) {
  if (is_below(interval.high, limit)) return Holds::Met;
  return is_below(interval.low, limit) ? Holds::CannotTell : Holds::Missed;
}

/// Observations as late as the limit, as the histogram shows them: a bucket by its middle, held between the extremes.
double late(const Histogram& ns, std::int64_t least, std::int64_t most, const Limit& limit) {
  double count = 0;
  ns.for_each([&](std::int64_t lower, std::int64_t upper, std::uint64_t times) {
    const std::int64_t shown = std::clamp(lower + (upper - lower) / 2, least, most);
    if (!is_below(static_cast<double>(shown), limit)) count += static_cast<double>(times);
  });
  return count;
}

ObjectiveOutcome::Note note_of(PooledQuantile::Kind kind) {
  using Kind = PooledQuantile::Kind;
  using Note = ObjectiveOutcome::Note;
  return kind == Kind::Finite     ? Note::None
         : kind == Kind::None     ? Note::NothingObserved
         : kind == Kind::Infinite ? Note::Infinite
                                  : Note::LowerBound;
}

Tally together(std::span<const Tally> replicates) {
  Tally sum;
  for (const Tally& one : replicates) {
    sum.events += one.events;
    sum.of += one.of;
  }
  return sum;
}

/// Mean of ratios' numerators over denominators, each replicate with its weight.
Bounds ratio_interval(std::span<const Tally> replicates) {
  const Tally all = together(replicates);
  std::vector<double> influence;
  const auto n = static_cast<double>(replicates.size());
  for (const Tally& one : replicates) influence.push_back((one.events - all.events / all.of * one.of) / (all.of / n));
  return student_interval(all.events / all.of, spread_of(influence), kConfidence);
}

}  // namespace

Bounds share_interval(std::span<const Tally> replicates, double confidence, double least_effect) {
  const Tally all = together(replicates);
  if (all.of <= 0) return {0, 1};
  const double share = all.events / all.of;
  double effect = std::max(1.0, least_effect);
  double known = 1;  // of the effective sample, for the few degrees of freedom that its own estimate has
  if (replicates.size() > 1 && share > 0 && share < 1) {
    const auto n = static_cast<double>(replicates.size());
    double squares = 0;
    for (const Tally& one : replicates) squares += std::pow((one.events - share * one.of) / (all.of / n), 2);
    const double variance = squares / (n - 1) / n;
    effect = std::max(effect, variance * all.of / (share * (1 - share)));
    const double beyond = (1 + confidence) / 2;
    known = std::pow(student_t_quantile(beyond, all.of) / student_t_quantile(beyond, n - 1), 2);
  }
  const double effective = all.of / effect * known;
  return binomial_bounds(share * effective, effective, confidence);
}

ObjectiveOutcome quantile_below(std::span<const Sample> replicates, double q, const Limit& limit) {
  ObjectiveOutcome outcome;
  const PooledQuantile found = pooled_quantile(replicates, q);
  outcome.note = note_of(found.kind);
  outcome.observed = found.kind == PooledQuantile::Kind::Infinite ? kInfinity : found.ns;
  outcome.interval = found.interval_ns;
  if (found.kind == PooledQuantile::Kind::None) return outcome;
  std::int64_t least = std::numeric_limits<std::int64_t>::max(), most = 0;
  for (const Sample& sample : replicates) {
    for (const Histogram* times : {&sample.ns, &sample.ages}) {
      if (times->empty()) continue;
      least = std::min(least, times->min());
      most = std::max(most, times->max());
    }
  }
  std::vector<Tally> certain, possible;
  for (const Sample& sample : replicates) {
    const auto size = static_cast<double>(sample.size());
    const double events = late(sample.ns, least, most, limit) + static_cast<double>(sample.failed);
    certain.push_back({events + late(sample.ages, least, most, limit), size});
    possible.push_back({events + static_cast<double>(sample.unfinished()), size});
  }
  // Shares of late requests, which the quantile's objective is about.
  const double effect = design_effect(replicates);
  const Limit share{1 - q, true};  // nearest rank: a share of exactly 1 - q is late, and the quantile below it
  const double high = share_interval(possible, kConfidence, effect).high;
  const double low = share_interval(certain, kConfidence, effect).low;
  outcome.holds = is_below(high, share) ? Holds::Met : is_below(low, share) ? Holds::CannotTell : Holds::Missed;
  return outcome;
}

ObjectiveOutcome mean_below(std::span<const Sample> replicates, const Limit& limit) {
  ObjectiveOutcome outcome;
  std::vector<Tally> counts;
  std::uint64_t failed = 0, unfinished = 0;
  for (const Sample& sample : replicates) {
    failed += sample.failed;
    unfinished += sample.unfinished();
    counts.push_back({static_cast<double>(sample.ns.sum()) + static_cast<double>(sample.ages.sum()),
                      static_cast<double>(sample.ns.count() + sample.unfinished())});
  }
  if (failed > 0) {
    return {.holds = Holds::Missed,
            .note = ObjectiveOutcome::Note::Infinite,
            .observed = kInfinity,
            .interval = {kInfinity, kInfinity}};
  }
  const Tally all = together(counts);
  if (all.of == 0) return outcome;
  outcome.observed = all.events / all.of;
  outcome.note = unfinished > 0 ? ObjectiveOutcome::Note::LowerBound : ObjectiveOutcome::Note::None;
  if (replicates.size() == 1) {
    counts.clear();
    for (const PartSum& part : replicates[0].parts) {
      counts.push_back({static_cast<double>(part.sum_ns), static_cast<double>(part.count)});
    }
    if (unfinished > 0) {  // the last to be asked, as a rule
      counts.back().events += static_cast<double>(replicates[0].ages.sum());
      counts.back().of += static_cast<double>(unfinished);
    }
  }
  outcome.interval = ratio_interval(counts);
  if (unfinished > 0) outcome.interval.high = kInfinity;
  outcome.holds = held(outcome.interval, limit);
  return outcome;
}

ObjectiveOutcome maximum_below(std::span<const Sample> replicates, const Limit& limit) {
  double most = 0;
  std::uint64_t size = 0, failed = 0, unfinished = 0;
  for (const Sample& sample : replicates) {
    most = std::max({most, static_cast<double>(sample.ns.max()), static_cast<double>(sample.ages.max())});
    size += sample.size();
    failed += sample.failed;
    unfinished += sample.unfinished();
  }
  if (size == 0) return {};
  using Note = ObjectiveOutcome::Note;
  const double observed = failed > 0 ? kInfinity : most;
  const bool below = is_below(observed, limit);
  return {.holds = !below           ? Holds::Missed
                   : unfinished > 0 ? Holds::CannotTell
                                    : Holds::Met,
          .note = failed > 0       ? Note::Infinite
                  : unfinished > 0 ? Note::LowerBound
                                   : Note::None,
          .observed = observed,
          .interval = {observed, unfinished > 0 ? kInfinity : observed}};
}

ObjectiveOutcome share_below(std::span<const Tally> certain, std::span<const Tally> possible, const Limit& limit) {
  const Tally all = together(certain);
  if (all.of == 0) return {};
  const bool known = together(possible).events == all.events;
  ObjectiveOutcome outcome{
      .note = known ? ObjectiveOutcome::Note::None : ObjectiveOutcome::Note::LowerBound,
      .observed = all.events / all.of,
      .interval = {share_interval(certain, kConfidence).low, share_interval(possible, kConfidence).high}};
  outcome.holds = held(outcome.interval, limit);
  return outcome;
}

ObjectiveOutcome rate_above(std::span<const double> per_second, const Limit& limit) {
  if (per_second.empty()) return {};
  std::vector<Tally> counts;
  for (const double rate : per_second) counts.push_back({rate, 1});
  ObjectiveOutcome outcome{.note = ObjectiveOutcome::Note::None,
                           .observed = together(counts).events / together(counts).of,
                           .interval = ratio_interval(counts)};
  const auto above = [&](double rate) { return rate > limit.value || (limit.or_equal && rate == limit.value); };
  outcome.holds = above(outcome.interval.low)    ? Holds::Met
                  : above(outcome.interval.high) ? Holds::CannotTell
                                                 : Holds::Missed;
  return outcome;
}

}  // namespace knetsim
