#include "models/walk/bindings.h"

#include <gtest/gtest.h>

// Goal: the rules of a walk are counted with the connection's own positions, each machine and table by itself.
// Method: a walk of four steps whose sum is plain.

namespace knetsim {
namespace {

Walk four_steps() {
  Walk walk;
  walk.nodes = {NodeRole::Client, NodeRole::Server};
  walk.steps = {
      {.kind = StepKind::Rule, .count = {1, Symbol::ServicePosition}, .table = RuleTable::Nat},
      {.kind = StepKind::Rule, .count = {7}, .table = RuleTable::Filter},
      {.kind = StepKind::VerdictMap, .count = {3}},
      {.kind = StepKind::NftRule, .node = NodeRole::Server, .when = Condition::OuterUntracked, .count = {100}},
      {.kind = StepKind::Rule, .count = {25}, .passage = Passage::Unawaited}};
  return walk;
}

TEST(Bindings, ACountIsItsFixedPartAndTheSymbolsValue) {
  Bindings bindings;
  bindings[Symbol::ServicePosition] = 41;
  EXPECT_EQ(value_of({2, Symbol::ServicePosition}, bindings), 43);
  EXPECT_EQ(value_of({2}, bindings), 2);
  EXPECT_EQ(value_of({-5}, bindings), 0);
  EXPECT_EQ(symbol_letter(Symbol::ServicePosition), "k");
}

TEST(Bindings, RulesAreCountedByMachineTableAndCondition) {
  Bindings bindings;
  bindings[Symbol::ServicePosition] = 41;
  const Walk walk = four_steps();
  EXPECT_EQ(rules_evaluated(walk, bindings), 42 + 7);
  EXPECT_EQ(rules_evaluated(walk, bindings, {.table = RuleTable::Nat}), 42);
  EXPECT_EQ(rules_evaluated(walk, bindings, {.outer_untracked = true}), 42 + 7 + 100);
  EXPECT_EQ(rules_evaluated(walk, bindings, {.node = NodeRole::Server, .outer_untracked = true}), 100);
}

}  // namespace
}  // namespace knetsim
