// Goal: what is learned from nodes with a handful of Services holds for nodes of any size and mixture.
// Method: counts as the interpreter has them at canonical nodes of random mixtures, an order of magnitude larger than
// those that were learned from, against the linear form at their symbols; forms put in and got back; a count that is no
// whole number of rules is refused. model_against_rules_test.cpp does the same for whole random clusters.
#include "models/proxy/counted_rules.h"

#include <gtest/gtest.h>

#include <random>

#include "models/proxy/iptables_rules.h"
#include "models/proxy/ipvs_rules.h"
#include "models/proxy/nftables_rules.h"
#include "models/proxy/portmap_rules.h"
#include "sim/core/ensure.h"

namespace knetsim {
namespace {

using Services = std::span<const ServicePortSpec>;
using Containers = std::span<const HostPortSpec>;

struct Layout {
  const char* name;
  RuleWriter write;
  bool external = true;  ///< Its rules for external addresses are described.
};

std::vector<Layout> layouts() {
  std::vector<Layout> all;
  for (const int minor : {20, 36}) {
    all.push_back({"iptables",
                   [minor](const NodeSpec& node, Services services, Containers containers) {
                     Ruleset rules = iptables_rules(node, services, {.kubernetes = {1, minor}});
                     add_portmap_rules(rules, containers);
                     return rules;
                   },
                   minor > 20});
  }
  for (const int minor : {35, 36}) {
    all.push_back({"nftables", [minor](const NodeSpec& node, Services services, Containers) {
                     return nftables_rules(node, services, {1, minor});
                   }});
  }
  all.push_back({"ipvs", [](const NodeSpec& node, Services services, Containers) {
                   return ipvs_rules(node, std::span(&node.primary_address, 1), services).rules;
                 }});
  return all;
}

/// Rules, extensions and lookups of the Service's first packet at PREROUTING, FORWARD and INPUT, one after another.
std::vector<double> work_at(CanonicalNode& node, const CanonicalService& service, bool by_bridge_port) {
  RulePacket packet{.transport = service.transport,
                    .source = CanonicalNode::kOtherNode,
                    .destination = service.node_port     ? CanonicalNode::kNode
                                   : service.external_ip ? node.external_ip()
                                                         : node.cluster_ip(),
                    .destination_port = service.node_port ? CanonicalNode::kNodePort : CanonicalNode::kPort,
                    .by_bridge_port = by_bridge_port};
  std::vector<double> work;
  for (const Hook hook : {Hook::Prerouting, Hook::Forward, Hook::Input}) {
    const HookWork at = node.interpreter().at_hook(hook, packet, {.endpoint = node.chosen()});
    for (const RuleWork& one : {at.nat, at.filter}) {
      work.insert(work.end(), {double(one.rules), double(one.matches), double(one.lookups)});
    }
  }
  return work;
}

double value(const Count& count, const SymbolValues& symbols) {
  double sum = count.fixed;
  for (const Count::Term& term : count.terms) sum += term.coefficient * symbols[symbol_index(term.symbol)];
  return sum;
}

TEST(CountedRules, AreLinearFarFromWhereTheyWereLearned) {
  std::mt19937 dice(1);
  const auto below = [&](std::uint32_t bound) { return static_cast<std::uint32_t>(dice() % bound); };
  for (const Layout& layout : layouts()) {
    for (int draw = 0; draw < 24; ++draw) {
      const std::uint32_t way = below(layout.external ? 5 : 2);
      const bool by_bridge_port = below(2) == 0;
      const CanonicalService service{.transport = below(2) == 0 ? Transport::Tcp : Transport::Udp,
                                     .node_port = way == 1,
                                     .external_ip = way >= 2,
                                     .load_balancer = way >= 3,
                                     .firewalled = way == 4,
                                     .internal_local = below(3) == 0,
                                     .external_local = below(3) == 0,
                                     .affinity = below(3) == 0};
      const SpecialAddresses special{
          .firewalled = layout.external, .external_ips = layout.external, .load_balancers = layout.external};
      CanonicalNodes nodes(layout.write, service, Transport::Tcp, IptablesBackend::Legacy, special);
      std::vector<std::vector<double>> learned;
      for (std::size_t i = 0; i < nodes.size(); ++i) learned.push_back(work_at(nodes[i], service, by_bridge_port));
      const std::uint32_t endpoints = 2 + below(20);
      CanonicalNode large(layout.write, service,
                          {.plain_before = 1 + below(20),
                           .plain_after = below(20),
                           .tcp_before = below(20),
                           .tcp_after = below(20),
                           .udp_before = below(20),
                           .udp_after = below(20),
                           .dead = below(20),
                           .dead_tcp = below(20),
                           .dead_udp = below(20),
                           .dead_external = below(20),
                           .external = layout.external ? below(3) : 0,
                           .local_external = layout.external ? below(3) : 0,
                           .balanced = layout.external ? below(3) : 0,
                           .local_balanced = layout.external ? below(3) : 0,
                           .firewalled = layout.external ? below(20) : 0,
                           .open_firewalled = layout.external ? below(20) : 0,
                           .ranges_before = below(20),
                           .endpoints = endpoints,
                           .chosen = below(endpoints),
                           .containers_before = below(20),
                           .containers_after = below(20)},
                          Transport::Tcp, IptablesBackend::Legacy);
      const std::vector<double> want = work_at(large, service, by_bridge_port);
      for (std::size_t what = 0; what < want.size(); ++what) {
        std::vector<double> values;
        for (const std::vector<double>& one : learned) values.push_back(one[what]);
        EXPECT_NEAR(value(nodes.linear(values), large.symbols()), want[what], 1e-9)
            << layout.name << ", draw " << draw << ", count " << what;
      }
    }
  }
}

TEST(CountedRules, ALinearCountComesBackAsItWasPutIn) {
  CanonicalNodes nodes(layouts()[1].write, {.node_port = true}, Transport::Tcp, IptablesBackend::Legacy);
  Count put(3, Symbol::ServicesRules, 2);
  put.add(Symbol::NodePortsAlike, 1);
  put.add(Symbol::EndpointDraws, 4);
  put.add(Symbol::RefusedUdpNodePorts, 5);
  std::vector<double> values;
  for (std::size_t i = 0; i < nodes.size(); ++i) values.push_back(value(put, nodes[i].symbols()));
  EXPECT_EQ(nodes.linear(values), put);
}

TEST(CountedRules, ACountThatIsNotOfWholeRulesIsRefused) {
  CanonicalNodes nodes(layouts()[1].write, {}, Transport::Tcp, IptablesBackend::Legacy);
  std::vector<double> values;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    values.push_back(nodes[i].symbols()[symbol_index(Symbol::ServicesRules)] / 2);
  }
  EXPECT_THROW(nodes.linear(values), InvariantError);
}

}  // namespace
}  // namespace knetsim
