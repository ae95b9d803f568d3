// Goal: two containers of one pod serve each other over the loopback, each with workers of its own.
// Method: one worker in each container and an open loop at a load of 0.3: with shared workers the first request would
// wait for itself for ever. With constant times and noise off the fastest request takes at least the work of both.

#include <gtest/gtest.h>

#include "app/experiment/simulation.h"
#include "support/scenario_fixture.h"

namespace knetsim {
namespace {

TEST(LoopbackRun, ContainersOfAPodDoNotShareWorkers) {
  Ready scene(
      "apps: {web: {work: 200us, workers: 1, calls: ['localhost:6379']}, web/redis: {work: 100us, workers: 1}}\n"
      "workloads: {browse: {from: app=client, to: web, arrivals: {constant: 1000/s}}}\n",
      app_manifests("web", 1, "      - {name: redis, image: x, ports: [{containerPort: 6379}]}\n") +
          app_manifests("client", 1),
      "{duration: 500ms, noise: off}");
  const PointResult result = simulate(scene.variant(), 0);
  ASSERT_EQ(result.edges.size(), 2u);
  for (const EdgeStats& edge : result.edges) {
    EXPECT_EQ(edge.asked, edge.ok);
    EXPECT_GE(edge.asked, 499u);
    EXPECT_EQ(edge.timeouts, 0u);
  }
  std::uint64_t served = 0;
  for (const std::uint64_t of_pod : result.served_by_pod) served += of_pod;
  EXPECT_EQ(served, result.edges[0].ok + result.edges[1].ok);
}

}  // namespace
}  // namespace knetsim
