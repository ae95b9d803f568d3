// Goal: what network policies forbid and allow is said by every command that a person asks. Method: the built program on
// configs/network-policies.yaml, whose stranger is forbidden to ask and whose client is allowed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "run_program.h"

namespace knetsim::test {
namespace {

using testing::HasSubstr;
using testing::Not;

const char* const kPolicyScenario = "configs/network-policies.yaml";

TEST(PolicyCommands, TraceSaysWhichPoliciesAllowAConnection) {
  const ProgramResult result = run_program(std::string("trace ") + kPolicyScenario + " client web --variant rules");
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(
      result.out,
      HasSubstr("network policies: allowed: ingress, isolated by default/default-deny, default/web-for-clients"));
  EXPECT_THAT(result.out, HasSubstr("KUBE-ROUTER-FORWARD"));
  EXPECT_THAT(result.out, HasSubstr("rules of policies in the chain of the server's pod"));
  const ProgramResult nobody = run_program(std::string("trace ") + kPolicyScenario + " client web --variant nobody");
  EXPECT_THAT(nobody.out, Not(HasSubstr("network policies")));
}

TEST(PolicyCommands, TraceSaysWhatForbidsOne) {
  const ProgramResult result = run_program(std::string("trace ") + kPolicyScenario + " stranger web --variant maps");
  EXPECT_NE(result.code, 0);
  EXPECT_THAT(result.err, HasSubstr("network policies forbid 'web': ingress of default/web-"));
  EXPECT_THAT(result.err, HasSubstr(":8080 is isolated by default/default-deny, default/web-for-clients, and no rule "
                                    "allows from default/stranger"));
}

TEST(PolicyCommands, ValidateTellsBeforehandAndTheScreenAfterwards) {
  const ProgramResult told = run_program(std::string("validate ") + kPolicyScenario);
  EXPECT_EQ(told.code, 0) << told.err;
  EXPECT_THAT(told.out + told.err,
              HasSubstr("network policies forbid the connections of 'stranger', which are refused"));
  EXPECT_THAT(told.out + told.err,
              HasSubstr("network policies forbid the connections of 'stranger', which are dropped"));
  const ProgramResult run =
      run_program(std::string("run ") + kPolicyScenario + " --set run.duration=1s --set run.replicates=1 --no-results");
  EXPECT_THAT(run.out, HasSubstr("Policy (rules): "));
  EXPECT_THAT(run.out, HasSubstr(" connects of stranger were refused from "));
  EXPECT_THAT(run.out, HasSubstr(" connects of stranger were dropped from "));
  EXPECT_THAT(run.out, Not(HasSubstr("Policy (nobody)")));
  EXPECT_THAT(run.out, Not(HasSubstr("connects of client")));
}

}  // namespace
}  // namespace knetsim::test
