#pragma once

#include <cstdint>
#include <vector>

#include "sim/output/column_info.h"
#include "sim/output/metric_state.h"

namespace knetsim {

/// Calls by Service; only those that a workload or an app reaches.
struct ServiceResults {
  std::vector<std::int64_t> requests;
  std::vector<std::int64_t> errors;
  std::vector<std::int64_t> connections;
  MetricState latency;
};

template <TableOf<ServiceResults> Table, class Columns>
void describe(Table& t, Columns& c) {
  c.along("run service exposure");
  c.column(
      "requests", t.requests,
      {.unit = "1", .meaning = "requests and calls of it in the measured window; one that is tried again counts once"});
  c.column("errors", t.errors, {.unit = "1", .meaning = "of those, failed or given up"});
  c.column("connections", t.connections, {.unit = "1", .meaning = "connections opened, refused ones too"});
  c.metric("latency", t.latency, "latency of calls to it");
}

}  // namespace knetsim
