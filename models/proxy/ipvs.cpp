// kube-proxy in IPVS mode: Service addresses are the node's own (kube-ipvs0), a constant number of rules that look into
// ip sets, and IPVS, which stays on the path of every packet. Endpoints are chosen at the INPUT hook, or at OUTPUT for
// the node's own processes; the packet is then sent on through OUTPUT and POSTROUTING (net/netfilter/ipvs/ip_vs_core.c,
// ip_vs_ops; ip_vs_xmit.c, ip_vs_nat_send_or_cont). kube-proxy sets net.ipv4.vs.conntrack=1, so that conntrack has an
// entry too.
//
// Rules are those of a node with ClusterIPs and local endpoints, without load balancers and external IPs; the rule for
// node ports is there where there are any.
#include "models/proxy/ipvs_rules.h"
#include "models/proxy/mode_table.h"
#include "models/proxy/sync_cost.h"

namespace knetsim {
namespace {

struct Scheduler {
  std::string_view name;
  Selection selection;
  bool scans_destinations;
};

// rr takes the next, wrr too while all weights are equal, sh and dh look into a table; the others compare every
// destination (net/netfilter/ipvs/ip_vs_lc.c and its siblings). nq stops at the first idle one: all are counted, its
// worst case. kube-proxy gives every destination the weight 1, so that wrr is rr and wlc is lc, but for lc's and wlc's
// count of inactive connections.
constexpr Scheduler kSchedulers[] = {
    {"rr", Selection::RoundRobin, false},     {"wrr", Selection::WeightedRoundRobin, false},
    {"lc", Selection::LeastConnection, true}, {"wlc", Selection::WeightedLeastConnection, true},
    {"sh", Selection::SourceHash, false},     {"dh", Selection::DestinationHash, false},
    {"sed", Selection::ShortestDelay, true},  {"nq", Selection::NeverQueue, true},
};

const Scheduler& scheduler_named(std::string_view name) {
  for (const Scheduler& scheduler : kSchedulers) {
    if (scheduler.name == name) {
      return scheduler;
    }
  }
  return kSchedulers[0];  // kube-proxy's default; the scenario's reader has refused unknown names
}

class Ipvs final : public ProxyModel {
 public:
  explicit Ipvs(const ProxyParams& params)
      : sizes_(params.sizes),
        scheduler_(scheduler_named(params.scheduler)),
        falls_back_(ipvs_falls_back(params.kubernetes)) {}

  void at_hook(Hook hook, HookPacket& packet, StepSink& sink) const override {
    const bool nat = packet.state == CtState::New && !packet.nat_bound;
    switch (hook) {
      case Hook::Prerouting:
        if (nat) {
          dispatch(packet, sink);
        }
        break;
      case Hook::Input:
        filter_input(packet, sink);
        virtual_server_local_in(packet, sink);
        break;
      case Hook::Forward:
        // KUBE-PROXY-FIREWALL; KUBE-FORWARD: mark, ESTABLISHED. Then IPVS looks for replies.
        rules(sink, packet, RuleTable::Filter,
              {.rules = packet.marked ? 3.0 : 4.0, .matches = packet.marked ? 4.0 : 6.0}, "FORWARD");
        sink.add(StepKind::IpvsLookup, {1}, "ip_vs_reply4");
        break;
      case Hook::Output:
        output(packet, sink, nat);
        break;
      case Hook::Postrouting:
        if (nat) {
          postrouting(packet, sink);
        }
        break;
    }
  }

  bool translates_at_input() const override { return true; }
  Selection selection() const override { return scheduler_.selection; }
  // A virtual server has the destinations that ipvs_rules() gives it, whoever asks. Without any, ip_vs_leave() answers
  // with "port unreachable" (net/netfilter/ipvs/ip_vs_core.c).
  Reach reach(const Asking& asking, const EndpointCounts& known) const override {
    if (asking.local_policy && known.local > 0) return Reach::Local;
    if (asking.local_policy && !falls_back_) return Reach::Refused;
    return known.cluster > 0 ? Reach::Cluster : Reach::Refused;
  }
  double destinations_scanned(std::uint32_t endpoints) const override {
    return scheduler_.scans_destinations ? endpoints : 1;
  }
  double full_sync_seconds() const override { return ipvs_sync_cost(sizes_).full_seconds; }
  double partial_sync_seconds() const override { return ipvs_sync_cost(sizes_).partial_seconds; }

 private:
  /// What a packet meets of a table: rules, looks into ip sets, and match extensions (comments, conntrack, marks,
  /// addrtype; a set's lookup is counted as that).
  struct Met {
    double rules = 0;
    double sets = 0;
    double matches = 0;
  };

  static void rules(StepSink& sink, const HookPacket& packet, RuleTable table, const Met& met,
                    const std::string& note) {
    const Condition when = packet.outer && table == RuleTable::Nat ? Condition::OuterUntracked : sink.when;
    Step& table_step = sink.add(StepKind::IptablesTable, {}, note);
    table_step.table = table;
    table_step.when = when;
    for (const auto& [kind, count] : {std::pair(StepKind::Rule, met.rules), std::pair(StepKind::XtMatch, met.matches),
                                      std::pair(StepKind::IpSet, met.sets)}) {
      if (count == 0) continue;
      Step& step = sink.add(kind, {count}, note);
      step.table = table;
      step.when = when;
    }
  }

  // A packet to a Service's address that no IPVS connection has taken yet on this node.
  static bool to_service(const HookPacket& packet, NodeRole node) {
    const bool cluster_ip = !packet.outer && !packet.reply && !packet.translated &&
                            packet.flow.exposure == Exposure::ClusterIp && packet.destination == AddressKind::ClusterIp;
    return cluster_ip || asks_node_port(packet, node);
  }

