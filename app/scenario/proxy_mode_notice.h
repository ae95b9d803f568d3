#pragma once

#include <span>
#include <string>

#include "models/cluster/bind.h"
#include "sim/input/diagnostics.h"

namespace knetsim {

/// A notice where the manifests hold kube-proxy's configuration with a mode that is not simulated: that of the cluster
/// they describe is then not among the answers.
/// @param simulated  Modes of the variants; at least one.
void tell_other_proxy_mode(const ClusterSummary& summary, std::span<const std::string> simulated,
                           Diagnostics& diagnostics);

}  // namespace knetsim
