#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/input/binder.h"

namespace knetsim::sample {

// A config that uses every kind of member and every kind of key the binder knows.

enum class Backend { Vxlan, HostGateway };
inline void describe(EnumValues<Backend>& v) {
  v.value("vxlan", Backend::Vxlan, "UDP encapsulation")
      .value("host-gw", Backend::HostGateway, "routes, no encapsulation");
}

struct Nic {
  Bandwidth rate;
  Bytes mtu;
  Percent loss;
};
inline void describe(Fields<Nic>& f) {
  f.about("Nic", "A network card.");
  f.optional("rate", &Nic::rate, "25Gbps", {.doc = "Of each direction.", .at_least = "1Mbps", .at_most = "800Gbps"});
  f.optional("mtu", &Nic::mtu, "1500B", {.doc = "Largest packet."});
  f.optional("loss", &Nic::loss, "0%", {.doc = "Of packets.", .below = "100%", .source = "assumption"});
  f.shorthand("rate");
}

struct Call {
  std::string service;
  std::vector<std::string> together;
};
inline void describe(Fields<Call>& f) {
  f.about("Call", "Calls made one after the other, or at once.");
  f.optional("service", &Call::service, {.doc = "Name of the Service."});
  f.optional("together", &Call::together, {.doc = "Services called at once."});
  f.shorthand("service");
  f.shorthand("together");
}

struct Arrivals {
  std::optional<Rate> poisson;
  std::optional<Rate> constant;
};
inline void describe(Fields<Arrivals>& f) {
  f.about("Arrivals", "When requests begin.");
  f.choice("poisson", &Arrivals::poisson, {.doc = "Exponential gaps.", .above = "0/s"});
  f.choice("constant", &Arrivals::constant, {.doc = "Equal gaps.", .above = "0/s"});
  f.shorthand("poisson");
}

struct Workload {
  Arrivals arrivals;
  std::optional<std::string> from;
  std::vector<Call> calls;
  Node node;
};
inline void describe(Fields<Workload>& f) {
  f.about("Workload", "A stream of requests.");
  f.required("arrivals", &Workload::arrivals, {.doc = "When requests begin."});
  f.optional("from", &Workload::from, {.doc = "Which pods send."});
  f.optional("calls", &Workload::calls, {.doc = "What a request calls."});
  f.node(&Workload::node);
}

struct Config {
  std::string version;
  Duration duration;
  Duration warm_up;
  std::uint16_t nodes = 0;
  double factor = 1;
  bool tracked = false;
  Backend backend = Backend::Vxlan;
  std::string mode;
  double cpu = 0;
  Nic nic;
  std::vector<std::string> manifests;
  NamedList<Workload> workloads;
  std::optional<Path> axis;
  Node extra;
};
inline void describe(Fields<Config>& f) {
  f.about("Config", "A sample.");
  f.optional("version", &Config::version, "1.36", {.doc = "Of Kubernetes."});
  f.required("duration", &Config::duration,
             {.doc = "Measured time. More sentences follow.", .above = "0s", .at_most = "1h"});
  f.optional("warmUp", &Config::warm_up, "5s", {.doc = "Before the measurement."});
  f.optional("nodes", &Config::nodes, "3", {.doc = "How many.", .unit = "nodes", .at_least = "1", .at_most = "5000"});
  f.optional("factor", &Config::factor, "1", {.doc = "Of speed.", .above = "0"});
  f.optional("tracked", &Config::tracked, "true", {.doc = "By conntrack."});
  f.optional("backend", &Config::backend, "vxlan", {.doc = "Of the pod network."});
  f.optional("mode", &Config::mode, "iptables",
             {.doc = "Of kube-proxy.", .allowed = {{"iptables", 0, "rules"}, {"ipvs", 0, "hash"}}});
  f.optional("cpu", &Config::cpu, "8", {.doc = "Cores of a node."});
  f.optional("nic", &Config::nic, {.doc = "Of every node."});
  f.optional("manifests", &Config::manifests, {.doc = "Files.", .not_empty = true});
  f.optional("workloads", &Config::workloads, {.doc = "By name."});
  f.optional("axis", &Config::axis, {.doc = "What a sweep varies."});
  f.optional("extra", &Config::extra, {.doc = "Anything."});
  f.check([](const Config& c, Node node, Binding& binding) {
    if (c.warm_up >= c.duration) binding.diagnostics.error(node["warmUp"], "warmUp is not shorter than duration");
  });
}

}  // namespace knetsim::sample
