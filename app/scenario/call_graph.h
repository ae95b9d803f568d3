#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "app/scenario/scenario.h"
#include "models/cluster/cluster.h"
#include "models/cost/application_cost.h"
#include "models/service/edge_target.h"
#include "models/workload/spec.h"

namespace knetsim {

/// A scenario's apps and workloads with every name looked up.
struct CallGraph {
  TrafficPlan traffic;
  std::vector<EdgeTarget> targets;             ///< shape (edges,)
  std::map<std::string, std::uint32_t> names;  ///< How often an edge's name was taken.

  EdgeIndex add_edge(EdgeSpec edge, EdgeTarget target);
  /// The name, with a number where it is taken.
  std::string unique_name(std::string name);
};

/// Looks up what a scenario's traffic names. Errors, with their places: a selector or name that matches nothing, an app
/// without pods, a Service without the port that is asked for, a node port or host port that is
/// not there, apps that call each other in a circle.
///
/// A Service without endpoints refuses its connections, with a notice, as it does in a cluster.
///
/// With the proxy mode "none", and for headless Services, clients address the endpoints themselves.
///
/// What is asked by URL goes to the controller of its Ingress, which calls the Service behind it.
/// @param costs  Of TLS and proxies, which become steps of scripts and apps.
CallGraph build_call_graph(const Scenario& scenario, const Cluster& cluster, const ApplicationCosts& costs,
                           Diagnostics& diagnostics);

}  // namespace knetsim
