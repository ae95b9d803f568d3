#pragma once

#include <cstdint>

#include "models/proxy/counted_rules.h"
#include "models/walk/netfilter.h"

namespace knetsim {

/// A packet at a hook of one machine, as kube-router's rules tell packets apart.
struct PolicyPassage {
  bool from_pod = false;     ///< Its source is a pod of this machine ...
  bool to_pod = false;       ///< ... and its destination, by their own addresses.
  bool bridged = false;      ///< It stays a frame of the machine's bridge (physdev --physdev-is-bridged).
  bool is_new = false;       ///< ctstate NEW: on the way from the connection's client to its server.
  bool from_node = false;    ///< Of a process of this machine.
  bool for_service = false;  ///< At INPUT: its destination is a Service's address, which the node holds (IPVS).
};

/// The rules that kube-router writes into the filter table for NetworkPolicies, and what packets meet of them.
///
/// FORWARD begins with a jump to a chain that has four rules for each pod of the node (to it and from it, routed and
/// bridged), OUTPUT with one that has two, INPUT with one that has three for Services and one a pod; each ends with an ACCEPT
/// of what a policy has marked. A pod's rules lead to its own chain, in which what is established is accepted at once;
/// what is new goes through the chains of its policies, and on: the other pod's rules and the marked ACCEPT come behind.
/// What that accepts meets no rule of kube-proxy's in the same table. Pods stand in the order of a Go map, new at each
/// sync: an established packet finds its pod half-way down, in the mean, and the first of two after a third.
///
/// Departures: what OUTPUT and INPUT accept is taken to meet kube-proxy's filter rules all the same; untracked packets are
/// taken as established; every policy rule has a comment and one condition that costs by itself, and those of the other
/// direction of a policy of both do not match.
/// @source cloudnativelabs/kube-router pkg/controllers/netpol/pod.go, policy.go at ac3d5df (syncPodFirewallChains,
///         setupPodNetpolRules, interceptPodInboundTraffic, interceptPodOutboundTraffic, appendRuleToPolicyChain),
///         network_policy_controller.go (ensureTopLevelChains, ensureExplicitAccept)
class PolicyRules {
 public:
  explicit PolicyRules(IptablesBackend backend);

  /// Adds the steps of the rules at `hook`. @return  Whether they accept the packet: other rules of the table do not see it.
  bool at_hook(Hook hook, const PolicyPassage& packet, StepSink& sink) const;

 private:
  struct Work {
    Count scanned = 0;  ///< Rules of the chains that have some for each pod.
    Count chained = 0;  ///< Rules of pods' own chains and policies'.
    Count matches = 0;
    Count sets = 0;
    bool accepted = false;
  };
  Work at_forward(const PolicyPassage& packet) const;
  Work at_output(const PolicyPassage& packet) const;
  Work at_input(const PolicyPassage& packet) const;
  /// A new packet's way through a pod's own chain. @param times  How often it is sent there.
  static void pass_chain(Work& work, bool of_source, double times);

  RuleKinds kinds_;
  std::uint32_t scanned_bytes_;
  std::uint32_t chained_bytes_;
};

}  // namespace knetsim
