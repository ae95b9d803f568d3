#pragma once

#include <cstdint>
#include <vector>

#include "analysis/results/zone_columns.h"
#include "sim/output/column_info.h"

namespace knetsim {

/// What came of each call, whole (run, call) and by equal parts of the measured window: what comparisons and objectives
/// are worked out from. A call is a workload's own, under the workload's name, or one that an app makes of another,
/// "frontend > cart".
struct CallResults {
  std::vector<std::int64_t> service_index;
  std::vector<std::int8_t> exposure;
  std::vector<std::int64_t> requests;
  std::vector<std::int64_t> ok;
  std::vector<std::int64_t> errors;
  std::vector<std::int64_t> timeouts;
  std::vector<std::int64_t> unfinished;
  std::vector<std::int64_t> ended_ok;
  std::vector<std::int64_t> connections;
  std::vector<std::int64_t> connects_failed;
  std::vector<double> rules_evaluated;
  std::vector<std::int64_t> same_zone_answers;
  std::vector<std::int64_t> same_zone_bytes;
  std::vector<std::int64_t> cross_zone_answers;
  std::vector<std::int64_t> cross_zone_bytes;
  std::vector<std::int64_t> part_requests;
  std::vector<std::int64_t> part_ended_ok;
  std::vector<std::int64_t> part_latency_n;
  std::vector<std::int64_t> part_latency_sum;
  std::vector<std::int64_t> part_latency_log_sum;
  std::vector<std::int64_t> part_connect_n;
  std::vector<std::int64_t> part_connect_sum;
  std::vector<std::int64_t> part_connect_log_sum;
};

inline constexpr double kNanosecond = 1e-9;

template <TableOf<CallResults> Table, class Columns>
void describe(Table& t, Columns& c) {
  c.along("run call");
  c.column("service_index", t.service_index,
           {.meaning = "position, along the axis service of /service, of what was asked for; -1 where the run has no "
                       "such call"});
  c.column("exposure", t.exposure,
           {.unit = "1",
            .meaning = "by which kind of address",
            .flags = "podIP clusterIP nodePort hostPort loopback externalIP"});
  c.column("requests", t.requests, {.unit = "1", .meaning = "requests that began in the window"});
  c.column("ok", t.ok, {.unit = "1", .meaning = "of those, ended well"});
  c.column("errors", t.errors, {.unit = "1", .meaning = "of those, refused, reset or answered with an error"});
  c.column("timeouts", t.timeouts, {.unit = "1", .meaning = "of those, given up after their timeout"});
  c.column("unfinished", t.unfinished, {.unit = "1", .meaning = "of those, still in flight when the run ended"});
  c.column("ended_ok", t.ended_ok, {.unit = "1", .meaning = "requests that ended well in the window"});
  c.column("connections", t.connections, {.unit = "1", .meaning = "connections opened, refused ones too"});
  c.column("connects_failed", t.connects_failed, {.unit = "1", .meaning = "connect()s that were refused or given up"});
  c.column("rules_evaluated", t.rules_evaluated,
           {.unit = "1", .meaning = "netfilter rules that the packets which opened those connections met, sum"});
  describe_zones(t, c);
  c.along("run call part");
  c.column("part_requests", t.part_requests, {.unit = "1", .meaning = "requests that began in the part"});
  c.column("part_ended_ok", t.part_ended_ok,
           {.unit = "1", .meaning = "requests that ended well in it, whenever they began"});
  c.column("part_latency_n", t.part_latency_n,
           {.unit = "1", .meaning = "latency of those that began in it and ended well: observations"});
  c.column("part_latency_sum", t.part_latency_sum,
           {.unit = "s", .meaning = "latency of those that began in it and ended well: sum", .scale = kNanosecond});
  c.column("part_latency_log_sum", t.part_latency_log_sum,
           {.unit = "1",
            .meaning = "latency of those that began in it and ended well: sum of 1,024 times the binary logarithm of "
                       "nanoseconds, about (numbers of histogram buckets)"});
  c.column("part_connect_n", t.part_connect_n,
           {.unit = "1", .meaning = "connect() of the connections opened for them: observations"});
  c.column("part_connect_sum", t.part_connect_sum,
           {.unit = "s", .meaning = "connect() of the connections opened for them: sum", .scale = kNanosecond});
  c.column("part_connect_log_sum", t.part_connect_log_sum,
           {.unit = "1",
            .meaning = "connect() of the connections opened for them: sum of 1,024 times the binary logarithm of "
                       "nanoseconds, about"});
}

}  // namespace knetsim
