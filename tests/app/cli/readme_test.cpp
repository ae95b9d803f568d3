// Goal: what the README shows of the quick start is what the program prints. Method: the quick start is run and
// compared line by line with the README's block, but for the lines that tell how long it took and where the file went.
// Renew the block with KNETSIM_UPDATE_GOLDEN=1.

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "run_program.h"

namespace knetsim {
namespace {

constexpr const char* kBegin = "<!-- quick start -->\n```\n";
constexpr const char* kEnd = "```\n";

std::string without_timing(const std::string& text) {
  std::istringstream lines(text);
  std::string kept;
  for (std::string line; std::getline(lines, line);) {
    if (line.find(" events in ") == std::string::npos && !line.starts_with("Wrote ")) {
      kept += line + "\n";
    }
  }
  return kept;
}

TEST(Readme, ShowsTheQuickStartsOutput) {
  const std::string path = std::string(KNETSIM_SOURCE_DIR) + "/README.md";
  std::string readme = read_text(path);
  const std::size_t begin = readme.find(kBegin);
  ASSERT_NE(begin, std::string::npos);
  const std::size_t from = begin + std::string(kBegin).size();
  const std::size_t to = readme.find(kEnd, from);
  ASSERT_NE(to, std::string::npos);
  const test::ProgramResult run = test::run_program("run configs/quickstart.yaml --no-results -q");
  ASSERT_EQ(run.code, 0) << run.err;
  if (std::getenv("KNETSIM_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path) << readme.replace(from, to - from, run.out);
    return;
  }
  EXPECT_EQ(without_timing(readme.substr(from, to - from)), without_timing(run.out));
}

}  // namespace
}  // namespace knetsim
