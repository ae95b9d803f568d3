#pragma once

#include <cstdint>

#include "models/walk/walk.h"

namespace knetsim {

/// The hooks at which rules see a packet (include/uapi/linux/netfilter.h, nf_inet_hooks).
enum class Hook : std::uint8_t { Prerouting, Input, Forward, Output, Postrouting };

/// System calls at which programs of a control group see a socket (include/uapi/linux/bpf.h, BPF_CGROUP_INET4_CONNECT,
/// BPF_CGROUP_UDP4_SENDMSG and _RECVMSG). A UDP socket is taken as not connected.
enum class SocketHook : std::uint8_t { Connect, SendMsg, RecvMsg };

/// Devices whose traffic-control programs see a packet: the node's end of a pod's veth, and the NIC.
enum class DeviceHook : std::uint8_t { FromPod, ToPod, FromNic, ToNic };

/// Untracked: exempt from conntrack (NOTRACK), neither new nor established to any rule, and past nat.
enum class CtState : std::uint8_t { New, Established, Untracked };

/// What an address of the packet is, as far as a rule can tell.
enum class AddressKind : std::uint8_t { Pod, ClusterIp, ThisNode, OtherNode, ExternalIp };

/// A packet as the hooks see it; a model changes it as the kernel would (DNAT, mark, masquerade).
///
/// Who does what. The caller walks the packet through the hooks in the kernel's order and adds conntrack's and NAT's
/// own work (NetfilterHook, ConntrackLookup, ConntrackInsert, NatSetup, NatMangle). A model adds what its rules
/// evaluate and sets `translated`, `destination`, `marked` and `masqueraded`. For an established packet the caller has
/// applied conntrack's stored mapping before it asks (destination is the endpoint from the hook on where the first
/// packet was translated); a mode that translates outside conntrack (IPVS, at Input) finds `destination` untouched and
/// sets it for every packet, and so does one that translates in a program of a device. A packet that comes out of
/// Prerouting still bound for a ClusterIP or an external IP is taken as local and goes to Input; translated there, it
/// goes on through Output (`from_local_process` false, `nat_bound` true) and Postrouting, as ip_vs_nat_xmit does
/// (net/netfilter/ipvs/ip_vs_xmit.c). Nat chains are consulted where state == New and not nat_bound.
struct HookPacket {
  FlowClass flow;
  CtState state = CtState::New;
  bool reply = false;  ///< Against the direction in which the connection was opened.
  AddressKind source = AddressKind::Pod;
  AddressKind destination = AddressKind::Pod;
  bool from_local_process = false;  ///< Left a socket in the node's own network namespace.
  bool marked = false;              ///< 0x4000, to be masqueraded by kube-proxy's rules.
  bool cni_marked = false;          ///< 0x2000, to be masqueraded by portmap's rules.
  bool policy_marked = false;       ///< 0x10000, let through by Felix' rules.
  bool translated = false;          ///< A model chose an endpoint: the destination is the endpoint's address now.
  bool masqueraded = false;
  bool nat_bound =
      false;  ///< Still NEW, but its NAT mapping is set: filter rules see NEW, nat chains are not consulted.
  /// The tunnel's own packet (UDP 8472), not what it carries. It never sees a reply on its own 5-tuple and stays NEW:
  /// ask each hook once with state New and nat_bound false; models give their nat steps Condition::OuterUntracked
  /// themselves.
  bool outer = false;
  bool ipip = false;            ///< Of an outer packet: IP in IP, which has no ports, and sees replies on its tuple.
  bool from_pod = false;        ///< It came into this machine by a pod's own device, the sender's,
  bool to_pod = false;          ///< leaves by one, the receiver's,
  bool to_tunnel = false;       ///< or by the tunnel's.
  bool by_bridge_port = false;  ///< It came into this machine by a port of a bridge, as a pod's frames do there.
  bool by_program = false;      ///< A program on this machine translated the connection's first packet.
  bool redirected = false;      ///< A program has sent it on: it leaves by the NIC, past the node's IP stack.
};

/// Sizes that the rules of a node depend on. The rule layout itself is the model's.
///
/// An address reaches no endpoint where its Service has none, and is refused; or where the policy is Local and none is
/// on the node, and what asks it is dropped. Either takes a rule in filter.
struct RuleSizes {
  std::uint32_t service_ports = 0;  ///< S: service ports, background Services included
  /// R: addresses that KUBE-SERVICES matches before its tail: one per ClusterIP port that reaches an endpoint, and one
  /// per external IP and load-balancer VIP of Services with endpoints anywhere. One rule each; kube-proxy up to 1.20
  /// has two, which the model adds itself.
  std::uint32_t services_rules = 0;
  std::uint32_t node_ports = 0;                  ///< N: node ports of Services with endpoints anywhere
  std::uint32_t udp_node_ports = 0;              ///< those of them that are UDP's
  std::uint32_t without_endpoints = 0;           ///< N0: service ports whose ClusterIP reaches no endpoint
  std::uint32_t external_without_endpoints = 0;  ///< node ports, external IPs and VIPs that reach none from outside
  std::uint32_t refused_node_ports = 0;          ///< the node ports among them
  std::uint32_t refused_udp_node_ports = 0;      ///< and those that are UDP's
  std::uint64_t endpoints = 0;                   ///< all endpoints of all service ports
  std::uint32_t host_port_containers = 0;        ///< containers with hostPorts on this node
  std::uint32_t firewalled_addresses = 0;        ///< VIPs with source ranges of Services with endpoints anywhere
  /// Whether any Service, with endpoints or without, has a node port of this transport, and one whose external policy
  /// is Local: IPVS mode has a set for each, and a rule where the set has members.
  bool tcp_node_port_set = false;
  bool udp_node_port_set = false;
  bool local_tcp_node_port_set = false;
  bool local_udp_node_port_set = false;
  /// Likewise of external IPs by policy, and of load balancers' addresses: any, those whose external policy is Local,
  /// those with source ranges.
  bool external_ip_set = false;
  bool local_external_ip_set = false;
  bool load_balancer_set = false;
  bool local_load_balancer_set = false;
  bool firewalled_load_balancer_set = false;
  std::uint32_t closed_addresses = 0;  ///< Load balancers' addresses whose source ranges leave the node out.
  std::uint32_t policy_pods = 0;       ///< Pods of the node that have a chain for network policies.
  bool operator==(const RuleSizes&) const = default;
};

/// Steps being collected for one place of one node.
struct StepSink {
  std::vector<Step>& steps;
  Place place = Place::SendingCpu;
  NodeRole node = NodeRole::Client;
  Condition when = Condition::Always;

  /// Adds a step here; returns it for the few fields that differ.
  Step& add(StepKind kind, Count count = 1, std::string note = {}) {
    steps.push_back(
        {.kind = kind, .place = place, .node = node, .when = when, .count = std::move(count), .note = std::move(note)});
    return steps.back();
  }
};

}  // namespace knetsim
