// kube-proxy in nftables mode: a handful of rules and hash lookups, whatever the number of Services. The rules stand as
// data in nftables_rules.cpp; this file counts how many of them, and how many set and map lookups, a packet meets.
// Tests compare the two, and both with the kernel's counters.
#include "models/proxy/mode_table.h"
#include "models/proxy/nftables_rules.h"
#include "models/proxy/sync_cost.h"

namespace knetsim {
namespace {

class Nftables final : public ProxyModel {
 public:
  explicit Nftables(const ProxyParams& params)
      : sync_(nftables_sync_cost(params.sizes, params.kubernetes, params.kernel)),
        squashed_(squashed_endpoint_chains(params.kubernetes)),
        partial_(params.kubernetes >= Version{1, 32}) {}

  void at_hook(Hook hook, HookPacket& packet, StepSink& sink) const override {
    const bool nat = packet.state == CtState::New && !packet.nat_bound;
    switch (hook) {
      case Hook::Prerouting:
        source_ranges(packet, sink);
        if (nat) {
          services(packet, sink);
        }
        break;
      case Hook::Input:
        filter_input(packet, sink);
        break;
      case Hook::Forward:
        endpoints_and_cluster_ips(packet, sink, "filter-forward");
        break;
      case Hook::Output:
        source_ranges(packet, sink);
        if (nat) {
          services(packet, sink);
        }
        endpoints_and_cluster_ips(packet, sink, "filter-output");
        break;
      case Hook::Postrouting:
        if (nat) {
          masquerading(packet, sink);
        }
        break;
    }
  }

  Selection selection() const override { return Selection::Random; }
  double full_sync_seconds() const override { return sync_.full_seconds; }
  // kubernetes/kubernetes#126013 brought partial syncs; assumption: with 1.32.
  double partial_sync_seconds() const override { return partial_ ? sync_.partial_seconds : sync_.full_seconds; }

 private:
  /// @param tried  Symbol whose value comes on top of both: rules that look up a set each.
  static void add(StepSink& sink, const HookPacket& packet, RuleTable table, double rules, double lookups,
                  std::string note, Symbol tried = Symbol::None) {
    const Condition when = packet.outer && table == RuleTable::Nat ? Condition::OuterUntracked : sink.when;
    if (rules > 0) {
      Step& step = sink.add(StepKind::NftExpression, {rules, tried}, note);
      step.table = table;
      step.when = when;
    }
    if (lookups > 0) {
      Step& step = sink.add(StepKind::VerdictMap, {lookups, tried}, std::move(note));
      step.table = table;
      step.when = when;
    }
  }

  /// The base chain at this hook is entered, whatever its rules.
  static void enter(StepSink& sink, const HookPacket& packet, RuleTable table, std::string note) {
    Step& step = sink.add(StepKind::NftChain, {}, std::move(note));
    step.table = table;
    step.when = packet.outer && table == RuleTable::Nat ? Condition::OuterUntracked : sink.when;
  }

  // filter-prerouting-pre-dnat and filter-output-pre-dnat: LoadBalancerSourceRanges, of new connections alone.
  static void source_ranges(const HookPacket& packet, StepSink& sink) {
    const bool fresh = packet.state == CtState::New;
    enter(sink, packet, RuleTable::Filter, "pre-dnat");
    add(sink, packet, RuleTable::Filter, fresh ? 2 : 1, fresh ? 1 : 0, "firewall-check: @firewall-ips");
  }

  // nat-prerouting and nat-output: the jump, the chain `services`, and what its maps lead to.
  void services(HookPacket& packet, StepSink& sink) const {
    const bool to_cluster_ip = packet.destination == AddressKind::ClusterIp;
    enter(sink, packet, RuleTable::Nat, "nat dispatch");
    // From 1.36 on the first rule of `services` looks for ClusterIPs that are asked from outside the cluster's pods.
    const double first = squashed_ ? 1 : 0;
    if (!packet.outer && !packet.translated && to_cluster_ip && packet.flow.exposure == Exposure::ClusterIp) {
      add(sink, packet, RuleTable::Nat, 1 + first + 1, first + 1, "services: @service-ips");
      const bool masquerade = packet.source != AddressKind::Pod;
      if (masquerade && squashed_) {
        packet.marked = true;
      }
      service_chain(packet, sink, true, masquerade);
      return;
    }
    const bool to_node = packet.destination == AddressKind::ThisNode;
    add(sink, packet, RuleTable::Nat, 1 + first + 2, first + 2 + (to_node ? 1 : 0),
        "services: @service-ips, @nodeport-ips, @service-nodeports");
    if (asks_node_port(packet, sink.node)) {
      external_chain(packet, sink);
    }
  }

