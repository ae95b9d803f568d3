#pragma once

#include "models/cni/cni_model.h"

namespace knetsim {

/// Bytes that VXLAN over IPv4 adds: outer IP 20, UDP 8, VXLAN 8, inner Ethernet 14. @source RFC 7348, section 5.
inline constexpr std::uint32_t kVxlanHeaderBytes = 20 + 8 + 8 + 14;

/// flannel: the bridge plugin on the node, and between nodes VXLAN (UDP 8472, its source port a hash of the inner flow)
/// or host routes.
CniInfo flannel_info();

}  // namespace knetsim
