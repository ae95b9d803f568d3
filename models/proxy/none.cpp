// No kube-proxy at all: pods are reached by their own addresses, and no rule is in the way.
#include "models/proxy/proxy_model.h"

namespace knetsim {
namespace {

class None final : public ProxyModel {
 public:
  void at_hook(Hook /*hook*/, HookPacket& /*packet*/, StepSink& /*sink*/) const override {}
  SyncCost sync_cost(const RuleSizes& /*sizes*/) const override { return {}; }
};

}  // namespace

ProxyInfo none_info() {
  return {.name = "none",
          .summary = "no kube-proxy: pods are reached by their addresses, Services are not",
          .source = "no rules",
          .serves = {Exposure::PodIp, Exposure::HostPort},
          .translation = Translation::None,
          .kube_proxy = false,
          .make = [](const ProxyParams&) -> std::unique_ptr<ProxyModel> { return std::make_unique<None>(); }};
}

}  // namespace knetsim
