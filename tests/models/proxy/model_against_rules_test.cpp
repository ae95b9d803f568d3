// Goal: what a proxy model says of a packet, symbol by symbol, is what the rules of a whole node do to it, though it has
// learned from nodes with a handful of Services.
// Method: many random clusters; for each, the rules as data are walked by the interpreter, and the model, the same one
// for all clusters, is asked at the same hooks with the node's sizes and the positions of the Service, node port and
// endpoint bound. Rules evaluated, lookups, match extensions, marks, translation and masquerading must agree hook by
// hook. Fixed seeds.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>

#include "counted_work.h"
#include "models/proxy/chain_names.h"
#include "models/proxy/iptables_rules.h"
#include "models/proxy/nftables_rules.h"
#include "models/proxy/portmap.h"
#include "models/proxy/portmap_rules.h"

namespace knetsim {
namespace {

constexpr Ipv4 kThisNode = ipv4(192, 168, 1, 1);
constexpr Ipv4 kOtherNode = ipv4(192, 168, 1, 2);
constexpr Ipv4 kOutside = ipv4(203, 0, 113, 9);
constexpr Ipv4 kClientPod = ipv4(10, 244, 1, 200);  // on this node
constexpr Ipv4Range kExternalIps{ipv4(198, 51, 100, 0), 24};
constexpr Ipv4 kRemotePod = ipv4(10, 244, 2, 200);

class Dice {
 public:
  explicit Dice(std::uint32_t seed) : engine_(seed) {}
  std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(engine_() % bound); }
  bool chance(std::uint32_t one_in) { return below(one_in) == 0; }

