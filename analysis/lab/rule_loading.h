#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "analysis/lab/lab_case.h"
#include "analysis/lab/measurement.h"
#include "analysis/lab/surroundings.h"

namespace knetsim::lab {

/// The rules of so many Services, loaded as a whole.
struct RuleLoadCase {
  LabProxy proxy = LabProxy::IptablesLegacy;  ///< None has no rules.
  std::uint32_t services = 1'000;
  std::uint32_t endpoints = 2;  ///< Of each.

  /// "iptables-legacy, 1,000 Services x 2"
  std::string name() const;
};

/// What loading took, seconds. Each round begins with a namespace that has no rules.
struct MeasuredRuleLoad {
  RuleLoadCase load{};
  std::uint64_t rules = 0;  ///< Of the text; of nftables without the elements of its maps and sets.
  Estimate seconds{};       ///< From the start of the loading program to its end, which is when the kernel has them.
  Estimate cpu_seconds{};   ///< CPU time of the program, the kernel's work for it included.
  /// The same of what kube-proxy does in a full sync once the rules are there, as far as the kernel and its tools do
  /// it: the table saved, the commands that make sure of its chains and jumps, the rules restored over themselves (of
  /// nftables: loaded). kube-proxy's own work, above all building the text, is not in it.
  Estimate sync_cpu_seconds{};
  std::uint32_t rounds = 0;
};

/// How many commands of a full sync read a table whole: those on nat with the legacy back end, whose filter table is
/// small, and all of them with the nft back end, as models/proxy/sync_cost.cpp has it.
std::uint32_t sync_commands(LabProxy proxy);

/// What the proxy model says a full sync takes, CPU seconds: kube-proxy's own work included.
double modelled_sync_seconds(const RuleLoadCase& load);

/// Each back end that the machine has.
std::vector<RuleLoadCase> rule_load_cases(const Surroundings& here);

struct RuleLoadOptions {
  std::uint32_t rounds = 8;  ///< At least 6.
  std::function<void(double fraction, const std::string& what)> on_progress{};
};

/// Round by round, in an order that turns. @return  Shape (loads,). @throws LabError
std::vector<MeasuredRuleLoad> measure_rule_loads(const std::vector<RuleLoadCase>& loads,
                                                 const RuleLoadOptions& options);

}  // namespace knetsim::lab
