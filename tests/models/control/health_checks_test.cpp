// Goal: a load balancer takes a change up with the last of the checks in a row that it wants to see, and a change that is
// over by then never. Method: a scheduler without anything else; times by the closed form, over several seeds.

#include "models/control/health_checks.h"

#include <gtest/gtest.h>

namespace knetsim {
namespace {

using namespace std::chrono_literals;

/// Two nodes with an endpoint each, policy Local, and what they know without the one of node 1.
class TwoNodes : public testing::TestWithParam<std::uint64_t> {
 protected:
  TwoNodes() {
    cluster.nodes.resize(2);
    cluster.nodes[0].name = "node-0";
    cluster.nodes[1].name = "node-1";
    cluster.services.push_back({.name = "web", .ns = "default", .port_count = 1, .external_traffic_local = true});
    cluster.service_ports.push_back({.service = 0, .port = 80});
    const std::vector<Endpoint> both = {{.port = 80, .pod = 0, .node = 0}, {.port = 80, .pod = 1, .node = 1}};
    EndpointTable all(1), fewer(1);
    all.set(0, IpFamily::V4, both);
    fewer.set(0, IpFamily::V4, std::span(both).first(1));
    views = EndpointViews(std::move(all));
    with = views.at(1);
    views.publish(std::move(fewer), kTimeZero);
    without = views.latest();
    balancer.emplace(cluster, views, services);
    checks.emplace(scheduler, cluster, *balancer, RandomStreams(GetParam()),
                   HealthCheckOptions{.interval = 10s, .healthy = 2, .unhealthy = 3}, 0);
  }
  bool well_at(Time time) {
    scheduler.run_until(time, ~std::uint64_t{0});
    return balancer->is_healthy(0, 1);
  }
  /// When the load balancer has another opinion than at `from`, to 10 ms.
  Time changes_after(Time from) {
    const bool before = well_at(from);
    for (Time time = from;; time += 10ms) {
      if (well_at(time) != before) return time;
      if (time > from + 200s) return time;
    }
  }

  Cluster cluster;
  std::vector<ServiceIndex> services{0};
  EndpointViews views;
  EndpointView with = views.latest(), without = views.latest();
  Scheduler scheduler{1};
  std::optional<NodeBalancer> balancer;
  std::optional<HealthChecks> checks;
};

INSTANTIATE_TEST_SUITE_P(Seeds, TwoNodes, testing::Values(1, 2, 3, 4, 5));

TEST_P(TwoNodes, AFailureIsTakenUpWithTheThirdCheckAndARecoveryWithTheSecond) {
  const Time fails = kTimeZero + 100s;
  scheduler.run_until(fails, ~std::uint64_t{0});
  checks->on_synced(1, without, fails);
  const Time noticed = changes_after(fails);
  EXPECT_GE(noticed, fails + 20s);
  EXPECT_LE(noticed, fails + 30s + 10ms);
  const Time recovers = noticed + 7s;
  scheduler.run_until(recovers, ~std::uint64_t{0});
  checks->on_synced(1, with, recovers);
  const Time back = changes_after(recovers);
  EXPECT_EQ((back - noticed) / 10ms * 10ms, 20s)
      << "checks are at fixed instants: 3 s to the next one, and another interval";
}

TEST_P(TwoNodes, AChangeThatIsOverBeforeIsNotNoticed) {
  const Time fails = kTimeZero + 100s;
  scheduler.run_until(fails, ~std::uint64_t{0});
  checks->on_synced(1, without, fails);
  scheduler.run_until(fails + 15s, ~std::uint64_t{0});
  checks->on_synced(1, with, fails + 15s);
  for (Time time = fails + 15s; time < fails + 100s; time += 1s) EXPECT_TRUE(well_at(time));
}

TEST_P(TwoNodes, ANodeThatIsDownAnswersNoCheckWhateverItsProxyKnew) {
  const Time down = kTimeZero + 50s;
  scheduler.run_until(down, ~std::uint64_t{0});
  checks->on_node(1, true, with, down);
  checks->on_synced(1, with, down + 1s);
  EXPECT_LE(changes_after(down), down + 30s + 10ms);
}

}  // namespace
}  // namespace knetsim
