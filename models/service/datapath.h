#pragma once

#include "models/cni/cni_model.h"
#include "models/proxy/felix.h"
#include "models/proxy/ip_masq_agent.h"
#include "models/proxy/portmap.h"
#include "models/proxy/proxy_model.h"
#include "models/service/policy_rules.h"
#include "models/walk/walk.h"

namespace knetsim {

/// The models that the datapath of a flow's machines is made of. All outlive the call.
struct Datapath {
  const ProxyModel& proxy;
  const CniModel& cni;
  const PortMap* host_ports = nullptr;      ///< hostPort chains; nullptr where no machine has any.
  const IpMasqAgent* masquerade = nullptr;  ///< Of the pod network's edge; nullptr where nothing has rules for it.
  const PolicyRules* policies = nullptr;    ///< Rules for network policies; nullptr where there are none.
  const Felix* felix = nullptr;  ///< Calico's rules, where the proxy mode has them not among its own (in_iptables).

  /// Whether conntrack has a NAT binding for every new connection: nat chains are registered.
  bool has_nat() const { return masquerade != nullptr || proxy.info().has_nat(); }
};

/// The walk of one class of packets of a flow: every step from the sending socket to the receiving one, in the order in
/// which the kernel takes them.
///
/// Steps of a pod on the same machine as its peer run on the sending CPU (veth and bridge hand over by the backlog of
/// the same core). A walk over three machines passes the middle one on its receive core alone. For a service that is
/// asked from the machine on which its endpoint runs, all roles are NodeRole::Client.
///
/// Departures from the kernel: the CNI's own masquerade and policy chains are left out but for Calico's, though not what
/// its masquerade does to addresses, and the raw table's rules that exempt a flow from conntrack (and a pod that asks a node's address is answered past the tunnel, as it has it: the answer is for
/// the client's node);
/// bridge-nf-call-iptables is taken as 1, as kubeadm requires for bridges; a packet for a ClusterIP that no rule takes
/// is forwarded as if routed.
/// @source Linux v6.1 net/ipv4/ip_input.c, ip_forward.c, ip_output.c; net/bridge/br_netfilter_hooks.c;
/// drivers/net/vxlan/vxlan_core.c; net/ipv4/ipip.c.
Walk describe(const FlowClass& flow, PacketClass packet, const Datapath& datapath);

}  // namespace knetsim
