#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/output/column_info.h"

namespace knetsim {

/// A sample of whole requests with every visit of their walk, as a contiguous ragged array.
struct SpanResults {
  std::vector<std::int64_t> run_index;
  std::vector<std::string> workload;
  std::vector<std::int64_t> start;
  std::vector<std::int64_t> latency;
  std::vector<std::int64_t> row_size;
  std::vector<std::string> step;
  std::vector<std::string> place;
  std::vector<std::int64_t> at;
  std::vector<std::int64_t> wait;
  std::vector<std::int64_t> service;
};

template <TableOf<SpanResults> Table, class Columns>
void describe(Table& t, Columns& c) {
  c.along("request");
  c.column("run_index", t.run_index,
           {.meaning = "its position along the run axis of the other groups", .merge = Merge::PositionOfRun});
  c.column("workload", t.workload, {.meaning = "its workload"});
  c.column("start", t.start, {.unit = "s", .meaning = "simulated time at which it started", .scale = kPicosecond});
  c.column("latency", t.latency, {.unit = "s", .meaning = "its latency", .scale = kPicosecond});
  c.column("row_size", t.row_size, {.unit = "1", .meaning = "its visits; rows follow one another"});
  c.along("visit");
  c.column("step", t.step, {.meaning = "kind of step of a walk"});
  c.column("place", t.place,
           {.meaning = "resource that was visited: node/core, link or pod; empty for a wait of the protocol"});
  c.column("at", t.at, {.unit = "s", .meaning = "simulated time at which the visit began", .scale = kPicosecond});
  c.column("wait", t.wait, {.unit = "s", .meaning = "time that it waited", .scale = kPicosecond});
  c.column("service", t.service, {.unit = "s", .meaning = "time that it was served", .scale = kPicosecond});
}

}  // namespace knetsim
