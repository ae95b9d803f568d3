#include "analysis/lab/lab_plan.h"

#include <algorithm>
#include <array>

namespace knetsim::lab {
namespace {

class CaseList {
 public:
  void both(LabCase one) {
    for (const Operation operation : {Operation::RoundTrip, Operation::Connect}) {
      one.operation = operation;
      cases.push_back(one);
    }
  }
  void one(LabCase one, Operation operation) {
    one.operation = operation;
    cases.push_back(one);
  }
  void session(LabCase one, std::uint32_t requests) {
    one.operation = Operation::Session;
    one.requests = requests;
    cases.push_back(one);
  }
  void connect(LabCase one, bool cold_too = false) {
    one.operation = Operation::Connect;
    cases.push_back(one);
    if (cold_too) cold_connect(one);
  }
  void cold_connect(LabCase one) {
    one.operation = Operation::Connect;
    one.cold = true;
    cases.push_back(one);
  }
  std::vector<LabCase> cases;
};

LabCase hosts(const LabRules& rules) {
  return {.setup = {.rules = rules}, .client_host_network = true, .server_host_network = true};
}

/// All ways of asking for a Service but its ClusterIP.
void exposures(CaseList& plan, const LabRules& rules, bool iptables) {
  for (const IngressNode asked : {IngressNode::ClientNode, IngressNode::ServerNode, IngressNode::ThirdNode}) {
    plan.both({.setup = {.nodes = asked == IngressNode::ThirdNode ? 3u : 2u, .rules = rules},
               .exposure = Exposure::NodePort,
               .ingress = asked,
               .client_host_network = true});
  }
  plan.both({.setup = {.nodes = 3, .rules = rules}, .exposure = Exposure::NodePort, .ingress = IngressNode::ThirdNode});
  plan.both({.setup = {.nodes = 1, .rules = rules}, .client_host_network = true, .server_host_network = true});
  if (!iptables) return;  // portmap's rules are iptables rules, whatever kube-proxy's are
  LabRules ports = rules;
  ports.host_ports = 20;
  plan.both({.setup = {.rules = ports}, .exposure = Exposure::HostPort});
  plan.both({.setup = {.rules = ports}, .exposure = Exposure::HostPort, .client_host_network = true});
}

/// Whole connections, two Services in a chain, datagrams.
void connections(CaseList& plan, const LabRules& rules) {
  for (const std::uint32_t requests : {1u, 5u}) {
    plan.session({.setup = {.rules = rules}, .exposure = Exposure::ClusterIp}, requests);
  }
  plan.one({.setup = {.chained = true, .rules = rules}, .exposure = Exposure::ClusterIp}, Operation::RoundTrip);
  LabRules datagrams = rules;
  datagrams.transport = Transport::Udp;
  plan.one({.setup = {.rules = datagrams}, .exposure = Exposure::ClusterIp}, Operation::RoundTrip);
}

/// A client that session affinity does not know, and one that it does.
void affinity(CaseList& plan, LabRules rules) {
  rules.affinity = true;
  LabCase one{.setup = {.rules = rules}, .exposure = Exposure::ClusterIp};
  plan.one(one, Operation::Connect);
  one.remembered = true;
  plan.both(one);
}

/// Overlays that no pod network of the models uses, shown beside VXLAN; and packets that change CPU.
void without_model(CaseList& plan, const Surroundings& here) {
  if (here.cpus.size() > 1 && here.receive_steering) {
    std::vector<LabCase> paths = {hosts({}), LabCase{}};
    if (here.iptables_legacy) {
      const LabRules rules{.proxy = LabProxy::IptablesLegacy, .services = 50, .endpoints = 10, .position = 40};
      paths.push_back({.setup = {.rules = rules}, .exposure = Exposure::ClusterIp});
    }
    for (LabCase& path : paths) {
      path.placement = here.cpus.size() > 2 ? Placement::AllApart : Placement::ClientApart;
      plan.both(path);
    }
  }
  for (const Fabric fabric : {Fabric::Ipip, Fabric::WireGuard}) {
    if (fabric == Fabric::Ipip ? here.ipip : here.wireguard) plan.both({.setup = {.fabric = fabric}});
  }
}

}  // namespace

std::vector<LabProxy> proxies_of(const Surroundings& here) {
  std::vector<LabProxy> list;
  if (here.iptables_legacy) list.push_back(LabProxy::IptablesLegacy);
  if (here.iptables_nft) list.push_back(LabProxy::IptablesNft);
  if (here.nftables) list.push_back(LabProxy::Nftables);
  if (here.ipvs) list.push_back(LabProxy::Ipvs);
  return list;
}

std::vector<LabCase> calibration_cases(const Surroundings& here) {
  CaseList plan;
  const auto pods = [&](const LabRules& rules) {
    plan.both(hosts(rules));
    plan.both({.setup = {.nodes = 1, .rules = rules}});
    plan.both({.setup = {.nodes = 1, .bridge = false, .rules = rules}});
    plan.both({.setup = {.nodes = 1, .rules = rules}, .client_host_network = true});
    plan.both({.setup = {.rules = rules}});
    plan.both({.setup = {.bridge = false, .rules = rules}});
  };
  pods({});
  // What swept caches cost a packet's way, rules apart.
  for (const LabCase& one :
       {hosts({}), LabCase{.setup = {.nodes = 1}}, LabCase{.setup = {.nodes = 1, .bridge = false}}, LabCase{}}) {
    plan.cold_connect(one);
  }
  if (here.vxlan) plan.cold_connect({.setup = {.fabric = Fabric::Vxlan}});
  plan.both({.setup = {.nodes = 1}, .client_host_network = true, .server_host_network = true});  // loopback
  // What nobody waits for: accept() and close() are in a whole connection alone.
  plan.session(hosts({}), 1);
  plan.session({}, 1);
  plan.one(hosts({.transport = Transport::Udp}), Operation::RoundTrip);
  plan.one({.setup = {.rules = {.transport = Transport::Udp}}}, Operation::RoundTrip);
  // What bytes cost, and messages of several packets, which are acknowledged on their own.
  LabCase large = hosts({});
  for (const std::uint32_t bytes : {1'000u, 8'000u, 32'000u}) {
    large.bytes = bytes;
    plan.cases.push_back(large);
  }
  if (here.vxlan) plan.both({.setup = {.fabric = Fabric::Vxlan}});
  for (const LabProxy proxy : proxies_of(here)) {
    const LabRules ten{.proxy = proxy, .services = 10};
    pods(ten);
    plan.cold_connect(hosts(ten));
    plan.cold_connect({.setup = {.rules = ten}});
    plan.both({.setup = {.rules = ten}, .exposure = Exposure::ClusterIp});
    plan.both({.setup = {.nodes = 1, .rules = ten}, .exposure = Exposure::ClusterIp});
    // The tunnel with rules in native nftables alone: that of iptables is for the verification.
    if (here.vxlan && proxy == LabProxy::Nftables) plan.both({.setup = {.fabric = Fabric::Vxlan, .rules = ten}});
    if (proxy == LabProxy::Nftables || proxy == LabProxy::Ipvs) continue;
    for (const std::uint32_t services : {30u, 100u, 300u, 1'000u, 2'000u, 5'000u, 12'000u, 20'000u}) {
      const LabRules many{.proxy = proxy, .services = services, .position = services / 2};
      plan.connect({.setup = {.rules = many}, .exposure = Exposure::ClusterIp}, services >= 1'000);
    }
  }
  return plan.cases;
}

std::vector<LabCase> held_out_cases(const Surroundings& here) {
  CaseList plan;
  plan.both(hosts({}));  // of the calibration
  for (const LabProxy proxy : proxies_of(here)) {
    const bool scanned = proxy != LabProxy::Nftables && proxy != LabProxy::Ipvs;
    const auto rules = [&](std::uint32_t services, std::uint32_t endpoints, std::uint32_t position) {
      return LabRules{.proxy = proxy, .services = services, .endpoints = endpoints, .position = position};
    };
    plan.both({.setup = {.rules = rules(1, 3, 1)}, .exposure = Exposure::ClusterIp});
    plan.both({.setup = {.rules = rules(50, 10, 40)}, .exposure = Exposure::ClusterIp});
    plan.connect({.setup = {.rules = rules(500, 2, 100)}, .exposure = Exposure::ClusterIp}, true);
    plan.connect({.setup = {.rules = rules(500, 2, 100)}});  // a miss: past every rule
    plan.both({.setup = {.rules = rules(50, 10, 40)}, .exposure = Exposure::ClusterIp, .client_host_network = true});
    plan.both({.setup = {.nodes = 1, .rules = rules(50, 10, 40)}, .exposure = Exposure::ClusterIp});
    exposures(plan, rules(50, 10, 40), scanned);
    connections(plan, rules(50, 10, 40));
    affinity(plan, rules(20, 4, 7));
    plan.both({.setup = {.rules = rules(5, 100, 3)}, .exposure = Exposure::ClusterIp});
    if (scanned) {
      for (const std::uint32_t services : {1u, 200u, 1'500u}) {
        plan.connect({.setup = {.rules = rules(services, 1, services)}, .exposure = Exposure::ClusterIp});
      }
      plan.connect({.setup = {.rules = rules(3'000, 1, 2'900)}, .exposure = Exposure::ClusterIp}, true);
    }
    if (scanned) {
      plan.connect({.setup = {.rules = rules(8'000, 1, 800)}, .exposure = Exposure::ClusterIp});
      plan.connect({.setup = {.rules = rules(15'000, 1, 15'000)}, .exposure = Exposure::ClusterIp}, true);
      plan.connect({.setup = {.rules = rules(20'000, 1, 19'000)}, .exposure = Exposure::ClusterIp});
    }
    if (proxy == LabProxy::Nftables) {
      for (const std::uint32_t services : {3'000u, 10'000u}) {  // loading takes the square: 9 s a node
        plan.connect({.setup = {.rules = rules(services, 1, services)}, .exposure = Exposure::ClusterIp});
      }
    }
    if (here.vxlan && scanned) {
      plan.both({.setup = {.fabric = Fabric::Vxlan, .rules = rules(10, 1, 5)}});
      plan.both({.setup = {.fabric = Fabric::Vxlan, .rules = rules(50, 10, 40)}, .exposure = Exposure::ClusterIp});
      plan.connect({.setup = {.fabric = Fabric::Vxlan, .rules = rules(800, 1, 300)}, .exposure = Exposure::ClusterIp});
    }
    if (here.vxlan) {
      plan.both({.setup = {.nodes = 3, .fabric = Fabric::Vxlan, .rules = rules(50, 10, 40)},
                 .exposure = Exposure::NodePort,
                 .ingress = IngressNode::ThirdNode,
                 .client_host_network = true});
    }
  }
  without_model(plan, here);
  return plan.cases;
}

bool is_held_out(const LabCase& lab_case, const Surroundings& here) {
  const std::vector<LabCase> known = calibration_cases(here);
  return std::find(known.begin(), known.end(), lab_case) == known.end();
}

std::vector<LabCase> all_cases(const Surroundings& here) {
  std::vector<LabCase> cases = calibration_cases(here);
  for (const LabCase& one : held_out_cases(here)) {
    if (is_held_out(one, here)) cases.push_back(one);
  }
  return cases;
}

}  // namespace knetsim::lab
