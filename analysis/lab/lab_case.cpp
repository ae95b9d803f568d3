#include "analysis/lab/lab_case.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "analysis/lab/lab_error.h"
#include "models/cni/cni_model.h"
#include "models/proxy/iptables_rules.h"
#include "models/service/datapath.h"
#include "models/service/unawaited.h"
#include "models/walk/bindings.h"

namespace knetsim::lab {
namespace {

/// Work that a packet of the handshake's end does on its way: that of any packet, without its socket's ends.
bool of_passage(StepKind kind) { return info(kind).side != StepSide::Receiver && !info(kind).traits.in_thread; }

/// What a cable between namespaces does not have.
bool of_hardware(StepKind kind) { return info(kind).side == StepSide::Device; }

bool of_conntrack(StepKind kind) { return info(kind).traits.tracking; }

constexpr std::uint32_t kSegmentBytes = 1448;  // of a packet of 1,500 bytes; over a tunnel fewer

double units(CostUnit unit, std::uint32_t bytes) { return unit == CostUnit::Byte ? bytes : 1; }

std::unique_ptr<CniModel> cni_model(const LabSetup& setup) {
  const bool vxlan = setup.fabric == Fabric::Vxlan;
  const char* kind = !setup.bridge ? "routed" : vxlan ? "flannel" : "bridge";
  return cni_kind_named(kind)->make({.backend = vxlan && setup.bridge ? "vxlan" : "", .masquerade = false});
}

/// Adds up the work of the walks of a case's packets.
class WorkSum {
 public:
  explicit WorkSum(const LabCase& lab_case)
      : case_(lab_case),
        proxy_(proxy_model(lab_case.setup.rules)),
        cni_(cni_model(lab_case.setup)),
        host_ports_(lab_case.setup.rules.proxy == LabProxy::IptablesNft ? IptablesBackend::Nft
                                                                        : IptablesBackend::Legacy),
        datapath_{*proxy_, *cni_, lab_case.setup.rules.host_ports > 0 ? &host_ports_ : nullptr} {
    RuleSizes sizes = lab_case.sizes();
    node_symbols_.fill(symbols_of(sizes));
    sizes.host_port_containers = lab_case.setup.rules.host_ports;
    // Of one machine all roles are the client's.
    const NodeRole server = lab_case.setup.nodes == 1 ? NodeRole::Client : NodeRole::Server;
    node_symbols_[static_cast<std::size_t>(server)] = symbols_of(sizes);
  }

  /// All that a packet of this class brings about, of a chain at each of its Services. The connection to the second one
  /// stands before anything is asked, and stays: it has neither a handshake nor an end.
  void add(PacketClass packet) {
    const LabRules& rules = case_.setup.rules;
    add(packet, case_.flow(), rules.position, false);
    const bool data = packet == PacketClass::Request || packet == PacketClass::Response;
    if (!case_.setup.chained || !data) return;
    FlowClass second;  // from pod to pod, by the next Service's ClusterIP
    second.transport = rules.transport;
    second.exposure = rules.proxy == LabProxy::None ? Exposure::PodIp : Exposure::ClusterIp;
    second.locality = case_.flow().locality;
    add(packet, second, rules.position + 1, false);
  }
  /// The passage alone of a packet of this class: without its ends' sockets.
  void add_passage(PacketClass packet) { add(packet, case_.flow(), case_.setup.rules.position, true); }

  LabWork take() { return std::move(work_); }

  Walk walk(PacketClass packet, const FlowClass& flow) const { return describe(flow, packet, datapath_); }

 private:
  void add(PacketClass packet, const FlowClass& flow, std::uint32_t position, bool passage_only) {
    const LabRules& rules = case_.setup.rules;
    Bindings bindings{.node = node_symbols_};
    bindings[Symbol::ServicePosition] = static_cast<float>(position);
    bindings[Symbol::NodePortPosition] = 1;
    bindings[Symbol::NodePortsAlike] = 1;
    bindings[Symbol::IpvsDestinations] =
        static_cast<float>(proxy_->make_chooser(RandomStreams(1))->looked_at(rules.endpoints));
    // Drawn evenly by the rules; the last one without a draw of its own.
    const auto endpoints = static_cast<float>(rules.endpoints);
    bindings[Symbol::EndpointIndex] = (endpoints + 1) / 2;
    bindings[Symbol::EndpointDraws] = (endpoints + 1) / 2 - 1 / endpoints;
    bindings[Symbol::Endpoints] = endpoints;
    bindings[Symbol::HostPortPosition] = static_cast<float>(case_.host_port_position());
    const Walk passed = walk(packet, flow);
    const Step* last = nullptr;
    for (const Step& step : passed.steps) {
      const bool moved = last == nullptr || last->node != step.node || last->place != step.place;
      if (moved && step.place != Place::Wire) work_.visits.emplace_back();
      last = &step;
      if (!takes_part(step, packet, passage_only)) continue;
      const StepKind what = step.kind == StepKind::Wire ? StepKind::Veth : step.kind;
      const double count = value_of(step.count, bindings, step.node);
      if (step.rule_bytes > 0 && step.table == RuleTable::Nat) {
        work_.scans.push_back({what, count, step.rule_bytes, step.node});
      } else {
        const double packets = step.kind == StepKind::Wire ? 1 + unseen_on_wires(packet) : 1;
        const double amount = count * packets * units(info(what).unit, case_.bytes);
        work_.count[static_cast<std::size_t>(what)] += amount;
        work_.visits.back()[static_cast<std::size_t>(what)] += amount;
      }
    }
  }

