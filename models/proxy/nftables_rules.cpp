#include "models/proxy/nftables_rules.h"

#include <utility>

#include "models/proxy/chain_names.h"
#include "models/proxy/iptables_rules.h"

namespace knetsim {
namespace {

constexpr int kBeforeNatDestination = -110;  // dstnat - 10: LoadBalancerSourceRanges look at the Service's own address
constexpr int kNatDestination = -100;
constexpr int kAfterNatDestination = -90;
constexpr int kFilter = 0;
constexpr int kNatSource = 100;

Rule rule(std::vector<Match> matches, std::vector<Action> actions, std::string comment = {}) {
  return {.matches = std::move(matches), .actions = std::move(actions), .comment = std::move(comment)};
}

Rule jump_if_new(std::string chain) { return rule({match::State{.is_new = true}}, {action::Jump{std::move(chain)}}); }

Rule look_up(std::string map, action::Key key, std::vector<Match> matches = {}) {
  return rule(std::move(matches), {action::VerdictMap{std::move(map), key}});
}

/// Writes the table's fixed part, then Services one after another.
class NftablesWriter {
 public:
  NftablesWriter(const NodeSpec& node, Version kubernetes)
      : node_(node),
        squashed_(squashed_endpoint_chains(kubernetes)),
        checks_first_(checks_endpoints_first(kubernetes)) {
    table_.name = "kube-proxy";
    base_chains();
    named_objects();
    fixed_chains();
  }

  void add(const ServicePortSpec& service) {
    const EndpointUse use(service);
    const auto& [cluster, local, any, internal, external, by_cluster, by_local, reached] = use;
    const std::string cluster_chain = nftables_service_chain("service-", service);
    const std::string local_chain = nftables_service_chain("local-", service);
    const std::string internal_chain = service.internal_local ? local_chain : cluster_chain;
    const std::string external_chain = nftables_service_chain("external-", service);

    table_.sets["cluster-ips"].addresses.push_back(service.cluster_ip);
    const ServiceKey cluster_key{service.cluster_ip, service.transport, service.port};
    if (internal) {
      table_.maps["service-ips"].elements[cluster_key] = {internal_chain};
    } else {
      table_.maps["no-endpoint-services"].elements[cluster_key] = refusal(any);
    }
    external_addresses(service, any, external, external_chain);
    firewall(service);

    if (internal && !squashed_) {
      chain(internal_chain)
          .rules.push_back(rule({match::Destination{{service.cluster_ip, 32}}, match::Source{node_.cluster_cidr, true}},
                                {action::Jump{"mark-for-masquerade"}}));
    }
    if (any && service.externally_accessible()) {
      external_policy(service, external, external_chain, cluster_chain, local_chain);
    }
    if (by_cluster) choose_endpoint(service, cluster_chain, cluster);
    if (by_local) choose_endpoint(service, local_chain, local);
    for (const EndpointSpec& endpoint : reached) {
      reach_endpoint(service, endpoint);
    }
  }

  Ruleset finish() { return {.syntax = RuleSyntax::Nftables, .tables = {std::move(table_)}}; }

 private:
  Chain& chain(const std::string& name) {
    const auto [found, added] = index_.try_emplace(name, table_.chains.size());
    if (added) {
      table_.chains.push_back({.name = name});
    }
    return table_.chains[found->second];
  }

  void base(const std::string& name, BaseHook hook, std::vector<Rule> rules) {
    Chain& made = chain(name);
    made.base = hook;
    made.rules = std::move(rules);
  }

  void base_chains() {
    const int filter = checks_first_ ? kBeforeNatDestination : kFilter;
    base(checks_first_ ? "filter-prerouting" : "filter-prerouting-pre-dnat",
         {Hook::Prerouting, kBeforeNatDestination, false}, {jump_if_new("firewall-check")});
    base("filter-input", {Hook::Input, filter, false},
         {jump_if_new("nodeport-endpoints-check"), jump_if_new("service-endpoints-check")});
    base("filter-forward", {Hook::Forward, filter, false},
         {jump_if_new("service-endpoints-check"), jump_if_new("cluster-ips-check")});
    if (checks_first_) {
      base("filter-output", {Hook::Output, kBeforeNatDestination, false},
           {jump_if_new("service-endpoints-check"), jump_if_new("firewall-check")});
      base("filter-output-post-dnat", {Hook::Output, kAfterNatDestination, false}, {jump_if_new("cluster-ips-check")});
    } else {
      base("filter-output-pre-dnat", {Hook::Output, kBeforeNatDestination, false}, {jump_if_new("firewall-check")});
      base("filter-output", {Hook::Output, kFilter, false},
           {jump_if_new("service-endpoints-check"), jump_if_new("cluster-ips-check")});
    }
    base("nat-prerouting", {Hook::Prerouting, kNatDestination, true}, {rule({}, {action::Jump{"services"}})});
    base("nat-output", {Hook::Output, kNatDestination, true}, {rule({}, {action::Jump{"services"}})});
    base("nat-postrouting", {Hook::Postrouting, kNatSource, true}, {rule({}, {action::Jump{"masquerading"}})});
  }

