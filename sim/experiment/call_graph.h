#pragma once

#include <vector>

#include "models/service/dialer.h"
#include "models/workload/spec.h"
#include "sim/experiment/scenario.h"
#include "sim/input/diagnostics.h"

namespace knetsim {

/// Who calls whom, with every name looked up in the cluster.
struct CallGraph {
  TrafficPlan traffic;
  std::vector<EdgeTarget> targets;  ///< shape (traffic.edges,)
};

/// Turns a scenario's apps and workloads into edges. An app serves the pods of the workload (Deployment, StatefulSet
/// ...) of its name; a call goes to the Service of that name in the caller's namespace. Names that lead nowhere,
/// selectors without pods, Services without endpoints and call graphs with cycles go to `diagnostics`; the result is
/// usable only without errors.
CallGraph build_call_graph(const Scenario& scenario, const Cluster& cluster, Diagnostics& diagnostics);

}  // namespace knetsim
