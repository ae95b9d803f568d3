#pragma once

#include "models/cni/cni_model.h"

namespace knetsim {

/// Cilium with native routing: each pod behind a veth whose programs track connections and policies. With the host
/// routing of eBPF, which needs Cilium in kube-proxy's place, they hand packets between pods and the NIC past the node's
/// IP stack; with legacy routing the stack forwards them as those of any routed pod.
CniInfo cilium_info();

}  // namespace knetsim
