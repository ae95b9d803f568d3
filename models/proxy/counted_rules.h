#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "models/proxy/canonical_rules.h"
#include "models/walk/netfilter.h"

namespace knetsim {

/// What evaluating rules of one syntax and back end amounts to in steps.
struct RuleKinds {
  std::optional<StepKind> table{};  ///< A base chain with rules is entered.
  StepKind rule{};
  std::optional<StepKind> match{};   ///< A match extension; nothing where rules have none that cost by themselves.
  std::optional<StepKind> lookup{};  ///< A look into a set or map.
  bool scans = false;                ///< Rules are many, and stand one behind another in memory: their bytes matter.
  IptablesBackend backend = IptablesBackend::Legacy;  ///< Which conditions are extensions, and how many bytes.
  /// What the node's own processes ask from outside is dropped where the policy is Local and the node has no endpoint,
  /// though any endpoint may answer them.
  bool drops_own_without_endpoint = false;
};

/// Of kube-proxy's and portmap's iptables rules.
RuleKinds iptables_kinds(IptablesBackend backend);

/// Steps of a packet at the hooks of a node, read off the rules themselves.
///
/// A ruleset of a node with a handful of Services, the packet's own among them, is written by those who write whole
/// ones, and the packet is walked through it as the kernel does; then through others that have one Service, node port
/// or refusal more, or the packet's own further down. Counts are linear in these numbers, so that the differences are
/// their coefficients, and hold for a node of any size. They are worked out once for each sort of packet and hook, and
/// are good for every node: what a node has is bound to the symbols later.
///
/// Departures, both in a connection's first packet: node ports of the policy Local in front of the packet's own are taken
/// for ones of the policy Cluster (up to 1.20 their masquerade rules fail at the source, before any match extension); the
/// rules of another port of the Service are taken to fail at the address, which is the same.
class CountedRules {
 public:
  CountedRules(RuleWriter write, const RuleKinds& kinds, const SpecialAddresses& special = {});

  /// Adds the steps of the rules at `hook` and changes the packet as they do. Remembers what it has worked out, for all
  /// threads that ask.
  void at_hook(Hook hook, HookPacket& packet, StepSink& sink) const;

 private:
  /// All that the rules' work on a packet depends on.
  struct Case {
    Hook hook{};
    CanonicalService service{};
    RulePacket packet{};
    bool remembered = false;
    Transport containers{};
    auto key() const {
      return std::tuple(hook, service, packet.transport, packet.source, packet.destination, packet.destination_port,
                        packet.state, packet.nat_bound, packet.mark, packet.by_bridge_port, packet.translated,
                        packet.masqueraded, remembered, containers, packet.ipip, packet.in, packet.out,
                        packet.source_of_out);
    }
    bool operator<(const Case& other) const { return key() < other.key(); }
  };
  struct Work {
    StepKind kind{};
    RuleTable table{};
    Count count = 0;
    std::uint32_t rule_bytes = 0;
    std::string note{};
  };
  struct Outcome {
    std::vector<Work> work;
    RulePacket packet;  ///< As the hook leaves it.
  };

  /// What has been worked out. Entries stay where they are.
  struct Known {
    std::mutex turn{};
    std::map<std::pair<CanonicalService, Transport>, CanonicalNodes> nodes{};
    std::map<Case, Outcome> outcomes{};
  };

  // With the turn held.
  const Outcome& outcome_of(Hook hook, const HookPacket& packet, NodeRole node) const;
  Case case_of(Hook hook, const HookPacket& packet, NodeRole node) const;
  void set_devices(Hook hook, const HookPacket& packet, RulePacket& rule) const;
  Outcome work_out(const Case& wanted) const;
  CanonicalNodes& nodes_for(const CanonicalService& service, Transport containers) const;

  RuleWriter write_;
  RuleKinds kinds_;
  SpecialAddresses special_;
  std::unique_ptr<Known> known_;
};

}  // namespace knetsim
