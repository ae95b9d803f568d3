#include "models/proxy/felix.h"

namespace knetsim {

RuleKinds felix_kinds(IptablesBackend backend) {
  RuleKinds kinds = iptables_kinds(backend);
  kinds.lookup = StepKind::IpSet;
  return kinds;
}

Felix::Felix(const FelixOptions& options, IptablesBackend backend)
    : rules_(
          [options](const NodeSpec& node, std::span<const ServicePortSpec>, std::span<const HostPortSpec>) {
            Ruleset rules = empty_tables();
            add_felix_rules(rules, node, options);
            return rules;
          },
          felix_kinds(backend), {.felix = options}) {}

}  // namespace knetsim
