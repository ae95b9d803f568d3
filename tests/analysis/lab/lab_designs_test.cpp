// Goal: every case that is held out can be set up and asked on this machine. Method: each with few Services once,
// without looking at its times. Skipped where namespaces are not allowed.

#include <gtest/gtest.h>

#include <map>

#include "analysis/lab/lab_datapath.h"
#include "analysis/lab/lab_plan.h"
#include "analysis/lab/surroundings.h"

namespace knetsim::lab {
namespace {

TEST(LabDesigns, EveryHeldOutCaseOfFewServicesComesAbout) {
  if (const std::string why = lab_impossible(); !why.empty()) GTEST_SKIP() << why;
  const Surroundings here = look_around();
  for (const std::string& note : here.notes) RecordProperty("left out", note);
  std::map<LabSetup, std::unique_ptr<LabDatapath>> datapaths;
  for (const LabCase& one : held_out_cases(here)) {
    if (one.setup.rules.services > 100 || one.cold) continue;
    SCOPED_TRACE(one.name());
    auto& datapath = datapaths[one.setup];
    if (!datapath) datapath = std::make_unique<LabDatapath>(one.setup);
    EXPECT_EQ(datapath->measure(one, {here.cpus.front(), here.cpus.back()}, 4, nullptr).size(), 4u);
  }
  EXPECT_GT(datapaths.size(), 1u);
}

}  // namespace
}  // namespace knetsim::lab
