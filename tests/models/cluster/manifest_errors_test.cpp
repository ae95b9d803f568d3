// Goal: the mistakes that people make in manifests are told with place, path and what is accepted, all in one pass.
// Method: golden texts, errors first, then notices.

#include <gtest/gtest.h>

#include <string>

#include "load.h"
#include "support/golden.h"

namespace knetsim {
namespace {

constexpr const char* kFolder = "tests/models/cluster/broken";

class BrokenManifest : public testing::TestWithParam<std::string> {};

TEST_P(BrokenManifest, IsExplainedAsTheGoldenTextSays) {
  const std::string base = std::string(kFolder) + "/" + GetParam();
  const Loaded loaded = load_files({base + ".yaml"});
  const std::string said = loaded.errors() + loaded.notices();
  EXPECT_EQ(said, golden_text(base + ".txt", said));
  EXPECT_FALSE(said.empty()) << "a broken manifest passed without a word";
}

INSTANTIATE_TEST_SUITE_P(Golden, BrokenManifest, testing::ValuesIn(golden_cases(kFolder)),
                         [](const auto& instance) { return golden_test_name(instance.param); });

}  // namespace
}  // namespace knetsim
