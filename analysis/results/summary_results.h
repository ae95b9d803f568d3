#pragma once

#include <cstdint>
#include <vector>

#include "analysis/results/zone_columns.h"
#include "sim/output/column_info.h"
#include "sim/output/metric_state.h"

namespace knetsim {

/// What a quantile's figure is: itself, or less than it, where requests decide it that had not ended.
enum class QuantileBound : std::int8_t { kExact = 0, kAtLeast = 1 };

enum class RunStatus : std::int8_t { kOk = 0, kStopped = 1, kFailed = 2 };

/// One row for each run and workload.
struct SummaryResults {
  std::vector<std::uint64_t> seed;
  std::vector<std::int8_t> status;
  std::vector<std::string> error;
  std::vector<std::int64_t> events;
  std::vector<std::int64_t> completed;
  std::vector<double> sim_time;
  std::vector<double> measured_time;
  std::vector<double> drained_time;
  std::vector<double> busiest_core;
  std::vector<double> programming_p50;
  std::vector<double> programming_p99;
  std::vector<double> programming_max;
  std::vector<double> programming_cpu;
  std::vector<double> wall_s;
  std::vector<std::int8_t> unstable;
  std::vector<double> offered_rate;
  std::vector<double> achieved_rate;
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
  std::vector<std::int64_t> bytes_sent;
  std::vector<std::int64_t> bytes_received;
  std::vector<double> goodput;
  std::vector<std::int64_t> connections;
  std::vector<std::int64_t> connects_failed;
  std::vector<std::int64_t> connects_unfinished;
  std::vector<std::int64_t> choices_stale;
  std::vector<std::int64_t> same_zone_answers;
  std::vector<std::int64_t> same_zone_bytes;
  std::vector<std::int64_t> cross_zone_answers;
  std::vector<std::int64_t> cross_zone_bytes;
  std::vector<std::int64_t> servers;
  std::vector<std::int64_t> servers_unused;
  std::vector<double> busiest_server_share;
  std::vector<std::int64_t> failed_refused;
  std::vector<std::int64_t> failed_unreachable;
  std::vector<std::int64_t> failed_reset;
  std::vector<std::int64_t> failed_call;
  std::vector<std::int64_t> failed_local_ports;
  std::vector<double> rules_per_connection;
  MetricState latency;
  MetricState connect;
  std::vector<double> latency_quantile;
  std::vector<double> connect_quantile;
  std::vector<std::int8_t> latency_quantile_bound;
  std::vector<std::int8_t> connect_quantile_bound;
};

template <TableOf<SummaryResults> Table, class Columns>
void describe(Table& t, Columns& c) {
  c.along("run");
  c.column("seed", t.seed, {.unit = "1", .meaning = "seed of the run's random streams"});
  c.column("status", t.status, {.unit = "1", .meaning = "how the run ended", .flags = "ok stopped failed"});
  c.column("error", t.error, {.meaning = "why it failed; empty where it did not"});
  c.column("events", t.events, {.unit = "1", .meaning = "events simulated"});
  c.column("completed", t.completed,
           {.unit = "1", .meaning = "requests and calls that ended, those of the warm-up included"});
  c.column("sim_time", t.sim_time,
           {.unit = "s", .meaning = "simulated time up to the end of the window, warm-up included"});
  c.column("measured_time", t.measured_time,
           {.unit = "s", .meaning = "length of the window that the figures describe"});
  c.column("drained_time", t.drained_time,
           {.unit = "s", .meaning = "simulated beyond the window, for the requests that began in it"});
  c.column("busiest_core", t.busiest_core,
           {.unit = "1", .meaning = "utilisation of the busiest core of all nodes in the window"});
  c.column(
      "programming_p50", t.programming_p50,
      {.unit = "s",
       .meaning = "from a change of endpoints until the rules of a node have it, over changes and nodes: the median"});
  c.column("programming_p99", t.programming_p99, {.unit = "s", .meaning = "its 99th percentile"});
  c.column("programming_max", t.programming_max, {.unit = "s", .meaning = "its maximum"});
  c.column("programming_cpu", t.programming_cpu,
           {.unit = "s", .meaning = "CPU time of kube-proxies' syncs, all nodes, warm-up and drain included"});
  c.column("wall_s", t.wall_s, {.unit = "s", .meaning = "wall-clock time of the run", .when = kNotDeterministic});
  c.along("run workload");
  c.column(
      "unstable", t.unstable,
      {.unit = "1", .meaning = "whether what waits in queues grew through the window", .flags = "stable unstable"});
  c.column("offered_rate", t.offered_rate, {.unit = "1/s", .meaning = "requests that began in the window, per second"});
  c.column("achieved_rate", t.achieved_rate,
           {.unit = "1/s", .meaning = "requests that ended well in the window, per second"});
  c.column("requests_sent", t.requests_sent, {.unit = "1", .meaning = "requests started in the window"});
  c.column("requests_ok", t.requests_ok, {.unit = "1", .meaning = "of those, ended well"});
  c.column("requests_error", t.requests_error,
           {.unit = "1", .meaning = "of those, refused, reset or answered with an error"});
  c.column("requests_timeout", t.requests_timeout, {.unit = "1", .meaning = "of those, given up after their timeout"});
  c.column("requests_retried", t.requests_retried,
           {.unit = "1", .meaning = "retries sent (a request may have several)"});
  c.column("requests_unfinished", t.requests_unfinished,
           {.unit = "1", .meaning = "of those, still in flight when the run ended"});
  c.column("ended_ok", t.ended_ok,
           {.unit = "1", .meaning = "requests that ended well in the window, whenever they began"});
  c.column("ended_error", t.ended_error, {.unit = "1", .meaning = "requests that ended in it with an error"});
  c.column("ended_timeout", t.ended_timeout, {.unit = "1", .meaning = "requests that were given up in it"});
  c.column("in_flight_start", t.in_flight_start,
           {.unit = "1", .meaning = "attempts in flight when the window opened, given-up ones included"});
  c.column("in_flight_end", t.in_flight_end, {.unit = "1", .meaning = "attempts in flight when it closed"});
  c.column("bytes_sent", t.bytes_sent, {.unit = "By", .meaning = "request bytes that applications sent"});
  c.column("bytes_received", t.bytes_received, {.unit = "By", .meaning = "response bytes that applications received"});
  c.column("goodput", t.goodput,
           {.unit = "bit/s",
            .meaning = "application bytes, both directions, of requests that ended well in the window, per second"});
  c.column("connections", t.connections, {.unit = "1", .meaning = "connections opened, refused ones too"});
  c.column("connects_failed", t.connects_failed, {.unit = "1", .meaning = "connect()s that were refused or given up"});
  c.column("connects_unfinished", t.connects_unfinished,
           {.unit = "1", .meaning = "connect()s that had not returned when the run ended"});
  c.column("choices_stale", t.choices_stale,
           {.unit = "1", .meaning = "connections sent to what was no endpoint any more, as the API server had it"});
  describe_zones(t, c);
  c.column("servers", t.servers,
           {.unit = "1",
            .meaning = "pods that the requests may go to at the start of the run, and others that took some up"});
  c.column("servers_unused", t.servers_unused, {.unit = "1", .meaning = "of those, took up none"});
  c.column("busiest_server_share", t.busiest_server_share,
           {.unit = "1",
            .meaning = "part of the attempts at these requests that were taken up which the busiest of those pods took "
                       "up"});
  c.column(
      "failed_refused", t.failed_refused,
      {.unit = "1", .meaning = "requests in error because connect() was refused: no endpoint, or nobody listened"});
  c.column("failed_unreachable", t.failed_unreachable,
           {.unit = "1", .meaning = "because connect() gave up or found no such host, or packets were lost for good"});
  c.column("failed_reset", t.failed_reset,
           {.unit = "1", .meaning = "because the server's process ended under the connection"});
  c.column("failed_local_ports", t.failed_local_ports,
           {.unit = "1", .meaning = "because the client's address had no local port left (/limits)"});
  c.column("failed_call", t.failed_call, {.unit = "1", .meaning = "because a call that was made for them failed"});
  c.column("rules_per_connection", t.rules_per_connection,
           {.unit = "1", .meaning = "netfilter rules evaluated for a new connection, mean"});
  c.metric("latency", t.latency, "latency of requests that ended well");
  c.metric("connect", t.connect, "time to connect");
  c.along("run workload quantile");
  c.column(
      "latency_quantile", t.latency_quantile,
      {.unit = "s",
       .meaning = "quantile of the latency of requests that ended well or, where the bound says so, less than it"});
  c.column("connect_quantile", t.connect_quantile,
           {.unit = "s", .meaning = "quantile of the time to connect; likewise"});
  c.column("latency_quantile_bound", t.latency_quantile_bound,
           {.unit = "1",
            .meaning = "whether requests that had not ended decide the quantile of latency",
            .flags = "exact at-least"});
  c.column("connect_quantile_bound", t.connect_quantile_bound,
           {.unit = "1",
            .meaning = "whether connect()s that had not returned decide the quantile of the time to connect",
            .flags = "exact at-least"});
}

}  // namespace knetsim
