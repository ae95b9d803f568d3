#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/output/column_info.h"

namespace knetsim {

/// Connections that network policies denied: a row for each run, call, direction and set of policies.
struct PolicyResults {
  std::vector<std::int64_t> run_index;
  std::vector<std::string> call;
  std::vector<std::int8_t> direction;
  std::vector<std::string> policies;
  std::vector<std::int8_t> fate;
  std::vector<std::string> client;
  std::vector<std::string> server;
  std::vector<std::int64_t> connections;
  std::vector<std::int64_t> since;
};

template <TableOf<PolicyResults> Table, class Columns>
void describe(Table& t, Columns& c) {
  c.along("denial");
  c.column("run_index", t.run_index,
           {.meaning = "the run's position along the run axis of the other groups", .merge = Merge::PositionOfRun});
  c.column("call", t.call, {.meaning = "whose connections they were, as the axis call has it"});
  c.column(
      "direction", t.direction,
      {.unit = "1", .meaning = "which end did not agree: the client's pod or the server's", .flags = "egress ingress"});
  c.column("policies", t.policies,
           {.meaning = "namespace/name of the policies that isolate that end, with commas; none of them allows the "
                       "connections"});
  c.column("fate", t.fate,
           {.unit = "1",
            .meaning = "what became of them: nobody answered, or connect() failed",
            .flags = "dropped refused"});
  c.column("client", t.client, {.meaning = "namespace/name of the first one's client"});
  c.column("server", t.server, {.meaning = "namespace/name of its server, and the port there"});
  c.column("connections", t.connections, {.unit = "1", .meaning = "how many, those of the warm-up included"});
  c.column("since", t.since, {.unit = "s", .meaning = "simulated time of the first of them", .scale = kPicosecond});
}

}  // namespace knetsim
