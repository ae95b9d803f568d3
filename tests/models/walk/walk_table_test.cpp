#include "models/walk/walk_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

// Goal: the table of a walk adds up, and shows what it does not add.
// Method: a walk of five steps with round costs.

namespace knetsim {
namespace {

using testing::HasSubstr;

CostProfile round_profile() {
  CostProfile profile;
  profile[StepKind::SendSyscall].median_ps = 1'000'000;
  profile[StepKind::CopyIn].median_ps = 100;
  profile[StepKind::NapiPoll].median_ps = 200'000;
  profile[StepKind::Interrupt].median_ps = 1'000'000;
  profile[StepKind::Rule].median_ps = 4'000;
  profile[StepKind::Veth].median_ps = 1'000'000;
  profile.scans[static_cast<std::size_t>(StepKind::Rule)] = ScanCost{
      .warm_ps = 4'000, .far_ps = 24'000, .cold_ps = 24'000, .cache_bytes = 1e12, .forget_ps = 1e9, .provenance = {}};
  return profile;
}

Walk five_steps() {
  Walk walk;
  walk.nodes = {NodeRole::Client, NodeRole::Server};
  walk.steps = {{.kind = StepKind::SendSyscall},
                {.kind = StepKind::CopyIn},
                {.kind = StepKind::Rule,
                 .count = {2, Symbol::ServicePosition},
                 .table = RuleTable::Nat,
                 .rule_bytes = 200,
                 .note = "here"},
                {.kind = StepKind::Veth, .count = {5}, .passage = Passage::Unawaited},
                {.kind = StepKind::Interrupt,
                 .place = Place::SoftirqCore,
                 .node = NodeRole::Server,
                 .when = Condition::IdleResource},
                {.kind = StepKind::NapiPoll, .place = Place::SoftirqCore, .node = NodeRole::Server, .wire_bytes = 50}};
  return walk;
}

WalkTableOptions first_packet() {
  WalkTableOptions options{.packet = PacketClass::First};
  options.size.payload = Bytes(3'000);
  options.size.packets = 3;
  options.bindings[Symbol::ServicePosition] = 98;
  return options;
}

TEST(WalkTable, SumsWhatTheMessageWaitsForAndShowsTheRestAsCpu) {
  const WalkTable table = walk_table(five_steps(), round_profile(), first_packet());
  // 1,000 + 0.1 x 3,000 + 24 x 100 + 1,000 + 200 x 3 ns; and 5 x 1,000 ns of veth that nobody waits for
  EXPECT_DOUBLE_EQ(table.latency_ns, 1'000 + 300 + 2'400 + 1'000 + 600);
  EXPECT_DOUBLE_EQ(table.cpu_ns, table.latency_ns + 5'000);
  EXPECT_DOUBLE_EQ(table.rules, 100);
  EXPECT_DOUBLE_EQ(table.rows.back().running_ns, table.latency_ns);
}

TEST(WalkTable, OnABusyMachineThereIsNoInterruptAndTheTableIsWarm) {
  WalkTableOptions options = first_packet();
  options.idle = false;
  // A cache without bounds keeps all of the table: 4 ns a rule.
  EXPECT_NEAR(walk_table(five_steps(), round_profile(), options).latency_ns, 1'000 + 300 + 400 + 600, 1e-3);
}

TEST(WalkTable, ASecondScanOfATableInOneVisitFindsItInTheCache) {
  Walk walk = five_steps();
  Step again = walk.steps[2];
  again.when = Condition::OuterUntracked;
  again.count = {100};
  walk.steps.insert(walk.steps.begin() + 3, again);
  const double once = walk_table(five_steps(), round_profile(), first_packet()).latency_ns;
  EXPECT_NEAR(walk_table(walk, round_profile(), first_packet()).latency_ns, once + 400, 1e-3);
}

// Match extensions are counted by the same symbols as rules, but no table is read for them: it stays cold.
TEST(WalkTable, ABoundCountOfWhatIsNoTableLeavesTheTablesAsTheyAre) {
  CostProfile profile = round_profile();
  profile[StepKind::XtMatch].median_ps = 10'000;
  Walk walk = five_steps();
  walk.steps.insert(walk.steps.begin() + 2,
                    {.kind = StepKind::XtMatch, .count = {2, Symbol::ServicePosition}, .table = RuleTable::Nat});
  const double without = walk_table(five_steps(), profile, first_packet()).latency_ns;
  EXPECT_NEAR(walk_table(walk, profile, first_packet()).latency_ns, without + 10 * 100, 1e-3);
}

TEST(WalkTable, RendersOneLineAStepWithPlaceCountUnitCostAndSum) {
  const std::string text = render(walk_table(five_steps(), round_profile(), first_packet()));
  EXPECT_THAT(text, HasSubstr("client sending CPU    syscall.send"));
  EXPECT_THAT(text, HasSubstr("rule                 100 rule           2,400     2,400     3,700  here\n"));
  EXPECT_THAT(
      text,
      HasSubstr("server softirq        interrupt              1 message        1,000     1,000     4,700  if idle\n"));
  EXPECT_THAT(text, HasSubstr("+50 B\n"));
  EXPECT_THAT(text, HasSubstr("way of FINs and ACKs\n"));
  EXPECT_THAT(text, HasSubstr("sum                                        100 rules          5,300    10,300\n"));
}

}  // namespace
}  // namespace knetsim
