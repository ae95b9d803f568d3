#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/output/column_info.h"

namespace knetsim {

/// How attempts spread over the pods that serve.
struct EndpointResults {
  std::vector<std::string> workload;
  std::vector<std::string> node;
  std::vector<std::int64_t> attempts;
  std::vector<double> share;
};

template <TableOf<EndpointResults> Table, class Columns>
void describe(Table& t, Columns& c) {
  c.along("endpoint");
  c.column("workload", t.workload,
           {.meaning = "namespace/name of the Deployment, StatefulSet ... that it belongs to; its own of a lone pod"});
  c.column("node", t.node, {.meaning = "the node of its pod", .when = kIfRecorded});
  c.along("run endpoint");
  c.column("attempts", t.attempts,
           {.unit = "1",
            .meaning = "attempts that it took up, of requests that began in the measured window; each try of a request "
                       "counts, and one that no worker took up does not"});
  c.column("share", t.share, {.unit = "1", .meaning = "part of the attempts of its workload that it took up"});
}

}  // namespace knetsim
