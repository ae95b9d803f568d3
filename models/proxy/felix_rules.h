#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/proxy/ruleset.h"

namespace knetsim {

/// What Felix, Calico's agent, is set to.
struct FelixOptions {
  Encapsulation encapsulation = Encapsulation::None;  ///< Of the pool of addresses: IP in IP, VXLAN or none.
  auto operator<=>(const FelixOptions&) const = default;
};

/// The mark of what has been let through: of IptablesMarkMask 0xffff0000 the first bit that Felix hands out.
inline constexpr std::uint32_t kFelixAcceptMark = 0x10000;

inline constexpr std::string_view kPodDevices = "cali";  ///< How names of the node's ends of pods' veths begin.

/// Of a pod. @source projectcalico/calico libcalico-go/lib/backend/k8s/conversion, VethNameForWorkload.
std::string pod_device(std::string_view name_space, std::string_view pod);

/// The device of the tunnel; "" without one.
std::string_view tunnel_device(Encapsulation encapsulation);

/// How many rules of cali-from-wl-dispatch (and as many of cali-to-wl-dispatch) a packet of each device evaluates, the
/// one that leads to the device's own chain included. Devices are sorted by the character behind what all names begin
/// with, in a chain of its own where more than one has it.
/// @param devices  In ascending order, each once. Shape of the result: (devices,).
/// @source felix/rules/dispatch.go, sortAndDivideEndpointNamesToPrefixTree, buildSingleDispatchChains.
std::vector<std::uint32_t> dispatch_rules(std::span<const std::string> devices);

/// Adds what Felix with its iptables data plane writes on a node whose pods have these devices, without any policy: the
/// tables raw and mangle, and chains in front of what is in nat and filter (ChainInsertMode Insert), where packets of
/// established connections from and to pods are accepted; new ones are by the profile of their namespace, and go on to
/// the chains behind. Defaults of Felix' configuration, and of Calico's manifests where these differ
/// (DefaultEndpointToHostAction ACCEPT, natOutgoing). In place of the hash in each rule's comment stands "cali:".
/// Left out: chains for IPVS (cali-forward-check, cali-set-endpoint-mark ...), host endpoints, floating IPs, blocked
/// Service CIDRs, policies, WireGuard, IPv6; what rules about the route back cost (rpfilter) beside a match.
/// @pre `rules` has the tables nat and filter with all their built-in chains.
/// @source projectcalico/calico felix/rules/static.go, dispatch.go, endpoints.go, nat.go, policy.go;
/// felix/dataplane/linux/int_dataplane.go, setUpIptablesNormal.
void add_felix_rules(Ruleset& rules, const NodeSpec& node, const FelixOptions& options);

/// Base chains of nat and filter without rules.
Ruleset empty_tables();

}  // namespace knetsim
