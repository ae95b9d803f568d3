#include "models/cni/flannel.h"

#include <array>
#include <stdexcept>

#include "models/cni/bridge.h"

namespace knetsim {

namespace {

constexpr std::array<std::string_view, 2> kBackends = {"vxlan", "host-gw"};

// The device has no learning and one static neighbour and forwarding entry a node, so that encapsulation costs a lookup
// and the headers (flannel pkg/backend/vxlan/device.go). Checksum offload of the outer UDP is off, as flannel sets it.
class FlannelVxlan final : public BridgeCni {
 public:
  explicit FlannelVxlan(const CniParams& params) : BridgeCni(params.masquerade), tracked_(!params.notrack) {}
  Tunnel tunnel() const override { return {Encapsulation::Vxlan, kVxlanHeaderBytes, tracked_}; }
  void encapsulate(StepSink& sink) const override {
    sink.add(StepKind::VxlanEncap, {}, "flannel.1 to the other node, UDP 8472").wire_bytes = kVxlanHeaderBytes;
  }
  void decapsulate(StepSink& sink) const override { sink.add(StepKind::VxlanDecap, {}, "UDP 8472 to flannel.1"); }

 private:
  bool tracked_;
};

}  // namespace

CniInfo flannel_info() {
  return {.name = "flannel",
          .summary = "bridge on the node; VXLAN between nodes, or host routes (backend: vxlan | host-gw)",
          .source =
              "flannel-io/flannel pkg/backend/vxlan, pkg/backend/hostgw, pkg/trafficmngr; Linux v6.1 "
              "drivers/net/vxlan/vxlan_core.c",
          .backends = kBackends,
          .make = [](const CniParams& params) -> std::unique_ptr<CniModel> {
            if (params.backend.empty() || params.backend == "vxlan") return std::make_unique<FlannelVxlan>(params);
            if (params.backend == "host-gw") return std::make_unique<BridgeCni>(params.masquerade);
            throw std::invalid_argument("flannel has no backend '" + params.backend + "'");
          }};
}

}  // namespace knetsim
