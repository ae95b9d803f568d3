#pragma once

#include "models/cni/cni_model.h"

namespace knetsim {

/// Bytes that IP in IP adds: a header without options. @source RFC 2003, section 3.1.
inline constexpr std::uint32_t kIpipHeaderBytes = 20;

/// Calico with its iptables data plane: each pod behind a veth with a host route to it; between nodes IP in IP, VXLAN
/// (UDP 4789, exempt from conntrack), or the fabric's own routes.
CniInfo calico_info();

}  // namespace knetsim
