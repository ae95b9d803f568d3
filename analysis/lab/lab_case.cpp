#include "analysis/lab/lab_case.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "models/cni/cni_model.h"
#include "models/service/datapath.h"
#include "models/walk/bindings.h"

namespace knetsim::lab {
namespace {

/// Work that a packet of the handshake's end does on its way: that of any packet, without its socket's ends.
bool of_passage(StepKind kind) {
  switch (kind) {
    case StepKind::SendSyscall:
    case StepKind::CopyIn:
    case StepKind::TcpReceive:
    case StepKind::ReceiveSyscall:
    case StepKind::CopyOut:
    case StepKind::WakeUp:
      return false;
    default:
      return true;
  }
}

/// What a cable between namespaces does not have.
bool of_hardware(StepKind kind) {
  switch (kind) {
    case StepKind::Qdisc:
    case StepKind::DriverTransmit:
    case StepKind::NicTransmit:
    case StepKind::NicReceive:
    case StepKind::Interrupt:
    case StepKind::NapiPoll:
    case StepKind::SwitchForward:
      return true;
    default:
      return false;
  }
}

bool of_conntrack(StepKind kind) {
  return kind == StepKind::ConntrackLookup || kind == StepKind::ConntrackInsert || kind == StepKind::NatSetup;
}

double units(CostUnit unit, std::uint32_t bytes) { return unit == CostUnit::Byte ? bytes : 1; }

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
  return operation == Operation::Connect ? "connect" : "round trip";
}

std::string LabCase::network_name() const {
  return fmt::format("{}, {}", setup.nodes == 1 ? "one node" : fabric_name(setup.fabric),
                     setup.bridge ? "bridge" : "routed");
}

std::string LabCase::path_name() const {
  const char* server = server_host_network ? "host" : "pod";
  std::string text = fmt::format("{} to ", client_host_network ? "host" : "pod");
  switch (exposure) {
    case Exposure::ClusterIp:
      text +=
          fmt::format("ClusterIP {} of {} x {}{}", setup.rules.position, setup.rules.services, setup.rules.endpoints,
                      setup.rules.affinity           ? " (affinity)"
                      : setup.rules.least_connection ? " (lc)"
                                                     : "");
      break;
    case Exposure::NodePort:
      text += fmt::format("NodePort, {} x {}", setup.rules.services, setup.rules.endpoints);
      break;
    default:
      text += server;
      if (setup.rules.proxy != LabProxy::None) text += fmt::format(" past {} Services", setup.rules.services);
  }
  return text + fmt::format(", {}", proxy_name(setup.rules.proxy));
}

std::string LabCase::datapath_name() const { return network_name() + ", " + path_name(); }

std::string LabCase::name() const {
  std::string text = fmt::format("{}: {}", datapath_name(), operation_name(operation));
  if (bytes > 1) text += fmt::format(" of {} B", bytes);
  return text + (cold ? ", cold" : "");
}

FlowClass LabCase::flow() const {
  FlowClass flow;
  flow.exposure = exposure;
  flow.locality = setup.nodes == 1 ? Locality::SameNode : Locality::Remote;
  if (exposure == Exposure::NodePort) flow.ingress = IngressNode::ClientNode;
  flow.client_host_network = client_host_network;
  flow.server_host_network = server_host_network;
  flow.affinity = setup.rules.affinity;
  flow.endpoints = setup.rules.affinity ? setup.rules.endpoints : 1;
  return flow;
}

RuleSizes LabCase::sizes() const {
  const LabRules& rules = setup.rules;
  if (rules.proxy == LabProxy::None) return {};
  RuleSizes sizes;
  sizes.service_ports = sizes.services_rules = rules.services;
  sizes.node_ports = 1;
  sizes.endpoints = std::uint64_t{rules.services} * rules.endpoints;
  return sizes;
}

std::unique_ptr<ProxyModel> proxy_model(const LabRules& rules, const RuleSizes& sizes) {
  const char* mode = rules.proxy == LabProxy::None       ? "none"
                     : rules.proxy == LabProxy::Nftables ? "nftables"
                     : rules.proxy == LabProxy::Ipvs     ? "ipvs"
                                                         : "iptables";
  return proxy_mode_named(mode)->make(
      {.backend = rules.proxy == LabProxy::IptablesNft ? IptablesBackend::Nft : IptablesBackend::Legacy,
       .scheduler = rules.least_connection ? "lc" : "rr",
       .sizes = sizes});
}

LabWork work_of(const LabCase& lab_case) {
  const LabRules& rules = lab_case.setup.rules;
  const auto proxy = proxy_model(rules, lab_case.sizes());
  const bool vxlan = lab_case.setup.fabric == Fabric::Vxlan;
  const char* kind = !lab_case.setup.bridge ? "routed" : vxlan ? "flannel" : "bridge";
  const auto cni = cni_kind_named(kind)->make({.backend = vxlan ? "vxlan" : ""});
  const Datapath datapath{*proxy, *cni, {}};
  const FlowClass flow = lab_case.flow();
  Bindings bindings;
  bindings[Symbol::ServicePosition] = rules.position;
  bindings[Symbol::NodePortPosition] = 1;
  bindings[Symbol::IpvsDestinations] = proxy->destinations_scanned(rules.endpoints);
  bindings[Symbol::EndpointIndex] = (rules.endpoints + 1) / 2.0;  // drawn evenly by the rules

  LabWork work;
  const auto add = [&](PacketClass packet, bool passage_only) {
    const Walk walk = describe(flow, packet, datapath);
    const Step* last = nullptr;
    for (const Step& step : walk.steps) {
      const bool moved = last == nullptr || last->node != step.node || last->place != step.place;
      if (moved && step.place != Place::Wire) work.visits.emplace_back();
      last = &step;
      if (step.passage != Passage::Message || info(step.kind).charge == Charge::CpuOnly) continue;
      if (passage_only && !of_passage(step.kind)) continue;
      if (passage_only && step.when == Condition::OuterUntracked) continue;  // the SYN was the tuple's first packet
      if (step.when == Condition::OuterUntracked && lab_case.operation == Operation::RoundTrip) continue;
      if (step.kind == StepKind::WakeUp && lab_case.operation == Operation::Connect) continue;
      if (of_hardware(step.kind)) continue;
      if (rules.proxy == LabProxy::None && of_conntrack(step.kind)) continue;
      const StepKind what = step.kind == StepKind::Wire ? StepKind::Veth : step.kind;
      const double count = value_of(step.count, bindings);
      if (step.rule_bytes > 0 && step.table == RuleTable::Nat) {
        work.scans.push_back({what, count, step.rule_bytes, step.node});
      } else {
        const double amount = count * units(info(what).unit, lab_case.bytes);
        work.count[static_cast<std::size_t>(what)] += amount;
        work.visits.back()[static_cast<std::size_t>(what)] += amount;
      }
    }
  };
  if (lab_case.operation == Operation::Connect) {
    add(PacketClass::First, false);
    add(PacketClass::SynAck, false);
    add(PacketClass::Request, true);
  } else {
    add(PacketClass::Request, false);
    add(PacketClass::Response, false);
  }
  return work;
}

}  // namespace knetsim::lab
