// Goal: the rules of each back end load as a whole, and what that takes grows with them. Method: a small and a large
// set in live namespaces; no figure of time is asserted but their order. Skipped where namespaces are not allowed.

#include "analysis/lab/rule_loading.h"

#include <gtest/gtest.h>

namespace knetsim::lab {
namespace {

TEST(RuleLoading, EachBackEndLoadsItsRulesAndMoreTakeMoreTime) {
  if (const std::string why = lab_impossible(); !why.empty()) GTEST_SKIP() << why;
  for (RuleLoadCase load : rule_load_cases(look_around())) {
    SCOPED_TRACE(load.name());
    load.services = 4;
    RuleLoadCase many = load;
    many.services = 400;
    const auto measured = measure_rule_loads({load, many}, {.rounds = 6});
    ASSERT_EQ(measured.size(), 2u);
    EXPECT_GT(measured[0].rules, 4u);
    EXPECT_GT(measured[1].rules, 400u) << "a rule of its own for each Service at least";
    for (const MeasuredRuleLoad& one : measured) {
      EXPECT_GT(one.seconds.value, 0);
      EXPECT_GT(one.cpu_seconds.value, 0);
      EXPECT_LE(one.seconds.low, one.seconds.value);
      EXPECT_GE(one.seconds.high, one.seconds.value);
    }
    EXPECT_GT(measured[1].cpu_seconds.value, measured[0].cpu_seconds.value);
    EXPECT_GT(measured[1].sync_cpu_seconds.value, measured[0].sync_cpu_seconds.value);
  }
}

// A full sync of 10,000 Services of two endpoints each takes 40.1 s with iptables (taken as its nft back end;
// kubernetes/kubernetes#130119): the model is fitted to it. In nftables mode the kernel's tools take 0.133 s for 1,000
// of them on Linux 6.18 (docs/validation-kernel.md); kube-proxy's own work and its list of the table come on top.
TEST(RuleLoading, TheModelledSyncIsThatOfTheProxyModel) {
  EXPECT_NEAR(modelled_sync_seconds({.proxy = LabProxy::IptablesNft, .services = 10'000}), 40.1, 0.4);
  EXPECT_GT(modelled_sync_seconds({.proxy = LabProxy::Nftables, .services = 1'000}), 0.133);
  EXPECT_LT(modelled_sync_seconds({.proxy = LabProxy::Nftables, .services = 1'000}), 3 * 0.133);
}

}  // namespace
}  // namespace knetsim::lab
