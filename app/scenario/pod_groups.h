#pragma once

#include <vector>

#include "app/scenario/bound_variant.h"
#include "sim/net/cpu.h"

namespace knetsim {

/// Control groups of a cluster's pods, as the kubelet makes them.
struct PodGroups {
  struct Beside {
    PodIndex pod = kNoIndex;
    AppIndex app = kNoIndex;
    GroupIndex group = 0;
  };
  std::vector<GroupIndex> main;  ///< Of the container that runs a pod's app and its clients' threads, shape (pods,)
  std::vector<Beside> beside;    ///< Of containers with an app of their own.
  std::vector<GroupIndex> with_threads;  ///< All of these.
};

/// Nodes with their cores, and in them a group for each pod.
///
/// A container has the quota of its own limit and weighs as its request; a pod weighs as its containers together and
/// has a quota where each of them has a limit, init containers among them (k/k pkg/kubelet/cm/helpers_linux.go,
/// ResourceConfigForPod; pkg/kubelet/kuberuntime/kuberuntime_container_linux.go, calculateLinuxResources). Where one
/// container of a pod works alone, one group stands for both: it competes as the pod and is held as its tighter quota
/// holds it. Where several work, their groups lie within the pod's.
PodGroups add_pod_groups(Cpus& cpus, const BoundVariant& variant);

/// What a pod's main group may have of its node's cores.
struct MainShare {
  double weight = 0;             ///< Against the other pods of the node.
  std::int64_t limit_milli = 0;  ///< The tighter of its container's limit and the pod's; 0: none.
};

/// Shares of all pods, shape (pods,): those that add_pod_groups() gives their main groups.
std::vector<MainShare> main_shares(const BoundVariant& variant);

/// The container that runs a pod's app and sends its clients' requests: the one that the app names; else the first that
/// declares a port at which the pod is reached; else the first that declares a port; else the first.
/// @param reached_at  Ports of the pod that traffic is sent to, in the order of the edges.
std::size_t main_container(const PodSpec& spec, std::string_view named, const std::vector<std::uint16_t>& reached_at);

}  // namespace knetsim
