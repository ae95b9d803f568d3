#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/scenario/scenario.h"
#include "models/cluster/cluster.h"
#include "models/cost/cost_profile.h"
#include "models/service/edge_target.h"
#include "models/workload/spec.h"
#include "sim/net/routing.h"
#include "sim/net/stage_costs.h"
#include "sim/net/topology.h"

namespace knetsim {

/// The cluster's network and the routes over it.
struct Fabric {
  Topology topology;
  Routing routing;
};

struct VariantModels;

/// One variant, bound: what its replicates share and only read.
struct BoundVariant {
  std::string name;
  Scenario scenario;
  std::shared_ptr<const Cluster> cluster;  ///< Shared by variants that differ in neither manifests nor nodes.
  TrafficPlan traffic;
  std::vector<EdgeTarget> targets;  ///< shape (edges,)
  std::shared_ptr<const Fabric> fabric;
  std::shared_ptr<const VariantModels> models;  ///< Of the cluster as it is when a run begins.
  CostProfile profile;
  PlanTables tables;  ///< Of the profile.
};

}  // namespace knetsim
