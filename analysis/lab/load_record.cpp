#include <fmt/format.h>

#include "analysis/lab/record_json.h"

namespace knetsim::lab {

void describe(EnumValues<LoadKind>& v) {
  v.value("bulk", LoadKind::Bulk, "large writes, read and discarded")
      .value("requests", LoadKind::Requests, "requests on a connection that is kept")
      .value("connections", LoadKind::Connections, "a connection for each request");
}

void describe(EnumValues<Placement>& v) {
  v.value("one-cpu", Placement::OneCpu, "everything on one CPU")
      .value("pair-per-cpu", Placement::PairPerCpu, "client and server of a pair on one CPU, pairs on all")
      .value("cpu-per-node", Placement::CpuPerNode, "the client's node on one CPU, the server's on another")
      .value("softirq-apart", Placement::SoftirqApart, "clients and servers on one CPU, softirqs on another")
      .value("client-apart", Placement::ClientApart, "clients on one CPU, softirqs and servers on another")
      .value("all-apart", Placement::AllApart, "clients, softirqs and servers on a CPU each");
}

void describe(Fields<LoadCase>& f) {
  f.about("LoadCase", "A load on a datapath.");
  f.required("path", &LoadCase::path, {.doc = "The datapath; its operation does not matter."});
  f.required("kind", &LoadCase::kind, {.doc = "What is done as fast as it goes."});
  f.optional("clients", &LoadCase::clients, "1", {.doc = "Streams, or processes that ask.", .at_least = "1"});
  f.optional("placement", &LoadCase::placement, "one-cpu", {.doc = "Which CPUs do the work."});
}

void describe(Fields<MeasuredLoad>& f) {
  f.about("MeasuredLoad", "A load and what it came to.");
  f.required("load", &MeasuredLoad::load, {.doc = "The load."});
  f.required("rate", &MeasuredLoad::rate, {.doc = "Operations a second: bytes, requests or connections."});
  f.required("cpu", &MeasuredLoad::cpu_ns, {.doc = "CPU time of an operation.", .unit = "ns"});
  f.required("cpuOfAnSkb", &MeasuredLoad::skb_cpu_ns, {.doc = "CPU time of a packet, either way.", .unit = "ns"});
  f.required("processes", &MeasuredLoad::process_ns, {.doc = "The processes' part, of an operation.", .unit = "ns"});
  f.required("skbsOut", &MeasuredLoad::skbs_out, {.doc = "Packets sent for an operation."});
  f.required("skbsBack", &MeasuredLoad::skbs_back, {.doc = "Packets received for an operation."});
  f.required("busy", &MeasuredLoad::busy, {.doc = "Share of the load's CPUs that was not idle."});
  f.required("rounds", &MeasuredLoad::rounds, {.doc = "How often it was measured."});
  f.check([](const MeasuredLoad& one, Node node, Binding& binding) {
    if (one.rate.value > 0) return;
    binding.diagnostics.error(node["rate"], "a load gets on", "> 0");
  });
}

void describe(Fields<RuleLoadCase>& f) {
  f.about("RuleLoadCase", "Rules that are loaded as a whole.");
  f.required("proxy", &RuleLoadCase::proxy, {.doc = "Mode and back end."});
  f.required("services", &RuleLoadCase::services, {.doc = "Services."});
  f.required("endpoints", &RuleLoadCase::endpoints, {.doc = "Endpoints of each."});
}

void describe(Fields<MeasuredRuleLoad>& f) {
  f.about("MeasuredRuleLoad", "What loading rules took.");
  f.required("load", &MeasuredRuleLoad::load, {.doc = "Which rules."});
  f.required("rules", &MeasuredRuleLoad::rules, {.doc = "How many.", .at_least = "1"});
  f.required("seconds", &MeasuredRuleLoad::seconds, {.doc = "Until the kernel has them.", .unit = "s"});
  f.required("cpuSeconds", &MeasuredRuleLoad::cpu_seconds, {.doc = "CPU time of it.", .unit = "s"});
  f.required("syncCpuSeconds", &MeasuredRuleLoad::sync_cpu_seconds, {.doc = "Of a full sync.", .unit = "s"});
  f.required("rounds", &MeasuredRuleLoad::rounds, {.doc = "How often."});
}

void describe(Fields<MachineNoise>& f) {
  f.about("MachineNoise", "What disturbed the measurement: shares of time.");
  f.optional("othersBefore", &MachineNoise::others_before, "0",
             {.doc = "Others, while the lab slept.", .at_least = "0", .at_most = "1"});
  f.optional("othersDuring", &MachineNoise::others_during, "0",
             {.doc = "Other processes, meanwhile.", .at_least = "0", .at_most = "1"});
  f.optional("stolen", &MachineNoise::stolen, "0", {.doc = "Taken by a hypervisor.", .at_least = "0", .at_most = "1"});
  f.optional("spinSpread", &MachineNoise::spin_spread, "0",
             {.doc = "Of a loop's times.", .at_least = "0", .at_most = "1000"});
  f.optional("spinLost", &MachineNoise::spin_lost, "0",
             {.doc = "Interruptions of a loop.", .at_least = "0", .at_most = "1"});
  f.optional("quotaCpus", &MachineNoise::quota_cpus, "0",
             {.doc = "CPUs of the control group; 0: no quota.", .at_least = "0"});
  f.optional("throttled", &MachineNoise::throttled, "0",
             {.doc = "Stopped for the quota.", .at_least = "0", .at_most = "1"});
}

namespace {

/// Six digits: more than any of these figures is worth.
double rounded(double value) { return std::stod(fmt::format("{:.6g}", value)); }

nlohmann::ordered_json figure(const Estimate& estimate) {
  return {{"value", rounded(estimate.value)}, {"low", rounded(estimate.low)}, {"high", rounded(estimate.high)}};
}

}  // namespace

nlohmann::ordered_json json_of(const MeasuredLoad& one) {
  return {{"load",
           {{"path", json_of(one.load.path)},
            {"kind", name_of(one.load.kind)},
            {"clients", one.load.clients},
            {"placement", name_of(one.load.placement)}}},
          {"rate", figure(one.rate)},
          {"cpu", figure(one.cpu_ns)},
          {"cpuOfAnSkb", figure(one.skb_cpu_ns)},
          {"processes", figure(one.process_ns)},
          {"skbsOut", figure(one.skbs_out)},
          {"skbsBack", figure(one.skbs_back)},
          {"busy", figure(one.busy)},
          {"rounds", one.rounds}};
}

nlohmann::ordered_json json_of(const MeasuredRuleLoad& one) {
  return {{"load",
           {{"proxy", name_of(one.load.proxy)}, {"services", one.load.services}, {"endpoints", one.load.endpoints}}},
          {"rules", one.rules},
          {"seconds", figure(one.seconds)},
          {"cpuSeconds", figure(one.cpu_seconds)},
          {"syncCpuSeconds", figure(one.sync_cpu_seconds)},
          {"rounds", one.rounds}};
}

nlohmann::ordered_json json_of(const MachineNoise& noise) {
  return {{"othersBefore", rounded(noise.others_before)},
          {"othersDuring", rounded(noise.others_during)},
          {"stolen", rounded(noise.stolen)},
          {"spinSpread", rounded(noise.spin_spread)},
          {"spinLost", rounded(noise.spin_lost)},
          {"quotaCpus", rounded(noise.quota_cpus)},
          {"throttled", rounded(noise.throttled)}};
}

}  // namespace knetsim::lab
