#pragma once

#include <cstdint>
#include <vector>

#include "sim/output/column_info.h"

namespace knetsim {

/// Traffic of each link; a link is one direction.
struct LinkResults {
  std::vector<double> rate;
  std::vector<std::int64_t> bytes;
  std::vector<std::int64_t> packets;
  std::vector<double> utilisation;
  std::vector<std::int64_t> queue_max;
  std::vector<std::int64_t> drops;
};

template <TableOf<LinkResults> Table, class Columns>
void describe(Table& t, Columns& c) {
  c.along("run link");
  c.column("rate", t.rate, {.unit = "bit/s", .meaning = "its rate"});
  c.column("bytes", t.bytes, {.unit = "By", .meaning = "bytes sent, headers included"});
  c.column("packets", t.packets, {.unit = "1", .meaning = "packets sent"});
  c.column("utilisation", t.utilisation, {.unit = "1", .meaning = "part of the time that it sent"});
  c.column("queue_max", t.queue_max,
           {.unit = "By", .meaning = "most bytes that waited; from the warm-up's end, what stood there then included"});
  c.column("drops", t.drops, {.unit = "1", .meaning = "packets dropped at its queue"});
}

}  // namespace knetsim
