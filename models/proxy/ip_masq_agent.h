#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "models/proxy/portmap.h"
#include "models/proxy/proxy_model.h"
#include "models/proxy/ruleset.h"

namespace knetsim {

/// Ports that ip-masq-agent's rule lets the kernel choose from: --to-ports.
inline constexpr std::uint16_t kAgentFirstPort = 32'768;
inline constexpr std::uint16_t kAgentLastPort = 65'535;

/// Adds what ip-masq-agent writes to the nat table of `rules`: its jump stands behind kube-proxy's in POSTROUTING, since
/// it is appended; its chain returns what is bound for one of `kept`, in this order, and masquerades all else.
/// @source kubernetes-sigs/ip-masq-agent cmd/ip-masq-agent/ip-masq-agent.go, ensurePostroutingJump, syncMasqRules,
///         writeMasqRule
void add_ip_masq_rules(Ruleset& rules, std::span<const Ipv4Range> kept);

/// ip-masq-agent on every node: what leaves for an address outside of the ranges has the node's address from then on, a
/// process of the node's own included. Its rules are iptables rules whatever kube-proxy's mode is; as with portmap's,
/// entering the table is charged with kube-proxy's rules.
class IpMasqAgent {
 public:
  struct Options {
    std::vector<Ipv4Range> kept{};  ///< Whose addresses are asked without masquerading, link-local among them.
    IptablesBackend backend = IptablesBackend::Legacy;
    Ipv4 pod = 0;   ///< An address of the cluster's pods, for all of them; likewise
    Ipv4 node = 0;  ///< of its nodes.
  };
  explicit IpMasqAgent(Options options) : options_(std::move(options)) {}

  /// Steps of its rules at POSTROUTING, for a packet that nobody before has masqueraded.
  void at_postrouting(HookPacket& packet, StepSink& sink) const;

 private:
  Ipv4 destination_of(const HookPacket& packet, NodeRole node) const;

  Options options_;
};

/// Which of `ranges` an address is in, from 1; 0: none.
std::uint8_t range_of(Ipv4 address, std::span<const Ipv4Range> ranges);

/// rules_at_hook() of portmap.h, and ip-masq-agent's behind them. @param agent  nullptr where there is none.
void rules_at_hook(const ProxyModel& proxy, const PortMap* portmap, const IpMasqAgent* agent, Hook hook,
                   HookPacket& packet, StepSink& sink, const Felix* felix = nullptr);

}  // namespace knetsim
