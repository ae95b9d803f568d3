#pragma once

namespace knetsim {

/// Columns of what crosses zones: of a workload's own requests in /summary, of every call in /calls.
template <class Table, class Columns>
void describe_zones(Table& t, Columns& c) {
  c.column("same_zone_answers", t.same_zone_answers,
           {.unit = "1",
            .meaning = "answers begun by pods such that the client, the node that it asked and the pod's are in one "
                       "zone, or those of them that are in any; 0 where the pod's node is in none, or both others, or "
                       "there is one zone"});
  c.column("same_zone_bytes", t.same_zone_bytes,
           {.unit = "By", .meaning = "payload sent to such pods, answered or not, and of their answers"});
  c.column("cross_zone_answers", t.cross_zone_answers,
           {.unit = "1", .meaning = "answers begun by pods such that these are in several zones"});
  c.column("cross_zone_bytes", t.cross_zone_bytes,
           {.unit = "By", .meaning = "payload sent to and answered by those, once however often it crosses"});
}

}  // namespace knetsim
