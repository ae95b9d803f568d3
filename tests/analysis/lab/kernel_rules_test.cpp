// Goal: the rules that are generated, loaded unchanged into a real kernel, do to one real TCP connection what the
// interpreter and the models say. Method: network namespaces for a client pod, server pods, one or two nodes (bridge,
// veth, VXLAN) and a machine outside; iptables-restore (legacy and nft back ends) and nft load the rules; one
// connection is opened and reset: SYN, SYN-ACK, ACK, RST. Then every counter of every rule must equal the interpreter's
// over the same four packets. iptables counts matches; the nftables rules get two counters each, since kube-proxy's
// have none: one for evaluated, one for matched. The models' counts for the first packet are compared with the
// interpreter's on the way. Skipped where it is not allowed.
#include <gtest/gtest.h>

#include <map>
#include <sstream>

#include "analysis/lab/lab_cluster.h"
#include "analysis/lab/surroundings.h"
#include "counted_work.h"
#include "kernel_counters.h"
#include "models/proxy/iptables_rules.h"
#include "models/proxy/nftables_rules.h"
#include "models/proxy/portmap.h"
#include "models/proxy/portmap_rules.h"
#include "models/proxy/rule_bytes.h"
#include "models/proxy/ruleset_text.h"

namespace knetsim {
namespace {

constexpr std::uint16_t kServerPort = 8080;
constexpr std::uint16_t kNodePort = 30'080;
constexpr std::uint16_t kHostPort = 8088;
constexpr Ipv4 kClientPod = ipv4(10, 244, 1, 10);
constexpr Ipv4 kNodeA = ipv4(192, 168, 1, 1);
constexpr Ipv4 kNodeB = ipv4(192, 168, 1, 2);
constexpr Ipv4 kOutside = ipv4(192, 168, 7, 9);
constexpr std::uint32_t kServices = 7;
constexpr std::uint32_t kEndpoints = 3;
constexpr std::uint32_t kWanted = 4;   // the Service that is asked, 0-based
constexpr double kWantedNodePort = 3;  // its place among the node ports, which Services 0, 2, 4 and 6 have

/// Seven Services of three endpoints each, every second with a node port; the wanted one's endpoints are real.
std::vector<ServicePortSpec> lab_services(const std::vector<Ipv4>& servers, bool local) {
  std::vector<ServicePortSpec> services;
  for (std::uint32_t s = 0; s < kServices; ++s) {
    ServicePortSpec service{.name = "web" + std::to_string(s),
                            .port_name = "http",
                            .cluster_ip = ipv4(10, 96, 0, 10) + s,
                            .port = 80,
                            .node_port = static_cast<std::uint16_t>(s % 2 == 0 ? kNodePort + s - kWanted : 0)};
    for (std::uint32_t e = 0; e < kEndpoints; ++e) {
      service.endpoints.push_back({s == kWanted ? servers[e] : ipv4(10, 244, 9, 100 + 3 * s + e), kServerPort, local});
    }
    services.push_back(std::move(service));
  }
  services.push_back({.name = "empty", .cluster_ip = ipv4(10, 96, 0, 99), .port = 80});
  return services;
}

std::vector<HostPortSpec> lab_containers(Ipv4 server) {
  return {{.container = "first", .address = ipv4(10, 244, 1, 77), .mappings = {{Transport::Tcp, 9'001, 80}}},
          {.container = "wanted", .address = server, .mappings = {{Transport::Tcp, kHostPort, kServerPort}}},
          {.container = "last", .address = ipv4(10, 244, 1, 78), .mappings = {{Transport::Tcp, 9'002, 80}}}};
}

enum class Loader : std::uint8_t { IptablesLegacy, IptablesNft, Nftables, NftablesBefore136 };

void PrintTo(Loader loader, std::ostream* out) {
  const char* const names[] = {"IptablesLegacy", "IptablesNft", "Nftables", "NftablesBefore136"};
  *out << names[static_cast<std::size_t>(loader)];
}

bool is_iptables(Loader loader) { return loader == Loader::IptablesLegacy || loader == Loader::IptablesNft; }
Version version_of(Loader loader) { return loader == Loader::NftablesBefore136 ? Version{1, 35} : Version{1, 36}; }
const char* save_program(Loader loader) {
  return loader == Loader::IptablesLegacy ? "iptables-legacy-save" : "iptables-nft-save";
}

/// One node: its rules as data, loaded, interpreted and modelled.
struct LabNode {
  std::string name;
  Ruleset rules;
  std::unique_ptr<RulesetInterpreter> interpreter;
  std::unique_ptr<ProxyModel> model;
  std::unique_ptr<PortMap> portmap;
};

struct Scenario {
  Probe probe;
  Exposure exposure = Exposure::ClusterIp;
  Ipv4 client_address = 0;
};

class KernelRules : public ::testing::TestWithParam<Loader> {
 protected:
  void SetUp() override {
    if (const std::string why = lab::lab_impossible(); !why.empty()) GTEST_SKIP() << why;
    const lab::Surroundings here = lab::look_around();
    if (!here.bridge_netfilter) GTEST_SKIP() << "no br_netfilter: a bridge's packets pass no rules here";
    const bool has = GetParam() == Loader::IptablesLegacy ? here.iptables_legacy
                     : GetParam() == Loader::IptablesNft  ? here.iptables_nft
                                                          : here.nftables;
    if (!has) GTEST_SKIP() << ::testing::PrintToString(here.notes);
  }

  std::vector<Ipv4> server_addresses() const {
    std::vector<Ipv4> addresses;
    for (std::uint32_t e = 0; e < kEndpoints; ++e) addresses.push_back(cluster->pod_address(1, e));
    return addresses;
  }

  const lab::NetNamespace& space(const std::string& name) const {
    if (name == "a") return cluster->node(0);
    if (name == "b") return cluster->node(1);
    if (name == "client") return cluster->pod(0);
    if (name == "server") return cluster->pod(1);
    return *outside;
  }

  // A client pod, a server pod with one address for each endpoint, and a machine outside.
  void one_node() {
    cluster =
        std::make_unique<lab::LabCluster>(lab::LabSpec{.pods = {{.node = 0}, {.node = 0, .addresses = kEndpoints}}});
    ASSERT_EQ(cluster->pod_address(0), kClientPod);
    outside = std::make_unique<lab::NetNamespace>("outside");
    lab::NetNamespace::cable({space("a"), "up9", 0x901}, {*outside, "eth0", 0x902});
    outside->ip("addr add " + to_text(kOutside) + "/32 dev eth0");
    outside->ip("route add " + to_text(kNodeA) + " dev eth0");
    outside->neighbour(to_text(kNodeA), "eth0", 0x901);
    space("a").ip("route add " + to_text(kOutside) + " dev up9");
    space("a").neighbour(to_text(kOutside), "up9", 0x902);
    load("a", true, kNodeA, {kNodeA, ipv4(10, 244, 1, 1)}, lab_containers(server_addresses()[0]));
  }

  void two_nodes() {
    cluster = std::make_unique<lab::LabCluster>(lab::LabSpec{
        .nodes = 2, .fabric = lab::Fabric::Vxlan, .pods = {{.node = 0}, {.node = 1, .addresses = kEndpoints}}});
    load("a", false, kNodeA, cluster->addresses_of(0), {});
    load("b", true, kNodeB, cluster->addresses_of(1), {});
  }

  void load(const std::string& name, bool local, Ipv4 primary, std::vector<Ipv4> addresses,
            const std::vector<HostPortSpec>& containers) {
    const std::vector<ServicePortSpec> services = lab_services(server_addresses(), local);
    const NodeSpec node{.primary_address = primary};
    LabNode made;
    made.name = name;
    RuleSizes sizes{.service_ports = kServices,
                    .services_rules = kServices,
                    .node_ports = (kServices + 1) / 2,
                    .without_endpoints = 1,
                    .endpoints = kServices * kEndpoints};
    if (is_iptables(GetParam())) {
      made.rules = iptables_rules(node, services);
      add_portmap_rules(made.rules, containers);
      space(name).in(GetParam() == Loader::IptablesLegacy ? "iptables-legacy-restore" : "iptables-nft-restore",
                     iptables_text(made.rules));
      sizes.host_port_containers = static_cast<std::uint32_t>(containers.size());
    } else {
      made.rules = nftables_rules(node, services, version_of(GetParam()));
      space(name).in("nft -f -", nftables_text(made.rules, NftCounters::EvaluatedAndMatched));
    }
    made.model = proxy_mode_named(is_iptables(GetParam()) ? "iptables" : "nftables")
                     ->make({.kubernetes = version_of(GetParam()), .sizes = sizes});
    made.portmap = std::make_unique<PortMap>(sizes.host_port_containers, IptablesBackend::Legacy);
    nodes.push_back(std::make_unique<LabNode>(std::move(made)));
    LabNode& kept = *nodes.back();
    kept.interpreter = std::make_unique<RulesetInterpreter>(kept.rules, std::move(addresses));
  }

  LabNode& node(const std::string& name) {
    for (const std::unique_ptr<LabNode>& candidate : nodes) {
      if (candidate->name == name) {
        return *candidate;
      }
    }
    throw std::out_of_range(name);
  }

  /// The endpoint that the kernel drew; -1 and a failure where the connection did not come about.
  int open(const Probe& probe) {
    const ProbeResult result = open_and_reset(space(probe.client), space(probe.server), probe);
    EXPECT_TRUE(result.connected) << "no connection to " << to_text(probe.to) << ":" << probe.port;
    return result.connected ? static_cast<int>(result.endpoint - cluster->pod_address(1)) : -1;
  }

  static void at_hooks(LabNode& on, RulePacket& packet, const std::vector<Hook>& hooks, std::uint32_t endpoint) {
    for (const Hook hook : hooks) {
      EXPECT_EQ(on.interpreter->at_hook(hook, packet, {.endpoint = endpoint}).verdict, Verdict::Accept);
    }
  }

  /// SYN, and SYN-ACK, ACK and RST that follow it, at one node; `to` is where the connection ends.
  static void connection_at(LabNode& on, RulePacket first, Ipv4 to, std::uint32_t endpoint,
                            const std::vector<Hook>& there = {Hook::Prerouting, Hook::Forward, Hook::Postrouting},
                            const std::vector<Hook>& back = {Hook::Prerouting, Hook::Forward, Hook::Postrouting}) {
    RulePacket reply{.source = to, .destination = first.source, .state = CtState::Established};
    RulePacket later = first;
    later.destination = to;
    later.destination_port = kServerPort;
    later.state = CtState::Established;
    at_hooks(on, first, there, endpoint);
    at_hooks(on, reply, back, endpoint);
    for (int packet = 0; packet < 2; ++packet) {  // ACK, RST
      RulePacket copy = later;
      at_hooks(on, copy, there, endpoint);
    }
  }

  /// The outer packets of one direction: the first is tracked, the others find their entry, and all are NEW.
  static void tunnel_at(LabNode& from, Ipv4 source, LabNode& to, Ipv4 destination, int packets) {
    for (int packet = 0; packet < packets; ++packet) {
      const RulePacket outer{.transport = Transport::Udp,
                             .source = source,
                             .destination = destination,
                             .destination_port = 8472,
                             .nat_bound = packet > 0};
      RulePacket sent = outer;
      at_hooks(from, sent, {Hook::Output, Hook::Postrouting}, 0);
      RulePacket received = outer;
      at_hooks(to, received, {Hook::Prerouting, Hook::Input}, 0);
    }
  }

  /// Every rule's counter against the interpreter's.
  void compare(LabNode& with) {
    SCOPED_TRACE("node " + with.name);
    if (is_iptables(GetParam())) {
      const KernelCounters kernel =
          parse_iptables_counters(space(with.name).in(std::string(save_program(GetParam())) + " -c"));
      std::uint64_t rules = 0;
      for (std::size_t t = 0; t < with.rules.tables.size(); ++t) {
        const Table& table = with.rules.tables[t];
        for (std::size_t c = 0; c < table.chains.size(); ++c) {
          const std::vector<std::uint64_t>& counted = kernel.at(table.name).at(table.chains[c].name);
          ASSERT_EQ(counted.size(), table.chains[c].rules.size()) << table.chains[c].name;
          for (std::size_t r = 0; r < counted.size(); ++r, ++rules) {
            EXPECT_EQ(counted[r], with.interpreter->counters()[t][c][r].matched)
                << table.name << " " << table.chains[c].name << " rule " << r + 1;
          }
        }
      }
      EXPECT_GT(rules, 80U);
      return;
    }
    const auto kernel = parse_nft_counters(space(with.name).in("nft list table ip kube-proxy"));
    const Table& table = with.rules.tables[0];
    for (std::size_t c = 0; c < table.chains.size(); ++c) {
      const std::vector<NftRuleCounters>& counted = kernel.at(table.chains[c].name);
      ASSERT_EQ(counted.size(), table.chains[c].rules.size()) << table.chains[c].name;
      for (std::size_t r = 0; r < counted.size(); ++r) {
        const RuleCounters& want = with.interpreter->counters()[0][c][r];
        EXPECT_EQ(counted[r].evaluated, want.evaluated) << table.chains[c].name << " rule " << r + 1;
        EXPECT_EQ(counted[r].matched, want.matched) << table.chains[c].name << " rule " << r + 1;
      }
    }
  }

  /// The model's counts for the first packet at these hooks against a fresh interpreter's.
  void model_agrees(LabNode& on, std::vector<Ipv4> addresses, RulePacket rule, HookPacket packet,
                    const std::vector<Hook>& hooks, std::uint32_t endpoint) {
    const Symbols symbols{{Symbol::ServicePosition, kWanted + 1.0},
                          {Symbol::NodePortPosition, kWantedNodePort},
                          {Symbol::EndpointIndex, endpoint + 1.0},
                          {Symbol::HostPortPosition, 2}};
    RulesetInterpreter fresh(on.rules, std::move(addresses));
    for (const Hook hook : hooks) {
      std::vector<Step> steps;
      StepSink sink{steps, Place::SoftirqCore, NodeRole::Client};
      const HookWork want = fresh.at_hook(hook, rule, {.endpoint = endpoint});
      rules_at_hook(*on.model, *on.portmap, hook, packet, sink);
      const HookWork got = counted(steps, symbols);
      EXPECT_TRUE(want.nat == got.nat && want.filter == got.filter)
          << "hook " << static_cast<int>(hook) << "\n rules " << want << "\n model " << got;
    }
  }

  std::unique_ptr<lab::LabCluster> cluster;
  std::unique_ptr<lab::NetNamespace> outside;
  std::vector<std::unique_ptr<LabNode>> nodes;
};

class KernelPortMap : public KernelRules {};      // portmap's rules are iptables rules
class KernelLegacyTable : public KernelRules {};  // only this back end reports the size of its tables
class KernelNftBackend : public KernelRules {};   // and only this one has expressions

const std::vector<Hook> kForwarded = {Hook::Prerouting, Hook::Forward, Hook::Postrouting};

TEST_P(KernelRules, ClusterIpFromAPodOfTheNode) {
  one_node();
  const RulePacket syn{.source = kClientPod, .destination = ipv4(10, 96, 0, 10) + kWanted, .destination_port = 80};
  const int endpoint = open({"client", syn.destination, 80, "server", kServerPort});
  ASSERT_GE(endpoint, 0);
  const auto index = static_cast<std::uint32_t>(endpoint);
  connection_at(node("a"), syn, server_addresses()[index], index);
  compare(node("a"));
  HookPacket packet{.flow = {.exposure = Exposure::ClusterIp, .locality = Locality::SameNode}};
  packet.destination = AddressKind::ClusterIp;
  model_agrees(node("a"), {kNodeA}, syn, packet, kForwarded, index);
}

TEST_P(KernelRules, ClusterIpFromAProcessOfTheNode) {
  one_node();
  const RulePacket syn{.source = kNodeA, .destination = ipv4(10, 96, 0, 10) + kWanted, .destination_port = 80};
  space("a").ip("route add " + to_text(syn.destination) + " dev up9 src " + to_text(kNodeA));
  const int endpoint = open({"a", syn.destination, 80, "server", kServerPort});
  ASSERT_GE(endpoint, 0);
  const auto index = static_cast<std::uint32_t>(endpoint);
  connection_at(node("a"), syn, server_addresses()[index], index, {Hook::Output, Hook::Postrouting},
                {Hook::Prerouting, Hook::Input});
  compare(node("a"));
  HookPacket packet{.flow = {.exposure = Exposure::ClusterIp, .locality = Locality::SameNode}};
  packet.source = AddressKind::ThisNode;
  packet.destination = AddressKind::ClusterIp;
  packet.from_local_process = true;
  model_agrees(node("a"), {kNodeA}, syn, packet, {Hook::Output, Hook::Postrouting}, index);
}

TEST_P(KernelRules, NodePortFromOutside) {
  one_node();
  const RulePacket syn{.source = kOutside, .destination = kNodeA, .destination_port = kNodePort};
  const int endpoint = open({"outside", kNodeA, kNodePort, "server", kServerPort});
  ASSERT_GE(endpoint, 0);
  const auto index = static_cast<std::uint32_t>(endpoint);
  connection_at(node("a"), syn, server_addresses()[index], index);
  compare(node("a"));
  HookPacket packet{.flow = {.exposure = Exposure::NodePort}};
  packet.source = AddressKind::OtherNode;
  packet.destination = AddressKind::ThisNode;
  model_agrees(node("a"), {kNodeA}, syn, packet, kForwarded, index);
}

TEST_P(KernelPortMap, HostPortFromOutside) {
  one_node();
  const RulePacket syn{.source = kOutside, .destination = kNodeA, .destination_port = kHostPort};
  const int endpoint = open({"outside", kNodeA, kHostPort, "server", kServerPort});
  ASSERT_EQ(endpoint, 0);
  connection_at(node("a"), syn, server_addresses()[0], 0);
  compare(node("a"));
  HookPacket packet{.flow = {.exposure = Exposure::HostPort}};
  packet.source = AddressKind::OtherNode;
  packet.destination = AddressKind::ThisNode;
  model_agrees(node("a"), {kNodeA}, syn, packet, kForwarded, 0);
}

TEST_P(KernelPortMap, HostPortFromAPodOfTheNodeIsMasqueraded) {
  one_node();
  const RulePacket syn{.source = kClientPod, .destination = kNodeA, .destination_port = kHostPort};
  const int endpoint = open({"client", kNodeA, kHostPort, "server", kServerPort});
  ASSERT_EQ(endpoint, 0);
  connection_at(node("a"), syn, server_addresses()[0], 0);
  compare(node("a"));
  HookPacket packet{.flow = {.exposure = Exposure::HostPort, .locality = Locality::SameNode}};
  packet.destination = AddressKind::ThisNode;
  model_agrees(node("a"), {kNodeA}, syn, packet, kForwarded, 0);
}

TEST_P(KernelRules, PodAddressMissesEveryRule) {
  one_node();
  const RulePacket syn{.source = kClientPod, .destination = server_addresses()[0], .destination_port = kServerPort};
  const int endpoint = open({"client", syn.destination, kServerPort, "server", kServerPort});
  ASSERT_EQ(endpoint, 0);
  connection_at(node("a"), syn, syn.destination, 0);
  compare(node("a"));
  HookPacket packet{.flow = {.exposure = Exposure::PodIp, .locality = Locality::SameNode}};
  model_agrees(node("a"), {kNodeA}, syn, packet, kForwarded, 0);
}

TEST_P(KernelRules, ClusterIpOverVxlanOnBothNodes) {
  two_nodes();
  const RulePacket syn{.source = kClientPod, .destination = ipv4(10, 96, 0, 10) + kWanted, .destination_port = 80};
  const int endpoint = open({"client", syn.destination, 80, "server", kServerPort});
  ASSERT_GE(endpoint, 0);
  const auto index = static_cast<std::uint32_t>(endpoint);
  const Ipv4 server = server_addresses()[index];
  connection_at(node("a"), syn, server, index);
  RulePacket arrival = syn;
  arrival.destination = server;
  arrival.destination_port = kServerPort;
  connection_at(node("b"), arrival, server, index);
  tunnel_at(node("a"), kNodeA, node("b"), kNodeB, 3);  // SYN, ACK, RST
  tunnel_at(node("b"), kNodeB, node("a"), kNodeA, 1);  // SYN-ACK
  compare(node("a"));
  compare(node("b"));

  HookPacket outer;
  outer.source = AddressKind::ThisNode;
  outer.destination = AddressKind::OtherNode;
  outer.outer = true;
  const RulePacket sent{.transport = Transport::Udp, .source = kNodeA, .destination = kNodeB, .destination_port = 8472};
  model_agrees(node("a"), {kNodeA}, sent, outer, {Hook::Output, Hook::Postrouting}, 0);
  std::swap(outer.source, outer.destination);
  model_agrees(node("b"), {kNodeB}, sent, outer, {Hook::Prerouting, Hook::Input}, 0);
}

TEST_P(KernelRules, NodePortOverVxlanOnBothNodes) {
  two_nodes();
  // A process of node b asks node a's port; the endpoint is on b: there and back through the tunnel.
  const RulePacket syn{.source = kNodeB, .destination = kNodeA, .destination_port = kNodePort};
  const int endpoint = open({"b", kNodeA, kNodePort, "server", kServerPort});
  ASSERT_GE(endpoint, 0);
  const auto index = static_cast<std::uint32_t>(endpoint);
  const Ipv4 server = server_addresses()[index];
  connection_at(node("a"), syn, server, index);
  connection_at(node("b"), syn, kNodeA, index, {Hook::Output, Hook::Postrouting}, {Hook::Prerouting, Hook::Input});
  RulePacket arrival = syn;
  arrival.source = ipv4(10, 244, 1, 0);  // masqueraded behind a's tunnel device
  arrival.destination = server;
  arrival.destination_port = kServerPort;
  connection_at(node("b"), arrival, server, index);
  tunnel_at(node("a"), kNodeA, node("b"), kNodeB, 3);
  tunnel_at(node("b"), kNodeB, node("a"), kNodeA, 1);
  compare(node("a"));
  compare(node("b"));
}

TEST_P(KernelLegacyTable, HasTheBytesThatTheModelScans) {
  one_node();
  ServicePortSpec sticky{.name = "sticky",
                         .cluster_ip = ipv4(10, 96, 0, 50),
                         .port = 80,
                         .node_port = 30'500,
                         .endpoints = {{ipv4(10, 244, 1, 11), 80, true}, {ipv4(10, 244, 1, 12), 80, true}},
                         .external_local = true,
                         .affinity_seconds = 600};
  for (const bool large : {false, true}) {
    Ruleset rules = iptables_rules({.primary_address = kNodeA}, std::span(&sticky, 1), {.large_cluster = large});
    add_portmap_rules(rules, lab_containers(server_addresses()[0]));
    space("a").in("iptables-legacy-restore", iptables_text(rules));
    for (const char* const table : {"nat", "filter"}) {
      EXPECT_EQ(legacy_table_size(space("a"), table).bytes, legacy_table_bytes(rules.table(table))) << table;
    }
  }
}

// The expressions that iptables-nft makes of the rules, as `nft --debug=netlink` lists them, in the kernel's sizes.
TEST_P(KernelNftBackend, RulesHaveTheExpressionsThatTheModelScans) {
  one_node();
  const std::map<std::string, std::uint32_t> sizes = {{"meta", 16},
                                                      {"payload", 16},
                                                      {"cmp", 24},
                                                      {"bitwise", 24},
                                                      {"counter", 16},
                                                      {"immediate", 32},
                                                      {"match comment", 16},
                                                      {"match recent", 16},
                                                      {"match tcp", 8 + 16},
                                                      {"match statistic", 32},
                                                      {"match addrtype", 16},
                                                      {"match conntrack", 8 + 168},
                                                      {"match multiport", 56},
                                                      {"target MARK", 16},
                                                      {"target REJECT", 16},
                                                      {"target DNAT", 8 + 48},
                                                      {"target MASQUERADE", 8 + 24}};
  std::istringstream lines(space("a").in("nft --debug=netlink list ruleset"));
  std::map<std::string, std::vector<std::uint32_t>> kernel;  // by "table chain"
  std::vector<std::uint32_t>* rules = nullptr;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string first;
    std::string second;
    std::string third;
    words >> first >> second >> third;
    if (first == "ip" && !third.empty()) {
      rules = &kernel[second.append(" ").append(third)];
      rules->push_back(8);  // struct nft_rule_dp
    } else if (first == "[" && rules != nullptr) {
      if (second == "match" || second == "target") {
        words >> third;  // "name"
        second.append(" ").append(third);
      }
      ASSERT_TRUE(sizes.contains(second)) << line;
      rules->back() += sizes.at(second);
    } else if (first == "table") {
      break;
    }
  }
  for (const Table& table : node("a").rules.tables) {
    for (const Chain& chain : table.chains) {
      const std::vector<std::uint32_t> loaded = kernel[table.name + " " + chain.name];
      ASSERT_EQ(loaded.size(), chain.rules.size()) << chain.name;
      for (std::size_t r = 0; r < loaded.size(); ++r) {
        EXPECT_EQ(loaded[r], rule_bytes(chain.rules[r], IptablesBackend::Nft)) << chain.name << " rule " << r + 1;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Loaded, KernelRules,
                         ::testing::Values(Loader::IptablesLegacy, Loader::IptablesNft, Loader::Nftables,
                                           Loader::NftablesBefore136));
INSTANTIATE_TEST_SUITE_P(Loaded, KernelPortMap, ::testing::Values(Loader::IptablesLegacy, Loader::IptablesNft));
INSTANTIATE_TEST_SUITE_P(Loaded, KernelLegacyTable, ::testing::Values(Loader::IptablesLegacy));
INSTANTIATE_TEST_SUITE_P(Loaded, KernelNftBackend, ::testing::Values(Loader::IptablesNft));

}  // namespace
}  // namespace knetsim
