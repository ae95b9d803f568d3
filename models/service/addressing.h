#pragma once

#include <vector>

#include "models/walk/netfilter.h"

namespace knetsim {

// Which machines a flow passes, and whose addresses its packets carry as each of them sees it: an address of its own,
// of another machine, of a pod or of a Service.

/// Client, third machine of what asks from outside, server; one machine where they are the same.
std::vector<NodeRole> machines_of(const FlowClass& flow);

/// The machine that translates a new connection to the flow's service: whose rules give the symbols their values.
NodeRole translating_node(const FlowClass& flow);

AddressKind client_address(const FlowClass& flow, NodeRole seen_by);
AddressKind endpoint_address(const FlowClass& flow, NodeRole seen_by);
/// What the client's packets are for: the endpoint's own address for pod IPs, and where its system call translated.
AddressKind service_address(const FlowClass& flow, NodeRole seen_by);

}  // namespace knetsim
