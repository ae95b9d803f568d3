#include "models/policy/policy_enforcer.h"

#include <algorithm>
#include <array>

namespace knetsim {

std::span<const PolicyEnforcer> policy_enforcers() {
  // kube-router's ipsets of an ipBlock hold whatever address a packet has, and its pods' chains end in REJECT; k3s runs
  // it beside flannel. Calico's chains drop (Felix' IptablesFilterDenyAction) and match addresses likewise. Cilium knows pods and nodes by identities, and looks a CIDR up for those that have none; it drops.
  static constexpr std::array<PolicyEnforcer, 4> kEnforcers = {
      PolicyEnforcer{.name = "none", .summary = "nobody", .source = "", .enforces = false},
      PolicyEnforcer{
          .name = "iptables",
          .summary = "chains of each pod with ipset matches, as kube-router writes them; forbidden: rejected",
          .source = "cloudnativelabs/kube-router pkg/controllers/netpol/pod.go, policy.go",
          .beside_any = true,
          .rules = true,
          .refuses = true},
      PolicyEnforcer{
          .name = "calico",
          .summary = "chains that Felix writes for each policy, whose rules cost nothing here; forbidden: dropped",
          .source = "projectcalico/calico felix/rules/policy.go, felix/config (IptablesFilterDenyAction)"},
      PolicyEnforcer{.name = "ebpf",
                     .summary = "maps that the programs at each pod's veth look up, as Cilium does; forbidden: dropped",
                     .source = "cilium/cilium bpf/lib/policy.h; Documentation/security/policy/language.rst, CIDR based",
                     .blocks_hold_inside = false}};
  return kEnforcers;
}

const PolicyEnforcer* policy_enforcer_named(std::string_view name) {
  const auto all = policy_enforcers();
  const auto found = std::ranges::find(all, name, &PolicyEnforcer::name);
  return found == all.end() ? nullptr : &*found;
}

}  // namespace knetsim
