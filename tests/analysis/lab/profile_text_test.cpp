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

}  // namespace
}  // namespace knetsim::lab
