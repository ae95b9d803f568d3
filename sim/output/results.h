#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace knetsim {

/// The results of an experiment, as plain vectors. A run is one variant played with one replicate's seeds; every table
/// lists runs along its first axis, so that files merge by concatenation. A shape "(run, workload)" means row-major,
/// workload fastest: the cell of run r and workload w is at r * workloads.size() + w. Units and meanings of the columns
/// stand in results_schema.cpp, which writer, reader and docs/results-format.md share. Counts and sums are stored, not
/// only what is derived from them.
///
/// A column that the schema calls "if recorded" may stay empty; every other one has all its cells. A count without
/// observations is 0, a measure without observations is NaN.

/// Mergeable state of a metric: two of them add cell by cell.
struct MetricState {
  std::vector<std::int64_t> n;
  std::vector<double> sum;
  std::vector<double> sum_sq;
  std::vector<double> min;  ///< NaN where n is 0, max too.
  std::vector<double> max;

  /// Cells that are added have no observations; the others keep theirs.
  void resize(std::size_t cells);
  /// Adds one observation to a cell.
  void add(std::size_t cell, double value);
  /// sum / n, NaN where n is 0.
  double mean(std::size_t cell) const;
};

/// What a quantile's figure is: itself, or less than it, where requests decide it that had not ended.
enum class QuantileBound : std::int8_t { kExact = 0, kAtLeast = 1 };

enum class RunStatus : std::int8_t { kOk = 0, kStopped = 1, kFailed = 2 };

struct Provenance {
  std::string title = {};  ///< metadata.name of the scenario.
  std::string knetsim_version = {};
  std::string git_sha1 = {};  ///< "unknown" outside a repository.
  bool git_dirty = false;
  std::string config_resolved = {};          ///< The scenario with every override in place, YAML.
  std::vector<std::string> overrides = {};   ///< --set and the like, as given, in order.
  std::vector<std::string> input_name = {};  ///< Every file that was read; names as in the scenario, no absolute paths.
  std::vector<std::string> input_sha256 = {};
  std::string command_line = {};  ///< Not written with `deterministic`.
  std::string compiler = {};      ///< "GNU 12.2.0".
  std::string compile_flags = {};
  std::uint64_t seed = 0;
  std::int64_t replicates = 0;
  std::string costs_profile = {};
};

struct SummaryResults {
  // (run)
  std::vector<std::uint64_t> seed;
  std::vector<std::int8_t> status;  ///< RunStatus.
  std::vector<std::int64_t> events;
  std::vector<double> sim_time;       ///< s
  std::vector<double> measured_time;  ///< s
  std::vector<double> drained_time;   ///< s
  std::vector<double> wall_s;         ///< s; not written with `deterministic`.
  // (run, workload)
  std::vector<std::int8_t> unstable;
  std::vector<double> offered_rate;   ///< 1/s
  std::vector<double> achieved_rate;  ///< 1/s
  std::vector<std::int64_t> requests_sent;
  std::vector<std::int64_t> requests_ok;
  std::vector<std::int64_t> requests_error;
  std::vector<std::int64_t> requests_timeout;
  std::vector<std::int64_t> requests_retried;
  std::vector<std::int64_t> requests_unfinished;
  std::vector<std::int64_t> ended_ok;
  std::vector<std::int64_t> ended_error;
  std::vector<std::int64_t> ended_timeout;
  std::vector<std::int64_t> in_flight_start;
  std::vector<std::int64_t> in_flight_end;
  std::vector<std::int64_t> bytes_sent;      ///< By
  std::vector<std::int64_t> bytes_received;  ///< By
  std::vector<double> goodput;               ///< bit/s
  std::vector<std::int64_t> connections;
  std::vector<std::int64_t> connects_failed;
  std::vector<std::int64_t> connects_unfinished;
  std::vector<double> rules_per_connection;
  MetricState latency;  ///< s
  MetricState connect;  ///< s
  // (run, workload, quantile)
  std::vector<double> latency_quantile;             ///< s
  std::vector<double> connect_quantile;             ///< s
  std::vector<std::int8_t> latency_quantile_bound;  ///< QuantileBound.
  std::vector<std::int8_t> connect_quantile_bound;  ///< QuantileBound.
};

/// (run, service); only Services that a workload or an app reaches.
struct ServiceResults {
  std::vector<std::int64_t> requests;
  std::vector<std::int64_t> errors;
  std::vector<std::int64_t> connections;
  MetricState latency;  ///< s
};

