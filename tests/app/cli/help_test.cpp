// Goal: help is what a person looks for first: purpose, usage, examples, then options, at 80 columns, in every command.
// Method: the built program is run; whole texts are compared with files that were read and approved.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "run_program.h"

namespace knetsim::test {
namespace {

using testing::StartsWith;

const std::vector<std::string> kCommands = {"run",    "validate", "trace",  "verify",  "inspect", "export",
                                            "models", "explain",  "schema", "version", "help"};

TEST(Help, OfTheProgramIsTheApprovedText) {
  const ProgramResult result = run_program("--help");
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.err, "");
  expect_golden("help.txt", result.out);
}

TEST(Help, OfTraceIsTheApprovedText) {
  const ProgramResult result = run_program("help trace");
  EXPECT_EQ(result.code, 0);
  expect_golden("help_trace.txt", result.out);
}

TEST(Help, ShowsExamplesBeforeOptionsWithin80ColumnsForEveryCommand) {
  for (const std::string& command : kCommands) {
    SCOPED_TRACE(command);
    const ProgramResult result = run_program(command + " --help");
    EXPECT_EQ(result.code, 0);
    const std::size_t usage = result.out.find("Usage: knetsim " + command);
    const std::size_t examples = result.out.find("Examples:\n  knetsim " + command);
    const std::size_t options = result.out.find("Options:");
    EXPECT_NE(usage, std::string::npos);
    EXPECT_LT(usage, examples);
    EXPECT_LT(examples, options);
    std::istringstream lines(result.out);
    for (std::string line; std::getline(lines, line);) {
      const bool example = line.starts_with("  knetsim ") || line.find("| knetsim") != std::string::npos ||
                           line.find("xarray") != std::string::npos;  // a command is not broken
      EXPECT_TRUE(example || line.size() <= 80) << line;
    }
  }
}

TEST(Help, OfACommandIsTheSameByEitherName) {
  for (const std::string& command : kCommands) {
    EXPECT_EQ(run_program("help " + command).out, run_program(command + " --help").out);
    EXPECT_EQ(run_program(command + " -h").out, run_program(command + " --help").out);
  }
}

TEST(Help, WithoutArgumentsGoesToStandardErrorAsAUsageError) {
  const ProgramResult result = run_program("");
  EXPECT_EQ(result.code, 2);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(result.err, run_program("--help").out);
  EXPECT_EQ(run_program("help").out, result.err);
}

TEST(Help, OfAnUnknownCommandNamesTheNearest) {
  const ProgramResult result = run_program("help trce");
  EXPECT_EQ(result.code, 2);
  EXPECT_EQ(result.err, "knetsim: unknown command 'trce'; did you mean 'trace'?\n");
}

TEST(Version, IsPrintedByOptionAndByCommand) {
  const ProgramResult option = run_program("--version");
  EXPECT_EQ(option.code, 0);
  EXPECT_THAT(option.out, StartsWith("knetsim 0."));
  EXPECT_THAT(run_program("version").out, StartsWith(option.out));
}

}  // namespace
}  // namespace knetsim::test
