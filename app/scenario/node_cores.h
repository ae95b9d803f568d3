#pragma once

#include <cstdint>

#include "app/scenario/bound_variant.h"
#include "models/cluster/cluster.h"
#include "sim/input/diagnostics.h"

namespace knetsim {

/// Cores that the machine runs on. They are whole: a node's capacity is the number of its CPUs (k/k
/// pkg/kubelet/cadvisor util.go, CapacityFromMachineInfo), and a fraction of one is what is left for pods (allocatable)
/// of the next whole number. Pods are placed on what is stated.
std::uint32_t cores_of(const ClusterNode& node);

/// A notice where a machine is given a fraction of a core, which no machine has.
void tell_fractional_cores(const BoundVariant& variant, Diagnostics& diagnostics);

}  // namespace knetsim
