#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "models/cost/step_kind.h"
#include "sim/net/flow_hash.h"

namespace knetsim {

/// Where the work of a step is done.
enum class Place : std::uint8_t {
  SendingCpu,    ///< The sender's core, inside its system call: socket, veth, bridge, netfilter, encapsulation, qdisc,
                 ///< driver.
  SoftirqCore,   ///< The receive core that the hash of the outer header chose.
  ReceivingCpu,  ///< The core on which the receiving thread runs.
  Nic,           ///< Latency only.
  Wire,          ///< The links between two nodes; the node of such a step is the one that it leaves.
};

/// Which machine of the path. A walk passes one to three of them.
enum class NodeRole : std::uint8_t { Client, Ingress, Server };

/// When a step takes place at all.
enum class Condition : std::uint8_t {
  Always,
  IdleResource,    ///< Only where the resource was idle: the interrupt of a busy batch's first packet, a sleeper's
                   ///< wake-up.
  OuterUntracked,  ///< Only where the tunnel's outer 5-tuple has no conntrack entry yet on this node.
};

/// What counts are linear in, beside the constant 1. The first are a connection's own and are bound when it opens; those
/// from kFirstOfNode on are sizes of the node at which a step is done, and stand at what that node has at the moment.
enum class Symbol : std::uint8_t {
  None,              ///< The constant 1.
  ServicePosition,   ///< k: position of the service's rule in KUBE-SERVICES at this node and sync, 1..R
  NodePortPosition,  ///< n: position in KUBE-NODEPORTS, 1..N
  NodePortsAlike,    ///< m: of the n rules those of the port's own transport, its own included
  EndpointIndex,     ///< i: index of the chosen endpoint in its chain, 1..E
  EndpointDraws,     ///< r: numbers drawn up to it: i, one less for the last, which is certain
  Endpoints,         ///< E: endpoints of the list that it is chosen from
  HostPortPosition,  ///< h: position in CNI-HOSTPORT-DNAT, 1..H
  IpvsDestinations,  ///< d: destinations that the scheduler looks at
  SourceRange,       ///< s: position of the client's range among the load balancer's source ranges, from 1
  EgressRules,       ///< a: rules of network policies that a new connection meets in the chain of its client's pod ...
  EgressSets,        ///< ... and looks into ip sets that are theirs
  IngressRules,      ///< b: likewise of its server's pod
  IngressSets,
  ClientDispatch,  ///< c: rules of a dispatch chain of Felix up to the one of the client pod's device
  ServerDispatch,  ///< p: likewise of the server pod's

  ServicesRules = 32,  ///< R: addresses that KUBE-SERVICES matches before its tail
  TcpNodePorts,        ///< N: node ports of Services with endpoints anywhere ...
  UdpNodePorts,        ///< ... by transport
  WithoutEndpoints,    ///< N0: ClusterIP ports that reach no endpoint
  RefusedAddresses,    ///< external IPs and VIPs that reach none from outside
  RefusedTcpNodePorts,
  RefusedUdpNodePorts,
  HostPortContainers,  ///< H: containers with hostPorts
  HostPortPlugin,      ///< 1 where there is one, so that the plugin has been called, else 0
  TcpNodePortSets,     ///< of IPVS mode: 1 where the node has node ports of TCP at all, else 0; likewise
  UdpNodePortSets,
  LocalTcpNodePortSets,  ///< those whose external policy is Local
  LocalUdpNodePortSets,
  FirewalledAddresses,      ///< VIPs of Services with endpoints that only sources of certain ranges reach
  ExternalIpSets,           ///< of IPVS mode: 1 where the node knows of external IPs of the policy Cluster; likewise
  LocalExternalIpSets,      ///< of the policy Local
  LoadBalancerSets,         ///< of IPVS mode: 1 where the node knows of VIPs at all, else 0; likewise
  LocalLoadBalancerSets,    ///< those whose external policy is Local
  FirewalledLoadBalancers,  ///< those with source ranges
  ClosedAddresses,          ///< of IPVS mode: VIPs that the node itself may not ask
  PolicyPods,               ///< P: pods of the node that have a chain for network policies
};
inline constexpr Symbol kFirstOfNode = Symbol::ServicesRules;
inline constexpr Symbol kLastOfNode = Symbol::PolicyPods;
inline constexpr Symbol kLastOfConnection = Symbol::ServerDispatch;
constexpr bool is_of_node(Symbol symbol) { return symbol >= kFirstOfNode; }

/// Which table a Rule step scans; the cache keeps each by itself.
enum class RuleTable : std::uint8_t { None, Nat, Filter };

/// Which packets a step stands for. What nobody waits for costs CPU alone, whatever the kind's own charge says.
enum class Passage : std::uint8_t {
  Message,    ///< The walk's own message, in the kind's own unit.
  Ack,        ///< A pure ACK that the message brings about: charged per ACK.
  Unawaited,  ///< The connection's other packets (the handshake's third, FINs and their ACKs): once per connection,
              ///< counted in its First walk.
};

/// How many units of its kind a step takes: the sum of coefficients times the values of symbols.
struct Count {
  struct Term {
    Symbol symbol = Symbol::None;  ///< None in no term: that is `fixed`.
    double coefficient = 1;
    bool operator==(const Term&) const = default;
  };
  double fixed = 1;
  std::vector<Term> terms{};  ///< Each symbol once, in ascending order; no coefficient is 0.

