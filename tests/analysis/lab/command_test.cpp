#include "analysis/lab/command.h"

#include <gtest/gtest.h>

#include <chrono>

namespace knetsim::lab {
namespace {

using namespace std::chrono_literals;

TEST(Command, GivesBackWhatTheProgramPrintedAndHowItEnded) {
  EXPECT_EQ(run({"echo", "one", "two words"}).output, "one two words\n");
  EXPECT_EQ(run({"sh", "-c", "echo complaint >&2; exit 3"}).status, 3);
  EXPECT_EQ(run({"sh", "-c", "echo complaint >&2; exit 3"}).output, "complaint\n");
  EXPECT_EQ(run({"sh", "-c", "kill -9 $$"}).status, 128 + 9);
  EXPECT_EQ(run({"no-such-program-here"}).status, 127);
}

TEST(Command, FeedsMoreThanAPipeHoldsAndReadsAsMuch) {
  const std::string megabytes(5'000'000, 'x');
  EXPECT_EQ(run({"cat"}, {.input = megabytes}).output, megabytes);
  EXPECT_EQ(run({"true"}, {.input = megabytes}).status, 0) << "one that does not read its input is no error";
}

TEST(Command, EndsWhatRunsTooLongWithItsChildren) {
  const CommandResult result = run({"sh", "-c", "sleep 1000 & echo $!; wait"}, {.patience = 300ms});
  EXPECT_TRUE(result.timed_out);
  const std::string child = result.output.substr(0, result.output.find('\n'));
  // Killed, perhaps not yet collected by whoever inherited it.
  const std::string state = run({"ps", "-o", "stat=", "-p", child}).output;
  EXPECT_TRUE(state.empty() || state.starts_with("Z")) << state;
}

TEST(Command, SplitsAtBlanks) {
  EXPECT_EQ(words("  ip  link add x "), (std::vector<std::string>{"ip", "link", "add", "x"}));
  EXPECT_TRUE(words(" ").empty());
}

}  // namespace
}  // namespace knetsim::lab
