#pragma once

#include <cstdint>
#include <vector>

#include "sim/output/column_info.h"

namespace knetsim {

/// Figures by interval of the measured window.
struct SeriesResults {
  std::vector<std::int64_t> sim_time;  ///< The axis: where each interval starts, ps.
  std::int64_t interval = 0;
  std::vector<std::int64_t> completed;
  std::vector<std::int64_t> errors;
  std::vector<double> latency_p50;
  std::vector<double> latency_p99;
  std::vector<std::int64_t> in_flight;
};

template <TableOf<SeriesResults> Table, class Columns>
void describe(Table& t, Columns& c) {
  c.along("");
  c.column("interval", t.interval, {.unit = "s", .meaning = "length of an interval", .scale = kPicosecond});
  c.along("run workload sim_time");
  c.column("completed", t.completed, {.unit = "1", .meaning = "requests that ended well in the interval"});
  c.column("errors", t.errors, {.unit = "1", .meaning = "requests that failed or timed out in it"});
  c.column("latency_p50", t.latency_p50, {.unit = "s", .meaning = "median latency of those that ended in it"});
  c.column("latency_p99", t.latency_p99, {.unit = "s", .meaning = "99th percentile of their latency"});
  c.column("in_flight", t.in_flight, {.unit = "1", .meaning = "requests in flight at its end"});
}

}  // namespace knetsim
