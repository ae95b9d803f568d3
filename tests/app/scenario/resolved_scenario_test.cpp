// Goal: the resolved scenario of a results file is the whole scenario, and running it gives the run again.
// Method: each scenario is resolved with assignments, the text is put beside it and loaded without them: every variant
// fires the same events in the same order. Resolving it again changes nothing.

#include "app/scenario/resolved_scenario.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/experiment/simulation.h"
#include "app/scenario/load_scenario.h"
#include "support/scenario_fixture.h"

namespace knetsim {
namespace {

using testing::HasSubstr;
using testing::Not;

std::vector<std::uint64_t> orders(const LoadedScenario& loaded) {
  std::vector<std::uint64_t> orders;
  for (const BoundVariant& variant : loaded.variants) {
    RunDigest order;
    simulate(variant, 0, nullptr, &order);
    orders.push_back(order.value());
  }
  return orders;
}

class Resolved : public testing::TestWithParam<const char*> {};

TEST_P(Resolved, RunsAgainAsItRan) {
  TemporaryFolder folder;
  const auto copy = std::filesystem::copy_options::recursive;
  std::filesystem::copy("configs", folder / "configs", copy);
  std::filesystem::create_directories(folder / "tests/app/experiment");
  std::filesystem::copy("tests/app/experiment/runs", folder / "tests/app/experiment/runs", copy);
  const std::string path = folder.path(GetParam());
  const auto first = load_scenario(
      path, {.sets = {"run.duration=60ms", "run.warmUp=20ms", "run.seed=9", "cluster.background.services=70"},
             .variants = {}});
  std::ofstream(path, std::ios::binary) << first->resolved;
  const auto again = load_scenario(path, {});
  EXPECT_EQ(again->resolved, first->resolved);
  EXPECT_EQ(orders(*again), orders(*first));
}

INSTANTIATE_TEST_SUITE_P(Scenarios, Resolved,
                         testing::Values("configs/quickstart.yaml", "configs/service-graph.yaml",
                                         "configs/tutorial.yaml", "tests/app/experiment/runs/overload.yaml",
                                         "tests/app/experiment/runs/datagrams.yaml"),
                         [](const auto& instance) {
                           std::string name = std::filesystem::path(instance.param).stem().string();
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(ResolvedScenario, WritesOutDefaultsAndKeepsWhatIsGiven) {
  InputSet inputs;
  TemporaryFolder folder;
  const Document document =
      read_document(inputs.open(folder.write("s.yaml", scenario_text(kBrowse, "{duration: 1s, seed: 7}"))));
  const std::vector<std::string> sets{"cluster.cni.kind=flannel"};
  const std::string text = resolved_scenario(document, sets);
  EXPECT_THAT(text, HasSubstr("seed: 7"));
  EXPECT_THAT(text, Not(HasSubstr("seed: 1\n")));
  EXPECT_THAT(text, HasSubstr("replicates: 1"));   // run's
  EXPECT_THAT(text, HasSubstr("kind: flannel"));   // the assignment
  EXPECT_THAT(text, HasSubstr("mode: iptables"));  // cluster.proxy's, where no cluster was given
  EXPECT_THAT(text, HasSubstr("timeout: 2s"));     // the workload's
  EXPECT_THAT(text, HasSubstr("to: web"));         // the shorthand stays
}

}  // namespace
}  // namespace knetsim
