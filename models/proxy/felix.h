#pragma once

#include "models/proxy/counted_rules.h"
#include "models/proxy/felix_rules.h"
#include "models/proxy/proxy_model.h"

namespace knetsim {

/// Felix' rules beside a proxy mode that keeps its own out of the tables of iptables, or has none: the two are separate
/// rulesets to the kernel, and what one accepts the other looks at all the same. Where the mode writes to these tables
/// as well it has Felix' chains in front of its own (ProxyParams::felix).
class Felix {
 public:
  Felix(const FelixOptions& options, IptablesBackend backend);

  /// Steps of Felix' rules at `hook`; changes the packet as they do.
  void at_hook(Hook hook, HookPacket& packet, StepSink& sink) const { rules_.at_hook(hook, packet, sink); }

 private:
  CountedRules rules_;
};

/// Of rules with Felix' chains among them: looks into sets cost by themselves.
RuleKinds felix_kinds(IptablesBackend backend);

}  // namespace knetsim