/// (run, endpoint); endpoints of those Services.
struct EndpointResults {
  std::vector<std::string> workload;   ///< (endpoint)
  std::vector<std::string> node;       ///< (endpoint); may be empty.
  std::vector<std::int64_t> attempts;  ///< (run, endpoint)
  std::vector<double> share;           ///< (run, endpoint)
};

/// (run, node)
struct CpuResults {
  std::vector<std::int64_t> cores;
  std::vector<double> utilisation;
  std::vector<double> softirq_share;
  std::vector<double> busiest_core;
  std::vector<double> throttled_time;  ///< s
};

/// (run, reason)
struct DropResults {
  std::vector<std::int64_t> packets;
};

/// (run, link); a link is one direction.
struct LinkResults {
  std::vector<double> rate;         ///< bit/s
  std::vector<std::int64_t> bytes;  ///< By
  std::vector<std::int64_t> packets;
  std::vector<double> utilisation;
  std::vector<std::int64_t> queue_max;  ///< By
  std::vector<std::int64_t> drops;
};

/// (run, workload, step): sums over all requests.
struct WalkResults {
  std::vector<std::int64_t> requests;  ///< (run, workload)
  std::vector<double> service_time;    ///< s
  std::vector<double> wait_time;       ///< s
};

/// Means over the requests around a percentile.
struct SplitResults {
  std::vector<std::int64_t> requests;  ///< (run, workload, band)
  std::vector<double> latency;         ///< (run, workload, band), s
  std::vector<double> service_time;    ///< (run, workload, band, step), s
  std::vector<double> wait_time;       ///< (run, workload, band, step), s
};

/// Histograms of all (run, workload) cells end to end, used buckets only: CF's contiguous ragged array.
struct HistogramResults {
  std::vector<std::int64_t> row_size;      ///< (run, workload): how many of the buckets below are this cell's.
  std::vector<std::int64_t> bucket_lower;  ///< (bucket), ps, inclusive
  std::vector<std::int64_t> bucket_upper;  ///< (bucket), ps, exclusive
  std::vector<std::int64_t> count;         ///< (bucket)
};

/// (run, workload, sim_time)
struct SeriesResults {
  std::vector<std::int64_t> sim_time;  ///< (sim_time), ps: where each interval starts.
  std::int64_t interval = 0;           ///< ps
  std::vector<std::int64_t> completed;
  std::vector<std::int64_t> errors;
  std::vector<double> latency_p50;  ///< s
  std::vector<double> latency_p99;  ///< s
  std::vector<std::int64_t> in_flight;
};

/// A sample of whole requests with every visit of their walk, as a contiguous ragged array.
struct SpanResults {
  std::vector<std::int64_t> run_index;  ///< (request): position along the run axis.
  std::vector<std::string> workload;    ///< (request)
  std::vector<std::int64_t> start;      ///< (request), ps
  std::vector<std::int64_t> latency;    ///< (request), ps
  std::vector<std::int64_t> row_size;   ///< (request): visits
  std::vector<std::string> step;        ///< (visit)
  std::vector<std::string> place;       ///< (visit)
  std::vector<std::int64_t> at;         ///< (visit), ps
  std::vector<std::int64_t> wait;       ///< (visit), ps
  std::vector<std::int64_t> service;    ///< (visit), ps
};

struct ExperimentResults {
  Provenance provenance;

  // Axes.
  std::vector<std::string> variant;     ///< (run): the first run's variant is the base of comparisons.
  std::vector<std::int64_t> replicate;  ///< (run), from 0; equal ones of two variants drew the same random numbers.
  std::vector<std::string> workloads;
  std::vector<double> quantiles;       ///< In (0, 1), ascending.
  std::vector<std::string> services;   ///< "namespace/name"
  std::vector<std::string> endpoints;  ///< "namespace/pod:port"
  std::vector<std::string> nodes;
  std::vector<std::string> reasons;  ///< Why packets are dropped.
  std::vector<std::string> links;    ///< "from>to"
  std::vector<std::string> steps;    ///< Kinds of steps: "conntrack", "rules" ...
  std::vector<std::string> bands;    ///< "p50", "p99", "p99.9"

  SummaryResults summary;
  ServiceResults service;
  EndpointResults endpoint;
  CpuResults cpu;
  DropResults drops;
  LinkResults link;
  WalkResults walk;
  SplitResults split;
  HistogramResults latency_histogram;
  HistogramResults connect_histogram;
  HistogramResults unfinished_histogram;
  HistogramResults connecting_histogram;
  SeriesResults series;
  SpanResults spans;

  std::size_t runs() const { return variant.size(); }
};

}  // namespace knetsim
