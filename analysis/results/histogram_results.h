#pragma once

#include <cstdint>
#include <vector>

#include "sim/output/column_info.h"
#include "sim/output/metric_state.h"

namespace knetsim {

/// Histograms of all (run, call) cells end to end, used buckets only: CF's contiguous ragged array.
struct HistogramResults {
  std::vector<std::int64_t> row_size;
  MetricState time;  ///< Of each row: with its buckets all that is known of it.
  std::vector<std::int64_t> bucket_lower;
  std::vector<std::int64_t> bucket_upper;
  std::vector<std::int64_t> count;
};

template <TableOf<HistogramResults> Table, class Columns>
void describe(Table& t, Columns& c) {
  c.along("run call");
  c.column("row_size", t.row_size, {.unit = "1", .meaning = "buckets of this run and call; rows follow one another"});
  c.metric("time", t.time, "times of the row");
  c.along("bucket");
  c.column("bucket_lower", t.bucket_lower,
           {.unit = "s", .meaning = "lower end of the bucket, inclusive", .when = kIfRecorded, .scale = kPicosecond});
  c.column("bucket_upper", t.bucket_upper,
           {.unit = "s", .meaning = "upper end of the bucket, exclusive", .when = kIfRecorded, .scale = kPicosecond});
  c.column("count", t.count, {.unit = "1", .meaning = "observations in it", .when = kIfRecorded});
}

}  // namespace knetsim
