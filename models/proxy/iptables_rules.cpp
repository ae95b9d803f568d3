#include "models/proxy/iptables_rules.h"

#include <fmt/format.h>

#include <utility>

#include "models/proxy/chain_names.h"
#include "models/proxy/kube_chains.h"

namespace knetsim {
namespace {

const Match kNew = match::State{.is_new = true};

// The order in the built-in chains: kube-proxy puts each jump in front of what is there, so that the last of
// iptablesJumpChains comes first; kubelet, which starts earlier, stands behind.
Table filter_table(Version kubernetes) {
  const std::string portals = "kubernetes service portals";
  const std::string external = "kubernetes externally-visible service portals";
  Table table{.name = "filter"};
  table.chains = {
      {.name = "INPUT",
       .base = BaseHook{Hook::Input, kFilterPriority, false},
       .rules = {jump_to("KUBE-NODEPORTS", {}, "kubernetes health check service ports"),
                 jump_to("KUBE-EXTERNAL-SERVICES", {kNew}, external), jump_to("KUBE-FIREWALL")}},
      {.name = "FORWARD",
       .base = BaseHook{Hook::Forward, kFilterPriority, false},
       .rules = {jump_to("KUBE-FORWARD", {}, "kubernetes forwarding rules"), jump_to("KUBE-SERVICES", {kNew}, portals),
                 jump_to("KUBE-EXTERNAL-SERVICES", {kNew}, external)}},
      {.name = "OUTPUT",
       .base = BaseHook{Hook::Output, kFilterPriority, false},
       .rules = {jump_to("KUBE-SERVICES", {kNew}, portals), jump_to("KUBE-FIREWALL")}},
      {.name = "KUBE-SERVICES"},
      {.name = "KUBE-EXTERNAL-SERVICES"},
      {.name = "KUBE-NODEPORTS"},
      local_firewall_chain(kubernetes),
      {.name = "KUBE-FORWARD",
       .rules = {{.matches = {match::State{.invalid = true}}, .actions = {action::Drop{}}},
                 {.matches = {match::Mark{kMasqueradeMark}},
                  .actions = {action::Accept{}},
                  .comment = "kubernetes forwarding rules"},
                 {.matches = {match::State{.established = true}},
                  .actions = {action::Accept{}},
                  .comment = "kubernetes forwarding conntrack rule"}}},
  };
  if (drops_by_mark(kubernetes)) return table;
  for (const char* const chain : {"INPUT", "FORWARD", "OUTPUT"}) {
    std::vector<Rule>& rules = table.chain(chain)->rules;
    rules.insert(rules.begin(), jump_to("KUBE-PROXY-FIREWALL", {kNew}, "kubernetes load balancer firewall"));
  }
  table.chains.push_back({.name = "KUBE-PROXY-FIREWALL"});
  return table;
}

Table nat_table(Version kubernetes) {
  Table table{.name = "nat", .chains = nat_base_chains()};
  table.chains.push_back({.name = "KUBE-SERVICES"});
  table.chains.push_back({.name = "KUBE-NODEPORTS"});
  table.chains.push_back({.name = "KUBE-POSTROUTING", .rules = masquerade_marked()});
  table.chains.push_back(mark_masquerade_chain());
  if (drops_by_mark(kubernetes)) table.chains.push_back(mark_drop_chain());
  return table;
}

/// Writes the rules of Services, one after another, into the two tables.
class IptablesWriter {
 public:
  IptablesWriter(const NodeSpec& node, Version kubernetes, bool comments)
      : node_(node),
        two_rules_(two_rules_per_service(kubernetes)),
        marks_drops_(drops_by_mark(kubernetes)),
        comments_(comments),
        filter_(filter_table(kubernetes)),
        nat_(nat_table(kubernetes)) {}

