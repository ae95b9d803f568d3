// Goal: every published table that the project knows of has a scenario, and what stands beside its figures is what that
// scenario gives. Method: the program's own words for an unknown table; one short table against `knetsim run` of its
// scenario. What takes longer is in published_test.cpp.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "run_program.h"

namespace knetsim::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

TEST(PublishedTables, AnUnknownOneListsThoseThatThereAre) {
  const ProgramResult run = run_program("verify --published --table streams");
  EXPECT_EQ(run.code, 2);
  EXPECT_EQ(run.out, "");
  EXPECT_THAT(run.err, HasSubstr("no table 'streams'; there are first-packet, proxy-modes, request-response, "
                                 "streams-100g, streams-40g, streams-10g, flannel-reports, forwarding, "
                                 "overlay-packet, dns-overlay, core-dns\n"));
}

/// Requests answered a second in one variant of a scenario, by `knetsim run`.
double answered(const std::string& scenario, const std::string& variant) {
  const ProgramResult run =
      run_program("run configs/validation/" + scenario + " --variant " + variant + " --no-results -q -o json");
  EXPECT_EQ(run.code, 0) << run.err;
  return json::parse(run.out)["runs"][0]["workloads"]["iperf3"]["achieved_per_s"];
}

TEST(PublishedTables, GoodputIsThatOfTheScenario) {
  const ProgramResult run = run_program("verify --published --table streams-10g -q -o json");
  ASSERT_EQ(run.code, 0) << run.err;
  const json table = json::parse(run.out)["tables"][0];
  std::size_t seen = 0;
  for (const json& figure : table["figures"]) {
    if (figure["figure"] != "ClusterIP" || figure["of"] != "kube-router (routes), MTU 1500") continue;
    ++seen;
    // 720 segments of 1,448 bytes a message.
    const double gbits = answered("streams-10g.yaml", "kube-router-service") * 720 * 1448 * 8e-9;
    EXPECT_NEAR(figure["model"].get<double>(), gbits, 1e-9);
    EXPECT_EQ(figure["published"], 8.38);
    EXPECT_NEAR(figure["relative_error"].get<double>(), gbits / 8.38 - 1, 1e-9);
    // Of a full packet's 1,538 bytes on the wire 1,448 are payload, and every link carries it at 10 Gbit/s.
    EXPECT_LT(gbits, 10 * 1448.0 / 1538);
    EXPECT_GT(gbits, 0.95 * 10 * 1448 / 1538);
  }
  EXPECT_EQ(seen, 1U);
  EXPECT_FALSE(table["not_modelled"].empty());
}

}  // namespace
}  // namespace knetsim::test
