#include "models/proxy/hook_packets.h"

namespace knetsim {

Asking asking_of(const HookPacket& packet) {
  return {.from_outside = asks_from_outside(packet.flow.exposure),
          .local_policy = packet.flow.local_policy,
          .source = packet.source};
}

void translate(HookPacket& packet, NodeRole node) {
  packet.translated = true;
  if (!packet.flow.server_host_network) {
    packet.destination = AddressKind::Pod;
  } else {
    const bool here = node == NodeRole::Server || packet.flow.locality != Locality::Remote;
    packet.destination = here ? AddressKind::ThisNode : AddressKind::OtherNode;
  }
}

bool asks_external_ip(const HookPacket& packet) {
  return !packet.outer && !packet.reply && !packet.translated && packet.flow.exposure == Exposure::ExternalIp &&
         packet.destination == AddressKind::ExternalIp;
}

bool asks_node_port(const HookPacket& packet, NodeRole node) {
  const FlowClass& flow = packet.flow;
  if (packet.outer || packet.reply || packet.translated || flow.exposure != Exposure::NodePort ||
      packet.destination != AddressKind::ThisNode) {
    return false;
  }
  // Client and server on one node are at NodeRole::Client.
  const NodeRole asked = flow.ingress == IngressNode::ThirdNode ? NodeRole::Ingress
                         : flow.ingress == IngressNode::ServerNode && flow.locality == Locality::Remote
                             ? NodeRole::Server
                             : NodeRole::Client;
  return node == asked;
}

}  // namespace knetsim