  // nat PREROUTING and OUTPUT: the jump to KUBE-SERVICES; source 127/8; KUBE-CLUSTER-IP not from a pod; destination
  // local
  // -> KUBE-NODE-PORT; KUBE-CLUSTER-IP accepted. ClusterIPs are local addresses here. The source stands in front of the
  // set in the second rule, so that a pod's packet does not look it up.
  void dispatch(HookPacket& packet, StepSink& sink) const {
    const bool to_cluster_ip = packet.destination == AddressKind::ClusterIp;
    const bool local = to_cluster_ip || packet.destination == AddressKind::ThisNode;
    const bool service = to_service(packet, sink.node);
    double count = 1 + 4;
    double sets = 1;     // the accepting rule
    double matches = 2;  // the jump's comment, addrtype
    if (packet.source != AddressKind::Pod) {
      sets += 1;
      matches += 1;
      if (service && to_cluster_ip) {
        count += 1;  // KUBE-MARK-MASQ
        packet.marked = true;
      }
    }
    if (local && sizes_.node_ports > 0) {
      matches += 1;
      const bool node_port = service && !to_cluster_ip;
      if (node_port && packet.flow.local_policy) {
        count += 1;  // KUBE-NODE-PORT-LOCAL: RETURN
        sets += 1;
      } else {
        count += 1;
        sets += 1;
        if (node_port) {
          count += 1;  // KUBE-MARK-MASQ
          packet.marked = true;
        }
      }
    }
    rules(sink, packet, RuleTable::Nat, {count, sets, matches}, "KUBE-SERVICES: ip sets");
  }

  // KUBE-IPVS-FILTER: the load balancers' set, then the ClusterIPs' (found: RETURN), external IPs, local external IPs,
  // health-check ports, and the node's Service addresses for what is new; KUBE-PROXY-FIREWALL; KUBE-NODE-PORT and its
  // rule for health checks; KUBE-FIREWALL and its rule.
  static void filter_input(const HookPacket& packet, StepSink& sink) {
    const bool to_cluster_ip = packet.destination == AddressKind::ClusterIp;
    const double in_filter = to_cluster_ip ? 2 : 6;
    const double sets = to_cluster_ip ? 2 : (packet.state == CtState::New ? 6 : 5);
    const double matches = 4 + (to_cluster_ip ? 0 : 1);  // four comments; conntrack in front of the last set
    rules(sink, packet, RuleTable::Filter, {1 + in_filter + 1 + 2 + 2, sets + 1, matches}, "INPUT: KUBE-IPVS-FILTER");
  }

  // LOCAL_IN behind filter: a lookup for replies, one for requests; a new connection is scheduled.
  void virtual_server_local_in(HookPacket& packet, StepSink& sink) const {
    sink.add(StepKind::IpvsLookup, {1}, "ip_vs_reply4");
    if (packet.reply) {
      return;  // taken by that lookup
    }
    request(packet, sink);
  }

  void request(HookPacket& packet, StepSink& sink) const {
    sink.add(StepKind::IpvsLookup, {1}, "ip_vs_in: connection table");
    const bool service = to_service(packet, sink.node);
    if (packet.state == CtState::New && !packet.nat_bound) {
      sink.add(StepKind::IpvsService, {1}, service ? "service table" : "service table: none");
      if (service) {
        sink.add(StepKind::IpvsSchedule, scheduler_.scans_destinations ? Count{0, Symbol::IpvsDestinations} : Count{1},
                 std::string(scheduler_.name));
        sink.add(StepKind::IpvsConnection, {1}, "ip_vs_conn_new");
      }
    }
    if (service) {
      translate(packet, sink.node);
    }
  }

  void output(HookPacket& packet, StepSink& sink, bool nat) const {
    if (packet.from_local_process || packet.outer) {
      if (nat) {
        dispatch(packet, sink);
      }
      sink.add(StepKind::IpvsLookup, {1}, "ip_vs_reply4");
      if (!packet.reply) {
        request(packet, sink);
      }
    }
    // KUBE-IPVS-OUT-FILTER; KUBE-FIREWALL and its rule. Once: what IPVS sends on passes OUTPUT anew, and its own hooks
    // let it through (skb->ipvs_property).
    rules(sink, packet, RuleTable::Filter, {.rules = 1 + 2, .matches = 1}, "OUTPUT");
  }

  // KUBE-LOOP-BACK set, mark -> RETURN, clear it, MASQUERADE.
  static void postrouting(HookPacket& packet, StepSink& sink) {
    const bool hairpin = is_hairpin(packet) && packet.flow.exposure != Exposure::HostPort;
    if (hairpin) {
      rules(sink, packet, RuleTable::Nat, {.rules = 2, .sets = 1, .matches = 2}, "KUBE-POSTROUTING: KUBE-LOOP-BACK");
    } else {
      rules(sink, packet, RuleTable::Nat,
            {.rules = packet.marked ? 5.0 : 3.0, .sets = 1, .matches = packet.marked ? 4.0 : 3.0}, "KUBE-POSTROUTING");
    }
    packet.masqueraded = packet.masqueraded || hairpin || packet.marked;
    packet.marked = false;
  }

  RuleSizes sizes_;
  const Scheduler& scheduler_;
  bool falls_back_;
};

}  // namespace

ProxyInfo ipvs_info() {
  return {
      .name = "ipvs",
      .summary = "kube-proxy in IPVS mode: a hash lookup per packet, a scheduler per connection, ip sets beside them",
      .source = "kubernetes/kubernetes pkg/proxy/ipvs/proxier.go; Linux net/netfilter/ipvs/ip_vs_core.c",
      .make = [](const ProxyParams& params) -> std::unique_ptr<ProxyModel> { return std::make_unique<Ipvs>(params); }};
}

}  // namespace knetsim
