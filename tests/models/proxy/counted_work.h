#pragma once

#include <cmath>
#include <map>
#include <vector>

#include "models/proxy/ruleset_interpreter.h"
#include "models/walk/bindings.h"
#include "models/walk/walk.h"

namespace knetsim {

/// Values of the symbols of one connection, and of those of the node whose rules its packets meet.
using Symbols = std::map<Symbol, double>;

/// The symbols of a node whose rules have these sizes.
inline Symbols node_symbols(const RuleSizes& sizes) {
  const MachineSymbols values = symbols_of(sizes);
  Symbols symbols;
  for (std::size_t i = static_cast<std::size_t>(kFirstOfNode); i <= static_cast<std::size_t>(kLastOfNode); ++i) {
    const auto symbol = static_cast<Symbol>(i);
    symbols[symbol] = static_cast<double>(values[symbol_index(symbol) - kFlowSymbols]);
  }
  return symbols;
}

/// A count with these values.
inline double value(const Count& count, const Symbols& symbols) {
  double sum = count.fixed;
  for (const Count::Term& term : count.terms) sum += term.coefficient * symbols.at(term.symbol);
  return sum;
}

/// What steps amount to in rules, lookups and match extensions, by table.
/// @param untracked  Whether the tunnel's outer tuple is new, where a step asks for it.
inline HookWork counted(const std::vector<Step>& steps, const Symbols& symbols, bool untracked = true) {
  HookWork work;
  for (const Step& step : steps) {
    if (step.when == Condition::OuterUntracked && !untracked) {
      continue;
    }
    const auto count = static_cast<std::uint32_t>(std::llround(value(step.count, symbols)));
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
