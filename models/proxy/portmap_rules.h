#pragma once

#include <span>

#include "models/proxy/ruleset.h"

namespace knetsim {

inline constexpr std::uint32_t kPortMapMark = 0x2000;  ///< portmap's markMasqBit 13

/// Adds what the CNI plugin portmap (iptables back end) writes for `containers`, called in this order, to the nat table
/// of `rules`. Its jumps stand behind kube-proxy's in PREROUTING and OUTPUT and before it in POSTROUTING; a later
/// container's entry stands before those of earlier ones. The plugin cuts a SHA-512 for its chain names, this the
/// container's name.
/// @source containernetworking/plugins plugins/meta/portmap/portmap_iptables.go and chain.go.
void add_portmap_rules(Ruleset& rules, std::span<const HostPortSpec> containers);

}  // namespace knetsim
