// Goal: mistakes in scenarios are told with place, path, what is accepted and a near name, all of a stage in one pass.
// Method: golden texts.

#include <gtest/gtest.h>

#include <string>

#include "app/scenario/load_scenario.h"
#include "support/golden.h"

namespace knetsim {
namespace {

constexpr const char* kFolder = "tests/app/scenario/broken";

class BrokenScenario : public testing::TestWithParam<std::string> {};

TEST_P(BrokenScenario, IsExplainedAsTheGoldenTextSays) {
  const std::string base = std::string(kFolder) + "/" + GetParam();
  std::string said;
  try {
    load_scenario(base + ".yaml", {});
  } catch (const ConfigError& error) {
    said = error.what();
  }
  EXPECT_EQ(said, golden_text(base + ".txt", said));
  EXPECT_FALSE(said.empty()) << "a broken scenario passed without a word";
}

INSTANTIATE_TEST_SUITE_P(Golden, BrokenScenario, testing::ValuesIn(golden_cases(kFolder)),
                         [](const auto& instance) { return golden_test_name(instance.param); });

TEST(Configs, EveryScenarioOfTheProgramLoads) {
  for (const char* path : {"configs/quickstart.yaml", "configs/tutorial.yaml", "configs/service-graph.yaml"}) {
    const auto loaded = load_scenario(path, {});
    EXPECT_FALSE(loaded->variants.empty());
    EXPECT_EQ(render(loaded->diagnostics.notices()), "") << path;
  }
}

}  // namespace
}  // namespace knetsim
