#pragma once

#include <cstdint>

#include "models/walk/walk.h"

namespace knetsim {

/// The hooks at which rules see a packet (include/uapi/linux/netfilter.h, nf_inet_hooks).
enum class Hook : std::uint8_t { Prerouting, Input, Forward, Output, Postrouting };

enum class CtState : std::uint8_t { New, Established };

/// What an address of the packet is, as far as a rule can tell.
enum class AddressKind : std::uint8_t { Pod, ClusterIp, ThisNode, OtherNode };

/// A packet as the hooks see it; a model changes it as the kernel would (DNAT, mark, masquerade).
struct HookPacket {
  FlowClass flow;
  CtState state = CtState::New;
  bool reply = false;             ///< Against the direction in which the connection was opened.
  AddressKind source = AddressKind::Pod;
  AddressKind destination = AddressKind::Pod;
  bool from_local_process = false;  ///< Left a socket in the node's own network namespace.
  bool marked = false;              ///< 0x4000, to be masqueraded.
  bool translated = false;          ///< A model chose an endpoint: the destination is the endpoint's address now.
  bool masqueraded = false;
  bool nat_bound = false;  ///< Still NEW, but its NAT mapping is set: filter rules see NEW, nat chains are not consulted.
  bool outer = false;               ///< The tunnel's own packet (UDP 8472), not what it carries.
};

/// Sizes that the rules of a node depend on. The rule layout itself is the model's.
struct RuleSizes {
  std::uint32_t service_ports = 0;         ///< S: service ports with endpoints, background Services included
  std::uint32_t services_rules = 0;        ///< R: rules of KUBE-SERVICES before its tail
  std::uint32_t node_ports = 0;            ///< rules of KUBE-NODEPORTS
  std::uint32_t without_endpoints = 0;     ///< N0: service ports without endpoints
  std::uint64_t endpoints = 0;             ///< all endpoints of all service ports
  std::uint32_t host_port_containers = 0;  ///< containers with hostPorts on this node
};

/// Steps being collected for one place of one node.
struct StepSink {
  std::vector<Step>& steps;
  Place place;
  NodeRole node;
  Condition when = Condition::Always;

  /// Adds a step here; returns it for the few fields that differ.
  Step& add(StepKind kind, Count count = {}, std::string note = {}) {
    steps.push_back({.kind = kind, .place = place, .node = node, .when = when, .count = count, .note = std::move(note)});
    return steps.back();
  }
};

}  // namespace knetsim
