#pragma once

#include <cstdint>
#include <vector>

#include "sim/output/column_info.h"

namespace knetsim {

/// Dropped packets by reason.
struct DropResults {
  std::vector<std::int64_t> packets;
};

template <TableOf<DropResults> Table, class Columns>
void describe(Table& t, Columns& c) {
  c.along("run reason");
  c.column("packets", t.packets, {.unit = "1", .meaning = "packets dropped"});
}

}  // namespace knetsim
