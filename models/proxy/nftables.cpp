// kube-proxy in nftables mode: a handful of rules and hash lookups, whatever the number of Services. The rules stand as
// data in nftables_rules.cpp, and what a packet meets of them is counted there (counted_rules.h).
#include "models/proxy/counted_rules.h"
#include "models/proxy/nftables_rules.h"
#include "models/proxy/proxy_model.h"
#include "models/proxy/sync_cost.h"

namespace knetsim {
namespace {

class Nftables final : public ProxyModel {
 public:
  explicit Nftables(const ProxyParams& params)
      : params_(params),
        rules_([version = params.kubernetes](const NodeSpec& node, std::span<const ServicePortSpec> services,
                                             auto) { return nftables_rules(node, services, version); },
               {.table = StepKind::NftChain,
                .rule = StepKind::NftExpression,
                .lookup = StepKind::VerdictMap,
                .drops_own_without_endpoint = checks_endpoints_first(params.kubernetes)},
               params.special) {}

  void at_hook(Hook hook, HookPacket& packet, StepSink& sink) const override { rules_.at_hook(hook, packet, sink); }
  // The ranges are looked at before anything else, endpoints or not. Up to 1.33, though, what a process of the node
  // asks from outside first meets the Services that the node has no endpoint for, of whatever source.
  Reach reach(const Asking& asking, const EndpointCounts& known) const override {
    if (checks_endpoints_first(params_.kubernetes) && asking.at_external_ip && asking.source == AddressKind::ThisNode) {
      if (!known.any) return Reach::Refused;
      if (asking.local_policy && known.local == 0) return Reach::Dropped;
    }
    return asking.admitted ? ProxyModel::reach(asking, known) : Reach::Dropped;
  }
  SyncCost sync_cost(const RuleSizes& sizes) const override {
    SyncCost cost = nftables_sync_cost(sizes, params_.kubernetes, params_.kernel);
    // kubernetes/kubernetes#126013 brought partial syncs; assumption: with 1.32.
    if (params_.kubernetes < Version{1, 32}) cost.partial_seconds = cost.full_seconds;
    return cost;
  }

 private:
  ProxyParams params_;
  CountedRules rules_;
};

}  // namespace

ProxyInfo nftables_info() {
  return {
      .name = "nftables",
      .summary = "kube-proxy in nftables mode: verdict maps, the same work whatever the number of Services",
      .source = "kubernetes/kubernetes pkg/proxy/nftables/proxier.go; Linux net/netfilter/nf_tables_core.c",
      .serves = {Exposure::PodIp, Exposure::ClusterIp, Exposure::NodePort, Exposure::HostPort, Exposure::ExternalIp},
      .translation = Translation::Prerouting,
      .external_ips_since = {1, 30},  // before, its source ranges were looked at behind the translation: k/k#122614
      .own_tables = true,
      // KEP-3866, k/k pkg/proxy/nftables/README.md: alpha in 1.29; checks for a kernel of 5.13 at start.
      .since_kubernetes = {1, 29},
      .since_kernel = {5, 13},
      .make = [](const ProxyParams& params) -> std::unique_ptr<ProxyModel> {
        return std::make_unique<Nftables>(params);
      }};
}

}  // namespace knetsim
