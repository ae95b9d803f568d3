// Goal: mistakes in scenarios are told with place, path, what is accepted and a near name, all of a stage in one pass.
// Method: golden texts. Each broken/<case>.yaml has its exact output beside it in <case>.txt. To renew them after a
// deliberate change, run with KNETSIM_UPDATE_GOLDEN=1 and read the difference.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "sim/experiment/load_scenario.h"

namespace knetsim {
namespace {

// Relative to the root of the sources, where tests run, since messages name files as the user did.
constexpr const char* kFolder = "tests/sim/experiment/broken";

std::vector<std::string> cases() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(KNETSIM_SOURCE_DIR) + "/" + kFolder)) {
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem().string());
  }
  std::ranges::sort(names);
  return names;
}

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class BrokenScenario : public testing::TestWithParam<std::string> {};

TEST_P(BrokenScenario, IsExplainedAsTheGoldenTextSays) {
  const std::string base = std::string(kFolder) + "/" + GetParam();
  std::string said;
  try {
    load_scenario(base + ".yaml", {});
  } catch (const ConfigError& error) {
    said = error.what();
  }
  if (std::getenv("KNETSIM_UPDATE_GOLDEN") != nullptr) std::ofstream(base + ".txt", std::ios::binary) << said;
  EXPECT_EQ(said, contents(base + ".txt"));
  EXPECT_FALSE(said.empty()) << "a broken scenario passed without a word";
}

INSTANTIATE_TEST_SUITE_P(Golden, BrokenScenario, testing::ValuesIn(cases()), [](const auto& instance) {
  std::string name = instance.param;
  std::ranges::replace(name, '-', '_');
  return name;
});

TEST(Configs, EveryScenarioOfTheProgramLoads) {
  for (const char* path : {"configs/quickstart.yaml", "configs/tutorial.yaml", "configs/service-graph.yaml"}) {
    const auto loaded = load_scenario(path, {});
    EXPECT_FALSE(loaded->variants.empty());
    EXPECT_EQ(render(loaded->diagnostics.notices()), "") << path;
  }
}

}  // namespace
}  // namespace knetsim
