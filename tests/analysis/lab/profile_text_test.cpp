#include "analysis/lab/profile_text.h"

#include <gtest/gtest.h>

#include "sim/input/read_documents.h"

namespace knetsim::lab {
namespace {

CostProfile read_profile(const std::string& text) {
  const auto input = Input::from_text("profile.yaml", text);
  Diagnostics diagnostics;
  const Document document = read_document(*input);
  CostProfile profile = read_cost_profile(document.root(), diagnostics);
  diagnostics.throw_if_errors();
  return profile;
}

TEST(ProfileText, IsReadBackAsItWasWritten) {
  CostProfile profile;
  profile.name = "a \"quoted\" name";
  profile.machine = "machine \\ with a backslash";
  double next = 1234.567;
  for (const StepKindInfo& kind : step_kinds()) {
    if (kind.traits.computed) continue;
    Cost& cost = profile[kind.kind];
    cost = {.median_ps = next, .sigma = 0.25, .provenance = {.source = "measured, +-3 %", .assumption = false}};
    if (kind.traits.scanned) {
      profile.scans[static_cast<std::size_t>(kind.kind)] = ScanCost{.warm_ps = next,
                                                                    .far_ps = 2 * next,
                                                                    .cold_ps = 3 * next,
                                                                    .cache_bytes = 1'500'000,
                                                                    .forget_ps = 5e9,
                                                                    .sigma = 0.25,
                                                                    .provenance = {.source = "x", .assumption = true}};
    }
    next *= 1.5;
  }
  const CostProfile back = read_profile(profile_text(profile, {"one line", "", "another"}));
  EXPECT_EQ(back.name, profile.name);
  EXPECT_EQ(back.machine, profile.machine);
  for (const StepKindInfo& kind : step_kinds()) {
    if (kind.traits.computed) continue;
    EXPECT_NEAR(back[kind.kind].median_ps, profile[kind.kind].median_ps, 0.5) << kind.name;
    EXPECT_EQ(back[kind.kind].sigma, 0.25) << kind.name;
    EXPECT_EQ(back[kind.kind].provenance.assumption, kind.traits.scanned) << kind.name;
  }
  EXPECT_EQ(back.scan(StepKind::Rule)->cache_bytes, 1'500'000);
  EXPECT_NEAR(back.scan(StepKind::Rule)->forget_ps, 5e9, 0.5);
}

TEST(ProfileText, HoldsWhatProcessesDo) {
  CostProfile profile;
  profile.name = "p";
  for (const StepKindInfo& kind : step_kinds()) profile[kind.kind].provenance.source = "x";
  for (const StepKindInfo& kind : step_kinds()) {
    if (!kind.traits.scanned) continue;
    profile.scans[static_cast<std::size_t>(kind.kind)] = ScanCost{.warm_ps = 1e3,
                                                                  .far_ps = 2e3,
                                                                  .cold_ps = 3e3,
                                                                  .cache_bytes = 1e6,
                                                                  .forget_ps = 5e9,
                                                                  .sigma = 0,
                                                                  .provenance = {.source = "x"}};
  }
  TlsCost tls{.versions = {}, .record_ps = 1.3e6, .byte_ps = 210, .provenance = {.source = "measured"}};
  double next = 30e6;
  for (TlsVersionCost& version : tls.versions) {
    for (HandshakeCost* cost : {&version.whole[0], &version.whole[1], &version.resumed}) {
      *cost = {.client_ps = next, .server_ps = 2 * next, .provenance = {.source = "measured"}};
      next += 10e6;
    }
  }
  profile.applications.tls = tls;
  profile.applications.proxies["nginx"] = {.request_ps = 4.5e6,
                                           .byte_ps = 60,
                                           .rule_ps = 1e3,
                                           .connection_ps = 5.5e6,
                                           .upstream_ps = 9e6,
                                           .provenance = {.source = "guessed", .assumption = true}};
  const ApplicationCosts back = read_profile(profile_text(profile, {})).applications;
  ASSERT_TRUE(back.tls);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(back.tls->versions[i].whole[0].client_ps, tls.versions[i].whole[0].client_ps);
    EXPECT_EQ(back.tls->versions[i].whole[1].server_ps, tls.versions[i].whole[1].server_ps);
    EXPECT_EQ(back.tls->versions[i].resumed.client_ps, tls.versions[i].resumed.client_ps);
  }
  EXPECT_EQ(back.tls->byte_ps, 210);
  const ProxyCost& nginx = back.proxies.at("nginx");
  EXPECT_EQ(nginx.request_ps, 4.5e6);
  EXPECT_EQ(nginx.upstream_ps, 9e6);
  EXPECT_TRUE(nginx.provenance.assumption);
}

}  // namespace
}  // namespace knetsim::lab
