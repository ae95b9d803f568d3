#pragma once

#include "models/proxy/proxy_model.h"

namespace knetsim {

/// hostPorts, as the CNI plugin portmap writes them with its iptables back end: a rule per container on the node, then
/// three per port. No load balancing, no extra hop, the client's address kept but for pods of the same node and the
/// node itself. Containers are taken to map one port each, of the packet's transport but for a tunnel's own. portmap's
/// rules stay iptables rules whatever kube-proxy's mode is.
/// @source containernetworking/plugins plugins/meta/portmap/portmap_iptables.go.
class PortMap {
 public:
  PortMap(std::uint32_t containers, IptablesBackend backend);

  /// Containers with hostPorts on the node; 0: the plugin has not been called, and there are no rules.
  std::uint32_t containers() const { return containers_; }
  /// Steps of portmap's rules at `hook`. At Prerouting and Output only for packets that kube-proxy's rules let fall
  /// through.
  void at_hook(Hook hook, HookPacket& packet, StepSink& sink) const;

 private:
  void dispatch(HookPacket& packet, StepSink& sink) const;
  void add(StepSink& sink, const HookPacket& packet, std::uint32_t bytes, Count count, std::string note) const;
  void match(StepSink& sink, const HookPacket& packet, Count count, std::string note) const;

  /// 1 where a port or a mark is compared by an extension, 0 where natively.
  int legacy() const { return kind_ == StepKind::Rule ? 1 : 0; }

  std::uint32_t containers_;
  StepKind kind_;
  std::uint32_t jump_bytes_;
  std::uint32_t entry_bytes_;
  std::uint32_t port_bytes_;
};

/// All that a node's kube-proxy and portmap do to a packet at a hook, in the order of their rules: kube-proxy first,
/// and portmap for what is not translated by then; at POSTROUTING portmap first, and kube-proxy for what is not
/// masqueraded.
void rules_at_hook(const ProxyModel& proxy, const PortMap& portmap, Hook hook, HookPacket& packet, StepSink& sink);

}  // namespace knetsim
