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
  EXPECT_EQ(value_of({2, Symbol::ServicePosition}, bindings, NodeRole::Client), 43);
  EXPECT_EQ(value_of({2, Symbol::ServicePosition, 3}, bindings, NodeRole::Server), 125);
  EXPECT_EQ(value_of({2}, bindings, NodeRole::Client), 2);
  EXPECT_EQ(value_of({-5}, bindings, NodeRole::Client), 0);
  EXPECT_EQ(symbol_letter(Symbol::ServicePosition), "k");
}

TEST(Bindings, SizesOfANodeAreThoseOfTheMachineWhereTheStepIsDone) {
  Bindings bindings;
  set(bindings.node[static_cast<std::size_t>(NodeRole::Client)], Symbol::ServicesRules, 100);
  set(bindings.node[static_cast<std::size_t>(NodeRole::Server)], Symbol::ServicesRules, 7);
  const Count misses(1, Symbol::ServicesRules);
  EXPECT_EQ(value_of(misses, bindings, NodeRole::Client), 101);
  EXPECT_EQ(value_of(misses, bindings, NodeRole::Server), 8);
  EXPECT_EQ(value_of(misses, bindings, NodeRole::Ingress), 1);
}

TEST(Count, AddsUpSymbolBySymbolAndForgetsWhatCancels) {
  Count sum(1, Symbol::ServicesRules, 2);
  sum += {3, Symbol::EndpointIndex};
  sum.add(Symbol::ServicesRules, 1);
  sum *= 2;
  EXPECT_EQ(sum.fixed, 8);
  EXPECT_EQ(sum.terms, (std::vector<Count::Term>{{Symbol::EndpointIndex, 2}, {Symbol::ServicesRules, 6}}));
  sum += {0, Symbol::EndpointIndex, -2};
  EXPECT_EQ(sum.terms.size(), 1U);
  EXPECT_TRUE(Count(0).is_zero());
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
