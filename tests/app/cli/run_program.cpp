#include "run_program.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace knetsim::test {

ProgramResult run_program(const std::string& shell, const std::string& environment) {
  const TemporaryFolder scratch;
  const std::string command = "cd " KNETSIM_SOURCE_DIR " && env -u CLICOLOR_FORCE -u NO_COLOR " + environment +
                              " " KNETSIM_PROGRAM " " + shell + " >" + scratch.path("out") + " 2>" +
                              scratch.path("err") + " </dev/null";
  const int status = std::system(command.c_str());
  ProgramResult result;
  result.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  result.out = read_text(scratch.path("out"));
  result.err = read_text(scratch.path("err"));
  return result;
}

std::string first_difference(const std::string& expected, const std::string& actual) {
  std::istringstream left(expected);
  std::istringstream right(actual);
  for (int line = 1;; ++line) {
    std::string a;
    std::string b;
    const bool has_a = static_cast<bool>(std::getline(left, a));
    const bool has_b = static_cast<bool>(std::getline(right, b));
    if (!has_a && !has_b) return "";
    if (has_a != has_b || a != b) {
      return "line " + std::to_string(line) + "\n  expected: " + (has_a ? a : "(end)") +
             "\n  actual:   " + (has_b ? b : "(end)");
    }
  }
}

void expect_golden(const std::string& name, const std::string& text) {
  const std::filesystem::path path = std::filesystem::path(KNETSIM_SOURCE_DIR) / "tests/app/cli/golden" / name;
  if (std::getenv("KNETSIM_UPDATE_GOLDEN") != nullptr) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
    return;
  }
  EXPECT_EQ(text, read_text(path)) << "differs from " << path;
}

}  // namespace knetsim::test
