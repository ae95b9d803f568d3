#pragma once

#include "models/cni/cni_model.h"

namespace knetsim {

/// Pods as ports of one Linux bridge (cbr0, cni0) that holds the gateway address; other nodes' pod CIDRs are reached by
/// host routes. What the `bridge` plugin sets up, and the base of flannel.
class BridgeCni : public CniModel {
 public:
  explicit BridgeCni(bool masquerades = false) : masquerades_(masquerades) {}
  bool masquerades() const override { return masquerades_; }
  void leave_pod(StepSink& sink) const override;
  void enter_pod(StepSink& sink) const override;
  bool bridged() const override { return true; }
  // Three questions for its link address, a second each (net/ipv4/arp.c, arp_tbl: MCAST_PROBES and RETRANS_TIME).
  std::optional<Duration> unreachable_after() const override { return std::chrono::seconds(3); }
  Tunnel tunnel() const override { return {}; }
  void encapsulate(StepSink&) const override {}
  void decapsulate(StepSink&) const override {}

 private:
  bool masquerades_;
};

CniInfo bridge_info();

}  // namespace knetsim
