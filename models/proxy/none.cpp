// No kube-proxy at all: pods are reached by their own addresses, and no rule is in the way.
#include "models/proxy/mode_table.h"

namespace knetsim {
namespace {

class None final : public ProxyModel {
 public:
  void at_hook(Hook /*hook*/, HookPacket& /*packet*/, StepSink& /*sink*/) const override {}
  bool has_nat() const override { return false; }
  Selection selection() const override { return Selection::Random; }
  double full_sync_seconds() const override { return 0; }
  double partial_sync_seconds() const override { return 0; }
};

}  // namespace

ProxyInfo none_info() {
  return {.name = "none",
          .summary = "no kube-proxy: pods are reached by their addresses, Services are not",
          .source = "no rules",
          .make = [](const ProxyParams&) -> std::unique_ptr<ProxyModel> { return std::make_unique<None>(); }};
}

}  // namespace knetsim
