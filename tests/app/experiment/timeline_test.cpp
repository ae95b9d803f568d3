// Goal: what a cluster is can change while traffic runs, and nothing assumes that it does not.
// Method: changes put on a variant's timeline, and the counts of one run against those of a run that ends at the
// change.

#include "app/scenario/timeline.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "app/experiment/simulation.h"
#include "app/scenario/variant_models.h"
#include "support/scenario_fixture.h"

namespace knetsim {
namespace {

using namespace std::chrono_literals;

/// 1,000 requests a second, evenly spaced, from one client pod to two pods behind a Service.
struct Scene : Ready {
  explicit Scene(const std::string& requests_per_connection, const std::string& duration = "1s")
      : Ready(
            "cluster: {background: {services: 1000}, nodes: {count: 3}}\n"
            "workloads: {browse: {from: app=client, to: web, arrivals: {constant: 1000/s}, "
            "connection: {requestsPerConnection: " +
                requests_per_connection + "}}}\n",
            app_manifests("web", 2) + app_manifests("client", 1), "{duration: " + duration + ", noise: off}") {}

  /// The table of endpoints without the first one of every port; what pod is left.
  std::pair<EndpointTable, PodIndex> without_first() {
    const Cluster& cluster = *variant().cluster;
    EndpointTable table(cluster.service_ports.size());
    PodIndex left = kNoIndex;
    for (ServicePortIndex port = 0; port < cluster.service_ports.size(); ++port) {
      const auto all = cluster.endpoints.latest().endpoints(port);
      table.set(port, IpFamily::V4, all.subspan(all.size() > 1 ? 1 : 0));
      if (all.size() > 1) left = all[1].pod;
    }
    return {std::move(table), left};
  }

  std::uint64_t served_by_others(const PointResult& result, PodIndex pod) {
    return std::accumulate(result.served_by_pod.begin(), result.served_by_pod.end(), std::uint64_t{0}) -
           result.served_by_pod[pod];
  }
};

TEST(Timeline, ANodeSendsToAnEndpointUntilItLearnsThatItIsGone) {
  Scene all("1");
  const auto [table, left] = all.without_first();
  // Published at 200 ms, known to the nodes at 600 ms.
  all.variant().timeline.push_back({kTimeZero + 600ms, [](LiveCluster& live) {
                                      for (NodeIndex node = 0; node < 3; ++node) live.advance(node, 1);
                                    }});
  all.variant().timeline.push_back(
      {kTimeZero + 200ms, [&, &table = table](LiveCluster& live) { EXPECT_EQ(live.endpoints().publish(table), 1u); }});
  Scene early("1", "600ms");
  const PointResult whole = simulate(all.variant(), 0);
  const PointResult part = simulate(early.variant(), 0);
  EXPECT_EQ(whole.edges[0].ok, whole.edges[0].asked - whole.edges[0].unfinished);
  const std::uint64_t before = all.served_by_others(part, left);
  EXPECT_GT(before, 250u);  // half of 600, 99.99 % sure
  // A request of the last instant may be on its way when the short run ends.
  EXPECT_LE(all.served_by_others(whole, left) - before, 1u);
  EXPECT_EQ(all.variant().cluster->endpoints.latest().version(), 0u) << "the variant itself stays as it was";
}

TEST(Timeline, KeptConnectionsOutliveTheEndpointThatTheyWereOpenedTo) {
  Scene scene("0");
  const auto [table, left] = scene.without_first();
  const PointResult unchanged = simulate(scene.variant(), 0);
  scene.variant().timeline.push_back({kTimeZero + 500ms, [&table = table](LiveCluster& live) {
                                        const std::uint64_t version = live.endpoints().publish(table);
                                        for (NodeIndex node = 0; node < 3; ++node) {
                                          live.advance(node, version);
                                        }
                                      }});
  const PointResult changed = simulate(scene.variant(), 0);
  // One connection was enough for all requests, and it stays where it was opened to.
  EXPECT_EQ(unchanged.edges[0].connections, 1u);
  EXPECT_EQ(changed.edges[0].connections, 1u);
  EXPECT_EQ(changed.served_by_pod, unchanged.served_by_pod);
}

TEST(Timeline, RulesThatChangeAreWalkedFromThatInstantOn) {
  // Positions of rules and outer tuples depend on nothing but the request: the sum over requests before the change, of
  // a run that never changes, and over those after it, of one that has changed from the start, is exact.
  const auto rules = [](const std::string& duration, std::optional<Time> change) {
    Scene scene("1", duration);
    std::vector<RuleSizes> sizes = rule_sizes(scene.variant(), scene.variant().cluster->endpoints.latest());
    for (RuleSizes& ten_times : sizes) {
      ten_times.service_ports *= 10;
      ten_times.services_rules *= 10;
      ten_times.endpoints *= 10;
    }
    if (change) {
      scene.variant().timeline.push_back({*change, [=](LiveCluster& live) {
                                            for (NodeIndex node = 0; node < sizes.size(); ++node) {
                                              live.set_rules(node, sizes[node]);
                                            }
                                          }});
    }
    return simulate(scene.variant(), 0).edges[0].rules_evaluated;
  };
  const double few_early = rules("500ms", std::nullopt);
  const double many_late = rules("1s", kTimeZero) - rules("500ms", kTimeZero);
  EXPECT_GT(many_late, 5 * few_early);
  EXPECT_DOUBLE_EQ(rules("1s", kTimeZero + 500ms), few_early + many_late);
}

// A node that learns late keeps its old rules: of two Services that lose all endpoints, at 300 ms to half of the nodes,
// the connections from there are refused at once and those of the others go on.
TEST(Timeline, ANodesRulesAreThoseOfWhatItKnows) {
  Scene scene("1");
  const std::size_t ports = scene.variant().cluster->service_ports.size();
  std::vector<double> evaluated;
  for (const bool learns : {false, true}) {
    Scene one("1");
    one.variant().timeline.push_back({kTimeZero + 300ms, [=](LiveCluster& live) {
                                        const std::uint64_t version = live.endpoints().publish(EndpointTable(ports));
                                        for (NodeIndex node = 0; learns && node < 3; ++node) {
                                          live.advance(node, version);
                                        }
                                      }});
    const PointResult result = simulate(one.variant(), 0);
    evaluated.push_back(result.edges[0].rules_evaluated);
    EXPECT_EQ(result.edges[0].ok < result.edges[0].asked / 2, learns);
  }
  EXPECT_LT(evaluated[1], evaluated[0] / 2);
}

TEST(Timeline, ChangesAtOrAfterTheEndDoNotTakePlace) {
  Scene scene("1", "100ms");
  scene.variant().timeline.push_back({kTimeZero + 100ms, [](LiveCluster&) { FAIL(); }});
  simulate(scene.variant(), 0);
}

}  // namespace
}  // namespace knetsim
