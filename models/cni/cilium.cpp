#include "models/cni/cilium.h"

#include <array>
#include <stdexcept>

namespace knetsim {

namespace {

constexpr std::array<std::string_view, 2> kHostRoutings = {"bpf", "legacy"};

// The programs of a pod's own connections, whoever serves Services (bpf/bpf_lxc.c). From the pod: connection tracking
// looks both directions of the tuple up, then the destination's identity and the policy's verdict. To the pod: identity
// of the source and the endpoint at the NIC, both directions of the tuple and the verdict at the pod. A new connection
// has an entry for itself and one for its ICMP errors on either side (bpf/lib/conntrack.h, ct_create4).
class Cilium final : public CniModel {
 public:
  explicit Cilium(bool by_programs) : by_programs_(by_programs) {}

  void leave_pod(StepSink& sink) const override {
    if (!by_programs_) sink.add(StepKind::Veth, {}, "eth0 of the pod to the node");
    sink.add(StepKind::BpfProgram, 1, "from-container");
    sink.add(StepKind::BpfLookup, 4, "connection both ways, identity, policy");
    if (by_programs_) sink.add(StepKind::BpfRedirect, 1, "eth0 of the pod to the NIC");
  }
  void enter_pod(StepSink& sink) const override {
    sink.add(StepKind::BpfProgram, 1, "to-container");
    sink.add(StepKind::BpfLookup, 5, "identity, endpoint, connection both ways, policy");
    sink.add(by_programs_ ? StepKind::BpfRedirect : StepKind::Veth, {}, "the node to eth0 of the pod");
  }
  void track_connection(StepSink& sink) const override {
    sink.add(StepKind::BpfUpdate, 2, "entries of the connection");
  }
  bool bridged() const override { return false; }
  bool skips_host_stack() const override { return by_programs_; }
  Tunnel tunnel() const override { return {}; }
  void encapsulate(StepSink&) const override {}
  void decapsulate(StepSink&) const override {}

 private:
  bool by_programs_;
};

}  // namespace

CniInfo cilium_info() {
  return {.name = "cilium",
          .summary =
              "Cilium, native routing: programs at each pod's veth; packets past the host's stack (backend: bpf, "
              "with the proxy mode ebpf), or through it (legacy)",
          .source = "cilium/cilium bpf/bpf_lxc.c, bpf/bpf_host.c, bpf/lib/conntrack.h; Linux net/core/filter.c",
          .backends = kHostRoutings,
          .policy = "ebpf",
          .make = [](const CniParams& params) -> std::unique_ptr<CniModel> {
            // "Falling back to legacy host routing" (cilium/cilium daemon/cmd/kube_proxy_replacement.go).
            if (params.backend.empty() || params.backend == "bpf") {
              return std::make_unique<Cilium>(params.services_by_programs);
            }
            if (params.backend == "legacy") return std::make_unique<Cilium>(false);
            throw std::invalid_argument("cilium has no backend '" + params.backend + "'");
          }};
}

}  // namespace knetsim
