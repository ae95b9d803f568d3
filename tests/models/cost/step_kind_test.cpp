#include "models/cost/step_kind.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

// Goal: every kind of step has one name, under which profiles, traces and results speak of it.
// Method: the table against the enum, and its names against each other.

namespace knetsim {
namespace {

TEST(StepKind, EveryKindHasANameOfItsOwnThatLeadsBackToIt) {
  std::set<std::string_view> names;
  for (const StepKindInfo& entry : step_kinds()) {
    EXPECT_TRUE(names.insert(entry.name).second) << entry.name;
    EXPECT_EQ(step_kind_named(entry.name), entry.kind) << entry.name;
    EXPECT_EQ(&info(entry.kind), &entry);
    EXPECT_FALSE(entry.what.empty());
  }
  EXPECT_EQ(names.size(), kStepKinds);
  EXPECT_EQ(step_kind_named("iptables"), std::nullopt);
}

TEST(StepKind, OnlyHardwareAndSleepDelayWithoutACore) {
  for (const StepKindInfo& entry : step_kinds()) {
    const bool hardware = entry.kind == StepKind::NicTransmit || entry.kind == StepKind::Wire ||
                          entry.kind == StepKind::SwitchForward || entry.kind == StepKind::NicReceive ||
                          entry.kind == StepKind::WakeUp;
    EXPECT_EQ(entry.charge == Charge::LatencyOnly, hardware) << entry.name;
  }
}

// What nobody else may ask a kind for by its name: the traits contradict neither each other nor the charge and the unit.
TEST(StepKind, TraitsGoTogether) {
  for (const StepKindInfo& entry : step_kinds()) {
    const StepTraits& traits = entry.traits;
    EXPECT_TRUE(!traits.scanned || traits.rule) << entry.name;
    EXPECT_EQ(traits.rule, entry.unit == CostUnit::Rule) << entry.name;
    EXPECT_TRUE(!traits.makes_entry || traits.opening) << entry.name << " binds anew what later packets find";
    EXPECT_TRUE(!traits.in_thread || (entry.side != StepSide::Way && entry.side != StepSide::Device)) << entry.name;
    EXPECT_TRUE(entry.charge != Charge::LatencyOnly || traits.computed || traits.in_thread ||
                entry.side == StepSide::Device)
        << entry.name;
  }
}

TEST(StepKind, UnitsAreSpokenOfInTheSingular) {
  EXPECT_EQ(name_of(CostUnit::Connection), "connection");
  EXPECT_EQ(name_of(CostUnit::WirePacket), "packet");
  EXPECT_EQ(name_of(CostUnit::Lookup), "lookup");
  EXPECT_EQ(name_of(CostUnit::Match), "match");
}

}  // namespace
}  // namespace knetsim
