#pragma once

#include <span>
#include <string_view>

namespace knetsim {

/// Who enforces NetworkPolicies on the nodes, and what it makes of what the API leaves open.
struct PolicyEnforcer {
  std::string_view name;
  std::string_view summary;
  std::string_view source;
  bool enforces = true;
  bool beside_any = false;  ///< Of any pod network that brings no enforcer of its own; else of its own network alone.
  bool rules = false;       ///< By rules that packets meet at netfilter's hooks.
  bool refuses = false;     ///< What is forbidden is rejected; else it is dropped. Where the scenario says nothing.
  /// ipBlock holds for addresses of pods and nodes too; else for those outside of the cluster alone.
  bool blocks_hold_inside = true;
};

/// The table of enforcers, in the order in which they are shown.
std::span<const PolicyEnforcer> policy_enforcers();
/// nullptr for an unknown name.
const PolicyEnforcer* policy_enforcer_named(std::string_view name);

}  // namespace knetsim
