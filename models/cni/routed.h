#pragma once

#include "models/cni/cni_model.h"

namespace knetsim {

/// Each pod behind a veth of its own with a host route to it, no bridge; other nodes' pods by plain routes. Calico with
/// BGP, Cilium with native routing through the host's stack, the clouds' own pod networks.
CniInfo routed_info();

}  // namespace knetsim
