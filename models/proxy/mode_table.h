#pragma once

#include "models/proxy/proxy_model.h"

namespace knetsim {

// One function a mode, each in the file of its name; builtin.cpp lists them.
ProxyInfo iptables_info();
ProxyInfo ipvs_info();
ProxyInfo nftables_info();
ProxyInfo none_info();

/// The packet's question to a Service, of a flow that has one.
Asking asking_of(const HookPacket& packet);
/// The destination becomes the chosen endpoint, as seen from the node `node`.
void translate(HookPacket& packet, NodeRole node);
/// Whether the packet, at the node `node`, is still bound for the node port that the client asked: a process of a node
/// that serves it has the node's address too, and its own port.
bool asks_node_port(const HookPacket& packet, NodeRole node);
/// Whether the chosen endpoint is the sender itself, which must then be masqueraded: a pod that reaches its own
/// Service, or a process of the node and an endpoint in the node's own network namespace. Asked once the packet is
/// translated.
bool is_hairpin(const HookPacket& packet);

}  // namespace knetsim