 private:
  std::mt19937 engine_;  // its outputs are the same everywhere, unlike those of distributions
};

/// @param external  Some have external IPs and load balancers' too.
std::vector<ServicePortSpec> random_services(Dice& dice, bool external) {
  std::vector<ServicePortSpec> services;
  const std::uint32_t count = 1 + dice.below(25);
  for (std::uint32_t s = 0; s < count; ++s) {
    ServicePortSpec service{.name = "s" + std::to_string(s),
                            .port_name = "p",
                            .transport = dice.chance(4) ? Transport::Udp : Transport::Tcp,
                            .cluster_ip = ipv4(10, 96, 0, 10) + s,
                            .port = static_cast<std::uint16_t>(80 + dice.below(3))};
    const std::uint32_t endpoints = dice.chance(5) ? 0 : 1 + dice.below(6);
    for (std::uint32_t e = 0; e < endpoints; ++e) {
      const bool local = dice.chance(2);
      const bool host = dice.chance(8);
      const Ipv4 address = host ? (local ? kThisNode : kOtherNode) : ipv4(10, 244, local ? 1 : 2, 1) + 8 * s + e;
      service.endpoints.push_back({address, static_cast<std::uint16_t>(8'000 + 10 * s + e), local, !dice.chance(4)});
    }
    if (external && dice.chance(3)) service.external_ips = {kExternalIps.address + 1 + s};
    if (external && dice.chance(3)) service.load_balancer_ips = {kExternalIps.address + 101 + s};
    if (!service.load_balancer_ips.empty() && dice.chance(2)) {
      const Ipv4Range ranges[] = {{kOutside, 32}, {ipv4(10, 244, 0, 0), 16}, {kThisNode, 32}, {ipv4(192, 0, 2, 0), 24}};
      for (std::uint32_t r = 0; r < 1 + dice.below(5); ++r) service.source_ranges.push_back(ranges[dice.below(4)]);
    }
    if (dice.chance(2)) {
      service.node_port = static_cast<std::uint16_t>(30'000 + s);
    }
    service.external_local = service.externally_accessible() && dice.chance(2);
    service.internal_local = dice.chance(4);
    service.affinity_seconds = dice.chance(4) ? 10'800 : 0;
    services.push_back(std::move(service));
  }
  return services;
}

/// One node with its rules in one mode, and the model of that mode.
struct RuledNode {
  std::string mode;
  Ruleset rules;
  const ProxyModel& model;
  const PortMap* portmap = nullptr;
  RuleSizes sizes{};
  IptablesBackend backend = IptablesBackend::Legacy;
  /// Whether the matches of KUBE-NODEPORTS are the model's: up to 1.20 not where a rule of the Local policy fails at
  /// its source.
  bool node_port_matches = true;
};

RuleSizes sizes_of(const Ruleset& iptables, bool two_rules, std::uint32_t containers) {
  const auto rules = [&](const char* table, const char* chain, Transport transport = Transport::Tcp) {
    const Chain* const written = iptables.table(table).chain(chain);
    if (written == nullptr) return 0U;  // not of this version
    const std::vector<Rule>& all = written->rules;
    if (transport == Transport::Tcp) return static_cast<std::uint32_t>(all.size());
    return static_cast<std::uint32_t>(std::count_if(all.begin(), all.end(), [&](const Rule& rule) {
      return std::any_of(rule.matches.begin(), rule.matches.end(), [&](const Match& m) {
        const auto* protocol = std::get_if<match::Protocol>(&m);
        return protocol != nullptr && protocol->transport == transport;
      });
    }));
  };
  const std::uint32_t per = two_rules ? 2 : 1;
  const std::vector<Rule>& refusals = iptables.table("filter").chain("KUBE-EXTERNAL-SERVICES")->rules;
  const auto of_node_port = [&](const Rule& rule, Transport transport) {
    const bool local = std::any_of(rule.matches.begin(), rule.matches.end(),
                                   [](const Match& m) { return std::holds_alternative<match::DestinationLocal>(m); });
    return local && std::any_of(rule.matches.begin(), rule.matches.end(), [&](const Match& m) {
             const auto* protocol = std::get_if<match::Protocol>(&m);
             return protocol != nullptr && protocol->transport == transport;
           });
  };
  const auto refused = [&](Transport transport) {
    return static_cast<std::uint32_t>(std::count_if(refusals.begin(), refusals.end(),
                                                    [&](const Rule& rule) { return of_node_port(rule, transport); }));
  };
  return {.services_rules = (rules("nat", "KUBE-SERVICES") - 1) / per,
          .node_ports = rules("nat", "KUBE-NODEPORTS") / per,
          .udp_node_ports = rules("nat", "KUBE-NODEPORTS", Transport::Udp) / per,
          .without_endpoints = rules("filter", "KUBE-SERVICES"),
          .external_without_endpoints = static_cast<std::uint32_t>(refusals.size()),
          .refused_node_ports = refused(Transport::Tcp) + refused(Transport::Udp),
          .refused_udp_node_ports = refused(Transport::Udp),
          .host_port_containers = containers,
          .firewalled_addresses = rules("filter", "KUBE-PROXY-FIREWALL")};
}

/// What serves all nodes of a mode.
struct Models {
  Models(const std::string& mode, Version version, IptablesBackend backend)
      : proxy(make_proxy(mode, {.kubernetes = version,
                                .choices = {{"backend", backend == IptablesBackend::Nft ? "nft" : "legacy"}},
                                .special = {.firewalled = true}})),
        portmap(backend) {}
  std::unique_ptr<ProxyModel> proxy;
  PortMap portmap;
};

RuledNode make_node(const std::string& mode, Version version, IptablesBackend backend, const Models& models,
                    const std::vector<ServicePortSpec>& services, const std::vector<HostPortSpec>& containers) {
  const NodeSpec spec{.primary_address = kThisNode};
  RuledNode node{.mode = mode, .rules = {}, .model = *models.proxy, .backend = backend};
  Ruleset iptables = iptables_rules(spec, services, {.kubernetes = version});
  node.sizes = sizes_of(iptables, mode == "iptables" && two_rules_per_service(version),
                        static_cast<std::uint32_t>(containers.size()));
  if (mode == "iptables") {
    node.rules = std::move(iptables);
    add_portmap_rules(node.rules, containers);
  } else {
    node.rules = nftables_rules(spec, services, version);
  }
  node.node_port_matches =
      mode != "iptables" || !two_rules_per_service(version) ||
      std::none_of(services.begin(), services.end(), [](const ServicePortSpec& s) { return s.external_local; });
  if (mode == "iptables") node.portmap = &models.portmap;
  return node;
}

/// Position, from 1, of the rule of `chain` that sends to the Service's or the port's own chain.
double position(const Ruleset& rules, const char* chain, const std::string& comment, bool two_rules) {
  const std::vector<Rule>& all = rules.table("nat").chain(chain)->rules;
  for (std::size_t i = all.size(); i-- > 0;) {
    if (all[i].comment == comment) {
      return static_cast<double>(two_rules ? i / 2 + 1 : i + 1);
    }
  }
  return 0;
}

/// Ports of the Service's transport in KUBE-NODEPORTS up to its own.
double node_ports_alike(const Ruleset& rules, const ServicePortSpec& service, bool two_rules) {
  const std::vector<Rule>& all = rules.table("nat").chain("KUBE-NODEPORTS")->rules;
  double alike = 0;
  for (std::size_t i = two_rules ? 1 : 0; i < all.size(); i += two_rules ? 2 : 1) {
    alike += std::get<match::Protocol>(all[i].matches.front()).transport == service.transport ? 1 : 0;
    if (all[i].comment == service.port_string()) break;
  }
  return alike;
}

/// The same packet, as rules see it and as models do.
struct Twin {
  RulePacket rule;
  HookPacket hook;
};

class ModelAgainstRules {
 public:
  ModelAgainstRules(const RuledNode& node, const Symbols& symbols, const RuleChoice& choice)
      : node_(node), symbols_(symbols), choice_(choice), interpreter_(node.rules, {kThisNode}, node.backend) {}

  /// Passes `packet` through `hooks`, comparing at each.
  void pass(const std::string& what, Twin packet, const std::vector<Hook>& hooks, bool untracked = true) {
    for (const Hook hook : hooks) {
      std::vector<Step> steps;
      StepSink sink{steps, Place::SoftirqCore, NodeRole::Client};
      const bool to_node = packet.rule.destination == kThisNode;
      const HookWork want = interpreter_.at_hook(hook, packet.rule, choice_);
      rules_at_hook(node_.model, node_.portmap, hook, packet.hook, sink);
      HookWork got = counted(steps, symbols_, untracked);
      if (to_node && !node_.node_port_matches) got.nat.matches = want.nat.matches;
      EXPECT_EQ(want.verdict, Verdict::Accept) << what;
      EXPECT_TRUE(want.nat == got.nat && want.filter == got.filter)
          << node_.mode << " " << what << " hook " << static_cast<int>(hook) << "\n rules  " << want << "\n model  "
          << got;
      EXPECT_EQ((packet.rule.mark & kMasqueradeMark) != 0, packet.hook.marked) << what;
      EXPECT_EQ((packet.rule.mark & kPortMapMark) != 0 && !packet.rule.masqueraded, packet.hook.cni_marked) << what;
      EXPECT_EQ(packet.rule.translated, packet.hook.translated) << what;
      EXPECT_EQ(packet.rule.masqueraded, packet.hook.masqueraded) << what;
    }
  }

 private:
  const RuledNode& node_;
  const Symbols& symbols_;
  RuleChoice choice_;
  RulesetInterpreter interpreter_;
};

/// By which of its addresses a Service is asked.
enum class Way : std::uint8_t { ClusterIp, NodePort, ExternalIp, LoadBalancer };

enum class Client : std::uint8_t { PodHere, HostHere, PodElsewhere, Outside, ChosenPod };

AddressKind kind_of(Ipv4 address) {
  if (address == kThisNode) {
    return AddressKind::ThisNode;
  }
  if (Ipv4Range{ipv4(10, 244, 0, 0), 16}.contains(address)) {
    return AddressKind::Pod;
  }
  if (kExternalIps.contains(address)) return AddressKind::ExternalIp;
  return Ipv4Range{ipv4(10, 96, 0, 0), 12}.contains(address) ? AddressKind::ClusterIp : AddressKind::OtherNode;
}

Exposure exposure_of(Way way) {
  return way == Way::ClusterIp ? Exposure::ClusterIp : way == Way::NodePort ? Exposure::NodePort : Exposure::ExternalIp;
}

/// What a Service is asked at; port 0 where it has no such address.
std::pair<Ipv4, std::uint16_t> address_of(const ServicePortSpec& service, Way way) {
  const auto first = [&](const std::vector<Ipv4>& all) {
    return all.empty() ? std::pair<Ipv4, std::uint16_t>{} : std::pair(all.front(), service.port);
  };
  switch (way) {
    case Way::ClusterIp:
      return {service.cluster_ip, service.port};
    case Way::NodePort:
      return {kThisNode, service.node_port};
    case Way::ExternalIp:
      return first(service.external_ips);
    case Way::LoadBalancer:
      break;
  }
  return first(service.load_balancer_ips);
}

void check_service(const RuledNode& node, const Version version, const ServicePortSpec& service, Way way, Client client,
                   Dice& dice) {
  const bool outside = way != Way::ClusterIp;
  const bool two_rules = node.mode == "iptables" && two_rules_per_service(version);
  const bool local_policy = outside ? service.external_local : service.internal_local;
  // The external policy Local holds for those outside the cluster alone.
  const bool uses_local = local_policy && (!outside || client == Client::Outside);
  const EndpointCategories<EndpointSpec> kept = service.categories();
  const std::vector<EndpointSpec>& endpoints = uses_local ? kept.local : kept.cluster;
  if (endpoints.empty()) {
    return;  // refused or dropped: no connection
  }
  const std::uint32_t chosen = dice.below(static_cast<std::uint32_t>(endpoints.size()));
  const EndpointSpec& endpoint = endpoints[chosen];
  const bool host_endpoint = kind_of(endpoint.address) != AddressKind::Pod;
  if (client == Client::ChosenPod && (host_endpoint || !endpoint.local)) {
    return;
  }
  const Ipv4 source = client == Client::PodHere     ? kClientPod
                      : client == Client::HostHere  ? kThisNode
                      : client == Client::Outside   ? kOutside
                      : client == Client::ChosenPod ? endpoint.address
                                                    : kRemotePod;
  const bool firewalled = way == Way::LoadBalancer && !service.source_ranges.empty();
  const auto range =
      std::ranges::find_if(service.source_ranges, [&](const Ipv4Range& one) { return one.contains(source); });
  if (firewalled && range == service.source_ranges.end()) return;  // dropped
  const bool at_external_ip = way == Way::ExternalIp || way == Way::LoadBalancer;
  if (node.mode == "nftables" && checks_endpoints_first(version) && client == Client::HostHere && at_external_ip &&
      local_policy && kept.local.empty()) {
    return;  // dropped, k/k#132456: reach_against_rules_test
  }
  const bool remembered = service.affinity_seconds != 0 && dice.chance(2);  // the client has been here before
  const auto [address, port] = address_of(service, way);
  Twin packet;
  packet.rule = {.transport = service.transport, .source = source, .destination = address, .destination_port = port};
  packet.hook.flow = {.transport = service.transport,
                      .exposure = exposure_of(way),
                      .locality = client == Client::ChosenPod ? Locality::SamePod
                                  : endpoint.local            ? Locality::SameNode
                                                              : Locality::Remote,
                      .server_host_network = host_endpoint,
                      .local_policy = local_policy,
                      .local_inside = outside && service.internal_local,
                      .load_balancer = way == Way::LoadBalancer,
                      .firewalled = firewalled,
                      .affinity = service.affinity_seconds != 0,
                      .remembered = remembered};
  packet.hook.source = kind_of(source);
  packet.hook.destination = kind_of(packet.rule.destination);
  packet.hook.from_local_process = client == Client::HostHere;

  const auto of = static_cast<std::uint32_t>(endpoints.size());
  Symbols symbols = node_symbols(node.sizes);
  symbols[Symbol::EndpointIndex] = chosen + 1;
  symbols[Symbol::EndpointDraws] = std::min(chosen + 1, of - 1);
  symbols[Symbol::Endpoints] = of;
  if (node.mode == "iptables") {
    const char* const what[] = {" cluster IP", " cluster IP", " external IP", " loadbalancer IP"};
    symbols[Symbol::ServicePosition] =
        position(node.rules, "KUBE-SERVICES", service.port_string() + what[static_cast<std::size_t>(way)], two_rules);
    symbols[Symbol::SourceRange] = static_cast<double>(range - service.source_ranges.begin() + 1);
    symbols[Symbol::NodePortPosition] = position(node.rules, "KUBE-NODEPORTS", service.port_string(), two_rules);
    symbols[Symbol::NodePortsAlike] = node_ports_alike(node.rules, service, two_rules);
  }
  ModelAgainstRules check(node, symbols,
                          {.endpoint = chosen, .last_endpoint = remembered ? static_cast<int>(chosen) : -1});
  const bool delivered_here = kind_of(endpoint.address) == AddressKind::ThisNode;
  std::vector<Hook> hooks;
  if (client == Client::HostHere) {
    hooks = {Hook::Output, Hook::Postrouting};
  } else if (delivered_here) {
    hooks = {Hook::Prerouting, Hook::Input};
  } else {
    hooks = {Hook::Prerouting, Hook::Forward, Hook::Postrouting};
  }
  check.pass("first packet", packet, hooks);

  // Its other packets, and its replies, with conntrack's mapping applied.
  Twin later = packet;
  later.rule.state = CtState::Established;
  later.rule.destination = endpoint.address;
  later.rule.destination_port = endpoint.port;
  later.rule.translated = true;
  later.hook.state = CtState::Established;
  later.hook.translated = true;
  later.hook.destination = kind_of(endpoint.address);
  check.pass("established", later, hooks);
  Twin reply = later;
  std::swap(reply.rule.source, reply.rule.destination);
  reply.hook.reply = true;
  std::swap(reply.hook.source, reply.hook.destination);
  check.pass("reply", reply, {Hook::Prerouting, Hook::Forward, Hook::Postrouting});

  // A second datagram before the first reply: NEW to filter rules, past nat.
  Twin unanswered = later;
  unanswered.rule.state = CtState::New;
  unanswered.rule.nat_bound = true;
  unanswered.hook.state = CtState::New;
  unanswered.hook.nat_bound = true;
  check.pass("unanswered", unanswered, hooks);

  // The connection's arrival at the backend's node: an address that no Service has.
  if (!endpoint.local && !host_endpoint) {
    Twin arrival = packet;
    arrival.rule.destination = ipv4(10, 244, 1, 250);
    arrival.rule.destination_port = endpoint.port;
    arrival.rule.translated = false;  // this node's conntrack has translated nothing
    arrival.hook.destination = AddressKind::Pod;
    ModelAgainstRules other(node, symbols, {.endpoint = chosen});
    other.pass("arrival", arrival, {Hook::Prerouting, Hook::Forward, Hook::Postrouting});
  }
}

void check_misses(const RuledNode& node) {
  const Symbols symbols = node_symbols(node.sizes);
  ModelAgainstRules check(node, symbols, {});
  Twin pod;
  pod.rule = {.source = kClientPod, .destination = ipv4(10, 244, 1, 250), .destination_port = 80};
  pod.hook.flow = {.exposure = Exposure::PodIp, .locality = Locality::SameNode};
  pod.hook.destination = AddressKind::Pod;
  check.pass("pod address", pod, {Hook::Prerouting, Hook::Forward, Hook::Postrouting});

  Twin to_node = pod;
  to_node.rule.destination = kThisNode;
  to_node.rule.destination_port = 22;
  to_node.hook.destination = AddressKind::ThisNode;
  check.pass("the node's own port", to_node, {Hook::Prerouting, Hook::Input});

  // VXLAN's own packets: always NEW, through nat once per tuple.
  for (const bool untracked : {true, false}) {
    Twin outer;
    outer.rule = {.transport = Transport::Udp,
                  .source = kThisNode,
                  .destination = kOtherNode,
                  .destination_port = 8472,
                  .nat_bound = !untracked};
    outer.hook.source = AddressKind::ThisNode;
    outer.hook.destination = AddressKind::OtherNode;
    outer.hook.outer = true;
    check.pass("outer, sent", outer, {Hook::Output, Hook::Postrouting}, untracked);
    std::swap(outer.rule.source, outer.rule.destination);
    std::swap(outer.hook.source, outer.hook.destination);
    check.pass("outer, received", outer, {Hook::Prerouting, Hook::Input}, untracked);
  }
}

void check_host_ports(const RuledNode& node, const std::vector<HostPortSpec>& containers) {
  for (std::size_t c = 0; c < containers.size(); ++c) {
    // A later container's rule stands in front of the earlier ones'.
    Symbols symbols = node_symbols(node.sizes);
    symbols[Symbol::HostPortPosition] = static_cast<double>(containers.size() - c);
    for (const Client client : {Client::Outside, Client::PodHere}) {
      Twin packet;
      packet.rule = {.source = client == Client::Outside ? kOutside : kClientPod,
                     .destination = kThisNode,
                     .destination_port = containers[c].mappings[0].host_port};
      packet.hook.flow = {.exposure = Exposure::HostPort,
                          .locality = client == Client::Outside ? Locality::Remote : Locality::SameNode};
      packet.hook.source = kind_of(packet.rule.source);
      packet.hook.destination = AddressKind::ThisNode;
      ModelAgainstRules check(node, symbols, {});
      check.pass("host port", packet, {Hook::Prerouting, Hook::Forward, Hook::Postrouting});
    }
  }
}

class ProxyMode : public ::testing::TestWithParam<std::tuple<const char*, Version, IptablesBackend>> {};

TEST_P(ProxyMode, CountsWhatItsRulesEvaluate) {
  const auto& [mode, version, backend] = GetParam();
  const Models models(mode, version, backend);
  for (std::uint32_t seed = 1; seed <= 60; ++seed) {
    Dice dice(seed);
    const bool external = mode != std::string("iptables") || !two_rules_per_service(version);
    const std::vector<ServicePortSpec> services = random_services(dice, external);
    std::vector<HostPortSpec> containers;
    for (std::uint32_t c = 0; c < dice.below(4); ++c) {
      containers.push_back({.container = "c" + std::to_string(c),
                            .address = ipv4(10, 244, 1, 100) + c,
                            .mappings = {{Transport::Tcp, static_cast<std::uint16_t>(8'080 + c), 80}}});
    }
    const RuledNode node = make_node(mode, version, backend, models, services, containers);
    for (const ServicePortSpec& service : services) {
      for (const Client client : {Client::PodHere, Client::HostHere, Client::ChosenPod, Client::Outside}) {
        for (const Way way : {Way::ClusterIp, Way::NodePort, Way::ExternalIp, Way::LoadBalancer}) {
          if (address_of(service, way).second != 0) check_service(node, version, service, way, client, dice);
        }
      }
    }
    check_misses(node);
    if (node.portmap != nullptr && !containers.empty()) {
      check_host_ports(node, containers);
    }
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Layouts, ProxyMode,
                         ::testing::Values(std::tuple("iptables", Version{1, 36}, IptablesBackend::Legacy),
                                           std::tuple("iptables", Version{1, 36}, IptablesBackend::Nft),
                                           std::tuple("iptables", Version{1, 24}, IptablesBackend::Legacy),
                                           std::tuple("iptables", Version{1, 25}, IptablesBackend::Nft),
                                           std::tuple("iptables", Version{1, 20}, IptablesBackend::Legacy),
                                           std::tuple("iptables", Version{1, 20}, IptablesBackend::Nft),
                                           std::tuple("nftables", Version{1, 36}, IptablesBackend::Legacy),
                                           std::tuple("nftables", Version{1, 35}, IptablesBackend::Legacy),
                                           std::tuple("nftables", Version{1, 33}, IptablesBackend::Legacy)));

}  // namespace
}  // namespace knetsim
