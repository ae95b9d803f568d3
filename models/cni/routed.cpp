#include "models/cni/routed.h"

namespace knetsim {

namespace {

class Routed final : public CniModel {
 public:
  void leave_pod(StepSink& sink) const override { sink.add(StepKind::Veth, {}, "eth0 of the pod to the node"); }
  void enter_pod(StepSink& sink) const override { sink.add(StepKind::Veth, {}, "the node to eth0 of the pod"); }
  bool bridged() const override { return false; }
  Tunnel tunnel() const override { return {}; }
  void encapsulate(StepSink&) const override {}
  void decapsulate(StepSink&) const override {}
};

}  // namespace

CniInfo routed_info() {
  return {.name = "routed",
          .summary = "a veth and a host route for each pod, no bridge, no encapsulation (Calico with BGP, cloud VPC)",
          .source = "projectcalico/calico cni-plugin; Linux v6.1 drivers/net/veth.c, net/ipv4/ip_forward.c",
          .backends = {},
          .policy = "iptables",
          .make = [](const CniParams&) -> std::unique_ptr<CniModel> { return std::make_unique<Routed>(); }};
}

}  // namespace knetsim
