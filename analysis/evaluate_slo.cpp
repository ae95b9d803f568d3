#include "analysis/evaluate_slo.h"

#include <algorithm>

namespace knetsim {
namespace {

/// The calls of one run: what an objective is held against are their sums in each run, or in each part of the only one.
struct CallsOfRun {
  std::size_t run = 0;
  std::vector<std::size_t> calls;
};

std::vector<CallsOfRun> runs_of(const Slo& slo, const Recorded& recorded, std::string_view variant) {
  std::vector<CallsOfRun> runs;
  for (const std::size_t run : recorded.runs_of(variant)) runs.push_back({run, calls_of(slo, recorded, run)});
  return runs;
}

double sum_of(const std::vector<std::int64_t>& column, const Recorded& recorded, const CallsOfRun& of) {
  std::int64_t sum = 0;
  for (const std::size_t call : of.calls) sum += recorded.at(column, of.run, call);
  return static_cast<double>(sum);
}

/// Of a column by parts.
double part_sum_of(const std::vector<std::int64_t>& column, const Recorded& recorded, const CallsOfRun& of,
                   std::size_t part) {
  std::int64_t sum = 0;
  for (const std::size_t call : of.calls) {
    sum += cell_of(column, (of.run * recorded.results().calls.size() + call) * kParts + part);
  }
  return static_cast<double>(sum);
}

ObjectiveOutcome time_outcome(const Slo& slo, const Recorded& recorded, const std::vector<CallsOfRun>& runs) {
  std::vector<Sample> samples;
  for (const CallsOfRun& run : runs) {
    Sample& sample = samples.emplace_back();
    sample.parts.resize(kParts);
    for (const std::size_t call : run.calls) {
      recorded.add(run.run, call, slo.metric == Slo::Metric::Latency ? Timed::Latency : Timed::Connect, sample);
    }
  }
  if (slo.measure == Slo::Measure::Quantile) return quantile_below(samples, slo.quantile, slo.limit);
  return slo.measure == Slo::Measure::Mean ? mean_below(samples, slo.limit) : maximum_below(samples, slo.limit);
}

/// Of the requests that fail; the share that succeeds is the rest.
ObjectiveOutcome share_outcome(const Slo& slo, const Recorded& recorded, const std::vector<CallsOfRun>& runs) {
  const CallResults& calls = recorded.results().call;
  std::vector<Tally> certain, possible;
  for (const CallsOfRun& run : runs) {
    const double asked = sum_of(calls.requests, recorded, run);
    const double failed = sum_of(calls.errors, recorded, run) + sum_of(calls.timeouts, recorded, run);
    certain.push_back({failed, asked});
    possible.push_back({failed + sum_of(calls.unfinished, recorded, run), asked});
  }
  if (runs.size() == 1) {
    double unfinished = possible[0].events - certain[0].events;
    possible.assign(kParts, {});
    for (std::size_t i = 0; i < kParts; ++i) {
      possible[i].of = part_sum_of(calls.part_requests, recorded, runs[0], i);
      possible[i].events = possible[i].of - part_sum_of(calls.part_latency_n, recorded, runs[0], i);
    }
    certain = possible;
    for (std::size_t i = kParts; i-- > 0;) {  // what had not ended was asked last, as a rule
      const double here = std::min(unfinished, certain[i].events);
      certain[i].events -= here;
      unfinished -= here;
    }
  }
  const bool of_success = slo.measure == Slo::Measure::Availability;
  ObjectiveOutcome outcome = share_below(
      certain, possible, {.value = of_success ? 1 - slo.limit.value : slo.limit.value, .or_equal = slo.limit.or_equal});
  if (of_success) {
    outcome.observed = 1 - outcome.observed;
    outcome.interval = {1 - outcome.interval.high, 1 - outcome.interval.low};
  }
  return outcome;
}

ObjectiveOutcome rate_outcome(const Slo& slo, const Recorded& recorded, const std::vector<CallsOfRun>& runs) {
  const CallResults& calls = recorded.results().call;
  std::vector<double> rates;
  const auto seconds = [&](const CallsOfRun& run) { return recorded.results().summary.measured_time.at(run.run); };
  for (const CallsOfRun& run : runs) rates.push_back(sum_of(calls.ended_ok, recorded, run) / seconds(run));
  if (runs.size() == 1) {
    rates.assign(kParts, 0);
    for (std::size_t i = 0; i < kParts; ++i) {
      rates[i] =
          part_sum_of(calls.part_ended_ok, recorded, runs[0], i) * static_cast<double>(kParts) / seconds(runs[0]);
    }
  }
  return rate_above(rates, slo.limit);
}

}  // namespace

std::vector<std::size_t> calls_of(const Slo& slo, const Recorded& recorded, std::size_t run) {
  const ExperimentResults& results = recorded.results();
  std::vector<std::size_t> calls;
  for (std::size_t call = 0; call < results.calls.size(); ++call) {
    if (!recorded.has(run, call)) continue;
    if (slo.label == Slo::Label::Service) {
      const auto service = static_cast<std::size_t>(recorded.at(results.call.service_index, run, call));
      if (service < results.services.size() && results.services[service] == slo.name) calls.push_back(call);
    } else if (slo.label == Slo::Label::Workload ? results.calls[call] == slo.name
                                                 : std::ranges::count(results.workloads, results.calls[call]) > 0) {
      calls.push_back(call);
    }
  }
  return calls;
}

ObjectiveOutcome evaluate(const Slo& slo, const Recorded& recorded, std::string_view variant) {
  const std::vector<CallsOfRun> runs = runs_of(slo, recorded, variant);
  if (runs.empty()) return {};
  if (slo.is_time()) return time_outcome(slo, recorded, runs);
  if (slo.measure == Slo::Measure::Rate) return rate_outcome(slo, recorded, runs);
  return share_outcome(slo, recorded, runs);
}

// As the flags of /objectives have them (analysis/results/objective_results.h).
static_assert(static_cast<int>(Holds::Met) == 0 && static_cast<int>(Holds::Missed) == 1 &&
              static_cast<int>(Holds::CannotTell) == 2);
static_assert(static_cast<int>(ObjectiveOutcome::Note::None) == 0 &&
              static_cast<int>(ObjectiveOutcome::Note::NothingObserved) == 1 &&
              static_cast<int>(ObjectiveOutcome::Note::Infinite) == 2 &&
              static_cast<int>(ObjectiveOutcome::Note::LowerBound) == 3);

void add_objective(const Slo& slo, std::string_view variant, const ObjectiveOutcome& outcome,
                   ObjectiveResults& results) {
  const double scale = slo.is_time() ? 1e-9 : 1;
  results.variant.emplace_back(variant);
  results.text.push_back(slo.text);
  results.outcome.push_back(static_cast<std::int8_t>(outcome.holds));
  results.note.push_back(static_cast<std::int8_t>(outcome.note));
  results.quantity.emplace_back(slo.is_time() ? "s" : slo.measure == Slo::Measure::Rate ? "1/s" : "1");
  results.observed.push_back(outcome.observed * scale);
  results.low.push_back(outcome.interval.low * scale);
  results.high.push_back(outcome.interval.high * scale);
  results.limit.push_back(slo.limit.value * scale);
}

}  // namespace knetsim