  void named_objects() {
    using action::Key;
    table_.sets["cluster-ips"].comment = "Active ClusterIPs";
    table_.sets["nodeport-ips"] = {.comment = "IPs that accept NodePort traffic", .addresses = {node_.primary_address}};
    table_.maps["firewall-ips"] = {
        Key::AddressProtocolPort, "destinations that are subject to LoadBalancerSourceRanges", {}};
    table_.maps["service-ips"] = {Key::AddressProtocolPort, "ClusterIP, ExternalIP and LoadBalancer IP traffic", {}};
    table_.maps["service-nodeports"] = {Key::ProtocolPort, "NodePort traffic", {}};
    table_.maps["no-endpoint-services"] = {
        Key::AddressProtocolPort, "vmap to drop or reject packets to services with no endpoints", {}};
    table_.maps["no-endpoint-nodeports"] = {
        Key::ProtocolPort, "vmap to drop or reject packets to service nodeports with no endpoints", {}};
    if (squashed_) {
      table_.sets["hairpin-connections"].comment = "service hairpin connections";
      table_.sets["hairpin-connections"].is_hairpin = true;
    }
  }

  void fixed_chains() {
    using action::Key;
    const std::vector<Match> to_node_port = {match::InSet{"nodeport-ips"}};
    chain("firewall-check").rules = {look_up("firewall-ips", Key::AddressProtocolPort)};
    chain("service-endpoints-check").rules = {look_up("no-endpoint-services", Key::AddressProtocolPort)};
    chain("nodeport-endpoints-check").rules = {look_up("no-endpoint-nodeports", Key::ProtocolPort, to_node_port)};
    chain("cluster-ips-check").rules = {
        rule({match::InSet{"cluster-ips"}}, {action::Reject{}}, "Reject traffic to invalid ports of ClusterIPs"),
        rule({match::Destination{node_.service_cidr}}, {action::Drop{}}, "Drop traffic to unallocated ClusterIPs")};
    chain("reject-chain").rules = {rule({}, {action::Reject{}})};
    if (squashed_) {
      chain("services").rules = {rule({match::InSet{"cluster-ips"}, match::Source{node_.cluster_cidr, true}},
                                      {action::SetMark{kMasqueradeMark}},
                                      "masquerade clusterIP traffic from outside cluster")};
      chain("masquerading").rules = {
          rule({match::Mark{kMasqueradeMark}}, {action::ClearMark{kMasqueradeMark}, action::Masquerade{}}),
          rule({match::DestinationTranslated{}, match::Hairpin{"hairpin-connections"}}, {action::Masquerade{}})};
    } else {
      chain("mark-for-masquerade").rules = {rule({}, {action::SetMark{kMasqueradeMark}})};
      chain("masquerading").rules = {rule({match::Mark{kMasqueradeMark, true}}, {action::Return{}}),
                                     rule({}, {action::ClearMark{kMasqueradeMark}}), rule({}, {action::Masquerade{}})};
    }
    chain("services").rules.push_back(look_up("service-ips", Key::AddressProtocolPort));
    chain("services").rules.push_back(look_up("service-nodeports", Key::ProtocolPort, to_node_port));
  }

  static MapVerdict refusal(bool any_endpoint) { return {any_endpoint ? "" : "reject-chain"}; }

  void external_addresses(const ServicePortSpec& service, bool any, bool external, const std::string& chain_name) {
    std::vector<Ipv4> addresses = service.external_ips;
    addresses.insert(addresses.end(), service.load_balancer_ips.begin(), service.load_balancer_ips.end());
    for (const Ipv4 address : addresses) {
      const ServiceKey key{address, service.transport, service.port};
      if (any) {
        table_.maps["service-ips"].elements[key] = {chain_name};
      }
      if (!external) {
        table_.maps["no-endpoint-services"].elements[key] = refusal(any);
      }
    }
    if (service.node_port != 0) {
      const ServiceKey key{0, service.transport, service.node_port};
      if (any) {
        table_.maps["service-nodeports"].elements[key] = {chain_name};
      }
      if (!external) {
        table_.maps["no-endpoint-nodeports"].elements[key] = refusal(any);
      }
    }
  }