  void add(const ServicePortSpec& service) {
    const EndpointUse use(service);
    const auto& [cluster, local, any, internal, external, by_cluster, by_local, reached] = use;
    const bool uses_external_chain = any && service.externally_accessible();
    const std::string cluster_chain = iptables_service_chain("KUBE-SVC-", service);
    const std::string local_chain = iptables_service_chain("KUBE-SVL-", service);
    const std::string external_chain = !two_rules_              ? iptables_service_chain("KUBE-EXT-", service)
                                       : service.external_local ? iptables_service_chain("KUBE-XLB-", service)
                                                                : cluster_chain;
    const std::string internal_chain = service.internal_local ? local_chain : cluster_chain;

    cluster_ip(service, internal, any, internal_chain);
    external_addresses(service, any, external, external_chain);
    node_port(service, any, external, external_chain);
    if (internal && !two_rules_) {
      std::vector<Match> matches = to_address(service, service.cluster_ip, service.port);
      matches.push_back(match::Source{node_.cluster_cidr, true});
      nat(internal_chain, jump_to("KUBE-MARK-MASQ", std::move(matches), service.port_string() + " cluster IP"));
    }
    if (uses_external_chain && service.external_local) {
      external_local(service, external_chain, cluster_chain);
      if (two_rules_) {
        choose_endpoint(service, external_chain, local);
      } else if (external) {
        nat(external_chain, jump_to(local_chain));
      }
    } else if (uses_external_chain && !two_rules_) {
      nat(external_chain,
          jump_to("KUBE-MARK-MASQ", {},
                  fmt::format("masquerade traffic for {} external destinations", service.port_string())));
      nat(external_chain, jump_to(cluster_chain));
    }
    if (any && !service.load_balancer_ips.empty() && !service.source_ranges.empty()) {
      for (const Ipv4Range& range : service.source_ranges) {
        nat(iptables_service_chain("KUBE-FW-", service),
            jump_to(external_chain, {match::Source{range}}, service.port_string() + " loadbalancer IP"));
      }
      own_sources(service, external_chain);
      if (marks_drops_) {
        nat(iptables_service_chain("KUBE-FW-", service),
            jump_to("KUBE-MARK-DROP", {}, service.port_string() + " loadbalancer IP"));
      }
    }
    if (by_cluster) choose_endpoint(service, cluster_chain, cluster);
    if (by_local && (!two_rules_ || service.internal_local)) choose_endpoint(service, local_chain, local);
    for (const EndpointSpec& endpoint : reached) {
      reach_endpoint(service, endpoint);
    }
  }

  Ruleset finish() {
    nat("KUBE-SERVICES", jump_to("KUBE-NODEPORTS", {match::DestinationLocal{}},
                                 "kubernetes service nodeports; NOTE: this must be the last rule in this chain"));
    return {.syntax = RuleSyntax::Iptables, .tables = {std::move(filter_), std::move(nat_)}};
  }

 private:
  void nat(const std::string& chain, Rule rule) { chain_of(nat_, nat_index_, chain).rules.push_back(std::move(rule)); }
  void filter(const std::string& chain, Rule rule) {
    chain_of(filter_, filter_index_, chain).rules.push_back(std::move(rule));
  }

  // Tables have a chain per endpoint, so that names are looked up in an index rather than one after another.
  static Chain& chain_of(Table& table, std::map<std::string, std::size_t>& index, const std::string& chain) {
    if (index.empty()) {
      for (std::size_t i = 0; i < table.chains.size(); ++i) {
        index.emplace(table.chains[i].name, i);
      }
    }
    const auto [found, added] = index.try_emplace(chain, table.chains.size());
    if (added) {
      table.chains.push_back({.name = chain});
    }
    return table.chains[found->second];
  }

  static std::vector<Match> to_address(const ServicePortSpec& service, Ipv4 address, std::uint16_t port) {
    return {match::Protocol{service.transport}, match::Destination{{address, 32}}, match::DestinationPort{port}};
  }

