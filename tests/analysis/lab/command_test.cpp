#include "analysis/lab/command.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>

#include "support/temporary_folder.h"

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

// With an empty PATH, or "." in it, root ran ./ip of whatever folder it stood in.
TEST(Command, ProgramsComeFromFoldersOfRootAlone) {
  const TemporaryFolder folder;
  const std::string fake = folder.write("ip", "#!/bin/sh\necho foreign\n");
  ::chmod(fake.c_str(), 0755);
  const std::string path = std::getenv("PATH") == nullptr ? "" : std::getenv("PATH");
  const auto here = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  for (const std::string& value : {std::string(), std::string("."), std::string(":"), std::string("relative:.")}) {
    ::setenv("PATH", value.c_str(), 1);
    EXPECT_TRUE(find_program("sh").is_absolute()) << value;
    EXPECT_NE(find_program("ip").parent_path(), folder.path()) << value;
    EXPECT_EQ(run({"sh", "-c", "echo own"}).output, "own\n") << value;
  }
  ::setenv("PATH", folder.path().c_str(), 1);
  if (::geteuid() == 0) {
    EXPECT_NE(find_program("ip").parent_path(), folder.path());
    EXPECT_EQ(run({"sh", "-c", "echo $PATH"}).output, "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n");
  }
  std::filesystem::current_path(here);
  ::setenv("PATH", path.c_str(), 1);
}

TEST(Command, SplitsAtBlanks) {
  EXPECT_EQ(words("  ip  link add x "), (std::vector<std::string>{"ip", "link", "add", "x"}));
  EXPECT_TRUE(words(" ").empty());
}

}  // namespace
}  // namespace knetsim::lab
