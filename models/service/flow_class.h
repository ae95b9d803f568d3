#pragma once

#include "models/cluster/cluster.h"
#include "models/service/edge_target.h"
#include "models/service/service_chooser.h"
#include "models/walk/walk.h"

namespace knetsim {

/// The class of the flow that a client's connection to the endpoint chosen for it is. @pre The endpoint is a pod.
FlowClass flow_class(const Cluster& cluster, const EdgeTarget& target, PodIndex client, const Candidates& candidates,
                     const Chosen& chosen);

}  // namespace knetsim
