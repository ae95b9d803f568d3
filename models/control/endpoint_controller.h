#pragma once

#include <cstdint>
#include <vector>

#include "models/cluster/cluster.h"
#include "models/cluster/pod_states.h"

namespace knetsim {

/// Endpoints of a Service port as pods are at the moment: a pod is one while it is ready; one that terminates and still
/// serves is one too, to which proxies fall back (from Kubernetes 1.26 on).
/// @source k/k staging/src/k8s.io/endpointslice/utils.go, podToEndpoint; pkg/proxy/endpointslicecache.go.
std::vector<Endpoint> endpoints_now(const Cluster& cluster, const PodStates& states, ServicePortIndex port,
                                    IpFamily family, bool terminating_serve);

/// Makes EndpointSlices of what pods are at the moment, of Services that select pods: those of a Service without a
/// selector are somebody else's and stay as they stand. Hints are set anew, zones having the CPU that they began with;
/// hints of slices that others manage stay with their endpoints. Services whose pods did not change keep what they had,
/// be it from slices of the manifests.
/// @source k/k pkg/controller/endpointslice/endpointslice_controller.go, syncService.
class EndpointController {
 public:
  /// The references outlive it. @pre The cluster has its possible endpoints.
  EndpointController(const Cluster& cluster, const PodStates& states, EndpointViews& views, bool terminating_serve);

  /// Something of the pod has changed that an endpoint's conditions follow from.
  void changed(PodIndex pod);
  bool has_changes() const { return !changed_.empty(); }
  /// Publishes a version with all that has changed since the last. @return  Its number.
  std::uint64_t publish(Time now);

 private:
  std::vector<EndpointHints> hints_of(ServicePortIndex port, const std::vector<Endpoint>& endpoints) const;

  const Cluster& cluster_;
  const PodStates& states_;
  EndpointViews& views_;
  HintSetter hints_;
  bool terminating_serve_;
  std::vector<std::vector<ServicePortIndex>> ports_of_pod_;  // shape (pods, *)
  std::vector<ServicePortIndex> changed_;
};

}  // namespace knetsim
