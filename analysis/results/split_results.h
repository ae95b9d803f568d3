#pragma once

#include <cstdint>
#include <vector>

#include "sim/output/column_info.h"

namespace knetsim {

/// Where the time of the requests around a percentile went: means.
struct SplitResults {
  std::vector<std::int64_t> requests;
  std::vector<double> latency;
  std::vector<double> service_time;
  std::vector<double> wait_time;
};

template <TableOf<SplitResults> Table, class Columns>
void describe(Table& t, Columns& c) {
  c.along("run workload band");
  c.column("requests", t.requests, {.unit = "1", .meaning = "requests in the band"});
  c.column("latency", t.latency, {.unit = "s", .meaning = "their latency, mean"});
  c.along("run workload band step");
  c.column("service_time", t.service_time, {.unit = "s", .meaning = "their time in such steps, mean"});
  c.column("wait_time", t.wait_time, {.unit = "s", .meaning = "their wait for such steps, mean"});
}

}  // namespace knetsim