  bool takes_part(const Step& step, PacketClass packet, bool passage_only) const {
    const Operation operation = case_.operation;
    const bool session = operation == Operation::Session;
    if (step.passage == Passage::Ack || step.kind == StepKind::Ack) return acked_apart(packet);
    const bool unawaited = step.passage == Passage::Unawaited || info(step.kind).charge == Charge::CpuOnly;
    if (unawaited && !session) return false;
    if (passage_only && !of_passage(step.kind)) return false;
    // SYN and SYN-ACK are their tuples' first packets.
    const bool opens = packet == PacketClass::First || packet == PacketClass::SynAck;
    if (step.when == Condition::OuterUntracked && !opens) return false;
    if (step.kind == StepKind::WakeUp && (packet == PacketClass::SynAck || operation == Operation::Connect))
      return false;
    if (of_hardware(step.kind)) return false;
    return case_.setup.rules.proxy != LabProxy::None || !of_conntrack(step.kind);
  }

  /// Packets of which a walk holds the work on machines, but not the passage of wires, which cost nothing but here.
  double unseen_on_wires(PacketClass packet) const {
    if (case_.operation == Operation::Session && packet == PacketClass::First) return kUnawaitedPackets;
    return acked_apart(packet) ? 1 : 0;
  }

  /// In a ping-pong every message of one packet carries the ACK of the one before. One of several has its own.
  bool acked_apart(PacketClass packet) const {
    const bool data = packet == PacketClass::Request || packet == PacketClass::Response;
    const bool asked = case_.operation != Operation::Connect && case_.setup.rules.transport == Transport::Tcp;
    return data && asked && case_.bytes > kSegmentBytes;
  }