  void cluster_ip(const ServicePortSpec& service, bool internal, bool any, const std::string& chain) {
    if (!internal) {
      refuse("KUBE-SERVICES", service, to_address(service, service.cluster_ip, service.port), any);
      return;
    }
    const std::string comment = service.port_string() + " cluster IP";
    if (two_rules_) {
      std::vector<Match> matches = to_address(service, service.cluster_ip, service.port);
      matches.insert(matches.begin(), match::Source{node_.cluster_cidr, true});
      nat("KUBE-SERVICES", jump_to("KUBE-MARK-MASQ", std::move(matches), comment));
    }
    nat("KUBE-SERVICES", jump_to(chain, to_address(service, service.cluster_ip, service.port), comment));
  }

  void external_addresses(const ServicePortSpec& service, bool any, bool external, const std::string& chain) {
    for (const Ipv4 address : service.external_ips) {
      external_address(service, address, any, external, chain, " external IP");
    }
    const bool firewalled = any && !service.source_ranges.empty();
    const std::string firewall_chain = iptables_service_chain("KUBE-FW-", service);
    for (const Ipv4 address : service.load_balancer_ips) {
      external_address(service, address, any, external, firewalled ? firewall_chain : chain, " loadbalancer IP");
      if (firewalled && !marks_drops_) {
        filter("KUBE-PROXY-FIREWALL",
               {.matches = to_address(service, address, service.port),
                .actions = {action::Drop{}},
                .comment = fmt::format("{} traffic not accepted by {}", service.port_string(), firewall_chain)});
      }
    }
  }

  // A node that is allowed may have the VIP itself (kube-ipvs0, a route of a cloud's agent), and take it as its source.
  void own_sources(const ServicePortSpec& service, const std::string& external_chain) {
    if (!service.allows_source(node_.primary_address)) return;
    for (const Ipv4 address : service.load_balancer_ips) {
      nat(iptables_service_chain("KUBE-FW-", service),
          jump_to(external_chain, {match::Source{{address, 32}}}, service.port_string() + " loadbalancer IP"));
    }
  }

  void external_address(const ServicePortSpec& service, Ipv4 address, bool any, bool external, const std::string& chain,
                        std::string_view what) {
    if (any) {
      nat("KUBE-SERVICES",
          jump_to(chain, to_address(service, address, service.port), service.port_string() + std::string(what)));
    }
    if (!external) {
      refuse("KUBE-EXTERNAL-SERVICES", service, to_address(service, address, service.port), any);
    }
  }

  void node_port(const ServicePortSpec& service, bool any, bool external, const std::string& chain) {
    if (service.node_port == 0) {
      return;
    }
    const std::vector<Match> matches = {match::Protocol{service.transport}, match::DestinationPort{service.node_port}};
    if (any) {
      if (two_rules_) {  // with the Local policy the node's own processes alone are masqueraded
        std::vector<Match> masquerade = matches;
        if (service.external_local) {
          masquerade.push_back(match::Source{{ipv4(127, 0, 0, 0), 8}});
        }
        nat("KUBE-NODEPORTS", jump_to("KUBE-MARK-MASQ", std::move(masquerade), service.port_string()));
      }
      nat("KUBE-NODEPORTS", jump_to(chain, matches, service.port_string()));
    }
    if (!external) {
      std::vector<Match> local = {match::DestinationLocal{}};
      local.insert(local.end(), matches.begin(), matches.end());
      refuse("KUBE-EXTERNAL-SERVICES", service, std::move(local), any);
    }
    if (service.health_check_node_port != 0) {
      filter("KUBE-NODEPORTS",
             {.matches = {match::Protocol{Transport::Tcp}, match::DestinationPort{service.health_check_node_port}},
              .actions = {action::Accept{}},
              .comment = service.port_string() + " health check node port"});
    }
  }

  // No endpoint anywhere: refused at once. Some, but none where the policy looks: dropped, so that the client times
  // out.
  void refuse(const std::string& chain, const ServicePortSpec& service, std::vector<Match> matches, bool any) {
    Rule rule{.matches = std::move(matches),
              .actions = {},
              .comment = service.port_string() + (any ? " has no local endpoints" : " has no endpoints")};
    rule.actions.push_back(any ? Action{action::Drop{}} : Action{action::Reject{}});
    filter(chain, std::move(rule));
  }

