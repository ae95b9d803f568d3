#include "models/cni/bridge.h"

namespace knetsim {

void BridgeCni::leave_pod(StepSink& sink) const {
  sink.add(StepKind::Veth, {}, "eth0 of the pod to its port of the bridge");
  sink.add(StepKind::Bridge, {}, "up to the bridge's own address");
}

void BridgeCni::enter_pod(StepSink& sink) const {
  sink.add(StepKind::Bridge, {}, "out of the bridge to the pod's port");
  sink.add(StepKind::Veth, {}, "port of the bridge to eth0 of the pod");
}

CniInfo bridge_info() {
  return {
      .name = "bridge",
      .summary = "one Linux bridge a node, host routes to the other nodes' pod CIDRs, no encapsulation",
      .source = "containernetworking/plugins plugins/main/bridge; Linux v6.1 net/bridge/br_input.c, drivers/net/veth.c",
      .backends = {},
      .make = [](const CniParams&) -> std::unique_ptr<CniModel> { return std::make_unique<BridgeCni>(); }};
}

}  // namespace knetsim
