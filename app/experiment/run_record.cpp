#include "app/experiment/run_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>
#include <span>
#include <utility>

#include "analysis/results/append_runs.h"
#include "app/experiment/metric_results.h"
#include "app/experiment/resource_results.h"
#include "app/experiment/span_results.h"
#include "app/experiment/step_names.h"
#include "app/scenario/result_names.h"
#include "app/scenario/traffic_rates.h"
#include "app/scenario/variant_models.h"
#include "sim/core/censored_times.h"

namespace knetsim {
namespace {

constexpr double kBands[] = {0.5, 0.99, 0.999};

/// A row of a histogram. @param in_full  Else only its moments.
void add_row(HistogramResults& results, const Histogram& ns, bool in_full) {
  results.time.resize(results.row_size.size() + 1);
  add_histogram(results.time, results.row_size.size(), ns);
  std::int64_t buckets = 0;
  if (in_full) {
    ns.for_each([&](std::int64_t lower, std::int64_t upper, std::uint64_t count) {
      results.bucket_lower.push_back(lower * 1000);
      results.bucket_upper.push_back(upper * 1000);
      results.count.push_back(signed_count(count));
      ++buckets;
    });
  }
  results.row_size.push_back(buckets);
}

void add_part(CallResults& calls, const EdgePart& part) {
  calls.part_requests.push_back(signed_count(part.asked));
  calls.part_ended_ok.push_back(signed_count(part.ended_well));
  calls.part_latency_n.push_back(signed_count(part.latency.count));
  calls.part_latency_sum.push_back(signed_count(part.latency.sum_ns));
  calls.part_latency_log_sum.push_back(signed_count(part.latency.sum_index));
  calls.part_connect_n.push_back(signed_count(part.connect.count));
  calls.part_connect_sum.push_back(signed_count(part.connect.sum_ns));
  calls.part_connect_log_sum.push_back(signed_count(part.connect.sum_index));
}

template <class Table>
void add_zones(Table& table, const EdgeStats& stats) {
  table.same_zone_answers.push_back(signed_count(stats.same_zone.answers));
  table.same_zone_bytes.push_back(signed_count(stats.same_zone.bytes));
  table.cross_zone_answers.push_back(signed_count(stats.cross_zone.answers));
  table.cross_zone_bytes.push_back(signed_count(stats.cross_zone.bytes));
}

void add_call(ExperimentResults& results, std::int64_t service, std::size_t exposure, const EdgeStats& stats,
              bool in_full) {
  CallResults& calls = results.call;
  calls.service_index.push_back(service);
  calls.exposure.push_back(static_cast<std::int8_t>(exposure));
  calls.requests.push_back(signed_count(stats.asked));
  calls.ok.push_back(signed_count(stats.ok));
  calls.errors.push_back(signed_count(stats.errors));
  calls.timeouts.push_back(signed_count(stats.timeouts));
  calls.unfinished.push_back(signed_count(stats.unfinished));
  calls.ended_ok.push_back(signed_count(stats.in_window.ok));
  calls.connections.push_back(signed_count(stats.connections));
  calls.connects_failed.push_back(signed_count(stats.connects_failed));
  calls.rules_evaluated.push_back(stats.rules_evaluated);
  add_zones(calls, stats);
  for (const EdgePart& part : stats.parts) add_part(calls, part);
  add_row(results.latency_histogram, stats.latency_ns, in_full);
  add_row(results.connect_histogram, stats.connect_ns, in_full);
  add_row(results.unfinished_histogram, stats.unfinished_age_ns, in_full);
  add_row(results.connecting_histogram, stats.connecting_age_ns, in_full);
}

void add_run(SummaryResults& summary, const BoundVariant& variant, std::uint32_t replicate, const PointResult& point) {
  const Scenario& scenario = variant.scenario;
  const PointSettings& run = scenario.run;
  summary.seed.push_back(hash_combine(scenario.experiment.seed, replicate));
  summary.status.push_back(static_cast<std::int8_t>(RunStatus::kOk));
  summary.error.emplace_back();
  summary.events.push_back(signed_count(point.events));
  summary.completed.push_back(signed_count(point.completed));
  summary.sim_time.push_back(to_seconds(run.warm_up + run.duration));
  summary.measured_time.push_back(to_seconds(run.duration));
  summary.drained_time.push_back(to_seconds(point.drained));
  Duration busiest{};
  const std::size_t members = variant.cluster->members().size();  // others are beyond its border
  for (const NodeCpu& node : std::span(point.nodes).first(std::min(members, point.nodes.size()))) {
    busiest = std::max(busiest, node.busiest);
  }
  summary.busiest_core.push_back(to_seconds(busiest) / to_seconds(run.duration));
  std::vector<double> programming;
  for (const NodeSynced& one : point.synced) programming.push_back(to_seconds(one.since_change));
  std::ranges::sort(programming);
  const auto nearest_rank = [&](double q) {
    if (programming.empty()) return kNoMeasure;
    const double rank = std::ceil(q * static_cast<double>(programming.size()));
    return programming[static_cast<std::size_t>(std::max(1.0, rank)) - 1];
  };
  summary.programming_p50.push_back(nearest_rank(0.5));
  summary.programming_p99.push_back(nearest_rank(0.99));
  summary.programming_max.push_back(nearest_rank(1));
  summary.programming_cpu.push_back(to_seconds(point.proxy_cpu));
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
  const auto failed = [&](Failure cause) {
    return signed_count(stats.errors_by_failure[static_cast<std::size_t>(cause)]);
  };
  summary.choices_stale.push_back(signed_count(stats.stale_choices));
  add_zones(summary, stats);
  summary.failed_refused.push_back(failed(Failure::Refused));
  summary.failed_unreachable.push_back(failed(Failure::Unreachable));
  summary.failed_reset.push_back(failed(Failure::Reset));
  summary.failed_call.push_back(failed(Failure::Call));
  summary.failed_local_ports.push_back(failed(Failure::LocalPorts));
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

/// How a workload's requests spread over those that may answer them. @param may  Pods.
void add_servers(SummaryResults& summary, const SourceRecorder& source, const std::vector<PodIndex>& may) {
  std::set<PodIndex> servers(may.begin(), may.end());
  std::uint64_t all = 0, most = 0;
  std::int64_t used = 0;
  for (PodIndex pod = 0; pod < source.taken_up().size(); ++pod) {
    const std::uint64_t own = source.taken_up()[pod];
    if (own == 0) continue;
    servers.insert(pod);
    ++used;
    all += own;
    most = std::max(most, own);
  }
  summary.servers.push_back(static_cast<std::int64_t>(servers.size()));
  summary.servers_unused.push_back(static_cast<std::int64_t>(servers.size()) - used);
  summary.busiest_server_share.push_back(all == 0 ? kNoMeasure : static_cast<double>(most) / static_cast<double>(all));
}

void add_walk(ExperimentResults& results, const SourceRecorder& source) {
  SplitBand all = source.timed_out();
  all += source.bands().total();
  const TimeSplit& sum = all.sum;
  results.walk.requests.push_back(signed_count(all.requests));
  const std::size_t kinds = kind_names().size();
  for (std::size_t step = 0; step < kinds + kWaits; ++step) {
    const bool is_wait = step >= kinds;
    results.walk.service_time.push_back(is_wait ? 0 : to_seconds(Duration(sum.service[step])));
    results.walk.wait_time.push_back(is_wait ? to_seconds(Duration(sum.wait[step - kinds])) : 0);
    const TimeSplit& connecting = source.connecting();
    results.walk.connect_service_time.push_back(is_wait ? 0 : to_seconds(Duration(connecting.service[step])));
    results.walk.connect_wait_time.push_back(is_wait ? to_seconds(Duration(connecting.wait[step - kinds])) : 0);
  }
}

void add_split(ExperimentResults& results, const SourceRecorder& source, const EdgeStats& stats) {
  const CensoredTimes latency(stats.latency_ns, stats.unfinished_age_ns);
  const std::size_t kinds = kind_names().size();
  for (const double q : kBands) {
    const CensoredValue around = latency.quantile(q);
    const SplitBand band = around.exact() ? source.bands().around(Duration(around.value * 1000)) : SplitBand{};
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

/// Where a limit was met first.
std::string whose_limit(const Exhaustion& met, const BoundVariant& variant) {
  const Cluster& cluster = *variant.cluster;
  const Pod& client = cluster.pods[met.client];
  if (met.limit == KernelLimit::LocalPorts && cluster.spec(client).host_network && !cluster.is_external(met.client))
    return std::string(cluster.nodes[client.node].name);
  if (met.limit == KernelLimit::LocalPorts) return endpoint_name(client);
  if (met.limit == KernelLimit::AcceptQueue) return endpoint_name(cluster.pods[met.server]);
  if (met.limit == KernelLimit::GatewayPorts && met.node == kNoIndex) return "NAT gateway";
  return met.node < cluster.nodes.size() ? std::string(cluster.nodes[met.node].name)
                                         : fmt::format("NAT of {}", to_string(client.ip));
}

void add_limits(LimitResults& limits, std::int64_t run, const BoundVariant& variant, const PointResult& point) {
  for (const Exhaustion& met : point.limits) {
    limits.run_index.push_back(run);
    limits.call.push_back(variant.traffic.edges[met.edge].name);
    limits.kind.push_back(static_cast<std::int8_t>(met.limit));
    limits.whose.push_back(whose_limit(met, variant));
    limits.towards.push_back(met.limit == KernelLimit::Conntrack ? std::string() : service_name(variant, met.edge));
    limits.room.push_back(met.room);
    limits.after_close.push_back(met.after_close.count());
    limits.connections.push_back(signed_count(met.connections));
    limits.since.push_back((met.since - kTimeZero).count());
  }
}

void add_denied(PolicyResults& policies, std::int64_t run, const BoundVariant& variant, const PointResult& point) {
  const Cluster& cluster = *variant.cluster;
  for (const DeniedConnections& denied : point.denied) {
    std::vector<std::string> names;
    for (const PolicyIndex one : denied.by) names.push_back(variant.models->policies->name(one));
    policies.run_index.push_back(run);
    policies.call.push_back(variant.traffic.edges[denied.edge].name);
    policies.direction.push_back(static_cast<std::int8_t>(denied.direction));
    policies.policies.push_back(fmt::format("{}", fmt::join(names, ", ")));
    policies.fate.push_back(denied.refused ? 1 : 0);
    policies.client.push_back(endpoint_name(cluster.pods[denied.client]));
    policies.server.push_back(fmt::format("{}:{}", endpoint_name(cluster.pods[denied.server]), denied.port));
    policies.connections.push_back(signed_count(denied.connections));
    policies.since.push_back((denied.since - kTimeZero).count());
  }
}

void add_times(SeriesResults& series, Duration begin, const SourceRecorder& source) {
  series.interval = source.interval().count();
  for (std::size_t i = 0; i < source.series().size(); ++i) {
    series.sim_time.push_back(begin.count() + static_cast<std::int64_t>(i) * source.interval().count());
  }
}

/// Position of an edge or a source by its name; their number where there is none of that name.
template <class Named>
std::size_t position_of(const std::vector<Named>& all, const std::string& name) {
  return static_cast<std::size_t>(std::ranges::find(all, name, &Named::name) - all.begin());
}

}  // namespace

RunRecorder::RunRecorder(const std::vector<BoundVariant>& variants, std::set<std::string> calls_in_full)
    : variants_(variants), axes_(variants), calls_in_full_(std::move(calls_in_full)) {
  const PointSettings& first = variants.front().scenario.run;
  same_window_ = std::ranges::all_of(variants, [&](const BoundVariant& variant) {
    return variant.scenario.run.duration == first.duration && variant.scenario.run.warm_up == first.warm_up;
  });
  for (const std::string& workload : axes_.workloads.names()) calls_in_full_.insert(workload);  // their own calls
}

ExperimentResults RunRecorder::empty() const {
  ExperimentResults results;
  results.workloads = axes_.workloads.names();
  results.quantiles.assign(std::begin(kResultQuantiles), std::end(kResultQuantiles));
  results.calls = axes_.calls.names();
  results.services = axes_.services.names();
  results.exposures.assign(kExposureNames.begin(), kExposureNames.end());
  results.endpoints = axes_.endpoints.names();
  results.nodes = axes_.nodes.names();
  results.reasons = {"link queue full"};
  results.links = axes_.links.names();
  results.steps = kind_names();
  for (const std::string& name : wait_names()) results.steps.push_back(name);
  results.bands = {"p50", "p99", "p99.9"};
  describe_endpoints(results, axes_, variants_);
  if (same_window_) {
    const PointSettings& run = variants_.front().scenario.run;
    const SourceRecorder intervals(kTimeZero + run.warm_up, kTimeZero + run.warm_up + run.duration, kSeriesIntervals);
    add_times(results.series, run.warm_up, intervals);
  }
  return results;
}

ExperimentResults RunRecorder::record(std::size_t v, std::uint32_t replicate, const PointResult& point) const {
  const BoundVariant& variant = variants_[v];
  const PointSettings& run = variant.scenario.run;
  const TrafficPlan& traffic = variant.traffic;
  ExperimentResults results = empty();
  results.variant.push_back(variant.name);
  results.replicate.push_back(replicate);
  add_spans(results.spans, 0, variant, point, variant.fabric->topology);
  add_run(results.summary, variant, replicate, point);
  const EdgeStats nothing_asked;
  const SourceRecorder nothing_recorded(kTimeZero + run.warm_up, kTimeZero + run.warm_up + run.duration,
                                        kSeriesIntervals);
  for (const std::string& name : results.workloads) {
    const std::size_t w = position_of(traffic.sources, name);
    const bool is_there = w < traffic.sources.size();
    const SourceRecorder& source = is_there ? point.sources[w] : nothing_recorded;
    const EdgeStats& stats = is_there ? point.edges[traffic.sources[w].edge] : nothing_asked;
    add_workload(results.summary, stats, to_seconds(run.duration));
    add_servers(results.summary, source,
                is_there ? servers_of(variant, traffic.sources[w].edge) : std::vector<PodIndex>());
    add_walk(results, source);
    add_split(results, source, stats);
    if (same_window_) add_series(results.series, source);
  }
  for (const std::string& name : results.calls) {
    const std::size_t edge = position_of(traffic.edges, name);
    if (edge == traffic.edges.size()) {
      add_call(results, -1, 0, nothing_asked, false);
      continue;
    }
    const auto index = static_cast<EdgeIndex>(edge);
    const auto service = static_cast<std::int64_t>(axes_.services.at(service_name(variant, index)));
    add_call(results, service, exposure_of(variant.targets[edge]), point.edges[edge], calls_in_full_.contains(name));
  }
  add_limits(results.limits, 0, variant, point);
  add_denied(results.policies, 0, variant, point);
  add_resources(results, axes_, variant, point, variant.fabric->topology);
  return results;
}

ExperimentResults RunRecorder::record_of_none(std::size_t v, std::uint32_t replicate, RunStatus status,
                                              const std::string& error) const {
  ExperimentResults results = empty();
  add_empty_run(results, variants_[v].name, replicate);
  results.summary.seed = {hash_combine(variants_[v].scenario.experiment.seed, replicate)};
  results.summary.status = {static_cast<std::int8_t>(status)};
  results.summary.error = {error};
  return results;
}

}  // namespace knetsim