  // Whoever --cluster-cidr makes a pod of the cluster, and the node itself, are sent to all endpoints all the same.
  void external_local(const ServicePortSpec& service, const std::string& chain, const std::string& cluster_chain) {
    const std::string port = service.port_string();
    const std::string what = two_rules_ ? "LB IP" : "external destinations";
    nat(chain, jump_to(cluster_chain, {match::Source{node_.cluster_cidr}},
                       two_rules_ ? "Redirect pods trying to reach external loadbalancer VIP to clusterIP"
                                  : fmt::format("pod traffic for {} {}", port, what)));
    nat(chain, jump_to("KUBE-MARK-MASQ", {match::SourceLocal{}},
                       fmt::format("masquerade LOCAL traffic for {} {}", port, what)));
    nat(chain, jump_to(cluster_chain, {match::SourceLocal{}},
                       two_rules_ ? fmt::format("route LOCAL traffic for {} {} to service chain", port, what)
                                  : fmt::format("route LOCAL traffic for {} {}", port, what)));
  }

  std::string endpoint_comment(std::string text) const { return comments_ ? std::move(text) : std::string(); }

  void choose_endpoint(const ServicePortSpec& service, const std::string& chain,
                       const std::vector<EndpointSpec>& endpoints) {
    const auto comment = [&](const EndpointSpec& endpoint) {
      return endpoint_comment(
          fmt::format("{} -> {}:{}", service.port_string(), to_text(endpoint.address), endpoint.port));
    };
    const auto of = static_cast<std::uint32_t>(endpoints.size());
    for (std::uint32_t i = 0; service.affinity_seconds != 0 && i < of; ++i) {
      const std::string to = iptables_endpoint_chain(service, endpoints[i]);
      nat(chain, jump_to(to, {match::RecentCheck{to, service.affinity_seconds, i}}, comment(endpoints[i])));
    }
    for (std::uint32_t i = 0; i < of; ++i) {
      std::vector<Match> matches;
      if (i + 1 < of) {  // the last of them is certain
        matches.push_back(match::Statistic{i, of});
      }
      nat(chain, jump_to(iptables_endpoint_chain(service, endpoints[i]), std::move(matches), comment(endpoints[i])));
    }
  }

  void reach_endpoint(const ServicePortSpec& service, const EndpointSpec& endpoint) {
    const std::string chain = iptables_endpoint_chain(service, endpoint);
    const std::string comment = endpoint_comment(service.port_string());
    nat(chain, jump_to("KUBE-MARK-MASQ", {match::Source{{endpoint.address, 32}}}, comment));
    std::vector<Match> matches;
    if (service.affinity_seconds != 0) {
      matches.push_back(match::RecentSet{chain});
    }
    matches.push_back(match::Protocol{service.transport});
    nat(chain, {.matches = std::move(matches), .actions = {action::Dnat{endpoint}}, .comment = comment});
  }

  const NodeSpec& node_;
  const bool two_rules_;
  const bool marks_drops_;
  const bool comments_;
  Table filter_;
  Table nat_;
  std::map<std::string, std::size_t> filter_index_;
  std::map<std::string, std::size_t> nat_index_;
};

}  // namespace

Ruleset iptables_rules(const NodeSpec& node, std::span<const ServicePortSpec> services,
                       const IptablesRuleOptions& options) {
  std::uint64_t endpoints = 0;
  for (const ServicePortSpec& service : services) {
    endpoints += service.endpoints.size();
  }
  IptablesWriter writer(node, options.kubernetes, !options.large_cluster && endpoints <= kLargeClusterEndpoints);
  for (const ServicePortSpec& service : services) {
    writer.add(service);
  }
  return writer.finish();
}

}  // namespace knetsim
