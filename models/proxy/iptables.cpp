// kube-proxy in iptables mode: one rule after another. The rules stand as data in iptables_rules.cpp; this file counts
// how many of them a packet meets, without the 320,000 rules of a large cluster in memory. A test compares the two over
// random clusters; another compares the rules with the kernel's counters.
//
// Counted is every rule whose conditions are looked at. The policy at the end of a built-in chain and the return at the
// end of another are entries of the kernel's table too, but no rules, and are not counted.
//
// Counted beside them is every match extension that these rules evaluate (match_extensions.h): none in a rule whose
// addresses or protocol fail, as those of KUBE-SERVICES do, but comment, conntrack, addrtype and the like in most rules
// that an established packet meets. Departures, all in a connection's first packet: the rules in front of a node port's
// are taken to be of its transport, and up to 1.20 none of them to fail at its source, as those of the Local policy do;
// the rule of a Service's last endpoint draws no number, and is counted as if it did; the rules of another port of the
// Service are taken to fail at the address, which is the same.
#include <array>

#include "models/proxy/iptables_rules.h"
#include "models/proxy/mode_table.h"
#include "models/proxy/note.h"
#include "models/proxy/rule_bytes.h"
#include "models/proxy/sync_cost.h"

namespace knetsim {
namespace {

/// Memory per rule, by what a packet does there, read off a small ruleset of the same layout.
struct RuleBytes {
  std::uint32_t to_services;  ///< PREROUTING and OUTPUT, nat
  std::uint32_t service;      ///< KUBE-SERVICES
  std::uint32_t node_port;    ///< KUBE-NODEPORTS
  std::uint32_t external;     ///< KUBE-EXT
  std::uint32_t choice;       ///< KUBE-SVC, KUBE-SVL
  std::uint32_t endpoint;     ///< KUBE-SEP, mean
  std::uint32_t postrouting;  ///< POSTROUTING and KUBE-POSTROUTING, mean
  std::uint32_t filter;       ///< built-in chains of filter, mean
};

std::uint32_t mean_bytes(const Table& table, std::string_view chain, IptablesBackend backend) {
  const std::vector<Rule>& rules = table.chain(chain)->rules;
  std::uint64_t sum = 0;
  for (const Rule& rule : rules) {
    sum += rule_bytes(rule, backend);
  }
  return static_cast<std::uint32_t>((sum + rules.size() / 2) / rules.size());
}

RuleBytes bytes_of(Version kubernetes, IptablesBackend backend, bool large_cluster) {
  ServicePortSpec service{.name = "svc", .port_name = "http", .cluster_ip = 1, .port = 80, .node_port = 30'000};
  service.endpoints = {{1, 80, true}, {2, 80, true}, {3, 80, true}};
  const Ruleset rules =
      iptables_rules({}, std::span(&service, 1), {.kubernetes = kubernetes, .large_cluster = large_cluster});
  const Table& nat = rules.table("nat");
  const auto chain_with = [&](std::string_view prefix) -> const Chain& {
    for (const Chain& chain : nat.chains) {
      if (chain.name.starts_with(prefix) && !chain.rules.empty()) {
        return chain;
      }
    }
    return *nat.chain("KUBE-NODEPORTS");  // a layout without such a chain
  };
  const Chain& choices = chain_with("KUBE-SVC-");
  return {.to_services = mean_bytes(nat, "PREROUTING", backend),
          .service = rule_bytes(nat.chain("KUBE-SERVICES")->rules.front(), backend),
          .node_port = mean_bytes(nat, "KUBE-NODEPORTS", backend),
          .external = mean_bytes(nat, chain_with("KUBE-EXT-").name, backend),
          .choice = rule_bytes(choices.rules[choices.rules.size() - 2], backend),
          .endpoint = mean_bytes(nat, chain_with("KUBE-SEP-").name, backend),
          .postrouting = mean_bytes(nat, "KUBE-POSTROUTING", backend),
          .filter = mean_bytes(rules.table("filter"), "FORWARD", backend)};
}

/// The sizes of every layout, worked out once: a node has a model of its own, and there are thousands.
const RuleBytes& bytes_for(const ProxyParams& params) {
  static const std::array<RuleBytes, 8> all = [] {
    std::array<RuleBytes, 8> made{};
    for (std::size_t i = 0; i < made.size(); ++i) {
      made[i] = bytes_of((i & 1) != 0 ? Version{1, 20} : Version{1, 36},
                         (i & 2) != 0 ? IptablesBackend::Nft : IptablesBackend::Legacy, (i & 4) != 0);
    }
    return made;
  }();
  return all[(two_rules_per_service(params.kubernetes) ? 1U : 0U) | (params.backend == IptablesBackend::Nft ? 2U : 0U) |
             (params.sizes.endpoints > kLargeClusterEndpoints ? 4U : 0U)];
}

class Iptables final : public ProxyModel {
 public:
  explicit Iptables(const ProxyParams& params)
      : sizes_(params.sizes),
        bytes_(bytes_for(params)),
        kind_(params.backend == IptablesBackend::Legacy ? StepKind::Rule : StepKind::NftRule),
        legacy_(params.backend == IptablesBackend::Legacy ? 1 : 0),
        endpoint_comment_(params.sizes.endpoints > kLargeClusterEndpoints ? 0 : 1),
        two_rules_(two_rules_per_service(params.kubernetes)),
        partial_(params.kubernetes >= Version{1, 27}) {}

  void at_hook(Hook hook, HookPacket& packet, StepSink& sink) const override {
    const bool nat = packet.state == CtState::New && !packet.nat_bound;
    switch (hook) {
      case Hook::Prerouting:
        if (nat) {
          dispatch("PREROUTING", packet, sink);
        }
        break;
      case Hook::Input:
        filter_input(packet, sink);
        break;
      case Hook::Forward:
        filter_forward(packet, sink);
        break;
      case Hook::Output:  // nat comes before filter there
        if (nat) {
          dispatch("OUTPUT", packet, sink);
        }
        filter_output(packet, sink);
        break;
      case Hook::Postrouting:
        if (nat) {
          postrouting(packet, sink);
        }
        break;
    }
  }

  Selection selection() const override { return Selection::Random; }
  std::uint32_t clients_remembered() const override { return 100; }  // xt_recent's ip_list_tot
  double full_sync_seconds() const override { return sync().full_seconds; }
  // Partial syncs are on by default from 1.27 (KEP-3453: alpha in 1.26, beta in 1.27).
  double partial_sync_seconds() const override { return partial_ ? sync().partial_seconds : sync().full_seconds; }

 private:
  void add(StepSink& sink, const HookPacket& packet, RuleTable table, std::uint32_t bytes, Count count,
           std::string note) const {
    if (count.fixed == 0 && count.symbol == Symbol::None) {
      return;
    }
    Step& step = sink.add(kind_, count, std::move(note));
    step.table = table;
    step.rule_bytes = bytes;
    if (packet.outer && table == RuleTable::Nat) {
      step.when = Condition::OuterUntracked;
    }
  }

  /// Match extensions of rules that have been added.
  void match(StepSink& sink, const HookPacket& packet, RuleTable table, Count count, std::string note) const {
    if (count.fixed == 0 && count.symbol == Symbol::None) {
      return;
    }
    Step& step = sink.add(kind_ == StepKind::Rule ? StepKind::XtMatch : StepKind::NftMatch, count, std::move(note));
    step.table = table;
    if (packet.outer && table == RuleTable::Nat) {
      step.when = Condition::OuterUntracked;
    }
  }
  /// `times` as many as the symbol says.
  void match_each(StepSink& sink, const HookPacket& packet, Symbol symbol, int times, const std::string& note) const {
    for (int i = 0; i < times; ++i) {
      match(sink, packet, RuleTable::Nat, {0, symbol}, note);
    }
  }

  /// The table at this hook is entered, whatever its rules.
  void enter(StepSink& sink, const HookPacket& packet, RuleTable table, std::string note) const {
    Step& step = sink.add(kind_ == StepKind::Rule ? StepKind::IptablesTable : StepKind::NftChain, {}, std::move(note));
    step.table = table;
    if (packet.outer && table == RuleTable::Nat) {
      step.when = Condition::OuterUntracked;
    }
  }

  double services_rules() const { return (two_rules_ ? 2.0 : 1.0) * sizes_.services_rules; }
  double node_port_rules() const { return (two_rules_ ? 2.0 : 1.0) * sizes_.node_ports; }

  /// Extensions of a rule for a port, once its address and protocol match: the comment, and the port.
  int port_matches() const { return 1 + legacy_; }
  /// Of `all` rules of which `udp` are UDP's, those of the packet's transport. A tunnel's own packets are UDP.
  static double of_transport(const HookPacket& packet, std::uint32_t all, std::uint32_t udp) {
    return packet.outer || packet.flow.transport == Transport::Udp ? udp : all - udp;
  }
  /// Extensions of the node ports' rules in KUBE-EXTERNAL-SERVICES: comment and addrtype, and for a local destination
  /// the port.
  double refusal_matches(const HookPacket& packet, bool local) const {
    return of_transport(packet, sizes_.refused_node_ports, sizes_.refused_udp_node_ports) * (2 + (local ? legacy_ : 0));
  }

  // nat PREROUTING and OUTPUT: the jump, with a comment, KUBE-SERVICES, and what a match leads to.
  void dispatch(std::string_view chain, HookPacket& packet, StepSink& sink) const {
    const std::string name = "nat " + std::string(chain);
    enter(sink, packet, RuleTable::Nat, name);
    add(sink, packet, RuleTable::Nat, bytes_.to_services, {1}, std::string(chain) + ": jump to KUBE-SERVICES");
    const double matches = 1 + in_services(packet, sink);
    match(sink, packet, RuleTable::Nat, {matches}, name);
  }

  // This and what it leads to give the match extensions evaluated, but for those that a symbol counts, which are added.
  double in_services(HookPacket& packet, StepSink& sink) const {
    if (!packet.outer && !packet.translated && packet.flow.exposure == Exposure::ClusterIp &&
        packet.destination == AddressKind::ClusterIp) {
      const std::string note = "KUBE-SERVICES: to the Service's rule, of " + grouped(services_rules());
      if (two_rules_) {
        add(sink, packet, RuleTable::Nat, 2 * bytes_.service, {0, Symbol::ServicePosition},
            "KUBE-SERVICES: masquerade rules up to the Service's");
      }
      add(sink, packet, RuleTable::Nat, (two_rules_ ? 2 : 1) * bytes_.service, {0, Symbol::ServicePosition}, note);
      double matches = port_matches();
      const bool masquerade = packet.source != AddressKind::Pod;
      if (masquerade) {
        matches += two_rules_ ? port_matches() : 0;
        mark(packet, sink);
      }
      return matches + service_chain(packet, sink, !two_rules_);
    }
    add(sink, packet, RuleTable::Nat, bytes_.service, {services_rules() + 1},
        "KUBE-SERVICES: all " + grouped(services_rules()) + " rules and the tail");
    const double tail = 2;  // its comment and addrtype
    if (packet.destination != AddressKind::ThisNode) {
      return tail;
    }
    if (asks_node_port(packet, sink.node)) {
      return tail + node_port(packet, sink);
    }
    add(sink, packet, RuleTable::Nat, bytes_.node_port, {node_port_rules()},
        "KUBE-NODEPORTS: all " + grouped(node_port_rules()) + " rules");
    return tail +
           of_transport(packet, sizes_.node_ports, sizes_.udp_node_ports) * (two_rules_ ? 2 : 1) * port_matches();
  }

  void mark(HookPacket& packet, StepSink& sink) const {
    add(sink, packet, RuleTable::Nat, bytes_.postrouting, {1}, "KUBE-MARK-MASQ");
    packet.marked = true;
  }

  double node_port(HookPacket& packet, StepSink& sink) const {
    if (two_rules_) {
      add(sink, packet, RuleTable::Nat, 2 * bytes_.node_port, {0, Symbol::NodePortPosition},
          "KUBE-NODEPORTS: masquerade rules up to the port's");
      if (!packet.flow.local_policy) {
        mark(packet, sink);
      }
    }
    add(sink, packet, RuleTable::Nat, (two_rules_ ? 2 : 1) * bytes_.node_port, {0, Symbol::NodePortPosition},
        "KUBE-NODEPORTS: to the port's rule, of " + grouped(node_port_rules()));
    match_each(sink, packet, Symbol::NodePortPosition, (two_rules_ ? 2 : 1) * port_matches(), "KUBE-NODEPORTS");
    if (two_rules_ && !packet.flow.local_policy) {
      return service_chain(packet, sink, false);
    }
    const bool test_in_svc = !two_rules_ && !packet.flow.local_inside;  // else in KUBE-SVL: where ClusterIPs go
    const std::string chain = two_rules_ ? "KUBE-XLB" : "KUBE-EXT";
    if (!packet.flow.local_policy) {
      add(sink, packet, RuleTable::Nat, bytes_.external, {2}, "KUBE-EXT: masquerade, then the Service's chain");
      mark(packet, sink);
      return 1 + service_chain(packet, sink, test_in_svc);
    }
    // Local policy: a pod of the cluster and the node itself are sent to all endpoints, the rest to the node's own.
    // The pod's rule has a comment, behind the source; the node's two have a comment and addrtype.
    if (packet.source == AddressKind::Pod) {
      add(sink, packet, RuleTable::Nat, bytes_.external, {1}, chain + ": pod traffic, to all endpoints");
      return 1 + service_chain(packet, sink, test_in_svc);
    }
    if (packet.source == AddressKind::ThisNode) {
      add(sink, packet, RuleTable::Nat, bytes_.external, {3}, chain + ": the node's own traffic, to all endpoints");
      mark(packet, sink);
      return 4 + service_chain(packet, sink, test_in_svc);
    }
    // Up to 1.20 the node's own endpoints are drawn from in the same chain.
    add(sink, packet, RuleTable::Nat, bytes_.external, {two_rules_ ? 3.0 : 4.0},
        chain + ": to the node's own endpoints");
    return 4 + service_chain(packet, sink, !two_rules_ && !test_in_svc);
  }

  // KUBE-SVC or KUBE-SVL, then KUBE-SEP. The masquerade test for the ClusterIP stands in front of the chain that the
  // ClusterIP uses. A client that session affinity does not know yet misses every endpoint's check; one that it knows
  // is taken by its endpoint's, and meets as many rules as without affinity.
  double service_chain(HookPacket& packet, StepSink& sink, bool masquerade_test) const {
    const double checks = packet.flow.affinity && !packet.flow.remembered ? packet.flow.endpoints : 0.0;
    add(sink, packet, RuleTable::Nat, bytes_.choice, {(masquerade_test ? 1 : 0) + checks, Symbol::EndpointIndex},
        keeps_to_the_node(asking_of(packet)) ? "KUBE-SVL: to the endpoint's rule, of the node's own"
                                             : "KUBE-SVC: to the endpoint's rule");
    double matches = checks * (endpoint_comment_ + 1);
    if (masquerade_test && packet.destination == AddressKind::ClusterIp && packet.source != AddressKind::Pod) {
      matches += port_matches();
    }
    match_each(sink, packet, Symbol::EndpointIndex, endpoint_comment_ + 1, "the Service's chain");
    add(sink, packet, RuleTable::Nat, bytes_.endpoint, {2}, "KUBE-SEP: hairpin test, DNAT");
    matches += endpoint_comment_ + 1 + (packet.flow.affinity ? 1 : 0);  // comment, protocol; xt_recent
    translate(packet, sink.node);
    if (is_hairpin(packet)) {
      matches += endpoint_comment_;
      mark(packet, sink);
    }
    return matches;
  }

  void postrouting(HookPacket& packet, StepSink& sink) const {
    enter(sink, packet, RuleTable::Nat, "nat POSTROUTING");
    if (packet.marked) {
      add(sink, packet, RuleTable::Nat, bytes_.postrouting, {4}, "KUBE-POSTROUTING: MASQUERADE");
      match(sink, packet, RuleTable::Nat, {2.0 + legacy_}, "nat POSTROUTING");
      packet.marked = false;
      packet.masqueraded = true;
    } else {
      add(sink, packet, RuleTable::Nat, bytes_.postrouting, {2}, "KUBE-POSTROUTING: not marked");
      match(sink, packet, RuleTable::Nat, {1.0 + legacy_}, "nat POSTROUTING");
    }
  }

  // KUBE-PROXY-FIREWALL, KUBE-NODEPORTS (health checks), KUBE-EXTERNAL-SERVICES, KUBE-FIREWALL and its one rule. A
  // guard has a comment and conntrack; the rule in KUBE-FIREWALL fails at its address.
  void filter_input(const HookPacket& packet, StepSink& sink) const {
    enter(sink, packet, RuleTable::Filter, "filter INPUT");
    const double refusals = packet.state == CtState::New ? sizes_.external_without_endpoints : 0.0;
    add(sink, packet, RuleTable::Filter, bytes_.filter, {5 + refusals}, "INPUT");
    const double refused = packet.state == CtState::New ? refusal_matches(packet, true) : 0.0;
    match(sink, packet, RuleTable::Filter, {5 + refused}, "filter INPUT");
  }

  // KUBE-PROXY-FIREWALL; KUBE-FORWARD: INVALID, mark, ESTABLISHED; KUBE-SERVICES; KUBE-EXTERNAL-SERVICES. All but
  // INVALID have a comment; guards and states ask conntrack.
  void filter_forward(const HookPacket& packet, StepSink& sink) const {
    enter(sink, packet, RuleTable::Filter, "filter FORWARD");
    if (packet.state == CtState::Established) {
      add(sink, packet, RuleTable::Filter, bytes_.filter, {5}, "FORWARD: accepted as ESTABLISHED");
      match(sink, packet, RuleTable::Filter, {7.0 + legacy_}, "filter FORWARD");
    } else if (packet.marked) {
      add(sink, packet, RuleTable::Filter, bytes_.filter, {4}, "FORWARD: accepted by its mark");
      match(sink, packet, RuleTable::Filter, {5.0 + legacy_}, "filter FORWARD");
    } else {
      add(sink, packet, RuleTable::Filter, bytes_.filter,
          {4.0 + 3 + sizes_.without_endpoints + sizes_.external_without_endpoints}, "FORWARD");
      match(sink, packet, RuleTable::Filter, {11.0 + legacy_ + refusal_matches(packet, false)}, "filter FORWARD");
    }
  }

  // KUBE-PROXY-FIREWALL, KUBE-SERVICES, KUBE-FIREWALL and its one rule.
  void filter_output(const HookPacket& packet, StepSink& sink) const {
    enter(sink, packet, RuleTable::Filter, "filter OUTPUT");
    const double refusals = packet.state == CtState::New ? sizes_.without_endpoints : 0.0;
    add(sink, packet, RuleTable::Filter, bytes_.filter, {4 + refusals}, "OUTPUT");
    match(sink, packet, RuleTable::Filter, {4}, "filter OUTPUT");
  }

  SyncCost sync() const {
    const double per_port = two_rules_ ? 2 : 1;
    const double top = 5 + services_rules() + node_port_rules();
    const double external = two_rules_ ? 0 : 2.0 * sizes_.node_ports;
    const double masquerade_tests = (2 - per_port) * (1.0 * sizes_.service_ports - sizes_.without_endpoints);
    const double chains = masquerade_tests + 3.0 * static_cast<double>(sizes_.endpoints);
    return iptables_sync_cost(sizes_, top + external + chains, top,
                              kind_ == StepKind::Rule ? IptablesBackend::Legacy : IptablesBackend::Nft);
  }

  RuleSizes sizes_;
  const RuleBytes& bytes_;
  StepKind kind_;
  int legacy_;            ///< 1 where a port or a mark is compared by an extension, 0 where natively.
  int endpoint_comment_;  ///< 1 where the rules of endpoints have comments.
  bool two_rules_;
  bool partial_;
};

}  // namespace

ProxyInfo iptables_info() {
  return {.name = "iptables",
          .summary = "kube-proxy in iptables mode: a new connection is compared with one Service after another",
          .source = "kubernetes/kubernetes pkg/proxy/iptables/proxier.go; Linux net/ipv4/netfilter/ip_tables.c",
          .make = [](const ProxyParams& params) -> std::unique_ptr<ProxyModel> {
            return std::make_unique<Iptables>(params);
          }};
}

}  // namespace knetsim
