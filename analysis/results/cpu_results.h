#pragma once

#include <cstdint>
#include <vector>

#include "sim/output/column_info.h"

namespace knetsim {

/// CPU of each node.
struct CpuResults {
  std::vector<std::int64_t> cores;
  std::vector<double> utilisation;
  std::vector<double> softirq_share;
  std::vector<double> busiest_core;
  std::vector<double> throttled_time;
};

template <TableOf<CpuResults> Table, class Columns>
void describe(Table& t, Columns& c) {
  c.along("run node");
  c.column("cores", t.cores, {.unit = "1", .meaning = "cores of the node"});
  c.column("utilisation", t.utilisation, {.unit = "1", .meaning = "part of all its cores' time that was busy"});
  c.column("softirq_share", t.softirq_share, {.unit = "1", .meaning = "part of all its cores' time spent in softirq"});
  c.column("busiest_core", t.busiest_core, {.unit = "1", .meaning = "utilisation of its busiest core"});
  c.column("throttled_time", t.throttled_time,
           {.unit = "s", .meaning = "time that its pods stood still for their CPU limits, summed over pods"});
}

}  // namespace knetsim
