#pragma once

#include <cstdint>
#include <vector>

#include "models/cluster/cluster.h"
#include "models/cluster/pod_states.h"

namespace knetsim {

/// Makes EndpointSlices of what pods are at the moment: a pod is an endpoint of the Services that select it while it is
/// ready; one that terminates and still serves is one too, to which proxies fall back (from Kubernetes 1.26 on). Their
/// hints are set anew; zones have the CPU that they began with. Services whose pods did not change keep what they had,
/// be it from slices of the manifests.
/// @source k/k staging/src/k8s.io/endpointslice/utils.go, podToEndpoint; pkg/proxy/endpointslicecache.go.
class EndpointController {
 public:
  /// The references outlive it. @pre The cluster has its possible endpoints.
  EndpointController(const Cluster& cluster, const PodStates& states, EndpointViews& views, bool terminating_serve);

  /// Something of the pod has changed that an endpoint's conditions follow from.
  void changed(PodIndex pod);
  bool has_changes() const { return !changed_.empty(); }
  /// Publishes a version with all that has changed since the last. @return  Its number.
  std::uint64_t publish();

 private:
  std::vector<Endpoint> endpoints_of(ServicePortIndex port, IpFamily family) const;

  const Cluster& cluster_;
  const PodStates& states_;
  EndpointViews& views_;
  HintSetter hints_;
  bool terminating_serve_;
  std::vector<std::vector<ServicePortIndex>> ports_of_pod_;  // shape (pods, *)
  std::vector<ServicePortIndex> changed_;
};

}  // namespace knetsim
