#pragma once

#include <string>
#include <vector>

#include "models/cost/cost_profile.h"
#include "models/service/datapath.h"
#include "models/walk/bindings.h"

namespace knetsim {

// Three walks written out by hand, as numbers. The order of steps is the kernel's; rules are counted from the chains of
// kube-proxy in iptables mode (k/k pkg/proxy/iptables/proxier.go): nat PREROUTING and OUTPUT jump to KUBE-SERVICES (1),
// which has R rules and a tail; a match at position k leads to KUBE-SVC (mark test, then i rules to the chosen
// endpoint) and KUBE-SEP (2).
//
//   pod -> ClusterIP                 1 + k + 1 + i + 2          = k + i + 4
//   host process -> ClusterIP        the same and KUBE-MARK-MASQ = k + i + 5
//   NodePort, Cluster policy         1 + R + 1 + n + 2 + 1 + 1 + i + 2 = R + n + i + 8
//   no Service of this node          1 + R + 1                  = R + 2, and all N of KUBE-NODEPORTS where the address
//                                                                 is the node's own
//   nat POSTROUTING                  2; 4 where marked
//   filter FORWARD                   4 + 3 new; 4 where marked; 5 established
//   filter INPUT, OUTPUT             5 and 4
//
// R = 1,000, k = 417, n = 12 of 30, i = 4 of 10; no Service without endpoints. Costs in ns, round figures in the range
// of the published ones; a rule costs 20 whether warm or cold, so that sums can be written down.

inline constexpr double kHandServices = 1'000;

/// Kinds and their cost per unit, ns.
inline CostProfile hand_profile() {
  CostProfile profile;
  const auto set = [&](StepKind kind, double ns) { profile[kind].median_ps = 1e3 * ns; };
  set(StepKind::Connect, 9'000);
  set(StepKind::SendSyscall, 1'000);
  set(StepKind::CopyIn, 0.1);
  set(StepKind::TcpTransmit, 700);
  set(StepKind::Veth, 1'200);
  set(StepKind::Bridge, 250);
  set(StepKind::Route, 300);
  set(StepKind::ConntrackLookup, 100);
  set(StepKind::ConntrackInsert, 2'000);
  set(StepKind::Rule, 20);
  set(StepKind::NatSetup, 1'500);
  set(StepKind::NatMangle, 110);
  set(StepKind::VxlanEncap, 310);
  set(StepKind::VxlanDecap, 320);
  set(StepKind::IpipEncap, 280);
  set(StepKind::IpipDecap, 290);
  set(StepKind::Loopback, 600);
  set(StepKind::Qdisc, 200);
  set(StepKind::DriverTransmit, 450);
  set(StepKind::NicTransmit, 700);
  set(StepKind::NicReceive, 900);
  set(StepKind::Interrupt, 1'300);
  set(StepKind::NapiPoll, 210);
  set(StepKind::IpReceive, 190);
  set(StepKind::TcpReceive, 720);
  set(StepKind::TcpAccept, 5'500);
  set(StepKind::TcpConnected, 2'950);
  set(StepKind::WakeUp, 2'000);
  set(StepKind::ReceiveSyscall, 1'850);
  set(StepKind::CopyOut, 0.2);
  for (const StepKind kind : {StepKind::Rule, StepKind::NftRule}) {
    ScanCost flat;
    flat.warm_ps = flat.far_ps = flat.cold_ps = profile[kind].median_ps;
    flat.cache_bytes = 1;
    flat.forget_ps = 1;
    profile.scans[static_cast<std::size_t>(kind)] = flat;
  }
  return profile;
}

/// One stretch of a walk: a visit to one place of one machine, with its steps' ns in order.
struct HandStage {
  Place place;
  NodeRole node;
  std::vector<double> ns;
};

struct HandWalk {
  PacketClass packet;
  double rules;  ///< That the packet evaluates, on all machines.
  std::vector<HandStage> stages;
};

struct HandCase {
  std::string name;
  std::string cni;
  FlowClass flow;
  double payload_bytes;  ///< Of Request and Response.
  std::vector<HandWalk> walks;
};

inline RuleSizes hand_sizes() {
  return {.service_ports = 1'000, .services_rules = 1'000, .node_ports = 30, .endpoints = 10'000};
}

inline Bindings hand_bindings() {
  Bindings bindings;
  bindings[Symbol::ServicePosition] = 417;
  bindings[Symbol::NodePortPosition] = bindings[Symbol::NodePortsAlike] = 12;
  bindings[Symbol::EndpointIndex] = bindings[Symbol::EndpointDraws] = 4;
  bindings[Symbol::Endpoints] = 10;
  bindings.set_everywhere(symbols_of(hand_sizes()));
  return bindings;
}

inline ProxyParams hand_params() { return {.large_cluster = true}; }

inline std::vector<HandCase> hand_cases() {
  using enum Place;
  using enum NodeRole;
  using P = PacketClass;
  std::vector<HandCase> cases;

  // 1. A pod asks a ClusterIP; the endpoint is a pod of another node; bridges and host routes. 1,000 bytes each way.
  cases.push_back({"ClusterIP over the bridge",
                   "bridge",
                   {.exposure = Exposure::ClusterIp},
                   1'000,
                   {{P::First,
                     425 + 7 + 2 + 1'002 + 7 + 2,
                     {{SendingCpu,
                       Client,
                       {9'000, 700,                  // connect, SYN
                        1'200, 250, 190,             // veth, bridge, ip_rcv
                        100, 425 * 20, 1'500, 110,   // conntrack, PREROUTING k + i + 4, binding, DNAT
                        300, 7 * 20, 2 * 20, 1'500,  // route, FORWARD, POSTROUTING, binding
                        2'000, 200, 450}},           // confirm, qdisc, driver
                      {Nic, Client, {700, 900}},
                      {SoftirqCore,
                       Server,
                       {1'300, 210, 190,             // interrupt, NAPI, ip_rcv
                        100, 1'002 * 20, 1'500,      // conntrack, PREROUTING R + 2, binding
                        300, 7 * 20, 2 * 20, 1'500,  // route, FORWARD, POSTROUTING, binding
                        2'000, 250, 1'200, 190,      // confirm, bridge, veth, ip_rcv in the pod
                        5'500}}}},                   // SYN to SYN-ACK
                    {P::SynAck,
                     5 + 5,
                     {{SoftirqCore, Server, {700, 1'200, 250, 190, 100, 300, 5 * 20, 200, 450}},
                      {Nic, Server, {700, 900}},
                      {SoftirqCore,
                       Client,
                       {1'300, 210, 190, 100, 300, 5 * 20, 110, 250, 1'200, 190, 2'950}},  // 110: back to the ClusterIP
                      {ReceivingCpu, Client, {2'000, 1'850}}}},
                    {P::Request,
                     5 + 5,
                     {{SendingCpu, Client, {1'000, 100, 700, 1'200, 250, 190, 100, 110, 300, 5 * 20, 200, 450}},
                      {Nic, Client, {700, 900}},
                      {SoftirqCore, Server, {1'300, 210, 190, 100, 300, 5 * 20, 250, 1'200, 190, 720}},
                      {ReceivingCpu, Server, {2'000, 1'850, 200}}}},
                    {P::Response,
                     5 + 5,
                     {{SendingCpu, Server, {1'000, 100, 700, 1'200, 250, 190, 100, 300, 5 * 20, 200, 450}},
                      {Nic, Server, {700, 900}},
                      {SoftirqCore, Client, {1'300, 210, 190, 100, 300, 5 * 20, 110, 250, 1'200, 190, 720}},
                      {ReceivingCpu, Client, {2'000, 1'850, 200}}}}}});

  // 2. A pod asks a NodePort at a third node, which masquerades and sends on to a pod of yet another node through
  // VXLAN. The client's own node masquerades it as flannel does, and has it back in the answers (110 each). The
  // tunnel's outer tuples are new to conntrack in the handshake, each way: OUTPUT and PREROUTING R + 2 by the outer
  // packet.
  cases.push_back(
      {"NodePort over VXLAN",
       "flannel",
       {.exposure = Exposure::NodePort, .ingress = IngressNode::ThirdNode},
       1'000,
       {{P::First,
         1'002 + 7 + 2 + 1'024 + 4 + 4 + (1'002 + 4 + 2) + (1'032 + 5) + 1'002 + 7 + 2,
         {{SendingCpu,
           Client,
           {9'000, 700, 1'200, 250, 190, 100, 1'002 * 20, 1'500, 300, 7 * 20, 2 * 20, 1'500, 110, 2'000, 200, 450}},
          {Nic, Client, {700, 900}},
          {SoftirqCore,
           Ingress,
           {1'300,  210,    190,        100,    1'024 * 20, 1'500, 110,  // R + n + i + 8, binding, DNAT
            300,    4 * 20, 4 * 20,     1'500,  110,        2'000,       // accepted by its mark; MASQUERADE, confirm
            310,    100,    1'002 * 20, 4 * 20, 1'500,  // encapsulation; outer: conntrack, OUTPUT nat and filter
            2 * 20, 1'500,  2'000,      200,    450}},  // outer: POSTROUTING, confirm; qdisc, driver
          {Nic, Ingress, {700, 900}},
          {SoftirqCore, Server, {1'300, 210,    190,    100,        1'032 * 20,
                                 1'500, 5 * 20, 1'500,  2'000,              // outer: PREROUTING, INPUT, confirm
                                 320,   190,    100,    1'002 * 20, 1'500,  // decapsulation; inner: a miss again
                                 300,   7 * 20, 2 * 20, 1'500,      2'000,
                                 250,   1'200,  190,    5'500}}}},
        {P::SynAck,
         5 + (1'002 + 4 + 2) + (1'032 + 5) + 5 + 5,
         {{SoftirqCore,
           Server,
           {700, 1'200, 250, 190, 100, 300, 5 * 20, 310, 100, 1'002 * 20, 4 * 20, 1'500, 2 * 20, 1'500, 2'000, 200,
            450}},
          {Nic, Server, {700, 900}},
          {SoftirqCore,
           Ingress,
           {1'300, 210, 190, 100, 1'032 * 20, 1'500, 5 * 20, 1'500, 2'000, 320, 190,  //
            100, 110, 300, 5 * 20, 110, 200, 450}},  // un-SNAT and un-DNAT, on to the client's node
          {Nic, Ingress, {700, 900}},
          {SoftirqCore, Client, {1'300, 210, 190, 100, 110, 300, 5 * 20, 250, 1'200, 190, 2'950}},
          {ReceivingCpu, Client, {2'000, 1'850}}}},
        {P::Request,
         5 + 5 + 4 + 5 + 5,
         {{SendingCpu, Client, {1'000, 100, 700, 1'200, 250, 190, 100, 300, 5 * 20, 110, 200, 450}},
          {Nic, Client, {700, 900}},
          {SoftirqCore, Ingress, {1'300, 210, 190, 100, 110, 300, 5 * 20, 110, 310, 100, 4 * 20, 200, 450}},
          {Nic, Ingress, {700, 900}},
          {SoftirqCore, Server, {1'300, 210, 190, 100, 5 * 20, 320, 190, 100, 300, 5 * 20, 250, 1'200, 190, 720}},
          {ReceivingCpu, Server, {2'000, 1'850, 200}}}},
        {P::Response,
         5 + 4 + 5 + 5 + 5,
         {{SendingCpu, Server, {1'000, 100, 700, 1'200, 250, 190, 100, 300, 5 * 20, 310, 100, 4 * 20, 200, 450}},
          {Nic, Server, {700, 900}},
          {SoftirqCore, Ingress, {1'300, 210, 190, 100, 5 * 20, 320, 190, 100, 110, 300, 5 * 20, 110, 200, 450}},
          {Nic, Ingress, {700, 900}},
          {SoftirqCore, Client, {1'300, 210, 190, 100, 110, 300, 5 * 20, 250, 1'200, 190, 720}},
          {ReceivingCpu, Client, {2'000, 1'850, 200}}}}}});

  // 3. A hostNetwork pod asks a ClusterIP with a hostNetwork endpoint on another node: no veth, bridge or tunnel, but
  // the address is no pod's, so the connection is masqueraded, and the packet is routed again after DNAT in OUTPUT. The
  // server's node scans R rules.
  cases.push_back({"hostNetwork",
                   "flannel",
                   {.exposure = Exposure::ClusterIp, .client_host_network = true, .server_host_network = true},
                   1'000,
                   {{P::First,
                     426 + 4 + 4 + 1'032 + 5,
                     {{SendingCpu,
                       Client,
                       {9'000, 700, 100, 426 * 20, 4 * 20, 1'500, 110,
                        300,  // k + i + 5 and the filter rules of OUTPUT, binding, DNAT, route
                        4 * 20, 1'500, 110, 2'000, 200, 450}},  // MASQUERADE, binding, SNAT, confirm
                      {Nic, Client, {700, 900}},
                      {SoftirqCore, Server, {1'300, 210, 190, 100, 1'032 * 20, 1'500, 5 * 20, 1'500, 2'000, 5'500}}}},
                    {P::SynAck,
                     4 + 5,
                     {{SoftirqCore, Server, {700, 100, 4 * 20, 200, 450}},
                      {Nic, Server, {700, 900}},
                      {SoftirqCore, Client, {1'300, 210, 190, 100, 110, 5 * 20, 110, 2'950}},
                      {ReceivingCpu, Client, {2'000, 1'850}}}},
                    {P::Request,
                     4 + 5,
                     {{SendingCpu, Client, {1'000, 100, 700, 100, 4 * 20, 110, 300, 110, 200, 450}},
                      {Nic, Client, {700, 900}},
                      {SoftirqCore, Server, {1'300, 210, 190, 100, 5 * 20, 720}},
                      {ReceivingCpu, Server, {2'000, 1'850, 200}}}},
                    {P::Response,
                     4 + 5,
                     {{SendingCpu, Server, {1'000, 100, 700, 100, 4 * 20, 200, 450}},
                      {Nic, Server, {700, 900}},
                      {SoftirqCore, Client, {1'300, 210, 190, 100, 110, 5 * 20, 110, 720}},
                      {ReceivingCpu, Client, {2'000, 1'850, 200}}}}}});
  return cases;
}

}  // namespace knetsim