  void external_chain(HookPacket& packet, StepSink& sink) const {
    const double mark = squashed_ ? 0 : 1;                    // a rule in a chain of its own
    const bool cluster_internal = !packet.flow.local_inside;  // the ClusterIP uses the chain over all endpoints
    if (!packet.flow.local_policy) {
      add(sink, packet, RuleTable::Nat, 2 + mark, 0, "external chain: masquerade, then the Service's chain");
      packet.marked = true;
      service_chain(packet, sink, cluster_internal, false);
    } else if (packet.source == AddressKind::Pod) {
      add(sink, packet, RuleTable::Nat, 1, 0, "external chain: pod traffic, to all endpoints");
      service_chain(packet, sink, cluster_internal, false);
    } else if (packet.source == AddressKind::ThisNode) {
      add(sink, packet, RuleTable::Nat, 3 + mark, 0, "external chain: the node's own traffic, to all endpoints");
      packet.marked = true;
      service_chain(packet, sink, cluster_internal, false);
    } else {
      add(sink, packet, RuleTable::Nat, 4, 0, "external chain: to the node's own endpoints");
      service_chain(packet, sink, !cluster_internal, false);
    }
  }

  // @param internal  This is the chain that the ClusterIP uses, which before 1.36 starts with a masquerade test.
  void service_chain(HookPacket& packet, StepSink& sink, bool internal, bool masquerade) const {
    translate(packet, sink.node);
    const bool known = packet.flow.affinity && packet.flow.remembered;  // a test per endpoint, up to the client's
    double rules = known ? 0 : 1;                                       // numgen random
    double lookups = known ? 0 : 1;
    if (packet.flow.affinity) {
      const double tests = known ? 0 : packet.flow.endpoints;
      rules += tests + 1.0 + 1;  // update and dnat in the endpoint's chain
      lookups += tests + 1.0;
    }
    if (!squashed_) {
      rules += internal ? 1 : 0;
      if (masquerade) {
        rules += 1;
        packet.marked = true;
      }
      rules += packet.flow.affinity ? 1 : 2;  // the endpoint's chain: hairpin test, and dnat where not counted above
      if (is_hairpin(packet)) {
        rules += 1;
        packet.marked = true;
      }
    }
    add(sink, packet, RuleTable::Nat, rules, lookups,
        known ? "service chain: the client's endpoint, dnat" : "service chain: endpoint drawn, dnat",
        known ? Symbol::EndpointIndex : Symbol::None);
  }

  static void filter_input(const HookPacket& packet, StepSink& sink) {
    enter(sink, packet, RuleTable::Filter, "filter-input");
    if (packet.state != CtState::New) {
      add(sink, packet, RuleTable::Filter, 2, 0, "filter-input: not new");
      return;
    }
    const bool to_node = packet.destination == AddressKind::ThisNode;
    add(sink, packet, RuleTable::Filter, 2 + 2, 2 + (to_node ? 1 : 0),
        "nodeport-endpoints-check, service-endpoints-check");
  }

  static void endpoints_and_cluster_ips(const HookPacket& packet, StepSink& sink, std::string chain) {
    const bool fresh = packet.state == CtState::New;
    enter(sink, packet, RuleTable::Filter, chain);
    add(sink, packet, RuleTable::Filter, fresh ? 2 + 1 + 2 : 2, fresh ? 2 : 0,
        std::move(chain) + ": service-endpoints-check, cluster-ips-check");
  }

  void masquerading(HookPacket& packet, StepSink& sink) const {
    const bool hairpin = is_hairpin(packet);
    enter(sink, packet, RuleTable::Nat, "nat-postrouting");
    if (!squashed_) {
      add(sink, packet, RuleTable::Nat, packet.marked ? 4 : 2, 0, "masquerading");
    } else if (packet.marked) {
      add(sink, packet, RuleTable::Nat, 2, 0, "masquerading: marked");
    } else {
      add(sink, packet, RuleTable::Nat, 3, packet.translated ? 1 : 0, "masquerading: @hairpin-connections");
    }
    if (packet.marked || (squashed_ && hairpin)) {
      packet.masqueraded = true;
    }
    packet.marked = false;
  }

  SyncCost sync_;
  bool squashed_;
  bool partial_;
};

}  // namespace

ProxyInfo nftables_info() {
  return {.name = "nftables",
          .summary = "kube-proxy in nftables mode: verdict maps, the same work whatever the number of Services",
          .source = "kubernetes/kubernetes pkg/proxy/nftables/proxier.go; Linux net/netfilter/nf_tables_core.c",
          .make = [](const ProxyParams& params) -> std::unique_ptr<ProxyModel> {
            return std::make_unique<Nftables>(params);
          }};
}

}  // namespace knetsim
