#include "analysis/lab/measurement_record.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "analysis/lab/record_json.h"
#include "sim/input/binder.h"
#include "sim/input/read_documents.h"

namespace knetsim {

// What a record says about a case, key by key; json_of() below writes the same keys.

void describe(EnumValues<Exposure>& v) {
  v.value("PodIP", Exposure::PodIp, "the server's own address")
      .value("ClusterIP", Exposure::ClusterIp, "the Service's address")
      .value("NodePort", Exposure::NodePort, "a port of a node")
      .value("HostPort", Exposure::HostPort, "a port of the server's node");
}

void describe(EnumValues<IngressNode>& v) {
  v.value("client", IngressNode::ClientNode, "the client's node")
      .value("server", IngressNode::ServerNode, "the server's node")
      .value("third", IngressNode::ThirdNode, "a node of neither");
}

void describe(EnumValues<Transport>& v) { v.value("tcp", Transport::Tcp, "TCP").value("udp", Transport::Udp, "UDP"); }

namespace lab {

void describe(EnumValues<Fabric>& v) {
  v.value("host-routes", Fabric::HostRoutes, "routes, no encapsulation")
      .value("vxlan", Fabric::Vxlan, "VXLAN")
      .value("ipip", Fabric::Ipip, "IP in IP")
      .value("wireguard", Fabric::WireGuard, "WireGuard");
}

void describe(EnumValues<LabProxy>& v) {
  v.value("none", LabProxy::None, "no rules, no conntrack")
      .value("iptables-legacy", LabProxy::IptablesLegacy, "kube-proxy's iptables mode, legacy back end")
      .value("iptables-nft", LabProxy::IptablesNft, "kube-proxy's iptables mode, nft back end")
      .value("nftables", LabProxy::Nftables, "kube-proxy's nftables mode")
      .value("ipvs", LabProxy::Ipvs, "kube-proxy's IPVS mode, rules with iptables-legacy");
}

void describe(EnumValues<Operation>& v) {
  v.value("connect", Operation::Connect, "connect()")
      .value("round-trip", Operation::RoundTrip, "request and response on an established connection")
      .value("session", Operation::Session, "connect(), round trips, close()");
}

void describe(Fields<LabRules>& f) {
  f.about("LabRules", "Whose rules the nodes have.");
  f.optional("proxy", &LabRules::proxy, "none", {.doc = "Proxy mode and back end."});
  f.optional("services", &LabRules::services, "10",
             {.doc = "Services, the asked one included.", .at_least = "1", .at_most = "100000"});
  f.optional("endpoints", &LabRules::endpoints, "1", {.doc = "Endpoints of each.", .at_least = "1", .at_most = "1000"});
  f.optional("position", &LabRules::position, "1", {.doc = "Place of the asked Service, from 1.", .at_least = "1"});
  f.optional("affinity", &LabRules::affinity, "false", {.doc = "sessionAffinity: ClientIP"});
  f.optional("leastConnection", &LabRules::least_connection, "false", {.doc = "IPVS: scheduler lc in place of rr."});
  f.optional("hostPorts", &LabRules::host_ports, "0",
             {.doc = "Containers with a hostPort on the server's node.", .at_most = "1000"});
  f.optional("transport", &LabRules::transport, "tcp", {.doc = "Of the Services, and of what is asked."});
  f.check([](const LabRules& rules, Node node, Binding& binding) {
    if (rules.position <= rules.services) return;
    binding.diagnostics.error(node["position"], fmt::format("there are {} Services", rules.services),
                              fmt::format("1 to {}", rules.services));
  });
}

void describe(Fields<LabSetup>& f) {
  f.about("LabSetup", "Nodes, pods and rules.");
  f.optional("nodes", &LabSetup::nodes, "2", {.doc = "Nodes.", .at_least = "1", .at_most = "3"});
  f.optional("fabric", &LabSetup::fabric, "host-routes", {.doc = "What carries packets between nodes."});
  f.optional("bridge", &LabSetup::bridge, "true", {.doc = "Pods at a bridge; else each behind a route."});
  f.optional("wireMbit", &LabSetup::wire_mbit, "0",
             {.doc = "Rate of each cable between nodes, each way; 0: as fast as the CPUs are.", .unit = "Mbit/s"});
  f.optional("chained", &LabSetup::chained, "false", {.doc = "The server asks a second Service before it answers."});
  f.optional("rules", &LabSetup::rules, {.doc = "Rules of every node."});
}

void describe(Fields<LabCase>& f) {
  f.about("LabCase", "One datapath and what is timed on it.");
  f.optional("setup", &LabCase::setup, {.doc = "What stands."});
  f.optional("exposure", &LabCase::exposure, "PodIP", {.doc = "What the client asks for."});
  f.optional("ingress", &LabCase::ingress, "client", {.doc = "Whose node port is asked."});
  f.optional("clientHostNetwork", &LabCase::client_host_network, "false", {.doc = "The client is a node's process."});
  f.optional("serverHostNetwork", &LabCase::server_host_network, "false", {.doc = "The server is a node's process."});
  f.required("operation", &LabCase::operation, {.doc = "What is timed."});
  f.optional("cold", &LabCase::cold, "false", {.doc = "The caches are swept before each operation."});
  f.optional("remembered", &LabCase::remembered, "false", {.doc = "Session affinity knows the client."});
  f.optional("bytes", &LabCase::bytes, "1", {.doc = "Of the request, and of the response.", .at_least = "1"});
  f.optional("requests", &LabCase::requests, "1", {.doc = "Of a session.", .at_least = "1"});
  f.optional("placement", &LabCase::placement, "one-cpu", {.doc = "One-cpu: as the operation has it."});
}

void describe(Fields<Estimate>& f) {
  f.about("Estimate", "A figure and its 95 % interval, nanoseconds.");
  f.required("value", &Estimate::value, {.doc = "The figure.", .unit = "ns"});
  f.required("low", &Estimate::low, {.doc = "The interval's lower end.", .unit = "ns", .at_least = "0"});
  f.required("high", &Estimate::high, {.doc = "The interval's upper end.", .unit = "ns", .at_most = "1000000000000"});
  f.check([](const Estimate& figure, Node node, Binding& binding) {
    if (figure.low <= figure.value && figure.value <= figure.high) return;
    binding.diagnostics.error(node["value"], "the figure is not within its interval",
                              fmt::format("{} to {}", figure.low, figure.high));
  });
}

void describe(Fields<Measured>& f) {
  f.about("Measured", "A case and what it took.");
  f.required("case", &Measured::lab_case, {.doc = "The case."});
  f.optional("heldOut", &Measured::held_out, "false", {.doc = "No cost may be fitted to it."});
  f.required("min", &Measured::min_ns, {.doc = "The least of all samples.", .unit = "ns", .at_least = "0"});
  f.required("p50", &Measured::p50, {.doc = "Median of the rounds' medians."});
  f.required("p90", &Measured::p90, {.doc = "Median of the rounds' 90th percentiles."});
  f.required("p99", &Measured::p99, {.doc = "Median of the rounds' 99th percentiles."});
  f.required("samples", &Measured::samples, {.doc = "All rounds together.", .at_least = "1"});
  f.check([](const Measured& one, Node node, Binding& binding) {
    if (one.p50.value > 0) return;
    binding.diagnostics.error(node["p50"], "an operation takes time", "> 0");
  });
}

void describe(Fields<LabMachine>& f) {
  f.about("LabMachine", "On what it was measured.");
  f.required("processor", &LabMachine::processor, {.doc = "As the kernel names it."});
  f.required("kernel", &LabMachine::kernel, {.doc = "Its release."});
  f.required("date", &LabMachine::date, {.doc = "The day."});
  f.optional("note", &LabMachine::note, "", {.doc = "What else a reader has to know."});
}

namespace {

constexpr const char* kApiVersion = "knetsim.io/v1alpha1";
constexpr const char* kKind = "KernelMeasurements";

}  // namespace

void describe(Fields<MeasurementRecord>& f) {
  f.about("KernelMeasurements", "All that a kernel lab measured.");
  f.required("machine", &MeasurementRecord::machine, {.doc = "On what."});
  f.optional("cpus", &MeasurementRecord::cpus, "1", {.doc = "CPUs that the lab had.", .at_least = "1"});
  f.optional("noise", &MeasurementRecord::noise, {.doc = "What disturbed the measurement."});
  f.required("cases", &MeasurementRecord::measured, {.doc = "What each case took.", .not_empty = true});
  f.optional("loads", &MeasurementRecord::loads, {.doc = "What each load came to."});
  f.optional("ruleLoads", &MeasurementRecord::rule_loads, {.doc = "What loading rules took."});
  f.takes_any_key();  // apiVersion and kind, which read_record() checks
}

nlohmann::ordered_json json_of(const LabCase& one) {
  const LabRules& rules = one.setup.rules;
  return {{"setup",
           {{"nodes", one.setup.nodes},
            {"fabric", name_of(one.setup.fabric)},
            {"bridge", one.setup.bridge},
            {"wireMbit", one.setup.wire_mbit},
            {"chained", one.setup.chained},
            {"rules",
             {{"proxy", name_of(rules.proxy)},
              {"services", rules.services},
              {"endpoints", rules.endpoints},
              {"position", rules.position},
              {"affinity", rules.affinity},
              {"leastConnection", rules.least_connection},
              {"hostPorts", rules.host_ports},
              {"transport", name_of(rules.transport)}}}}},
          {"exposure", name_of(one.exposure)},
          {"ingress", name_of(one.ingress)},
          {"clientHostNetwork", one.client_host_network},
          {"serverHostNetwork", one.server_host_network},
          {"operation", name_of(one.operation)},
          {"cold", one.cold},
          {"remembered", one.remembered},
          {"bytes", one.bytes},
          {"requests", one.requests},
          {"placement", name_of(one.placement)}};
}

namespace {

double tenths(double ns) { return std::round(ns * 10) / 10; }

nlohmann::ordered_json json_of(const Estimate& figure) {
  return {{"value", tenths(figure.value)}, {"low", tenths(figure.low)}, {"high", tenths(figure.high)}};
}

}  // namespace

std::string LabMachine::text() const {
  return fmt::format("{}, Linux {}{}, {}", processor, kernel, note.empty() ? "" : " (" + note + ")", date);
}

std::string record_text(const MeasurementRecord& record) {
  const LabMachine& machine = record.machine;
  const nlohmann::ordered_json about = {
      {"processor", machine.processor}, {"kernel", machine.kernel}, {"date", machine.date}, {"note", machine.note}};
  std::string out = fmt::format("{{\"apiVersion\": \"{}\", \"kind\": \"{}\",\n \"machine\": {},\n \"cpus\": {},\n",
                                kApiVersion, kKind, about.dump(), record.cpus);
  if (record.noise) out += fmt::format(" \"noise\": {},\n", json_of(*record.noise).dump());
  out += " \"cases\": [";
  for (const Measured& one : record.measured) {
    const nlohmann::ordered_json row = {{"case", json_of(one.lab_case)}, {"heldOut", one.held_out},
                                        {"min", tenths(one.min_ns)},     {"p50", json_of(one.p50)},
                                        {"p90", json_of(one.p90)},       {"p99", json_of(one.p99)},
                                        {"samples", one.samples}};
    out += fmt::format("{}\n  {}", &one == record.measured.data() ? "" : ",", row.dump());
  }
  out += "\n ],\n \"loads\": [";
  for (const MeasuredLoad& one : record.loads) {
    out += fmt::format("{}\n  {}", &one == record.loads.data() ? "" : ",", json_of(one).dump());
  }
  out += "\n ],\n \"ruleLoads\": [";
  for (const MeasuredRuleLoad& one : record.rule_loads) {
    out += fmt::format("{}\n  {}", &one == record.rule_loads.data() ? "" : ",", json_of(one).dump());
  }
  return out + "\n]}\n";
}

MeasurementRecord read_record(const Input& input) {
  const Document document = read_document(input, [](const Document& first, Diagnostics& diagnostics) {
    const Node kind = first.root()["kind"];
    const Node version = first.root()["apiVersion"];
    if (kind.text() == kKind && version.exists() && version.text() != kApiVersion) {
      diagnostics.error(version, "a record of another version", kApiVersion);
    }
    if (kind.text() == kKind) return;
    diagnostics.error(kind.exists() ? kind : first.root(), "not a record of kernel measurements",
                      fmt::format("kind: {}, as 'knetsim calibrate --save' writes it", kKind));
  });
  return bind<MeasurementRecord>(document.root());
}

}  // namespace lab
}  // namespace knetsim
