#pragma once

#include <map>
#include <vector>

#include "models/proxy/ruleset_interpreter.h"
#include "models/walk/walk.h"

namespace knetsim {

/// Values of the symbols of one connection.
using Symbols = std::map<Symbol, double>;

/// What steps amount to in rules, lookups and match extensions, by table.
/// @param untracked  Whether the tunnel's outer tuple is new, where a step asks for it.
inline HookWork counted(const std::vector<Step>& steps, const Symbols& symbols, bool untracked = true) {
  HookWork work;
  for (const Step& step : steps) {
    if (step.when == Condition::OuterUntracked && !untracked) {
      continue;
    }
    const double value = step.count.symbol == Symbol::None ? 0 : symbols.at(step.count.symbol);
    const auto count = static_cast<std::uint32_t>(step.count.fixed + value);
    RuleWork& table = step.table == RuleTable::Nat ? work.nat : work.filter;
    switch (step.kind) {
      case StepKind::Rule:
      case StepKind::NftRule:
      case StepKind::NftExpression:
        table.rules += count;
        break;
      case StepKind::VerdictMap:
      case StepKind::IpSet:
        table.lookups += count;
        break;
      case StepKind::XtMatch:
      case StepKind::NftMatch:
        table.matches += count;
        break;
      default:
        break;
    }
  }
  return work;
}

inline bool operator==(const RuleWork& a, const RuleWork& b) {
  return a.rules == b.rules && a.lookups == b.lookups && a.matches == b.matches;
}

inline std::ostream& operator<<(std::ostream& out, const HookWork& work) {
  const auto table = [&](const char* name, const RuleWork& one) -> std::ostream& {
    return out << name << one.rules << " rules " << one.lookups << " lookups " << one.matches << " matches";
  };
  table("nat ", work.nat);
  return table(", filter ", work.filter);
}

}  // namespace knetsim
