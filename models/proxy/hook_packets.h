#pragma once

#include "models/proxy/proxy_model.h"

namespace knetsim {

// What modes ask of a packet at a hook, and do to it.

/// The packet's question to a Service, of a flow that has one.
Asking asking_of(const HookPacket& packet);
/// The destination becomes the chosen endpoint, as seen from the node `node`.
void translate(HookPacket& packet, NodeRole node);
/// Whether the packet is still bound for the external IP that the client asked.
bool asks_external_ip(const HookPacket& packet);
/// Whether the packet, at the node `node`, is still bound for the node port that the client asked: a process of a node
/// that serves it has the node's address too, and its own port.
bool asks_node_port(const HookPacket& packet, NodeRole node);

}  // namespace knetsim
