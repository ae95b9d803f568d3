#include "app/experiment/slo_outcome.h"

#include <algorithm>

#include "app/experiment/observed.h"
#include "app/scenario/result_names.h"

namespace knetsim {
namespace {

// What an objective is held against: the sums of its calls in each replicate, or in each part of the only one.
using EdgesOfRun = std::vector<const EdgeStats*>;

std::vector<EdgesOfRun> runs_of(const Slo& slo, const BoundVariant& variant,
                                const std::vector<PointResult>& replicates) {
  std::vector<EdgesOfRun> runs;
  const std::vector<EdgeIndex> measured = edges_of(slo, variant);
  for (const PointResult& point : replicates) {
    if (point.edges.empty()) continue;  // stopped before it was done
    EdgesOfRun& edges = runs.emplace_back();
    for (const EdgeIndex edge : measured) edges.push_back(&point.edges[edge]);
  }
  return runs;
}

ObjectiveOutcome time_outcome(const Slo& slo, const std::vector<EdgesOfRun>& runs) {
  std::vector<Sample> samples;
  for (const EdgesOfRun& run : runs) {
    Sample& sample = samples.emplace_back();
    sample.parts.resize(kParts);
    for (const EdgeStats* edge : run) {
      slo.metric == Slo::Metric::Latency ? add_latencies(*edge, sample) : add_connects(*edge, sample);
    }
  }
  if (slo.measure == Slo::Measure::Quantile) return quantile_below(samples, slo.quantile, slo.limit);
  return slo.measure == Slo::Measure::Mean ? mean_below(samples, slo.limit) : maximum_below(samples, slo.limit);
}

/// Of the requests that fail; the share that succeeds is the rest.
ObjectiveOutcome share_outcome(const Slo& slo, const std::vector<EdgesOfRun>& runs) {
  std::vector<Tally> certain, possible;
  for (const EdgesOfRun& run : runs) {
    Tally& failed = certain.emplace_back();
    double unfinished = 0;
    for (const EdgeStats* edge : run) {
      failed.events += static_cast<double>(edge->failed());
      failed.of += static_cast<double>(edge->asked);
      unfinished += static_cast<double>(edge->unfinished);
    }
    possible.push_back({failed.events + unfinished, failed.of});
  }
  if (runs.size() == 1) {
    double unfinished = possible[0].events - certain[0].events;
    possible.assign(kParts, {});
    for (std::size_t i = 0; i < kParts; ++i) {
      for (const EdgeStats* edge : runs[0]) {
        const EdgePart& part = edge->parts[i];
        possible[i].events += static_cast<double>(part.asked - part.latency.count);
        possible[i].of += static_cast<double>(part.asked);
      }
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

ObjectiveOutcome rate_outcome(const Slo& slo, const std::vector<EdgesOfRun>& runs, double seconds) {
  std::vector<double> rates;
  for (const EdgesOfRun& run : runs) {
    double ended = 0;
    for (const EdgeStats* edge : run) ended += static_cast<double>(edge->in_window.ok);
    rates.push_back(ended / seconds);
  }
  if (runs.size() == 1) {
    rates.assign(kParts, 0);
    for (std::size_t i = 0; i < kParts; ++i) {
      for (const EdgeStats* edge : runs[0]) {
        rates[i] += static_cast<double>(edge->parts[i].ended_well) * static_cast<double>(kParts) / seconds;
      }
    }
  }
  return rate_above(rates, slo.limit);
}

}  // namespace

std::vector<EdgeIndex> edges_of(const Slo& slo, const BoundVariant& variant) {
  const TrafficPlan& traffic = variant.traffic;
  std::vector<EdgeIndex> edges;
  if (slo.label == Slo::Label::Service) {
    for (EdgeIndex edge = 0; edge < traffic.edges.size(); ++edge) {
      if (service_name(variant, edge) == slo.name) {
        edges.push_back(edge);
      }
    }
    return edges;
  }
  for (const TrafficSpec& source : traffic.sources) {
    if (slo.label == Slo::Label::None || source.name == slo.name) {
      edges.push_back(source.edge);
    }
  }
  return edges;
}

ObjectiveOutcome evaluate(const Slo& slo, const BoundVariant& variant, const std::vector<PointResult>& replicates) {
  const std::vector<EdgesOfRun> runs = runs_of(slo, variant, replicates);
  if (runs.empty()) return {};
  if (slo.is_time()) return time_outcome(slo, runs);
  if (slo.measure == Slo::Measure::Rate) return rate_outcome(slo, runs, to_seconds(variant.scenario.run.duration));
  return share_outcome(slo, runs);
}

}  // namespace knetsim