  const LabCase& case_;
  std::unique_ptr<ProxyModel> proxy_;
  std::unique_ptr<CniModel> cni_;
  PortMap host_ports_;
  Datapath datapath_;
  std::array<MachineSymbols, 3> node_symbols_{};  // by NodeRole
  LabWork work_;
};

}  // namespace

std::string_view proxy_name(LabProxy proxy) {
  switch (proxy) {
    case LabProxy::None:
      return "no rules";
    case LabProxy::IptablesLegacy:
      return "iptables-legacy";
    case LabProxy::IptablesNft:
      return "iptables-nft";
    case LabProxy::Nftables:
      return "nftables";
    case LabProxy::Ipvs:
      return "ipvs";
  }
  return "";
}

std::string_view operation_name(Operation operation) {
  switch (operation) {
    case Operation::Connect:
      return "connect";
    case Operation::RoundTrip:
      return "round trip";
    case Operation::Session:
      return "session";
  }
  return "";
}

std::string LabCase::network_name() const {
  const std::string rate = setup.wire_mbit == 0          ? ""
                           : setup.wire_mbit % 1000 == 0 ? fmt::format(", {} Gbit/s", setup.wire_mbit / 1000)
                                                         : fmt::format(", {} Mbit/s", setup.wire_mbit);
  return fmt::format("{}, {}{}", setup.nodes == 1 ? "one node" : fabric_name(setup.fabric),
                     setup.bridge ? "bridge" : "routed", rate);
}

std::string LabCase::path_name() const {
  const LabRules& rules = setup.rules;
  const char* server = server_host_network ? "host" : "pod";
  std::string text = fmt::format("{} to ", client_host_network ? "host" : "pod");
  switch (exposure) {
    case Exposure::ClusterIp:
      text += fmt::format("ClusterIP {} of {} x {}", rules.position, rules.services, rules.endpoints);
      if (rules.affinity) text += remembered ? " (affinity, known)" : " (affinity)";
      if (rules.least_connection) text += " (lc)";
      break;
    case Exposure::NodePort:
      text += fmt::format("NodePort{}, {} x {}",
                          ingress == IngressNode::ThirdNode    ? " of a third node"
                          : ingress == IngressNode::ServerNode ? " of the server's node"
                                                               : "",
                          rules.services, rules.endpoints);
      break;
    case Exposure::HostPort:
      text += fmt::format("hostPort of {} past {} Services", rules.host_ports, rules.services);
      break;
    case Exposure::ExternalIp:  // no Service of the lab has one
      break;
    case Exposure::PodIp:
      text += server;
      if (rules.proxy != LabProxy::None) text += fmt::format(" past {} Services", rules.services);
  }
  if (setup.chained) text += " and on to a second";
  return text + fmt::format(", {}", proxy_name(rules.proxy));
}

std::string LabCase::datapath_name() const { return network_name() + ", " + path_name(); }

std::string LabCase::details() const {
  std::string text;
  if (operation == Operation::Session) text += fmt::format(", {} {}", requests, requests == 1 ? "request" : "requests");
  if (setup.rules.transport == Transport::Udp) text += ", UDP";
  if (bytes > 1) text += fmt::format(", {} B", bytes);
  if (placement != Placement::OneCpu) text += fmt::format(", {}", placement_name(placement));
  return text + (cold ? ", cold" : "");
}

std::string LabCase::name() const {
  return fmt::format("{}: {}{}", datapath_name(), operation_name(operation), details());
}

FlowClass LabCase::flow() const {
  FlowClass flow;
  flow.transport = setup.rules.transport;
  flow.exposure = exposure;
  flow.locality = setup.nodes == 1 ? Locality::SameNode : Locality::Remote;
  if (exposure == Exposure::NodePort) flow.ingress = ingress;
  flow.client_host_network = client_host_network;
  flow.server_host_network = server_host_network;
  flow.affinity = setup.rules.affinity;
  flow.remembered = remembered;
  return flow;
}

RuleSizes LabCase::sizes() const {
  const LabRules& rules = setup.rules;
  if (rules.proxy == LabProxy::None) return {};
  RuleSizes sizes;
  sizes.service_ports = sizes.services_rules = rules.services;
  sizes.node_ports = 1;
  sizes.udp_node_ports = rules.transport == Transport::Udp ? 1 : 0;
  sizes.endpoints = std::uint64_t{rules.services} * rules.endpoints;
  (rules.transport == Transport::Udp ? sizes.udp_node_port_set : sizes.tcp_node_port_set) = true;
  return sizes;
}

std::unique_ptr<ProxyModel> proxy_model(const LabRules& rules) {
  const char* mode = rules.proxy == LabProxy::None       ? "none"
                     : rules.proxy == LabProxy::Nftables ? "nftables"
                     : rules.proxy == LabProxy::Ipvs     ? "ipvs"
                                                         : "iptables";
  const bool nft = rules.proxy == LabProxy::IptablesNft;
  return make_proxy(
      mode, {.choices = {{"backend", nft ? "nft" : "legacy"}, {"scheduler", rules.least_connection ? "lc" : "rr"}},
             .large_cluster = std::uint64_t{rules.services} * rules.endpoints > kLargeClusterEndpoints});
}

bool has_model(const LabCase& lab_case) {
  const LabSetup& setup = lab_case.setup;
  if (lab_case.placement != Placement::OneCpu) return false;
  return setup.nodes == 1 || setup.fabric == Fabric::HostRoutes || setup.fabric == Fabric::Vxlan;
}

Walk data_walk(const LabCase& lab_case) {
  if (!has_model(lab_case)) throw LabError("no model: " + lab_case.name());
  return WorkSum(lab_case).walk(PacketClass::Request, lab_case.flow());
}

LabWork work_of(const LabCase& lab_case) {
  if (!has_model(lab_case)) throw LabError("no model: " + lab_case.name());
  WorkSum sum(lab_case);
  switch (lab_case.operation) {
    case Operation::Connect:
      sum.add(PacketClass::First);
      sum.add(PacketClass::SynAck);
      sum.add_passage(PacketClass::Request);
      break;
    case Operation::RoundTrip:
      sum.add(PacketClass::Request);
      sum.add(PacketClass::Response);
      break;
    case Operation::Session:
      sum.add(PacketClass::First);
      sum.add(PacketClass::SynAck);
      for (std::uint32_t request = 0; request < lab_case.requests; ++request) {
        sum.add(PacketClass::Request);
        sum.add(PacketClass::Response);
      }
      break;
  }
  return sum.take();
}

}  // namespace knetsim::lab
