#include "app/experiment/fill_results.h"

#include <algorithm>
#include <iterator>

#include "app/experiment/metric_results.h"
#include "app/experiment/resource_results.h"
#include "app/experiment/result_axes.h"
#include "app/experiment/span_results.h"
#include "app/experiment/step_names.h"
#include "sim/core/censored_times.h"

namespace knetsim {
namespace {

constexpr double kBands[] = {0.5, 0.99, 0.999};

void add_buckets(HistogramResults& results, const Histogram& ns) {
  std::int64_t rows = 0;
  ns.for_each([&](std::int64_t lower, std::int64_t upper, std::uint64_t count) {
    results.bucket_lower.push_back(lower * 1000);
    results.bucket_upper.push_back(upper * 1000);
    results.count.push_back(signed_count(count));
    ++rows;
  });
  results.row_size.push_back(rows);
}

void add_run(SummaryResults& summary, const RunSettings& run, std::uint32_t replicate, const PointResult& point) {
  summary.seed.push_back(hash_combine(run.seed, replicate));
  summary.status.push_back(static_cast<std::int8_t>(RunStatus::kOk));
  summary.events.push_back(signed_count(point.events));
  summary.sim_time.push_back(to_seconds(run.warm_up + run.duration));
  summary.measured_time.push_back(to_seconds(run.duration));
  summary.drained_time.push_back(to_seconds(point.drained));
  summary.wall_s.push_back(point.wall_s);
}

void add_quantile(const CensoredValue& of, std::vector<double>& quantile, std::vector<std::int8_t>& bound) {
  const bool none = of.kind == CensoredValue::Kind::Nothing;
  quantile.push_back(none ? kNoMeasure : seconds_from_ns(static_cast<double>(of.value)));
  bound.push_back(static_cast<std::int8_t>(none || of.exact() ? QuantileBound::kExact : QuantileBound::kAtLeast));
}

void add_workload(SummaryResults& summary, const EdgeStats& stats, double measured) {
  const std::size_t cell = summary.unstable.size();
  summary.latency.resize(cell + 1);
  summary.connect.resize(cell + 1);
  summary.unstable.push_back(stats.backlog_grows ? 1 : 0);
  summary.offered_rate.push_back(static_cast<double>(stats.asked) / measured);
  summary.achieved_rate.push_back(static_cast<double>(stats.in_window.ok) / measured);
  summary.requests_sent.push_back(signed_count(stats.asked));
  summary.requests_ok.push_back(signed_count(stats.ok));
  summary.requests_error.push_back(signed_count(stats.errors));
  summary.requests_timeout.push_back(signed_count(stats.timeouts));
  summary.requests_retried.push_back(signed_count(stats.retried));
  summary.requests_unfinished.push_back(signed_count(stats.unfinished));
  summary.ended_ok.push_back(signed_count(stats.in_window.ok));
  summary.ended_error.push_back(signed_count(stats.in_window.errors));
  summary.ended_timeout.push_back(signed_count(stats.in_window.timeouts));
  summary.in_flight_start.push_back(signed_count(stats.in_flight_start));
  summary.in_flight_end.push_back(signed_count(stats.in_flight_end));
  summary.bytes_sent.push_back(signed_count(stats.bytes_sent));
  summary.bytes_received.push_back(signed_count(stats.bytes_received));
  summary.goodput.push_back(static_cast<double>(stats.in_window.bytes) * 8 / measured);
  summary.connections.push_back(signed_count(stats.connections));
  summary.connects_failed.push_back(signed_count(stats.connects_failed));
  summary.connects_unfinished.push_back(signed_count(stats.connecting_age_ns.count()));
  summary.rules_per_connection.push_back(
      stats.connections == 0 ? kNoMeasure : stats.rules_evaluated / static_cast<double>(stats.connections));
  add_histogram(summary.latency, cell, stats.latency_ns);
  add_histogram(summary.connect, cell, stats.connect_ns);
  const CensoredTimes latency(stats.latency_ns, stats.unfinished_age_ns);
  const CensoredTimes connect(stats.connect_ns, stats.connecting_age_ns);
  for (const double q : kResultQuantiles) {
    add_quantile(latency.quantile(q), summary.latency_quantile, summary.latency_quantile_bound);
    add_quantile(connect.quantile(q), summary.connect_quantile, summary.connect_quantile_bound);
  }
}

void add_walk(ExperimentResults& results, const SourceRecorder& source) {
  TimeSplit sum = source.timed_out().sum;
  std::uint64_t requests = source.timed_out().requests;
  for (const auto& [band, split] : source.bands()) {
    sum += split.sum;
    requests += split.requests;
  }
  results.walk.requests.push_back(signed_count(requests));
  const std::size_t kinds = kind_names().size();
  for (std::size_t step = 0; step < kinds + kWaits; ++step) {
    const bool is_wait = step >= kinds;
    results.walk.service_time.push_back(is_wait ? 0 : to_seconds(Duration(sum.service[step])));
    results.walk.wait_time.push_back(is_wait ? to_seconds(Duration(sum.wait[step - kinds])) : 0);
  }
}

void add_split(ExperimentResults& results, const SourceRecorder& source, const EdgeStats& stats) {
  const CensoredTimes latency(stats.latency_ns, stats.unfinished_age_ns);
  const std::size_t kinds = kind_names().size();
  for (const double q : kBands) {
    const CensoredValue around = latency.quantile(q);
    const SplitBand band = around.exact() ? split_around(source, Duration(around.value * 1000)) : SplitBand{};
    const auto mean = [&](std::int64_t picoseconds) {
      return band.requests == 0 ? kNoMeasure : to_seconds(Duration(picoseconds)) / static_cast<double>(band.requests);
    };
    results.split.requests.push_back(signed_count(band.requests));
    results.split.latency.push_back(mean(band.sum.total().count()));
    for (std::size_t step = 0; step < kinds + kWaits; ++step) {
      const bool is_wait = step >= kinds;
      results.split.service_time.push_back(is_wait ? 0 : mean(band.sum.service[step]));
      results.split.wait_time.push_back(is_wait ? mean(band.sum.wait[step - kinds]) : 0);
    }
  }
}

void add_series(SeriesResults& series, const SourceRecorder& source) {
  for (const SeriesPoint& point : source.series()) {
    series.completed.push_back(signed_count(point.ok));
    series.errors.push_back(signed_count(point.failed));
    const auto quantile = [&](double q) {
      return point.latency_ns.empty() ? kNoMeasure : seconds_from_ns(static_cast<double>(point.latency_ns.quantile(q)));
    };
    series.latency_p50.push_back(quantile(0.5));
    series.latency_p99.push_back(quantile(0.99));
    series.in_flight.push_back(signed_count(point.in_flight));
  }
}

void add_times(SeriesResults& series, Duration begin, const SourceRecorder& source) {
  series.interval = source.interval().count();
  for (std::size_t i = 0; i < source.series().size(); ++i) {
    series.sim_time.push_back(begin.count() + static_cast<std::int64_t>(i) * source.interval().count());
  }
}

/// Position of a workload among the variant's sources; their number where it has none of that name.
std::size_t source_named(const BoundVariant& variant, const std::string& name) {
  const auto& sources = variant.traffic.sources;
  const auto found =
      std::find_if(sources.begin(), sources.end(), [&](const TrafficSpec& source) { return source.name == name; });
  return static_cast<std::size_t>(found - sources.begin());
}

}  // namespace

SplitBand split_around(const SourceRecorder& source, Duration latency) {
  const auto& bands = source.bands();
  SplitBand sum;
  const std::uint32_t middle = SourceRecorder::band_of(latency);
  for (std::uint32_t reach = 0; reach <= 8 && sum.requests == 0; ++reach) {
    for (auto band = bands.lower_bound(middle - reach); band != bands.end() && band->first <= middle + reach; ++band) {
      sum.requests += band->second.requests;
      sum.sum += band->second.sum;
    }
  }
  return sum;
}

ExperimentResults fill_results(const std::vector<BoundVariant>& variants, const ExperimentOutcome& outcome) {
  ExperimentResults results;
  const ResultAxes axes(variants);
  results.workloads = axes.workloads.names();
  results.quantiles.assign(std::begin(kResultQuantiles), std::end(kResultQuantiles));
  results.services = axes.services.names();
  results.endpoints = axes.endpoints.names();
  results.nodes = axes.nodes.names();
  results.reasons = {"link queue full"};
  results.links = axes.links.names();
  results.steps = kind_names();
  for (const std::string& name : wait_names()) {
    results.steps.push_back(name);
  }
  results.bands = {"p50", "p99", "p99.9"};
  describe_endpoints(results, axes, variants);
  // The intervals of a series are the same for all runs, or there is none.
  const RunSettings& first = variants.front().scenario.run;
  const bool same_window = std::ranges::all_of(variants, [&](const BoundVariant& variant) {
    return variant.scenario.run.duration == first.duration && variant.scenario.run.warm_up == first.warm_up;
  });
  for (std::size_t v = 0; v < variants.size(); ++v) {
    const BoundVariant& variant = variants[v];
    const RunSettings& run = variant.scenario.run;
    const Topology& topology = variant.fabric->topology;
    for (std::uint32_t replicate = 0; replicate < outcome.points[v].size(); ++replicate) {
      const PointResult& point = outcome.points[v][replicate];
      if (point.edges.empty()) {
        continue;  // stopped before it was done
      }
      add_spans(results.spans, static_cast<std::int64_t>(results.runs()), variant, point, topology);
      results.variant.push_back(variant.name);
      results.replicate.push_back(replicate);
      add_run(results.summary, run, replicate, point);
      if (same_window && results.series.sim_time.empty()) {
        add_times(results.series, run.warm_up, point.sources.front());
      }
      const EdgeStats nothing_asked;
      const SourceRecorder nothing_recorded(kTimeZero + run.warm_up, kTimeZero + run.warm_up + run.duration,
                                            static_cast<std::uint32_t>(results.series.sim_time.size()));
      for (const std::string& name : results.workloads) {
        const std::size_t w = source_named(variant, name);
        const bool is_there = w < variant.traffic.sources.size();
        const SourceRecorder& source = is_there ? point.sources[w] : nothing_recorded;
        const EdgeStats& stats = is_there ? point.edges[variant.traffic.sources[w].edge] : nothing_asked;
        add_workload(results.summary, stats, to_seconds(run.duration));
        add_walk(results, source);
        add_split(results, source, stats);
        add_buckets(results.latency_histogram, stats.latency_ns);
        add_buckets(results.connect_histogram, stats.connect_ns);
        add_buckets(results.unfinished_histogram, stats.unfinished_age_ns);
        add_buckets(results.connecting_histogram, stats.connecting_age_ns);
        if (same_window) add_series(results.series, source);
      }
      add_resources(results, axes, variant, point, topology);
    }
  }
  return results;
}

}  // namespace knetsim
