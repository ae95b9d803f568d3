#pragma once

#include "app/scenario/bound_variant.h"

namespace knetsim {

/// Calls visit(edge, clients, at) for each call that a variant's workloads and apps make: who makes it, and where the scenario
/// says so. Look-ups of names are calls of these calls' scripts.
template <class Visit>
void visit_calls(const BoundVariant& variant, const Visit& visit) {
  const Node root = variant.scenario.root;
  for (const TrafficSpec& source : variant.traffic.sources) {
    visit(source.edge, source.clients, root["workloads"][source.name]["to"]);
  }
  const std::vector<std::vector<PodIndex>> pods_of = pods_of_apps(variant.traffic);
  for (AppIndex app = 0; app < pods_of.size(); ++app) {
    for (const AppStep& step : variant.traffic.apps[app].steps) {
      for (const EdgeIndex edge : step.calls) visit(edge, pods_of[app], root["apps"]);
    }
  }
}

}  // namespace knetsim
