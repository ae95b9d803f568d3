#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/output/column_info.h"

namespace knetsim {

/// Limits of kernels that connections met: a row for each run, call and kind of limit.
struct LimitResults {
  std::vector<std::int64_t> run_index;
  std::vector<std::string> call;
  std::vector<std::int8_t> kind;
  std::vector<std::string> whose;
  std::vector<std::string> towards;
  std::vector<std::int64_t> room;
  std::vector<std::int64_t> after_close;
  std::vector<std::int64_t> connections;
  std::vector<std::int64_t> since;
};

template <TableOf<LimitResults> Table, class Columns>
void describe(Table& t, Columns& c) {
  c.along("limit");
  c.column("run_index", t.run_index,
           {.meaning = "the run's position along the run axis of the other groups", .merge = Merge::PositionOfRun});
  c.column("call", t.call, {.meaning = "whose connections they were, as the axis call has it"});
  c.column(
      "kind", t.kind,
      {.unit = "1",
       .meaning =
           "what there was none left of: local ports of the client's address (connect() fails), ports of a "
           "masquerading node or a NAT, entries of a node's conntrack, ports of a NAT gateway, a node's own or all "
           "that it has, places of a server's accept queue (SYNs are dropped; those of the last are sent again)",
       .flags = "local-ports nat-ports conntrack gateway-ports accept-queue"});
  c.column("whose", t.whose, {.meaning = "the client, node, NAT or server at which it came about first"});
  c.column("towards", t.towards, {.meaning = "what was asked for; empty for conntrack"});
  c.column("room", t.room, {.unit = "1", .meaning = "how many there are, of one address, node and destination"});
  c.column("after_close", t.after_close,
           {.unit = "s", .meaning = "how long one stays taken after its connection", .scale = kPicosecond});
  c.column("connections", t.connections,
           {.unit = "1", .meaning = "connections that found none, those of the warm-up included"});
  c.column("since", t.since, {.unit = "s", .meaning = "simulated time of the first of them", .scale = kPicosecond});
}

}  // namespace knetsim
