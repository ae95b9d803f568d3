#pragma once

#include "models/cluster/manifests.h"
#include "sim/input/diagnostics.h"

namespace knetsim {

struct BuiltEndpoints {
  EndpointTable table;
  StatedHints stated_hints;
};

/// Endpoints of every Service port: from its EndpointSlices where some were read; else from its Endpoints object; else,
/// as the EndpointSlice controller would make them, from the pods that its selector matches. Each source is used alone,
/// so that an address that stands in all three counts once. Slices are kept apart by address family. Notices: a Service
/// that selects no pod, a target port that no selected pod has.
/// @param terminating_serve  Whether kube-proxy sends to endpoints that terminate and still serve (KEP-1669).
/// Pods that are made later in a run are none.
/// @pre Pods have nodes and addresses.
/// @source k/k staging/src/k8s.io/endpointslice/utils.go (podToEndpoint) and pkg/proxy/endpointslicecache.go.
BuiltEndpoints build_endpoints(const Manifests& manifests, const Cluster& cluster, bool terminating_serve,
                               Diagnostics& diagnostics);

/// Endpoints as they would be were all pods of a run there and ready: those of a Service with a selector from its pods.
EndpointTable possible_endpoints(const Manifests& manifests, const Cluster& cluster);

}  // namespace knetsim
