#pragma once

#include <cstdint>
#include <vector>

#include "sim/output/column_info.h"

namespace knetsim {

/// Where the time of all requests went.
struct WalkResults {
  std::vector<std::int64_t> requests;
  std::vector<double> service_time;
  std::vector<double> wait_time;
  std::vector<double> connect_service_time;
  std::vector<double> connect_wait_time;
};

template <TableOf<WalkResults> Table, class Columns>
void describe(Table& t, Columns& c) {
  c.along("run workload");
  c.column("requests", t.requests, {.unit = "1", .meaning = "requests whose time this is"});
  c.along("run workload step");
  c.column("service_time", t.service_time,
           {.unit = "s", .meaning = "time spent in such steps, summed over all requests"});
  c.column("wait_time", t.wait_time, {.unit = "s", .meaning = "time waited for such steps, summed over all requests"});
  c.column("connect_service_time", t.connect_service_time,
           {.unit = "s",
            .meaning = "time of connect() spent in such steps, summed over the connections that requests opened at "
                       "their first attempt"});
  c.column("connect_wait_time", t.connect_wait_time,
           {.unit = "s", .meaning = "time of connect() waited for such steps, likewise"});
}

}  // namespace knetsim
