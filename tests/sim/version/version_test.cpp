// Goal: a results file names the build that wrote it. Method: what the library says against what this test's own
// compilation knows (compiler, NDEBUG) and against the form that git gives commits.

#include "sim/version/version.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace knetsim {
namespace {

TEST(BuildInfo, CommitIsFortyHexDigitsOrUnknown) {
  const std::string sha(build_info().git_sha);
  if (sha == "unknown") {
    EXPECT_FALSE(build_info().git_dirty);
    return;
  }
  EXPECT_EQ(sha.size(), 40U);
  EXPECT_TRUE(std::all_of(sha.begin(), sha.end(), [](char c) {
    return std::string("0123456789abcdef").find(c) != std::string::npos;
  })) << sha;
}

TEST(BuildInfo, CompilerIsTheOneThatCompiledThisTest) {
#if defined(__clang__)
  const std::string expected = "Clang " + std::to_string(__clang_major__) + "." + std::to_string(__clang_minor__);
#else
  const std::string expected = "GNU " + std::to_string(__GNUC__) + "." + std::to_string(__GNUC_MINOR__);
#endif
  EXPECT_TRUE(build_info().compiler.starts_with(expected)) << build_info().compiler << " against " << expected;
}

TEST(BuildInfo, FlagsNameWhatDecidesTheResultsAndNoWarning) {
  const std::string flags(build_info().flags);
  EXPECT_NE(flags.find("-ffp-contract=off"), std::string::npos) << flags;
  EXPECT_NE(flags.find("-std=c++20"), std::string::npos) << flags;
  EXPECT_EQ(flags.find("-W"), std::string::npos) << flags;
#ifdef NDEBUG
  EXPECT_NE(flags.find("-DNDEBUG"), std::string::npos) << flags;
#else
  EXPECT_EQ(flags.find("-DNDEBUG"), std::string::npos) << flags;
#endif
  EXPECT_FALSE(build_info().build_type.empty());
}

}  // namespace
}  // namespace knetsim
