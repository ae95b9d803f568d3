#include "models/walk/bindings.h"

#include <algorithm>

namespace knetsim {

double value_of(const Count& count, const Bindings& bindings) {
  const double bound = count.symbol == Symbol::None ? 0.0 : bindings[count.symbol];
  return std::max(0.0, count.fixed + bound);
}

std::string_view symbol_letter(Symbol symbol) {
  switch (symbol) {
    case Symbol::None:
      return "";
    case Symbol::ServicePosition:
      return "k";
    case Symbol::NodePortPosition:
      return "n";
    case Symbol::EndpointIndex:
      return "i";
    case Symbol::HostPortPosition:
      return "h";
    case Symbol::IpvsDestinations:
      return "d";
  }
  return "";
}

double rules_evaluated(const Walk& walk, const Bindings& bindings, const RuleFilter& filter) {
  double rules = 0;
  for (const Step& step : walk.steps) {
    if (step.kind != StepKind::Rule && step.kind != StepKind::NftRule && step.kind != StepKind::NftExpression) continue;
    if (step.passage != Passage::Message) continue;
    if (step.when == Condition::OuterUntracked && !filter.outer_untracked) continue;
    if (filter.node && step.node != *filter.node) continue;
    if (filter.table != RuleTable::None && step.table != filter.table) continue;
    rules += value_of(step.count, bindings);
  }
  return rules;
}

}  // namespace knetsim
