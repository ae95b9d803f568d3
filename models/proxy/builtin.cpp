#include <algorithm>
#include <array>
#include <cmath>

#include "models/proxy/mode_table.h"
#include "models/proxy/note.h"

namespace knetsim {

std::span<const ProxyInfo> proxy_modes() {
  static const std::array modes = {iptables_info(), ipvs_info(), nftables_info(), none_info()};
  return modes;
}

const ProxyInfo* proxy_mode_named(std::string_view name) {
  const std::span<const ProxyInfo> modes = proxy_modes();
  const auto found = std::find_if(modes.begin(), modes.end(), [&](const ProxyInfo& mode) { return mode.name == name; });
  return found == modes.end() ? nullptr : &*found;
}

Reach ProxyModel::reach(const Asking& asking, const EndpointCounts& known) const {
  if (!known.any) return Reach::Refused;
  if (!keeps_to_the_node(asking)) return Reach::Cluster;
  return known.local > 0 ? Reach::Local : Reach::Dropped;
}

Asking asking_of(const HookPacket& packet) {
  return {.from_outside = packet.flow.exposure == Exposure::NodePort,
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

bool is_hairpin(const HookPacket& packet) {
  if (!packet.translated || packet.reply || packet.outer) {
    return false;
  }
  return packet.source == AddressKind::Pod
             ? packet.flow.locality == Locality::SamePod && packet.destination == AddressKind::Pod
             : packet.source == AddressKind::ThisNode && packet.destination == AddressKind::ThisNode;
}

std::string grouped(double count) {
  std::string digits = std::to_string(std::llround(count));
  for (std::size_t at = digits.size(); at > 3; at -= 3) {
    digits.insert(at - 3, ",");
  }
  return digits;
}

}  // namespace knetsim
