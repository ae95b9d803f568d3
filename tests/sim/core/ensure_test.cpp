// A broken invariant throws in every build and says where, which expression, and what was found.
#include "sim/core/ensure.h"

#include <gtest/gtest.h>

#include <string>

namespace knetsim {
namespace {

TEST(Ensure, HoldingInvariantEvaluatesConditionOnceAndMessageNever) {
  int conditions = 0;
  int messages = 0;
  const auto message = [&messages] {
    ++messages;
    return std::string("never built");
  };
  KNETSIM_ENSURE(++conditions == 1, message());
  EXPECT_EQ(conditions, 1);
  EXPECT_EQ(messages, 0);
}

TEST(Ensure, BrokenInvariantNamesFileLineExpressionAndFinding) {
  const int line = __LINE__ + 2;
  try {
    KNETSIM_ENSURE(2 + 2 == 5, "found " + std::to_string(4));
    FAIL() << "nothing was thrown";
  } catch (const InvariantError& error) {
    EXPECT_EQ(error.line(), line);
    EXPECT_NE(std::string(error.file()).find("ensure_test.cpp"), std::string::npos);
    const std::string what = error.what();
    EXPECT_NE(what.find("ensure_test.cpp:" + std::to_string(line)), std::string::npos) << what;
    EXPECT_NE(what.find("2 + 2 == 5: found 4"), std::string::npos) << what;
  }
}

TEST(Ensure, MessageIsOptional) { EXPECT_THROW(KNETSIM_ENSURE(false), InvariantError); }

}  // namespace
}  // namespace knetsim