  Count(double constant = 1) : fixed(constant) {}  // NOLINT(google-explicit-constructor): a number is a count
  Count(double constant, Symbol symbol, double coefficient = 1) : fixed(constant) { add(symbol, coefficient); }

  bool is_zero() const { return fixed == 0 && terms.empty(); }
  void add(Symbol symbol, double coefficient);
  Count& operator+=(const Count& other);
  Count& operator*=(double factor);
  bool operator==(const Count&) const = default;
};

/// One thing done to a packet on its way. Its cost is that of the kind in the cost profile, times the count, times the
/// units that the message has of the kind's unit (skbs, wire packets, bytes ...).
struct Step {
  StepKind kind{};
  Place place = Place::SendingCpu;
  NodeRole node = NodeRole::Client;
  Condition when = Condition::Always;
  Count count{};
  RuleTable table = RuleTable::None;
  std::uint32_t rule_bytes = 0;  ///< Bytes from one rule to the next, of those that it scans; 0 where it scans none.
  Passage passage = Passage::Message;
  std::uint32_t wire_bytes = 0;  ///< Header bytes that the step adds to each packet until the peer step takes them off.
  std::string note{};            ///< For people: "KUBE-SERVICES: 4,213 of 10,000 rules".
};

/// What one packet goes through from one socket to another.
struct Walk {
  std::vector<Step> steps;
  std::vector<NodeRole>
      nodes;  ///< Machines in the order passed; the first holds the sending socket, the last the receiving one.
  Encapsulation encapsulation = Encapsulation::None;
  std::uint32_t outer_bytes = 0;  ///< Header bytes per wire packet that the encapsulation adds.
  /// Of a connection's first packet: the machine whose address is its source when it reaches the last one; nothing where it
  /// is the client's own.
  std::optional<NodeRole> masqueraded_by{};
  bool leaves_for_endpoint = false;  ///< Likewise: bound for the endpoint's own address when it leaves the first one.
};

enum class Transport : std::uint8_t { Tcp, Udp };

/// The messages of a connection whose walks differ. UDP has Request and Response; its first Request takes First.
enum class PacketClass : std::uint8_t {
  First,     ///< SYN, or a UDP flow's first datagram: conntrack has not seen the flow
  SynAck,    ///< reply to the SYN, sent by the server's softirq core
  Request,   ///< data client to server, established
  Response,  ///< data server to client, established
  kCount
};

/// By which address a flow asks. ExternalIp is one of a Service's externalIPs or its load balancer's, that packets
/// carry up to the node whose rules translate it.
enum class Exposure : std::uint8_t { PodIp, ClusterIp, NodePort, HostPort, ExternalIp };
/// Whether a Service is asked, among whose endpoints a node chooses.
constexpr bool asks_service(Exposure exposure) {
  return exposure == Exposure::ClusterIp || exposure == Exposure::NodePort || exposure == Exposure::ExternalIp;
}
/// Whether that is a way in from outside: the external policy counts, and any node may be the one that is asked.
constexpr bool asks_from_outside(Exposure exposure) {
  return exposure == Exposure::NodePort || exposure == Exposure::ExternalIp;
}

enum class Locality : std::uint8_t { SamePod, SameNode, Remote };
enum class IngressNode : std::uint8_t { None, ClientNode, ServerNode, ThirdNode };

/// All that a flow's walks depend on, so that flows of one class share them.
struct FlowClass {
  Transport transport = Transport::Tcp;
  Exposure exposure = Exposure::PodIp;
  Locality locality = Locality::Remote;
  IngressNode ingress = IngressNode::None;  ///< The node whose port a client asked, or to which an external IP led.
  bool client_host_network = false;
  bool client_external = false;  ///< Its machine is no node: with client_host_network, and none of the cluster's rules.
  bool server_host_network = false;
  bool server_external = false;  ///< Its machine is no node, as client_external; with server_host_network.
  std::uint8_t kept_range = 0;   ///< Of server_external: ExternalAccess::kept_range
  bool local_policy = false;     ///< externalTrafficPolicy (from outside) or internalTrafficPolicy (ClusterIP) Local
  bool local_inside = false;     ///< Asked from outside: internalTrafficPolicy Local; ClusterIPs have another chain.
  bool load_balancer = false;    ///< Of an external IP: it is the load balancer's.
  bool firewalled = false;       ///< The load balancer's address has source ranges, and the client's is in one.
  bool affinity = false;         ///< sessionAffinity: ClientIP
  bool remembered = false;       ///< The client's last endpoint is known to it, and taken again.
  bool in_socket = false;        ///< Translated in the client's system call: packets carry the endpoint's address.
  bool untracked = false;        ///< Exempt from conntrack (NOTRACK, both ways): no entry, and no nat chains.
  auto operator<=>(const FlowClass&) const = default;
};

}  // namespace knetsim
