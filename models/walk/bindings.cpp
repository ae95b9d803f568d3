#include "models/walk/bindings.h"

#include <algorithm>

namespace knetsim {

void Count::add(Symbol symbol, double coefficient) {
  if (symbol == Symbol::None) {
    fixed += coefficient;
    return;
  }
  const auto at = std::ranges::lower_bound(terms, symbol, {}, &Term::symbol);
  if (at == terms.end() || at->symbol != symbol) {
    if (coefficient != 0) terms.insert(at, {symbol, coefficient});
  } else if ((at->coefficient += coefficient) == 0) {
    terms.erase(at);
  }
}

Count& Count::operator+=(const Count& other) {
  fixed += other.fixed;
  for (const Term& term : other.terms) add(term.symbol, term.coefficient);
  return *this;
}

Count& Count::operator*=(double factor) {
  fixed *= factor;
  for (Term& term : terms) term.coefficient *= factor;
  return *this;
}

MachineSymbols symbols_of(const RuleSizes& sizes) {
  MachineSymbols symbols{};
  set(symbols, Symbol::ServicesRules, sizes.services_rules);
  set(symbols, Symbol::TcpNodePorts, sizes.node_ports - sizes.udp_node_ports);
  set(symbols, Symbol::UdpNodePorts, sizes.udp_node_ports);
  set(symbols, Symbol::WithoutEndpoints, sizes.without_endpoints);
  set(symbols, Symbol::RefusedAddresses, sizes.external_without_endpoints - sizes.refused_node_ports);
  set(symbols, Symbol::RefusedTcpNodePorts, sizes.refused_node_ports - sizes.refused_udp_node_ports);
  set(symbols, Symbol::RefusedUdpNodePorts, sizes.refused_udp_node_ports);
  set(symbols, Symbol::HostPortContainers, sizes.host_port_containers);
  set(symbols, Symbol::HostPortPlugin, sizes.host_port_containers > 0 ? 1 : 0);
  set(symbols, Symbol::TcpNodePortSets, sizes.tcp_node_port_set ? 1 : 0);
  set(symbols, Symbol::UdpNodePortSets, sizes.udp_node_port_set ? 1 : 0);
  set(symbols, Symbol::LocalTcpNodePortSets, sizes.local_tcp_node_port_set ? 1 : 0);
  set(symbols, Symbol::LocalUdpNodePortSets, sizes.local_udp_node_port_set ? 1 : 0);
  set(symbols, Symbol::FirewalledAddresses, sizes.firewalled_addresses);
  set(symbols, Symbol::ExternalIpSets, sizes.external_ip_set ? 1 : 0);
  set(symbols, Symbol::LocalExternalIpSets, sizes.local_external_ip_set ? 1 : 0);
  set(symbols, Symbol::LoadBalancerSets, sizes.load_balancer_set ? 1 : 0);
  set(symbols, Symbol::LocalLoadBalancerSets, sizes.local_load_balancer_set ? 1 : 0);
  set(symbols, Symbol::FirewalledLoadBalancers, sizes.firewalled_load_balancer_set ? 1 : 0);
  set(symbols, Symbol::ClosedAddresses, sizes.closed_addresses);
  set(symbols, Symbol::PolicyPods, sizes.policy_pods);
  return symbols;
}

double node_ports_alike(double position, const RuleSizes& sizes, Transport transport) {
  const std::uint32_t alike =
      transport == Transport::Udp ? sizes.udp_node_ports : sizes.node_ports - sizes.udp_node_ports;
  if (alike <= 1 || sizes.node_ports <= 1) return 1;
  return 1 + (position - 1) * (alike - 1) / (sizes.node_ports - 1);
}

double value_of(const Count& count, const Bindings& bindings, NodeRole machine) {
  double value = count.fixed;
  for (const Count::Term& term : count.terms) value += term.coefficient * bindings.at(term.symbol, machine);
  return std::max(0.0, value);
}

std::string_view symbol_letter(Symbol symbol) {
  switch (symbol) {
    case Symbol::ServicePosition:
      return "k";
    case Symbol::NodePortPosition:
      return "n";
    case Symbol::NodePortsAlike:
      return "m";
    case Symbol::EndpointIndex:
      return "i";
    case Symbol::EndpointDraws:
      return "r";
    case Symbol::Endpoints:
      return "e";
    case Symbol::HostPortPosition:
      return "h";
    case Symbol::IpvsDestinations:
      return "d";
    case Symbol::SourceRange:
      return "s";
    case Symbol::EgressRules:
      return "a";
    case Symbol::EgressSets:
      return "as";
    case Symbol::IngressRules:
      return "b";
    case Symbol::IngressSets:
      return "bs";
    case Symbol::ClientDispatch:
      return "c";
    case Symbol::ServerDispatch:
      return "p";
    default:
      return "";
  }
}

double rules_evaluated(const Walk& walk, const Bindings& bindings, const RuleFilter& filter) {
  double rules = 0;
  for (const Step& step : walk.steps) {
    if (!info(step.kind).traits.rule) continue;
    if (step.passage != Passage::Message) continue;
    if (step.when == Condition::OuterUntracked && !filter.outer_untracked) continue;
    if (filter.node && step.node != *filter.node) continue;
    if (filter.table != RuleTable::None && step.table != filter.table) continue;
    rules += value_of(step.count, bindings, step.node);
  }
  return rules;
}

}  // namespace knetsim
