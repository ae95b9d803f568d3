// kube-proxy in iptables mode: one rule after another. The rules stand as data in iptables_rules.cpp, and what a packet
// meets of them is counted there (counted_rules.h).
#include "models/proxy/counted_rules.h"
#include "models/proxy/felix.h"
#include "models/proxy/iptables_rules.h"
#include "models/proxy/proxy_model.h"
#include "models/proxy/sync_cost.h"

namespace knetsim {
namespace {

class Iptables final : public ProxyModel {
 public:
  explicit Iptables(const ProxyParams& params)
      : kubernetes_(params.kubernetes),
        backend_(iptables_backend(params)),
        rules_(
            [options = IptablesRuleOptions{.kubernetes = params.kubernetes, .large_cluster = params.large_cluster},
             felix = params.special.felix](const NodeSpec& node, std::span<const ServicePortSpec> services, auto) {
              Ruleset rules = iptables_rules(node, services, options);
              if (felix) add_felix_rules(rules, node, *felix);
              return rules;
            },
            params.special.felix ? felix_kinds(backend_) : iptables_kinds(backend_), params.special) {}

  void at_hook(Hook hook, HookPacket& packet, StepSink& sink) const override { rules_.at_hook(hook, packet, sink); }
  std::uint32_t clients_remembered() const override { return 100; }  // xt_recent's ip_list_tot
  // KUBE-EXTERNAL-SERVICES, which refuses, is not on OUTPUT: what a process of the node asks leaves by the default
  // route.
  Reach reach(const Asking& asking, const EndpointCounts& known) const override {
    if (!known.any && asking.at_external_ip && asking.source == AddressKind::ThisNode) return Reach::Dropped;
    return ProxyModel::reach(asking, known);
  }
  SyncCost sync_cost(const RuleSizes& sizes) const override {
    SyncCost cost = iptables_sync_cost(sizes, kubernetes_, backend_);
    // Partial syncs are on by default from 1.27 (KEP-3453: alpha in 1.26, beta in 1.27).
    if (kubernetes_ < Version{1, 27}) cost.partial_seconds = cost.full_seconds;
    return cost;
  }

 private:
  Version kubernetes_;
  IptablesBackend backend_;
  CountedRules rules_;
};

}  // namespace

IptablesBackend iptables_backend(const ProxyParams& params) {
  return params.choice(kIptablesBackend, "legacy") == "nft" ? IptablesBackend::Nft : IptablesBackend::Legacy;
}

ProxyInfo iptables_info() {
  return {
      .name = "iptables",
      .summary = "kube-proxy in iptables mode: a new connection is compared with one Service after another",
      .source = "kubernetes/kubernetes pkg/proxy/iptables/proxier.go; Linux net/ipv4/netfilter/ip_tables.c",
      .params = {{.key = kIptablesBackend,
                  .fallback = "legacy",
                  .doc = "Which iptables.",
                  .values = {{"legacy", "iptables-legacy: the kernel's x_tables"},
                             {"nft", "iptables-nft: the same rules in nf_tables"}},
                  .of_host_ports = true}},
      .serves = {Exposure::PodIp, Exposure::ClusterIp, Exposure::NodePort, Exposure::HostPort, Exposure::ExternalIp},
      .translation = Translation::Prerouting,
      .external_ips_since = {1, 24},  // KUBE-EXT: k/k#109060
      .in_iptables = true,
      .make = [](const ProxyParams& params) -> std::unique_ptr<ProxyModel> {
        return std::make_unique<Iptables>(params);
      }};
}

}  // namespace knetsim
