#pragma once

#include "models/proxy/counted_rules.h"
#include "models/proxy/proxy_model.h"

namespace knetsim {

/// hostPorts, as the CNI plugin portmap writes them with its iptables back end: a rule per container on the node, then
/// three per port. No load balancing, no extra hop, the client's address kept but for pods of the same node and the
/// node itself. Containers are taken to map one port each, of the packet's transport but for a tunnel's own. portmap's
/// rules stay iptables rules whatever kube-proxy's mode is. On a node without hostPorts the plugin has not been called,
/// and there are no rules: all counts go with symbols that are 0 there.
/// @source containernetworking/plugins plugins/meta/portmap/portmap_iptables.go; the rules are portmap_rules.cpp's.
class PortMap {
 public:
  explicit PortMap(IptablesBackend backend);

  /// Steps of portmap's rules at `hook`. At Prerouting and Output only for packets that kube-proxy's rules let fall
  /// through.
  void at_hook(Hook hook, HookPacket& packet, StepSink& sink) const;

 private:
  CountedRules rules_;
};

class Felix;

/// All that a node's kube-proxy and portmap do to a packet at a hook, in the order of their rules: kube-proxy first,
/// and portmap for what is not translated by then; at POSTROUTING portmap first, and kube-proxy for what is not
/// masqueraded. Felix comes before either.
/// @param portmap  nullptr where no node has hostPorts.
/// @param felix    nullptr where there is no Felix, or the mode has its chains among its own.
void rules_at_hook(const ProxyModel& proxy, const PortMap* portmap, Hook hook, HookPacket& packet, StepSink& sink,
                   const Felix* felix = nullptr);

}  // namespace knetsim
