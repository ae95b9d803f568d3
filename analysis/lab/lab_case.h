#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/lab/lab_cluster.h"
#include "analysis/lab/placement.h"
#include "models/proxy/proxy_model.h"
#include "models/walk/walk.h"

namespace knetsim::lab {

/// Whose rules the lab's nodes have.
enum class LabProxy : std::uint8_t { None, IptablesLegacy, IptablesNft, Nftables, Ipvs };
std::string_view proxy_name(LabProxy proxy);

/// A Service among others, on every node of the lab.
struct LabRules {
  LabProxy proxy = LabProxy::None;       ///< None: no rules, and no conntrack.
  std::uint32_t services = 10;           ///< S, the one that is asked included.
  std::uint32_t endpoints = 1;           ///< E of each.
  std::uint32_t position = 1;            ///< k: place of the one that is asked, 1 .. S.
  bool affinity = false;                 ///< sessionAffinity: ClientIP
  bool least_connection = false;         ///< IPVS: scheduler lc, which compares all endpoints, in place of rr.
  std::uint32_t host_ports = 0;          ///< H: containers of the server's node with a hostPort; 0: no portmap rules.
  Transport transport = Transport::Tcp;  ///< Of the Services, and of what is asked.
  auto operator<=>(const LabRules&) const = default;
};

/// Nodes, pods and rules: what is set up once for all that is measured on it.
struct LabSetup {
  std::uint32_t nodes = 2;  ///< 1: client and server on one. 3: one more that asks neither nor answers.
  Fabric fabric = Fabric::HostRoutes;
  bool bridge = true;
  /// Rate of each cable between nodes, each way, as Ethernet frames with preamble and gap; 0: as fast as the CPUs are.
  /// For streams: what it adds to a latency is in no case's work.
  std::uint32_t wire_mbit = 0;
  /// The server asks a second Service before it answers: that behind the asked one, whose pod is on the client's node.
  bool chained = false;
  LabRules rules{};
  auto operator<=>(const LabSetup&) const = default;
};

enum class Operation : std::uint8_t {
  Connect,    ///< connect(), the server on another CPU: all in one thread but that
  RoundTrip,  ///< request and response on an established connection, everything on one CPU
  Session,    ///< connect(), `requests` round trips, close(): all that a connection takes, everything on one CPU
};
/// What a session leaves to do is done while the next one runs, or is not, as the scheduler likes: single ones take by
/// turns a fifth less and a fifth more. So a sample is the mean of so many, one after the other.
inline constexpr std::uint32_t kSessionsAtOnce = 8;
std::string_view operation_name(Operation operation);

/// One datapath and what is timed on it.
struct LabCase {
  LabSetup setup{};
  Exposure exposure = Exposure::PodIp;
  IngressNode ingress = IngressNode::ClientNode;  ///< Whose address a node port is asked at.
  bool client_host_network = false;
  bool server_host_network = false;
  Operation operation = Operation::RoundTrip;
  bool cold = false;           ///< The caches are swept before each operation.
  bool remembered = false;     ///< sessionAffinity knows the client: it has connected before.
  std::uint32_t bytes = 1;     ///< Of the request and of the response.
  std::uint32_t requests = 1;  ///< Of a session.
  /// OneCpu: as the operation has it. Others are shown without a prediction. @pre Not PairPerCpu; two nodes.
  Placement placement = Placement::OneCpu;
  auto operator<=>(const LabCase&) const = default;

  /// "VXLAN, bridge, ClusterIP 500 of 1,000 x 1, iptables-legacy: connect, cold"
  std::string name() const;
  /// "VXLAN, bridge, pod to ClusterIP 500 of 1,000 x 1, iptables-legacy": network_name() and path_name().
  std::string datapath_name() const;
  /// "VXLAN, bridge", "VXLAN, bridge, 1 Gbit/s"
  std::string network_name() const;
  /// "pod to ClusterIP 500 of 1,000 x 1, iptables-legacy"
  std::string path_name() const;
  /// ", 5 requests, UDP, cold": what else tells operations on one datapath apart; empty for the plain one.
  std::string details() const;
  /// What the client asks for; of a chain its first Service.
  FlowClass flow() const;
  RuleSizes sizes() const;
  /// Place of the asked container among those with hostPorts, from 1: in the middle.
  std::uint32_t host_port_position() const { return (setup.rules.host_ports + 1) / 2; }
};

/// The model whose rules these are.
std::unique_ptr<ProxyModel> proxy_model(const LabRules& rules);
/// Whether the models can say what a case consists of: no pod network of theirs uses IPIP or WireGuard, and no step of
/// the lab's is what a packet takes that changes CPU.
bool has_model(const LabCase& lab_case);
/// Whether p90 and p99 of its samples are those of single warm operations.
inline bool has_tail(const LabCase& lab_case) { return !lab_case.cold && lab_case.operation != Operation::Session; }

/// What the models say an established data packet of the case goes through, as the engine would play it.
/// @pre has_model()
Walk data_walk(const LabCase& lab_case);

/// Units of each step kind that delay one operation, by StepKind, and the rule scans, apart.
struct LabWork {
  std::array<double, kStepKinds> count{};
  /// The same by visit to a core: what lies between two changes of the place at which a packet is worked on.
  std::vector<std::array<double, kStepKinds>> visits;
  /// A scan of `rules` rules of a node's nat table that stand `rule_bytes` apart.
  struct Scan {
    StepKind kind{};
    double rules = 0;
    std::uint32_t rule_bytes = 0;
    NodeRole node{};
  };
  std::vector<Scan> scans;  ///< What grows with the Services.
};

/// What the models say the operation consists of, on the lab's wires: a cable is a veth pair, which has no driver, NIC,
/// interrupt or queue; everything runs in the caller's context, so that connect() returns only when the handshake's
/// third packet has passed too, and finds its answer without sleeping. Without rules there is no conntrack either.
/// A session holds all the work of its connection, that which nobody waits for too, since everything is on one CPU.
/// @pre has_model()
LabWork work_of(const LabCase& lab_case);

}  // namespace knetsim::lab
