#pragma once

#include <cstddef>
#include <string>

#include "sim/output/results.h"

namespace knetsim {

/// Pairs every column of a results file with its member, once for both directions. `visit` is called in the order of
/// the file with
///   visit.column(path, member)   a vector, or a single value (std::string, std::int64_t, std::uint64_t);
///   visit.index(path, length)    an axis that only counts: 0, 1, ... length - 1;
///   visit.mean(path, state)      what the writer derives and the reader need not read.
/// @tparam Results  ExperimentResults, const for writing.
template <class Results, class Visitor>
void visit_results(Results& r, Visitor&& visit) {
  const auto runs = [&](const std::string& group) { visit.index(group + "/run", r.variant.size()); };
  const auto run_labels = [&](const std::string& group) {
    visit.column(group + "/variant", r.variant);
    visit.column(group + "/replicate", r.replicate);
  };
  const auto metric = [&](const std::string& prefix, auto& state) {
    visit.column(prefix + "_n", state.n);
    visit.column(prefix + "_sum", state.sum);
    visit.column(prefix + "_sum_sq", state.sum_sq);
    visit.column(prefix + "_min", state.min);
    visit.column(prefix + "_max", state.max);
    visit.mean(prefix + "_mean", state);
  };
  const auto histogram = [&](const std::string& group, auto& h) {
    runs(group);
    visit.column(group + "/workload", r.workloads);
    visit.index(group + "/bucket", h.count.size());
    run_labels(group);
    visit.column(group + "/row_size", h.row_size);
    visit.column(group + "/bucket_lower", h.bucket_lower);
    visit.column(group + "/bucket_upper", h.bucket_upper);
    visit.column(group + "/count", h.count);
  };

  auto& p = r.provenance;
  visit.index("/provenance/override", p.overrides.size());
  visit.index("/provenance/input", p.input_name.size());
  visit.column("/provenance/config_resolved", p.config_resolved);
  visit.column("/provenance/overrides", p.overrides);
  visit.column("/provenance/input_name", p.input_name);
  visit.column("/provenance/input_sha256", p.input_sha256);
  visit.column("/provenance/command_line", p.command_line);
  visit.column("/provenance/compiler", p.compiler);
  visit.column("/provenance/compile_flags", p.compile_flags);
  visit.column("/provenance/seed", p.seed);
  visit.column("/provenance/replicates", p.replicates);
  visit.column("/provenance/costs_profile", p.costs_profile);

  auto& s = r.summary;
  runs("/summary");
  visit.column("/summary/workload", r.workloads);
  visit.column("/summary/quantile", r.quantiles);
  run_labels("/summary");
  visit.column("/summary/seed", s.seed);
  visit.column("/summary/status", s.status);
  visit.column("/summary/events", s.events);
  visit.column("/summary/sim_time", s.sim_time);
  visit.column("/summary/measured_time", s.measured_time);
  visit.column("/summary/drained_time", s.drained_time);
  visit.column("/summary/wall_s", s.wall_s);
  visit.column("/summary/unstable", s.unstable);
  visit.column("/summary/offered_rate", s.offered_rate);
  visit.column("/summary/achieved_rate", s.achieved_rate);
  visit.column("/summary/requests_sent", s.requests_sent);
  visit.column("/summary/requests_ok", s.requests_ok);
  visit.column("/summary/requests_error", s.requests_error);
  visit.column("/summary/requests_timeout", s.requests_timeout);
  visit.column("/summary/requests_retried", s.requests_retried);
  visit.column("/summary/requests_unfinished", s.requests_unfinished);
  visit.column("/summary/ended_ok", s.ended_ok);
  visit.column("/summary/ended_error", s.ended_error);
  visit.column("/summary/ended_timeout", s.ended_timeout);
  visit.column("/summary/in_flight_start", s.in_flight_start);
  visit.column("/summary/in_flight_end", s.in_flight_end);
  visit.column("/summary/bytes_sent", s.bytes_sent);
  visit.column("/summary/bytes_received", s.bytes_received);
  visit.column("/summary/goodput", s.goodput);
  visit.column("/summary/connections", s.connections);
  visit.column("/summary/connects_failed", s.connects_failed);
  visit.column("/summary/connects_unfinished", s.connects_unfinished);
  visit.column("/summary/rules_per_connection", s.rules_per_connection);
  metric("/summary/latency", s.latency);
  metric("/summary/connect", s.connect);
  visit.column("/summary/latency_quantile", s.latency_quantile);
  visit.column("/summary/connect_quantile", s.connect_quantile);
  visit.column("/summary/latency_quantile_bound", s.latency_quantile_bound);
  visit.column("/summary/connect_quantile_bound", s.connect_quantile_bound);

  runs("/service");
  visit.column("/service/service", r.services);
  run_labels("/service");
  visit.column("/service/requests", r.service.requests);
  visit.column("/service/errors", r.service.errors);
  visit.column("/service/connections", r.service.connections);
  metric("/service/latency", r.service.latency);

  runs("/endpoint");
  visit.column("/endpoint/endpoint", r.endpoints);
  run_labels("/endpoint");
  visit.column("/endpoint/workload", r.endpoint.workload);
  visit.column("/endpoint/node", r.endpoint.node);
  visit.column("/endpoint/attempts", r.endpoint.attempts);
  visit.column("/endpoint/share", r.endpoint.share);

  runs("/cpu");
  visit.column("/cpu/node", r.nodes);
  run_labels("/cpu");
  visit.column("/cpu/cores", r.cpu.cores);
  visit.column("/cpu/utilisation", r.cpu.utilisation);
  visit.column("/cpu/softirq_share", r.cpu.softirq_share);
  visit.column("/cpu/busiest_core", r.cpu.busiest_core);
  visit.column("/cpu/throttled_time", r.cpu.throttled_time);

  runs("/drops");
  visit.column("/drops/reason", r.reasons);
  run_labels("/drops");
  visit.column("/drops/packets", r.drops.packets);

  runs("/links");
  visit.column("/links/link", r.links);
  run_labels("/links");
  visit.column("/links/rate", r.link.rate);
  visit.column("/links/bytes", r.link.bytes);
  visit.column("/links/packets", r.link.packets);
  visit.column("/links/utilisation", r.link.utilisation);
  visit.column("/links/queue_max", r.link.queue_max);
  visit.column("/links/drops", r.link.drops);

  runs("/walk");
  visit.column("/walk/workload", r.workloads);
  visit.column("/walk/step", r.steps);
  run_labels("/walk");
  visit.column("/walk/requests", r.walk.requests);
  visit.column("/walk/service_time", r.walk.service_time);
  visit.column("/walk/wait_time", r.walk.wait_time);

  runs("/split");
  visit.column("/split/workload", r.workloads);
  visit.column("/split/band", r.bands);
  visit.column("/split/step", r.steps);
  run_labels("/split");
  visit.column("/split/requests", r.split.requests);
  visit.column("/split/latency", r.split.latency);
  visit.column("/split/service_time", r.split.service_time);
  visit.column("/split/wait_time", r.split.wait_time);

  histogram("/hist/latency", r.latency_histogram);
  histogram("/hist/connect", r.connect_histogram);
  histogram("/hist/unfinished", r.unfinished_histogram);
  histogram("/hist/connecting", r.connecting_histogram);

  runs("/series");
  visit.column("/series/workload", r.workloads);
  visit.column("/series/sim_time", r.series.sim_time);
  run_labels("/series");
  visit.column("/series/interval", r.series.interval);
  visit.column("/series/completed", r.series.completed);
  visit.column("/series/errors", r.series.errors);
  visit.column("/series/latency_p50", r.series.latency_p50);
  visit.column("/series/latency_p99", r.series.latency_p99);
  visit.column("/series/in_flight", r.series.in_flight);

  visit.index("/spans/request", r.spans.row_size.size());
  visit.index("/spans/visit", r.spans.step.size());
  visit.column("/spans/run_index", r.spans.run_index);
  visit.column("/spans/workload", r.spans.workload);
  visit.column("/spans/start", r.spans.start);
  visit.column("/spans/latency", r.spans.latency);
  visit.column("/spans/row_size", r.spans.row_size);
  visit.column("/spans/step", r.spans.step);
  visit.column("/spans/place", r.spans.place);
  visit.column("/spans/at", r.spans.at);
  visit.column("/spans/wait", r.spans.wait);
  visit.column("/spans/service", r.spans.service);
}

}  // namespace knetsim
