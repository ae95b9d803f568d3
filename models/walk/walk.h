#pragma once

#include <cstdint>
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

/// A count of rules that differs from connection to connection and is bound when one opens.
enum class Symbol : std::uint8_t {
  None,
  ServicePosition,   ///< k: position of the service's rule in KUBE-SERVICES at this node and sync, 1..R
  NodePortPosition,  ///< n: position in KUBE-NODEPORTS, 1..N
  EndpointIndex,     ///< i: index of the chosen endpoint in its chain, 1..E
  HostPortPosition,  ///< position in CNI-HOSTPORT-DNAT, 1..H
  IpvsDestinations,  ///< destinations that the scheduler looks at
};

/// Which table a Rule step scans; the cache keeps each by itself.
enum class RuleTable : std::uint8_t { None, Nat, Filter };

/// Which packets a step stands for. What nobody waits for costs CPU alone, whatever the kind's own charge says.
enum class Passage : std::uint8_t {
  Message,    ///< The walk's own message, in the kind's own unit.
  Ack,        ///< A pure ACK that the message brings about: charged per ACK.
  Unawaited,  ///< The connection's other packets (the handshake's third, FINs and their ACKs): once per connection,
              ///< counted in its First walk.
};

/// How many units of its kind a step takes: fixed + the symbol's value.
struct Count {
  double fixed = 1;
  Symbol symbol = Symbol::None;
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
  std::uint32_t rule_bytes = 0;  ///< Bytes from one rule of the table to the next; 0 where the step scans none.
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

enum class Exposure : std::uint8_t { PodIp, ClusterIp, NodePort, HostPort };
enum class Locality : std::uint8_t { SamePod, SameNode, Remote };
enum class IngressNode : std::uint8_t { None, ClientNode, ServerNode, ThirdNode };

/// All that a flow's walks depend on, so that flows of one class share them.
struct FlowClass {
  Transport transport = Transport::Tcp;
  Exposure exposure = Exposure::PodIp;
  Locality locality = Locality::Remote;
  IngressNode ingress = IngressNode::None;  ///< The node whose address a NodePort client asked.
  bool client_host_network = false;
  bool server_host_network = false;
  bool local_policy = false;    ///< externalTrafficPolicy (NodePort) or internalTrafficPolicy (ClusterIP) Local
  bool local_inside = false;    ///< Of a NodePort: internalTrafficPolicy Local, so that ClusterIPs have another chain.
  bool affinity = false;        ///< sessionAffinity: ClientIP
  bool remembered = false;      ///< The client's last endpoint is known to it, and taken again.
  std::uint32_t endpoints = 1;  ///< E of the service, where a model's work depends on it
  auto operator<=>(const FlowClass&) const = default;
};

}  // namespace knetsim
