#pragma once

#include <string>

#include "app/scenario/scenario.h"

namespace knetsim {

/// The objects that `cluster.ingress` puts beside the manifests' own, as YAML: an IngressClass that is the default, a GatewayClass, the
/// controller's pods (two a cluster, or one a node), and the Service in front of them.
/// @source the controllers' own charts: namespaces, labels and names as an installation by them has.
std::string ingress_objects(const IngressSettings& settings);

}  // namespace knetsim
