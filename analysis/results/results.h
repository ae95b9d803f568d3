#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "analysis/results/assumption_results.h"
#include "analysis/results/call_results.h"
#include "analysis/results/cpu_results.h"
#include "analysis/results/drop_results.h"
#include "analysis/results/endpoint_results.h"
#include "analysis/results/histogram_results.h"
#include "analysis/results/limit_results.h"
#include "analysis/results/link_results.h"
#include "analysis/results/objective_results.h"
#include "analysis/results/policy_results.h"
#include "analysis/results/provenance.h"
#include "analysis/results/series_results.h"
#include "analysis/results/service_results.h"
#include "analysis/results/span_results.h"
#include "analysis/results/split_results.h"
#include "analysis/results/summary_results.h"
#include "analysis/results/walk_results.h"
#include "sim/core/part_sum.h"
#include "sim/output/column_info.h"

namespace knetsim {

/// The results of an experiment, as plain vectors. A run is one variant played with one replicate's seeds; every table
/// lists runs along its first axis, so that files merge by concatenation.
struct ExperimentResults {
  Provenance provenance;

  // Axes.
  std::vector<std::string> variant;     ///< (run)
  std::vector<std::int64_t> replicate;  ///< (run)
  std::vector<std::string> workloads;
  std::vector<double> quantiles;  ///< In (0, 1), ascending.
  std::vector<std::string> calls;
  std::vector<std::string> services;
  std::vector<std::string> exposures;
  std::vector<std::string> endpoints;
  std::vector<std::string> nodes;
  std::vector<std::string> reasons;
  std::vector<std::string> links;
  std::vector<std::string> steps;
  std::vector<std::string> bands;  ///< "p50", "p99", "p99.9"

  SummaryResults summary;
  CallResults call;
  ServiceResults service;
  EndpointResults endpoint;
  CpuResults cpu;
  DropResults drops;
  LimitResults limits;
  PolicyResults policies;
  LinkResults link;
  WalkResults walk;
  SplitResults split;
  HistogramResults latency_histogram;
  HistogramResults connect_histogram;
  HistogramResults unfinished_histogram;
  HistogramResults connecting_histogram;
  SeriesResults series;
  SpanResults spans;
  ObjectiveResults objectives;
  AssumptionResults assumptions;

  std::size_t runs() const { return variant.size(); }
};

/// Names every group of the file in its order: path, meaning, table, and the axes that its columns lie along. Each
/// group has its axes again, because netCDF readers look for coordinate values in a variable's own group.
///   groups.group(path, meaning, table, axes ...)
///   groups.group_of_runs(path, meaning, r, table, axes ...)   with the axis `run` and its labels before the others
template <TableOf<ExperimentResults> Results, class Groups>
void describe(Results& r, Groups& groups) {
  const auto index = [](std::string_view name, std::size_t length, std::string_view meaning,
                        std::string_view when = kAlways) {
    return IndexAxis{name, length, {.meaning = meaning, .when = when}};
  };
  const LabelAxis workload{"workload", r.workloads, {.meaning = "name of the workload"}};
  const LabelAxis quantile{"quantile", r.quantiles, {.unit = "1", .meaning = "quantile"}};
  const LabelAxis call{
      "call", r.calls, {.meaning = "name of the workload whose call it is, or of the app and what it calls"}};
  const LabelAxis service{"service",
                          r.services,
                          {.meaning = "namespace/name of a Service that was asked for; of the Deployment, StatefulSet "
                                      "... or the lone pod where none was"}};
  const LabelAxis exposure{
      "exposure", r.exposures, {.meaning = "kind of address at which it was asked: podIP, clusterIP ..."}};
  const LabelAxis endpoint{"endpoint", r.endpoints, {.meaning = "namespace/name of a pod that serves"}};
  const LabelAxis node{"node", r.nodes, {.meaning = "name of the node"}};
  const LabelAxis reason{"reason", r.reasons, {.meaning = "why a packet was dropped"}};
  const LabelAxis link{"link", r.links, {.meaning = "one direction of a link, from>to"}};
  const LabelAxis step{"step", r.steps, {.meaning = "kind of step of a walk"}};
  const LabelAxis band{"band", r.bands, {.meaning = "requests around this percentile of latency"}};
  const LabelAxis sim_time{
      "sim_time",
      r.series.sim_time,
      {.unit = "s", .meaning = "simulated time at which the interval starts", .scale = kPicosecond}};
  const auto bucket = [&](const HistogramResults& h) {
    return index("bucket", h.count.size(), "position of the bucket", kIfRecorded);
  };

  groups.group("/provenance", "where the figures come from", r.provenance,
               index("override", r.provenance.overrides.size(), "position of the override", kIfRecorded),
               index("input", r.provenance.input_name.size(), "position of the input", kIfRecorded));
  groups.group_of_runs("/summary", "one row for each run and workload", r, r.summary, workload, quantile);
  groups.group_of_runs("/calls", "what came of each call, whole and by parts of the window", r, r.call, call,
                       index("part", kParts, "position of the part: the window is cut into equal ones"));
  groups.group_of_runs("/service", "calls by Service and kind of address", r, r.service, service, exposure);
  groups.group_of_runs("/endpoint", "how attempts spread over the pods that serve", r, r.endpoint, endpoint);
  groups.group_of_runs("/cpu", "CPU of each node", r, r.cpu, node);
  groups.group_of_runs("/drops", "dropped packets by reason", r, r.drops, reason);
  groups.group("/limits", "limits of kernels that connections met", r.limits,
               index("limit", r.limits.call.size(), "position of the limit", kIfRecorded));
  groups.group("/policies", "connections that network policies denied", r.policies,
               index("denial", r.policies.call.size(), "position of the denial", kIfRecorded));
  groups.group_of_runs("/links", "traffic of each link direction", r, r.link, link);
  groups.group_of_runs("/walk", "where the time of all requests went, by kind of step", r, r.walk, workload, step);
  groups.group_of_runs("/split", "where the time of the requests around a percentile went", r, r.split, workload, band,
                       step);
  groups.group_of_runs("/hist/latency", "histograms of the latency of requests that ended well", r, r.latency_histogram,
                       call, bucket(r.latency_histogram));
  groups.group_of_runs("/hist/connect", "histograms of the time to connect", r, r.connect_histogram, call,
                       bucket(r.connect_histogram));
  groups.group_of_runs("/hist/unfinished", "histograms of the age of requests that had not ended", r,
                       r.unfinished_histogram, call, bucket(r.unfinished_histogram));
  groups.group_of_runs("/hist/connecting", "histograms of the age of connect()s that had not returned", r,
                       r.connecting_histogram, call, bucket(r.connecting_histogram));
  groups.group_of_runs("/series", "figures by interval of the measured window", r, r.series, workload, sim_time);
  groups.group("/spans", "a sample of whole requests, visit by visit", r.spans,
               index("request", r.spans.row_size.size(), "position of the sampled request"),
               index("visit", r.spans.step.size(), "position of the visit"));
  groups.group("/objectives", "what came of each variant's objectives", r.objectives,
               index("objective", r.objectives.text.size(), "position of the objective"));
  groups.group("/assumptions", "figures in force that nobody has measured", r.assumptions,
               index("assumption", r.assumptions.key.size(), "position of the assumption"));
}

}  // namespace knetsim
