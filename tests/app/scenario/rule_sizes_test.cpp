// Goal: the sizes that a run binds to a node's symbols are those of the rules that kube-proxy writes there, policies
// Local included. Method: the rules of every node of small clusters are generated and counted chain by chain.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "app/scenario/variant_models.h"
#include "models/proxy/iptables_rules.h"
#include "models/proxy/ipvs_rules.h"
#include "support/scenario_fixture.h"
#include "support/v4_addresses.h"

namespace knetsim {
namespace {

/// Three nodes; a pod of each replica on a node of its own.
Ready clustered(const std::string& manifests, const std::string& patches) {
  return Ready("cluster: {nodes: {count: 3}}\npatches: {" + patches + "}\n" + kBrowse,
               manifests + app_manifests("client", 1));
}

/// The cluster's Services as kube-proxy of one node sees them.
std::vector<ServicePortSpec> services_at(const Cluster& cluster, const ProxyModel& proxy, NodeIndex node) {
  std::vector<ServicePortSpec> specs;
  const EndpointView view = cluster.endpoints.latest();
  for (ServicePortIndex index = 0; index < cluster.service_ports.size(); ++index) {
    const ServicePort& port = cluster.service_ports[index];
    const Service& service = cluster.services[port.service];
    ServicePortSpec spec{.name = std::string(service.name),
                         .port_name = std::string(port.name),
                         .transport = port.protocol == Protocol::Udp ? Transport::Udp : Transport::Tcp,
                         .cluster_ip = service.cluster_ips.front().v4_value(),
                         .port = port.port,
                         .node_port = port.node_port,
                         .internal_local = service.internal_traffic_local,
                         .external_local = service.external_traffic_local};
    const auto kept = view.kept_at(cluster.place(node), proxy.hints_read(service), index);
    for (const Endpoint& endpoint : view.endpoints(index)) {
      const bool meant = std::ranges::find(kept, endpoint.pod, &Endpoint::pod) != kept.end();
      spec.endpoints.push_back({endpoint.address.v4_value(), endpoint.port, endpoint.node == node, true, meant});
    }
    spec.external_ips = v4_addresses(service.external_ips);
    spec.load_balancer_ips = v4_addresses(service.load_balancer_ips);
    for (const Cidr& range : service.source_ranges) spec.source_ranges.push_back({range.base, range.prefix});
    specs.push_back(std::move(spec));
  }
  return specs;
}

std::uint32_t rules(const Ruleset& all, const char* table, const char* chain) {
  return static_cast<std::uint32_t>(all.table(table).chain(chain)->rules.size());
}

std::uint32_t node_port_rules(const Ruleset& all, const char* table, const char* chain, bool udp_only) {
  const std::vector<Rule>& of = all.table(table).chain(chain)->rules;
  const auto counts = [&](const Rule& rule) {
    const auto has = [&](auto wanted) { return std::any_of(rule.matches.begin(), rule.matches.end(), wanted); };
    const bool address = has([](const Match& m) { return std::holds_alternative<match::Destination>(m); });
    const bool udp = has([](const Match& m) {
      const auto* protocol = std::get_if<match::Protocol>(&m);
      return protocol != nullptr && protocol->transport == Transport::Udp;
    });
    return !address && (udp || !udp_only);
  };
  return static_cast<std::uint32_t>(std::count_if(of.begin(), of.end(), counts));
}

std::vector<RuleSizes> sizes_of(const BoundVariant& variant) {
  return rule_sizes(variant, variant.cluster->endpoints.latest());
}

/// Every size of a node's iptables rules against the node's ruleset.
void expect_sizes_of_rules(const BoundVariant& variant) {
  const Cluster& cluster = *variant.cluster;
  const std::vector<RuleSizes> all = sizes_of(variant);
  ASSERT_EQ(all.size(), cluster.nodes.size());
  for (NodeIndex node = 0; node < cluster.nodes.size(); ++node) {
    SCOPED_TRACE("node " + std::to_string(node));
    const Ruleset made = iptables_rules({}, services_at(cluster, *variant.models->proxy, node));
    const RuleSizes& sizes = all[node];
    EXPECT_EQ(sizes.services_rules, rules(made, "nat", "KUBE-SERVICES") - 1);
    EXPECT_EQ(sizes.node_ports, rules(made, "nat", "KUBE-NODEPORTS"));
    EXPECT_EQ(sizes.udp_node_ports, node_port_rules(made, "nat", "KUBE-NODEPORTS", true));
    EXPECT_EQ(sizes.without_endpoints, rules(made, "filter", "KUBE-SERVICES"));
    EXPECT_EQ(sizes.external_without_endpoints, rules(made, "filter", "KUBE-EXTERNAL-SERVICES"));
    EXPECT_EQ(sizes.refused_node_ports, node_port_rules(made, "filter", "KUBE-EXTERNAL-SERVICES", false));
    EXPECT_EQ(sizes.refused_udp_node_ports, node_port_rules(made, "filter", "KUBE-EXTERNAL-SERVICES", true));
    EXPECT_EQ(sizes.service_ports, cluster.service_ports.size());
  }
}

std::string patch(const std::string& service, const std::string& fields) {
  return "Service/" + service + ": {" + fields + "}, ";
}

/// Local policies of every sort, on Services whose endpoints are on one node, on two, on all and on none.
TEST(RuleSizes, AreThoseOfTheGeneratedRulesWithPoliciesLocal) {
  std::string manifests;
  std::string patches;
  for (const int replicas : {0, 1, 2, 3}) {
    for (const char* policy : {"cluster", "inside", "outside", "both"}) {
      const std::string name = replicas == 1 && policy == std::string("cluster") ? "web"  // whom the workload asks
                                                                                 : policy + std::to_string(replicas);
      manifests += app_manifests(name, replicas);
      std::string fields = policy == std::string("inside") ? "" : "spec.type: NodePort, ";
      if (policy == std::string("inside") || policy == std::string("both")) {
        fields += "spec.internalTrafficPolicy: Local, ";
      }
      if (policy == std::string("outside") || policy == std::string("both")) {
        fields += "spec.externalTrafficPolicy: Local, ";
      }
      // That of IPv6 has no rule in IPv4's tables.
      if (replicas == 2) fields += "spec.externalIPs: [203.0.113.1, '2001:db8::1', 203.0.113.2], ";
      patches += patch(name, fields);
    }
  }
  Ready scene = clustered(manifests, patches);
  expect_sizes_of_rules(scene.variant());
  // By hand. ClusterIPs: 4 Services without endpoints; of those with the policy Local inside, 2 have them on one node
  // and 2 on two. Node ports likewise, 3 and 2 and 2; the external IPs of two Services of two replicas.
  std::uint32_t inside = 0;
  std::uint32_t ports = 0;
  std::uint32_t outside = 0;
  for (const RuleSizes& sizes : sizes_of(scene.variant())) {
    EXPECT_EQ(sizes.services_rules, 17U + 4 * 2 - sizes.without_endpoints)
        << "four Services have two external IPs each";
    EXPECT_EQ(sizes.node_ports, 9U);
    EXPECT_TRUE(sizes.tcp_node_port_set && sizes.local_tcp_node_port_set && !sizes.udp_node_port_set);
    inside += sizes.without_endpoints;
    ports += sizes.refused_node_ports;
    outside += sizes.external_without_endpoints;
  }
  EXPECT_EQ(inside, 3 * 4U + 2 * 2 + 2 * 1);
  EXPECT_EQ(ports, 3 * 3U + 2 * 2 + 2 * 1);
  EXPECT_EQ(outside, ports + 2 * 2U);
}

// Nodes are 192.168.0.10 and so on. Ranges that hold all of them, some, one by a range within another, and none; one
// of IPv6 alone, which restricts nothing. IPVS writes a rule for each address that the node may not ask.
TEST(RuleSizes, AreThoseOfTheGeneratedRulesWithSourceRanges) {
  std::string manifests = app_manifests("web", 1);
  int number = 0;
  for (const char* ranges : {"[192.168.0.0/16]", "[192.168.0.10/31, 10.0.0.0/8]", "[192.168.0.8/29, 192.168.0.12/32]",
                             "[192.0.2.0/24, '2001:db8::/32']", "['2001:db8::/32']", "[]"}) {
    manifests += fmt::format(
        "apiVersion: v1\nkind: Service\nmetadata: {{name: b{}}}\nspec: {{type: LoadBalancer, selector: {{app: web}}, "
        "ports: [{{name: a, port: 80}}, {{name: b, port: 81}}], loadBalancerSourceRanges: {}}}\n"
        "status: {{loadBalancer: {{ingress: [{{ip: 203.0.113.{}}}, {{ip: '2001:db8::1'}}]}}}}\n---\n",
        number, ranges, number + 1);
    ++number;
  }
  Ready scene("cluster: {nodes: {count: 9}}\n" + std::string(kBrowse), manifests + app_manifests("client", 1));
  const Cluster& cluster = *scene.variant().cluster;
  const std::vector<RuleSizes> all = sizes_of(scene.variant());
  std::uint32_t closed = 0;
  for (NodeIndex node = 0; node < cluster.nodes.size(); ++node) {
    SCOPED_TRACE("node " + std::to_string(node));
    const NodeSpec spec{.primary_address = cluster.nodes[node].ip.v4_value()};
    const Ruleset iptables = iptables_rules(spec, services_at(cluster, *scene.variant().models->proxy, node));
    EXPECT_EQ(all[node].firewalled_addresses, rules(iptables, "filter", "KUBE-PROXY-FIREWALL"));
    EXPECT_EQ(all[node].services_rules, rules(iptables, "nat", "KUBE-SERVICES") - 1);
    const Ruleset ipvs = ipvs_rules(spec, std::span(&spec.primary_address, 1),
                                    services_at(cluster, *scene.variant().models->proxy, node))
                             .rules;
    EXPECT_EQ(all[node].closed_addresses, rules(ipvs, "filter", "KUBE-IPVS-OUT-FILTER"));
    closed += all[node].closed_addresses;
  }
  // Two ports each: 192.168.0.10/31 is closed to 7 of 9, 192.168.0.8/29 (up to .15) to 3, 192.0.2.0/24 to all.
  EXPECT_EQ(closed, 2U * (7 + 3 + 9));
}

std::uint64_t endpoint_chains(const Ruleset& all) {
  std::uint64_t count = 0;
  for (const Chain& chain : all.table("nat").chains) count += chain.name.starts_with("KUBE-SEP-") ? 1U : 0U;
  return count;
}

// Five pods over three zones, two nodes each: on node-0 and node-3 (zone a), node-1 (b) and twice on node-2 (c). Endpoints
// that a node has chains for are those of its zone, or of itself; all where it has none, and its own besides with the
// policy Local where they are meant for another zone.
TEST(RuleSizes, HaveTheEndpointsThatHintsLeaveToTheNode) {
  std::string manifests;
  for (std::size_t node = 0; node < 6; ++node) {
    manifests += "apiVersion: v1\nkind: Node\nmetadata: {name: node-" + std::to_string(node) +
                 ", labels: {topology.kubernetes.io/zone: " + "abc"[node % 3] + "}}\n---\n";
  }
  for (const auto& [name, node] :
       std::initializer_list<std::pair<const char*, int>>{{"a1", 0}, {"a2", 3}, {"b1", 1}, {"c1", 2}, {"c2", 2}}) {
    manifests += std::string("apiVersion: v1\nkind: Pod\nmetadata: {name: ") + name +
                 ", labels: {app: web}}\nspec: {nodeName: node-" + std::to_string(node) +
                 ", containers: [{name: c, image: x, ports: [{name: http, containerPort: 8080}]}]}\n---\n";
  }
  const auto service = [](const std::string& name, const std::string& spec) {
    return "apiVersion: v1\nkind: Service\nmetadata: {name: " + name +
           "}\nspec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]" + spec + "}\n---\n";
  };
  const std::string others =
      "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: lent-x, labels: "
      "{kubernetes.io/service-name: lent}}\naddressType: IPv4\nports: [{port: 8080}]\nendpoints:\n"
      "- {addresses: [10.1.0.1], targetRef: {kind: Pod, name: a1}, hints: {forZones: [{name: b}]}}\n"
      "- {addresses: [10.1.0.2], targetRef: {kind: Pod, name: b1}, hints: {forZones: [{name: a}]}}\n"
      "- {addresses: [10.1.0.3], targetRef: {kind: Pod, name: c1}, hints: {forZones: [{name: b}]}}\n---\n";
  const auto sizes = [&](const std::string& services) {
    Ready scene(kBrowse, manifests + services + app_manifests("client", 1));
    const std::vector<RuleSizes> all = sizes_of(scene.variant());
    std::vector<std::uint64_t> endpoints;
    for (NodeIndex node = 0; node < 6; ++node) {
      endpoints.push_back(all[node].endpoints);
      EXPECT_EQ(all[node].endpoints,
                endpoint_chains(
                    iptables_rules({}, services_at(*scene.variant().cluster, *scene.variant().models->proxy, node))))
          << services << "node " << node;
    }
    return endpoints;
  };
  using Sizes = std::vector<std::uint64_t>;  // one endpoint more on each is the client's own Service's
  EXPECT_EQ(sizes(service("web", "")), (Sizes{6, 6, 6, 6, 6, 6}));
  EXPECT_EQ(sizes(service("web", ", trafficDistribution: PreferSameZone")), (Sizes{3, 2, 3, 3, 2, 3}));
  EXPECT_EQ(sizes(service("web", ", trafficDistribution: PreferSameNode")), (Sizes{2, 2, 3, 2, 2, 3}));
  const std::string local = ", type: NodePort, externalTrafficPolicy: Local";
  EXPECT_EQ(sizes(service("web", ", trafficDistribution: PreferSameZone" + local)), (Sizes{3, 2, 3, 3, 2, 3}));
  const std::string web = service("web", "");
  EXPECT_EQ(sizes(web + others + service("lent", "")), (Sizes{7, 8, 9, 7, 8, 9}));
  EXPECT_EQ(sizes(web + others + service("lent", local)), (Sizes{8, 9, 9, 7, 8, 9}));
}

// What a node knows decides, not what there is: a node that has not heard yet has the rules of before.
TEST(RuleSizes, AreThoseOfTheVersionThatANodeKnows) {
  Ready scene = clustered(app_manifests("web", 1), "");
  const std::vector<RuleSizes> before = sizes_of(scene.variant());
  EndpointTable gone(scene.variant().cluster->service_ports.size());
  EndpointViews views(std::move(gone));
  const std::vector<RuleSizes> after = rule_sizes(scene.variant(), views.latest());
  for (std::size_t node = 0; node < before.size(); ++node) {
    EXPECT_EQ(before[node].without_endpoints, 0U);
    EXPECT_EQ(after[node].without_endpoints, before[node].service_ports);
    EXPECT_EQ(after[node].services_rules, 0U);
  }
}

/// Up to 1.20 there is no policy for inside, and two rules a Service and node port.
TEST(RuleSizes, AreThoseOfTheGeneratedRulesUpTo120) {
  Ready scene = clustered(app_manifests("web", 1) + app_manifests("outside", 2) + app_manifests("none", 0),
                          patch("web", "spec.type: NodePort, spec.externalTrafficPolicy: Local") +
                              patch("outside", "spec.type: NodePort, spec.externalTrafficPolicy: Local") +
                              patch("none", "spec.type: NodePort"));
  expect_sizes_of_rules(scene.variant());
  const std::vector<RuleSizes> sizes = sizes_of(scene.variant());
  for (const NodeIndex node : {0U, 2U}) {
    const Ruleset made = iptables_rules({}, services_at(*scene.variant().cluster, *scene.variant().models->proxy, node),
                                        {.kubernetes = {1, 20}});
    EXPECT_EQ(2 * sizes[node].node_ports, rules(made, "nat", "KUBE-NODEPORTS"));
    EXPECT_EQ(2 * sizes[node].services_rules, rules(made, "nat", "KUBE-SERVICES") - 1);
  }
}

}  // namespace
}  // namespace knetsim
