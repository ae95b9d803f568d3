// kube-proxy in IPVS mode: Service addresses are the node's own (kube-ipvs0), a constant number of rules that look into
// ip sets, and IPVS, which stays on the path of every packet. Endpoints are chosen at the INPUT hook, or at OUTPUT for
// the node's own processes; the packet is then sent on through OUTPUT and POSTROUTING (net/netfilter/ipvs/ip_vs_core.c,
// ip_vs_ops; ip_vs_xmit.c, ip_vs_nat_send_or_cont). kube-proxy sets net.ipv4.vs.conntrack=1, so that conntrack has an
// entry too.
//
// Its rules stand as data in ipvs_rules.cpp, and what a packet meets of them is counted there (counted_rules.h): those of
// a node with ClusterIPs and local endpoints.
#include "models/proxy/counted_rules.h"
#include "models/proxy/hook_packets.h"
#include "models/proxy/ipvs_rules.h"
#include "models/proxy/ipvs_schedulers.h"
#include "models/proxy/sync_cost.h"

namespace knetsim {
namespace {

constexpr const char* kScheduler = "scheduler";

class Ipvs final : public ProxyModel {
 public:
  explicit Ipvs(const ProxyParams& params)
      : scheduler_(ipvs_scheduler_named(params.choice(kScheduler, ipvs_schedulers().front().name))),
        falls_back_(ipvs_falls_back(params.kubernetes)),
        filters_output_(ipvs_filters_output(params.kubernetes)),
        rules_(
            [version = params.kubernetes, felix = params.special.felix](
                const NodeSpec& node, std::span<const ServicePortSpec> services, auto) {
              Ruleset rules = ipvs_rules(node, std::span(&node.primary_address, 1), services, version).rules;
              if (felix) add_felix_rules(rules, node, *felix);
              return rules;
            },
            {.table = StepKind::IptablesTable,
             .rule = StepKind::Rule,
             .match = StepKind::XtMatch,
             .lookup = StepKind::IpSet},
            params.special) {}

  void at_hook(Hook hook, HookPacket& packet, StepSink& sink) const override {
    const bool service = to_service(packet, sink.node);
    rules_.at_hook(hook, packet, sink);
    const bool sent_here = packet.from_local_process || packet.outer;
    if (hook == Hook::Input || hook == Hook::Forward || (hook == Hook::Output && sent_here)) {
      sink.add(StepKind::IpvsLookup, 1, "ip_vs_reply4");
    }
    // A reply is taken by that lookup. What IPVS sends on passes OUTPUT anew, and its own hooks let it through
    // (skb->ipvs_property).
    if (!packet.reply && (hook == Hook::Input || (hook == Hook::Output && sent_here))) request(service, packet, sink);
  }

  std::unique_ptr<EndpointChooser> make_chooser(RandomStreams /*streams*/) const override {
    return ipvs_chooser(scheduler_);
  }
  bool remembers_by_virtual_server() const override { return true; }
  // A virtual server has the destinations that ipvs_rules() gives it, whoever asks. Without any, ip_vs_leave() answers
  // with "port unreachable" (net/netfilter/ipvs/ip_vs_core.c).
  Reach reach(const Asking& asking, const EndpointCounts& known) const override {
    if (!asking.admitted && (filters_output_ || asking.source != AddressKind::ThisNode)) return Reach::Dropped;
    if (asking.local_policy && known.local > 0) return Reach::Local;
    if (asking.local_policy && !falls_back_) return Reach::Refused;
    // A process of the node asks an external IP with that as its own address, and with the policy Local keeps it:
    // another node takes the endpoint's answer for its own.
    if (asking.local_policy && asking.at_external_ip && asking.source == AddressKind::ThisNode && known.cluster > 0) {
      return Reach::Dropped;
    }
    return known.cluster > 0 ? Reach::Cluster : Reach::Refused;
  }
  SyncCost sync_cost(const RuleSizes& sizes) const override { return ipvs_sync_cost(sizes); }

 private:
  // A packet to a Service's address that no IPVS connection has taken yet on this node.
  static bool to_service(const HookPacket& packet, NodeRole node) {
    const bool cluster_ip = !packet.outer && !packet.reply && !packet.translated &&
                            packet.flow.exposure == Exposure::ClusterIp && packet.destination == AddressKind::ClusterIp;
    return cluster_ip || asks_external_ip(packet) || asks_node_port(packet, node);
  }

  // LOCAL_IN behind filter, or LOCAL_OUT: a lookup for requests; a new connection is scheduled.
  void request(bool service, HookPacket& packet, StepSink& sink) const {
    sink.add(StepKind::IpvsLookup, 1, "ip_vs_in: connection table");
    if (packet.state == CtState::New && !packet.nat_bound) {
      sink.add(StepKind::IpvsService, 1, service ? "service table" : "service table: none");
      if (service) {
        sink.add(StepKind::IpvsSchedule, scheduler_.looks_at_all ? Count(0, Symbol::IpvsDestinations) : Count(1),
                 std::string(scheduler_.name));
        sink.add(StepKind::IpvsConnection, 1, "ip_vs_conn_new");
      }
    }
    if (service) {
      translate(packet, sink.node);
    }
  }

  const IpvsSchedulerInfo& scheduler_;
  bool falls_back_;
  bool filters_output_;
  CountedRules rules_;
};

}  // namespace

ProxyInfo ipvs_info() {
  ModeParam scheduler{.key = kScheduler,
                      .fallback = std::string(ipvs_schedulers().front().name),
                      .doc = "Of ipvs: how it picks the endpoint of a connection.",
                      .source = "Linux v6.1 net/netfilter/ipvs",
                      .values = {}};
  for (const IpvsSchedulerInfo& one : ipvs_schedulers()) {
    scheduler.values.push_back({std::string(one.name), std::string(one.summary)});
  }
  return {
      .name = "ipvs",
      .summary = "kube-proxy in IPVS mode: a hash lookup per packet, a scheduler per connection, ip sets beside them",
      .source = "kubernetes/kubernetes pkg/proxy/ipvs/proxier.go; Linux net/netfilter/ipvs/ip_vs_core.c",
      .params = {std::move(scheduler)},
      .serves = {Exposure::PodIp, Exposure::ClusterIp, Exposure::NodePort, Exposure::HostPort, Exposure::ExternalIp},
      .translation = Translation::Input,
      .external_ips_since = {1, 26},  // source ranges in the filter table by then: k/k#110628, #108460
      .in_iptables = true,
      .ranges_hold_on_nodes_since = kIpvsFiltersOutput,
      .make = [](const ProxyParams& params) -> std::unique_ptr<ProxyModel> { return std::make_unique<Ipvs>(params); }};
}

}  // namespace knetsim
