#pragma once

#include "models/cluster/cluster.h"
#include "models/proxy/endpoint_categories.h"

namespace knetsim {

/// What decides which endpoints of a Service's port a node keeps.
inline ServicePolicies policies_of(const Service& service, const ServicePort& port) {
  return {.internal_local = service.internal_traffic_local,
          .external_local = service.external_traffic_local,
          .externally_accessible = port.node_port != 0 || has_addresses(service, IpFamily::V4)};
}

}  // namespace knetsim
