#include "models/proxy/ipvs_rules.h"

#include <algorithm>
#include <utility>

#include "models/proxy/iptables_rules.h"
#include "models/proxy/kube_chains.h"

namespace knetsim {
namespace {

Rule returns_from(std::string set) {
  return {.matches = {match::InIpSet{std::move(set)}}, .actions = {action::Return{}}};
}

std::map<std::string, IpSet> empty_sets() {
  using Type = IpSet::Type;
  return {
      {"KUBE-LOOP-BACK", {Type::IpPortIp, "Kubernetes endpoints dst ip:port, source ip for solving hairpin purpose"}},
      {"KUBE-CLUSTER-IP", {Type::IpPort, "Kubernetes service cluster ip + port for masquerade purpose"}},
      {"KUBE-EXTERNAL-IP", {Type::IpPort, "Kubernetes service external ip + port for masquerade and filter purpose"}},
      {"KUBE-EXTERNAL-IP-LOCAL",
       {Type::IpPort, "Kubernetes service external ip + port with externalTrafficPolicy=local"}},
      {"KUBE-LOAD-BALANCER", {Type::IpPort, "Kubernetes service lb portal"}},
      {"KUBE-LOAD-BALANCER-LOCAL",
       {Type::IpPort, "Kubernetes service load balancer ip + port with externalTrafficPolicy=local"}},
      {"KUBE-LOAD-BALANCER-FW",
       {Type::IpPort, "Kubernetes service load balancer ip + port for load balancer with sourceRange"}},
      {"KUBE-LOAD-BALANCER-SOURCE-CIDR",
       {Type::IpPortNet, "Kubernetes service load balancer ip + port + source cidr for packet filter purpose"}},
      {"KUBE-LOAD-BALANCER-SOURCE-IP",
       {Type::IpPortIp, "Kubernetes service load balancer ip + port + source IP for packet filter purpose"}},
      {"KUBE-NODE-PORT-TCP", {Type::Port, "Kubernetes nodeport TCP port for masquerade purpose"}},
      {"KUBE-NODE-PORT-LOCAL-TCP", {Type::Port, "Kubernetes nodeport TCP port with externalTrafficPolicy=local"}},
      {"KUBE-NODE-PORT-UDP", {Type::Port, "Kubernetes nodeport UDP port for masquerade purpose"}},
      {"KUBE-NODE-PORT-LOCAL-UDP", {Type::Port, "Kubernetes nodeport UDP port with externalTrafficPolicy=local"}},
      {"KUBE-HEALTH-CHECK-NODE-PORT", {Type::Port, "Kubernetes health check node port"}},
      {"KUBE-IPVS-IPS", {Type::Ip}},
  };
}

// kube-proxy puts each jump in front of what is there, so that the last of iptablesJumpChain comes first; kubelet,
// which starts earlier, stands behind.
Table ipvs_filter_table(const std::map<std::string, IpSet>& sets, std::span<const ServiceKey> closed,
                        Version kubernetes) {
  Rule reject{.matches = {match::State{.is_new = true}, match::InIpSet{"KUBE-IPVS-IPS"}},
              .actions = {action::Reject{}}};
  Rule health{.matches = {match::InIpSet{"KUBE-HEALTH-CHECK-NODE-PORT"}},
              .actions = {action::Accept{}},
              .comment = "Kubernetes health check node port"};
  Table table{.name = "filter"};
  table.chains = {
      {.name = "INPUT",
       .base = BaseHook{Hook::Input, kFilterPriority, false},
       .rules = {jump_to("KUBE-IPVS-FILTER", {}, "kubernetes ipvs access filter"),
                 jump_to("KUBE-PROXY-FIREWALL", {}, "kube-proxy firewall rules"),
                 jump_to("KUBE-NODE-PORT", {}, "kubernetes health check rules"), jump_to("KUBE-FIREWALL")}},
      {.name = "FORWARD",
       .base = BaseHook{Hook::Forward, kFilterPriority, false},
       .rules = {jump_to("KUBE-PROXY-FIREWALL", {}, "kube-proxy firewall rules"),
                 jump_to("KUBE-FORWARD", {}, "kubernetes forwarding rules")}},
      {.name = "OUTPUT", .base = BaseHook{Hook::Output, kFilterPriority, false}, .rules = {jump_to("KUBE-FIREWALL")}},
      {.name = "KUBE-FORWARD",
       .rules = {{.matches = {match::Mark{kMasqueradeMark}},
                  .actions = {action::Accept{}},
                  .comment = "kubernetes forwarding rules"},
                 {.matches = {match::State{.established = true}},
                  .actions = {action::Accept{}},
                  .comment = "kubernetes forwarding conntrack rule"}}},
      {.name = "KUBE-NODE-PORT", .rules = {std::move(health)}},
      {.name = "KUBE-PROXY-FIREWALL"},
      {.name = "KUBE-SOURCE-RANGES-FIREWALL"},
      {.name = "KUBE-IPVS-FILTER",
       .rules = {returns_from("KUBE-LOAD-BALANCER"), returns_from("KUBE-CLUSTER-IP"), returns_from("KUBE-EXTERNAL-IP"),
                 returns_from("KUBE-EXTERNAL-IP-LOCAL"), returns_from("KUBE-HEALTH-CHECK-NODE-PORT"),
                 std::move(reject)}},
      local_firewall_chain(kubernetes),
  };
  const auto with = [&](const char* chain, const char* set, Action then) {
    if (sets.at(set).is_empty()) return;
    table.chain(chain)->rules.push_back(
        {.matches = {match::InIpSet{set}}, .actions = {std::move(then)}, .comment = sets.at(set).comment});
  };
  with("KUBE-PROXY-FIREWALL", "KUBE-LOAD-BALANCER-FW", action::Jump{"KUBE-SOURCE-RANGES-FIREWALL"});
  with("KUBE-SOURCE-RANGES-FIREWALL", "KUBE-LOAD-BALANCER-SOURCE-CIDR", action::Return{});
  with("KUBE-SOURCE-RANGES-FIREWALL", "KUBE-LOAD-BALANCER-SOURCE-IP", action::Return{});
  table.chain("KUBE-SOURCE-RANGES-FIREWALL")->rules.push_back({.actions = {action::Drop{}}});
  if (!ipvs_filters_output(kubernetes)) return table;
  table.chains.push_back({.name = "KUBE-IPVS-OUT-FILTER"});
  std::vector<Rule>& output = table.chain("OUTPUT")->rules;
  output.insert(output.begin(), jump_to("KUBE-IPVS-OUT-FILTER", {}, "kubernetes ipvs access filter"));
  // What a process of the node sends to the VIP has the VIP as its source (kube-ipvs0), and no INPUT.
  for (const ServiceKey& vip : closed) {
    table.chain("KUBE-IPVS-OUT-FILTER")
        ->rules.push_back(
            {.matches = {match::Source{{vip.address, 32}}, match::OfVirtualServer{vip}}, .actions = {action::Drop{}}});
  }
  return table;
}

/// The nat table, whose rules for a set are there where the set has members.
Table nat_table(const NodeSpec& node, const std::map<std::string, IpSet>& sets) {
  const auto used = [&](const char* set) { return !sets.at(set).is_empty(); };
  Chain services{.name = "KUBE-SERVICES"};
  Chain node_port{.name = "KUBE-NODE-PORT"};
  Chain postrouting{.name = "KUBE-POSTROUTING"};
  services.rules.push_back({.matches = {match::Source{{ipv4(127, 0, 0, 0), 8}}}, .actions = {action::Return{}}});
  if (used("KUBE-LOAD-BALANCER")) {
    services.rules.push_back(
        jump_to("KUBE-LOAD-BALANCER", {match::InIpSet{"KUBE-LOAD-BALANCER"}}, sets.at("KUBE-LOAD-BALANCER").comment));
  }
  if (used("KUBE-CLUSTER-IP")) {
    // An address of the rule itself is tested before any match, wherever the text has it (ipt_do_table,
    // ip_packet_match).
    services.rules.push_back(jump_to("KUBE-MARK-MASQ",
                                     {match::Source{node.cluster_cidr, true}, match::InIpSet{"KUBE-CLUSTER-IP"}},
                                     sets.at("KUBE-CLUSTER-IP").comment));
  }
  // What comes from another machine by no bridge is let pass at once, and so is what is for an address of the node's
  // own.
  for (const char* const set : {"KUBE-EXTERNAL-IP", "KUBE-EXTERNAL-IP-LOCAL"}) {
    if (!used(set)) continue;
    const std::string& comment = sets.at(set).comment;
    const match::InIpSet in{set};
    if (set == std::string_view("KUBE-EXTERNAL-IP")) services.rules.push_back(jump_to("KUBE-MARK-MASQ", {in}, comment));
    services.rules.push_back({.matches = {in, match::NotByBridgePort{}, match::SourceLocal{.negated = true}},
                              .actions = {action::Accept{}},
                              .comment = comment});
    services.rules.push_back(
        {.matches = {in, match::DestinationLocal{}}, .actions = {action::Accept{}}, .comment = comment});
  }
  services.rules.push_back(jump_to("KUBE-NODE-PORT", {match::DestinationLocal{}}));
  for (const char* const set : {"KUBE-CLUSTER-IP", "KUBE-LOAD-BALANCER"}) {
    if (used(set)) services.rules.push_back({.matches = {match::InIpSet{set}}, .actions = {action::Accept{}}});
  }
  for (const auto& [transport, name] : {std::pair(Transport::Tcp, "TCP"), std::pair(Transport::Udp, "UDP")}) {
    const std::string local = std::string("KUBE-NODE-PORT-LOCAL-") + name;
    const std::string any = std::string("KUBE-NODE-PORT-") + name;
    if (used(local.c_str())) {
      node_port.rules.push_back({.matches = {match::Protocol{transport}, match::InIpSet{local}},
                                 .actions = {action::Return{}},
                                 .comment = sets.at(local).comment});
    }
    if (used(any.c_str())) {
      node_port.rules.push_back(
          jump_to("KUBE-MARK-MASQ", {match::Protocol{transport}, match::InIpSet{any}}, sets.at(any).comment));
    }
  }
  if (used("KUBE-LOOP-BACK")) {
    postrouting.rules.push_back({.matches = {match::InIpSet{"KUBE-LOOP-BACK"}},
                                 .actions = {action::Masquerade{.fully_random = false}},
                                 .comment = sets.at("KUBE-LOOP-BACK").comment});
  }
  for (Rule& rule : masquerade_marked()) postrouting.rules.push_back(std::move(rule));
  Table table{.name = "nat", .chains = nat_base_chains()};
  for (Chain* chain : {&services, &node_port}) table.chains.push_back(std::move(*chain));
  Chain load_balancer{.name = "KUBE-LOAD-BALANCER"};
  if (used("KUBE-LOAD-BALANCER-LOCAL")) {
    load_balancer.rules.push_back({.matches = {match::InIpSet{"KUBE-LOAD-BALANCER-LOCAL"}},
                                   .actions = {action::Return{}},
                                   .comment = sets.at("KUBE-LOAD-BALANCER-LOCAL").comment});
  }
  load_balancer.rules.push_back(jump_to("KUBE-MARK-MASQ"));
  table.chains.push_back(std::move(load_balancer));
  table.chains.push_back(std::move(postrouting));
  table.chains.push_back(mark_masquerade_chain());
  return table;
}

}  // namespace

IpvsRules ipvs_rules(const NodeSpec& node, std::span<const Ipv4> node_addresses,
                     std::span<const ServicePortSpec> services, Version kubernetes) {
  IpvsRules made;
  std::map<std::string, IpSet> sets = empty_sets();
  std::vector<ServiceKey> closed;  // VIPs whose source ranges leave the node out
  const auto insert = [&](const char* set, const ServicePortSpec& service, Ipv4 address) {
    sets.at(set).members.insert({address, service.transport, service.port});
  };
  const auto serve = [&](const ServicePortSpec& service, Ipv4 address, std::vector<EndpointSpec> to) {
    sets.at("KUBE-IPVS-IPS").members.insert({.address = address});
    made.addresses.push_back(address);
    made.servers.push_back({{address, service.transport, service.port}, service.affinity_seconds, std::move(to)});
  };
  const auto source_ranges = [&](const ServicePortSpec& service, Ipv4 address) {
    if (service.source_ranges.empty()) return;
    const ServiceKey key{address, service.transport, service.port};
    insert("KUBE-LOAD-BALANCER-FW", service, address);
    for (const Ipv4Range& range : service.source_ranges) {
      sets.at("KUBE-LOAD-BALANCER-SOURCE-CIDR").sources.emplace_back(key, range);
    }
    if (service.allows_source(node.primary_address)) {
      insert("KUBE-LOAD-BALANCER-SOURCE-IP", service, address);
    } else {
      closed.push_back(key);
    }
  };
  for (const ServicePortSpec& service : services) {
    const bool udp = service.transport == Transport::Udp;
    const EndpointUse use(service);
    // syncEndpoint()
    const auto destinations = [&](bool local_policy) {
      if (!local_policy) return use.cluster;
      return use.local.empty() && ipvs_falls_back(kubernetes) ? use.cluster : use.local;
    };
    insert("KUBE-CLUSTER-IP", service, service.cluster_ip);
    serve(service, service.cluster_ip, destinations(service.internal_local));
    for (const EndpointSpec& endpoint : service.endpoints) {
      if (!endpoint.local) continue;
      sets.at("KUBE-LOOP-BACK").members.insert({endpoint.address, service.transport, endpoint.port});
    }
    for (const Ipv4 address : service.external_ips) {
      insert(service.external_local ? "KUBE-EXTERNAL-IP-LOCAL" : "KUBE-EXTERNAL-IP", service, address);
      serve(service, address, destinations(service.external_local));
    }
    for (const Ipv4 address : service.load_balancer_ips) {
      insert("KUBE-LOAD-BALANCER", service, address);
      if (service.external_local) insert("KUBE-LOAD-BALANCER-LOCAL", service, address);
      source_ranges(service, address);
      serve(service, address, destinations(service.external_local));
    }
    if (service.node_port == 0) continue;
    const ServiceKey port{.transport = service.transport, .port = service.node_port};
    sets.at(udp ? "KUBE-NODE-PORT-UDP" : "KUBE-NODE-PORT-TCP").members.insert(port);
    if (service.external_local) {
      sets.at(udp ? "KUBE-NODE-PORT-LOCAL-UDP" : "KUBE-NODE-PORT-LOCAL-TCP").members.insert(port);
    }
    for (const Ipv4 address : node_addresses) {
      made.servers.push_back({{address, service.transport, service.node_port},
                              service.affinity_seconds,
                              destinations(service.external_local)});
    }
  }
  // Two ports of one Service have one address.
  std::sort(made.addresses.begin(), made.addresses.end());
  made.addresses.erase(std::unique(made.addresses.begin(), made.addresses.end()), made.addresses.end());
  made.rules = {.syntax = RuleSyntax::Iptables,
                .tables = {ipvs_filter_table(sets, closed, kubernetes), nat_table(node, sets)}};
  made.rules.ip_sets = std::move(sets);
  return made;
}

}  // namespace knetsim