  // A node that is allowed may have the VIP itself, and take it as its source.
  void firewall(const ServicePortSpec& service) {
    if (service.load_balancer_ips.empty() || service.source_ranges.empty()) return;
    const std::string chain_name = nftables_service_chain("firewall-", service);
    match::SourceAmong among{.ranges = service.source_ranges, .negated = true};
    const bool node_too = service.allows_source(node_.primary_address);
    for (const Ipv4 address : service.load_balancer_ips) {
      table_.maps["firewall-ips"].elements[{address, service.transport, service.port}] = {chain_name};
      if (node_too) among.ranges.push_back({address, 32});
    }
    chain(chain_name).rules.push_back(rule({std::move(among)}, {action::Drop{}}));
  }

  Action masquerade() const {
    return squashed_ ? Action{action::SetMark{kMasqueradeMark}} : Action{action::Jump{"mark-for-masquerade"}};
  }

  void external_policy(const ServicePortSpec& service, bool external, const std::string& chain_name,
                       const std::string& cluster_chain, const std::string& local_chain) {
    std::vector<Rule>& rules = chain(chain_name).rules;
    if (!service.external_local) {
      rules.push_back(rule({}, {masquerade()}));
      rules.push_back(rule({}, {action::Goto{cluster_chain}}));
      return;
    }
    rules.push_back(
        rule({match::Source{node_.cluster_cidr}}, {action::Goto{cluster_chain}}, "short-circuit pod traffic"));
    rules.push_back(rule({match::SourceLocal{}}, {masquerade()}, "masquerade local traffic"));
    rules.push_back(rule({match::SourceLocal{}}, {action::Goto{cluster_chain}}, "short-circuit local traffic"));
    if (external) {
      rules.push_back(rule({}, {action::Goto{local_chain}}));
    }
  }

  void choose_endpoint(const ServicePortSpec& service, const std::string& chain_name,
                       const std::vector<EndpointSpec>& endpoints) {
    if (squashed_ && service.affinity_seconds == 0) {
      chain(chain_name).rules.push_back(rule({match::Protocol{service.transport}}, {action::RandomDnat{endpoints}}));
      return;
    }
    std::vector<std::string> chains;
    chains.reserve(endpoints.size());
    for (const EndpointSpec& endpoint : endpoints) {
      chains.push_back(nftables_endpoint_chain("endpoint-", service, endpoint));
    }
    for (std::uint32_t i = 0; service.affinity_seconds != 0 && i < endpoints.size(); ++i) {
      const std::string set = nftables_endpoint_chain("affinity-", service, endpoints[i]);
      table_.sets[set].affinity_seconds = service.affinity_seconds;
      chain(chain_name).rules.push_back(rule({match::AffinitySet{set, i}}, {action::Goto{chains[i]}}));
    }
    chain(chain_name).rules.push_back(rule({}, {action::RandomGoto{std::move(chains)}}));
  }

  void reach_endpoint(const ServicePortSpec& service, const EndpointSpec& endpoint) {
    if (squashed_ && endpoint.local) {
      table_.sets["hairpin-connections"].hairpins.push_back({endpoint.address, service.transport, endpoint.port});
    }
    if (squashed_ && service.affinity_seconds == 0) {
      return;
    }
    std::vector<Rule>& rules = chain(nftables_endpoint_chain("endpoint-", service, endpoint)).rules;
    if (!squashed_) {
      rules.push_back(rule({match::Source{{endpoint.address, 32}}}, {masquerade()}));
    }
    if (service.affinity_seconds != 0) {
      rules.push_back(rule({}, {action::UpdateAffinity{nftables_endpoint_chain("affinity-", service, endpoint)}}));
    }
    rules.push_back(rule({match::Protocol{service.transport}}, {action::Dnat{endpoint}}));
  }

  const NodeSpec& node_;
  const bool squashed_;
  const bool checks_first_;
  Table table_;
  std::map<std::string, std::size_t> index_;
};

}  // namespace

Ruleset nftables_rules(const NodeSpec& node, std::span<const ServicePortSpec> services, Version kubernetes) {
  NftablesWriter writer(node, kubernetes);
  for (const ServicePortSpec& service : services) {
    writer.add(service);
  }
  return writer.finish();
}

}  // namespace knetsim
