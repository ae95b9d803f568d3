#include "analysis/lab/lab_plan.h"

namespace knetsim::lab {
namespace {

class Plan {
 public:
  void both(LabCase one) {
    for (const Operation operation : {Operation::RoundTrip, Operation::Connect}) {
      one.operation = operation;
      cases.push_back(one);
    }
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
  Plan plan;
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
  // What bytes cost, and a datagram's worth of packets at once.
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
      if (proxy == LabProxy::IptablesNft && services > 5'000) continue;  // loading takes minutes
      const LabRules many{.proxy = proxy, .services = services, .position = services / 2};
      plan.connect({.setup = {.rules = many}, .exposure = Exposure::ClusterIp}, services >= 1'000);
    }
  }
  return plan.cases;
}

std::vector<LabCase> held_out_cases(const Surroundings& here) {
  Plan plan;
  // What increments are over, and what a swept cache costs by itself.
  plan.cases.push_back(hosts({}));
  plan.connect(hosts({}), true);
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
    plan.both({.setup = {.rules = rules(50, 10, 40)}, .exposure = Exposure::NodePort, .client_host_network = true});
    plan.both({.setup = {.nodes = 1, .rules = rules(50, 10, 40)}, .exposure = Exposure::ClusterIp});
    LabRules sticky = rules(20, 4, 7);
    sticky.affinity = true;
    plan.both({.setup = {.rules = sticky}, .exposure = Exposure::ClusterIp});
    if (scanned) {
      for (const std::uint32_t services : {1u, 200u, 1'500u}) {
        plan.connect({.setup = {.rules = rules(services, 1, services)}, .exposure = Exposure::ClusterIp});
      }
      plan.connect({.setup = {.rules = rules(3'000, 1, 2'900)}, .exposure = Exposure::ClusterIp}, true);
    }
    if (proxy == LabProxy::IptablesLegacy) {
      plan.connect({.setup = {.rules = rules(8'000, 1, 800)}, .exposure = Exposure::ClusterIp});
      plan.connect({.setup = {.rules = rules(15'000, 1, 15'000)}, .exposure = Exposure::ClusterIp}, true);
      plan.connect({.setup = {.rules = rules(20'000, 1, 19'000)}, .exposure = Exposure::ClusterIp});
    }
    if (here.vxlan && scanned) {
      plan.both({.setup = {.fabric = Fabric::Vxlan, .rules = rules(10, 1, 5)}});
      plan.both({.setup = {.fabric = Fabric::Vxlan, .rules = rules(50, 10, 40)}, .exposure = Exposure::ClusterIp});
      plan.connect({.setup = {.fabric = Fabric::Vxlan, .rules = rules(800, 1, 300)}, .exposure = Exposure::ClusterIp});
    }
  }
  return plan.cases;
}

}  // namespace knetsim::lab
