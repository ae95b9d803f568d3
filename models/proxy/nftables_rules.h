#pragma once

#include <span>

#include "models/proxy/proxy_model.h"
#include "models/proxy/ruleset.h"

namespace knetsim {

/// From 1.36 on the endpoint's address comes straight from the map of the Service's chain, hairpins are found in a set,
/// and what is to be masqueraded is marked where the packet is dispatched; before, each Service and endpoint had rules
/// for it.
constexpr bool squashed_endpoint_chains(Version kubernetes) { return kubernetes >= Version{1, 36}; }

/// Up to 1.33 a chain on OUTPUT looks for Services without an endpoint before another one translates (k/k#132456).
constexpr bool checks_endpoints_first(Version kubernetes) { return kubernetes < Version{1, 34}; }

/// The table `ip kube-proxy` of a node in nftables mode, with --nodeport-addresses=primary, its default there.
/// A Service with one endpoint uses a map of one element too. Of 1.29 as of 1.30 to 1.33, for cluster IPs and node
/// ports.
/// @source k/k pkg/proxy/nftables/proxier.go, setupNFTables and syncProxyRules, and README.md beside it.
Ruleset nftables_rules(const NodeSpec& node, std::span<const ServicePortSpec> services, Version kubernetes = {1, 36});

}  // namespace knetsim
