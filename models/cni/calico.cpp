#include "models/cni/calico.h"

#include <array>
#include <stdexcept>

#include "models/cni/flannel.h"

namespace knetsim {

namespace {

constexpr std::array<std::string_view, 3> kEncapsulations = {"ipip", "vxlan", "none"};

class Calico final : public CniModel {
 public:
  explicit Calico(const Tunnel& tunnel) : tunnel_(tunnel) {}
  void leave_pod(StepSink& sink) const override { sink.add(StepKind::Veth, {}, "eth0 of the pod to its cali device"); }
  void enter_pod(StepSink& sink) const override { sink.add(StepKind::Veth, {}, "cali device to eth0 of the pod"); }
  bool bridged() const override { return false; }
  bool masquerades() const override { return true; }  // natOutgoing, which Calico's manifests set
  bool has_felix() const override { return true; }
  Tunnel tunnel() const override { return tunnel_; }
  void encapsulate(StepSink& sink) const override {
    const bool vxlan = tunnel_.encapsulation == Encapsulation::Vxlan;
    Step& step = sink.add(vxlan ? StepKind::VxlanEncap : StepKind::IpipEncap, {},
                          vxlan ? "vxlan.calico to the other node, UDP 4789" : "tunl0 to the other node, protocol 4");
    step.wire_bytes = tunnel_.header_bytes;
  }
  void decapsulate(StepSink& sink) const override {
    const bool vxlan = tunnel_.encapsulation == Encapsulation::Vxlan;
    sink.add(vxlan ? StepKind::VxlanDecap : StepKind::IpipDecap, {},
             vxlan ? "UDP 4789 to vxlan.calico" : "protocol 4 to tunl0");
  }

 private:
  Tunnel tunnel_;
};

/// @throws std::invalid_argument  It is none of Calico's.
Tunnel tunnel_of(std::string_view encapsulation) {
  if (encapsulation.empty() || encapsulation == "ipip") return {Encapsulation::Ipip, kIpipHeaderBytes};
  // Felix exempts it in the raw table: "VXLAN uses different source ports in each direction" (felix/rules/static.go).
  if (encapsulation == "vxlan") return {Encapsulation::Vxlan, kVxlanHeaderBytes, false};
  if (encapsulation == "none") return {};
  throw std::invalid_argument("calico has no encapsulation '" + std::string(encapsulation) + "'");
}

}  // namespace

CniInfo calico_info() {
  return {
      .name = "calico",
      .summary =
          "a veth and a host route for each pod; between nodes IP in IP, VXLAN or routes of BGP (encapsulation: "
          "ipip | vxlan | none)",
      .source =
          "projectcalico/calico cni-plugin, felix/dataplane/linux, felix/rules/static.go; Linux v6.1 net/ipv4/ipip.c, "
          "net/ipv4/ip_tunnel.c, drivers/net/vxlan/vxlan_core.c",
      .backends = kEncapsulations,
      .chosen_by = "encapsulation",
      .policy = "calico",
      .make = [](const CniParams& params) -> std::unique_ptr<CniModel> {
        return std::make_unique<Calico>(tunnel_of(params.backend));
      }};
}

}  // namespace knetsim
