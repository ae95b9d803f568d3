#include "models/proxy/portmap.h"

#include <utility>
#include <vector>

#include "models/proxy/felix.h"
#include "models/proxy/kube_chains.h"
#include "models/proxy/portmap_rules.h"

namespace knetsim {
namespace {

/// portmap's rules alone, in chains that are otherwise empty.
Ruleset rules_of(std::span<const HostPortSpec> containers) {
  Ruleset rules{.tables = {{.name = "nat", .chains = nat_base_chains()}}};
  for (Chain& chain : rules.tables[0].chains) chain.rules.clear();
  add_portmap_rules(rules, containers);
  return rules;
}

RuleKinds kinds_of(IptablesBackend backend) {
  RuleKinds kinds = iptables_kinds(backend);
  kinds.table = std::nullopt;  // entered for kube-proxy's rules already
  return kinds;
}

}  // namespace

PortMap::PortMap(IptablesBackend backend)
    : rules_([](const NodeSpec&, std::span<const ServicePortSpec>,
                std::span<const HostPortSpec> containers) { return rules_of(containers); },
             kinds_of(backend)) {}

void PortMap::at_hook(Hook hook, HookPacket& packet, StepSink& sink) const {
  std::vector<Step> steps;
  StepSink here{steps, sink.place, sink.node, sink.when};
  rules_.at_hook(hook, packet, here);
  for (Step& step : steps) {
    step.count.add(Symbol::HostPortPlugin, std::exchange(step.count.fixed, 0));
    sink.steps.push_back(std::move(step));
  }
}

void rules_at_hook(const ProxyModel& proxy, const PortMap* portmap, Hook hook, HookPacket& packet, StepSink& sink,
                   const Felix* felix) {
  if (felix != nullptr) {
    const bool before = packet.masqueraded;
    felix->at_hook(hook, packet, sink);
    if (packet.masqueraded != before) return;  // the source is bound: other nat chains are passed over
  }
  if (portmap == nullptr) {
    proxy.at_hook(hook, packet, sink);
    return;
  }
  if (hook == Hook::Postrouting) {
    const bool before = packet.masqueraded;
    portmap->at_hook(hook, packet, sink);
    if (packet.masqueraded == before) proxy.at_hook(hook, packet, sink);
    return;
  }
  // At OUTPUT nat comes before filter: what portmap translates there is filtered afterwards all the same.
  const bool before = packet.translated;
  proxy.at_hook(hook, packet, sink);
  if (packet.translated == before) portmap->at_hook(hook, packet, sink);
}

}  // namespace knetsim
