// Goal: connections fail from the moment on at which a kernel has no room for them, and as many as arithmetic has it. Method:
// constant arrivals of new connections; ports and entries over their rate, and their timers.

#include <gtest/gtest.h>

#include <algorithm>

#include "app/experiment/simulation.h"
#include "app/scenario/connection_limits.h"
#include "support/scenario_fixture.h"

namespace knetsim {
namespace {

struct ExhaustedRun {
  Ready scene;
  PointResult result;

  ExhaustedRun(const std::string& cluster, const std::string& workload, const std::string& run)
      : scene("cluster: {nodes: {count: 2, cpu: 16}" + cluster +
                  "}\npatches: {Service/web: {spec.type: NodePort}}\nworkloads: {ask: {" + workload + "}}\n",
              app_manifests("web", 1) + app_manifests("client", 1), run),
        result(simulate(scene.variant(), 0)) {}
  const EdgeStats& edge() const { return result.edges.front(); }
  /// That of this kind; none: null.
  const Exhaustion* met(KernelLimit limit) const {
    const auto found = std::ranges::find(result.limits, limit, &Exhaustion::limit);
    return found == result.limits.end() ? nullptr : &*found;
  }
};

double seconds_of(Time at) { return to_seconds(at - kTimeZero); }

// 1,000 a second: 28,232 ports last 28.2 s; the first is free again when its TIME_WAIT has ended, after 60 s.
TEST(KernelLimits, LocalPortsRunOutAndComeBack) {
  const ExhaustedRun run("", "from: app=client, to: web, arrivals: {constant: 1000/s}", "{duration: 70s}");
  const Exhaustion* met = run.met(KernelLimit::LocalPorts);
  ASSERT_NE(met, nullptr);
  EXPECT_NEAR(seconds_of(met->since), 28.232, 0.01);
  EXPECT_NEAR(static_cast<double>(met->connections), (60 - 28.232) * 1000, 20);
  EXPECT_EQ(run.edge().errors, met->connections);
  EXPECT_EQ(run.edge().errors_by_failure[static_cast<std::size_t>(Failure::LocalPorts)], met->connections);
  EXPECT_EQ(run.edge().ok + run.edge().errors, run.edge().asked);
  EXPECT_EQ(met->room, 28'232U);
}

TEST(KernelLimits, WhereTheServerClosesFirstPortsLast) {
  const ExhaustedRun run("", "from: app=client, to: web, arrivals: {constant: 1000/s}, connection: {awaitClose: true}",
                         "{duration: 35s}");
  EXPECT_EQ(run.edge().errors, 0U);
  EXPECT_TRUE(run.result.limits.empty());
}

// Where connect() itself translates, each endpoint is a destination of its own: two of them have twice the ports.
TEST(KernelLimits, WhereTheSystemCallTranslatesEachEndpointHasPorts) {
  Ready scene(
      "cluster: {nodes: {count: 2, cpu: 16}, cni: {kind: cilium}, proxy: {mode: ebpf}}\n"
      "workloads: {ask: {from: app=client, to: web, arrivals: {constant: 1000/s}}}\n",
      app_manifests("web", 2) + app_manifests("client", 1), "{duration: 40s}");
  EXPECT_EQ(simulate(scene.variant(), 0).edges.front().errors, 0U);
}

const std::string kFromOutside =
    "from: {external: {count: 4, rtt: 1ms}}, to: {nodePort: web}, arrivals: {constant: 3000/s}";

// Half of 3,000 a second each node masquerades towards the one endpoint: 64,512 ports last 43 s, where conntrack keeps each.
TEST(KernelLimits, PortsOfAMasqueradingNodeRunOut) {
  const ExhaustedRun old(", kernel: \"6.1\"", kFromOutside, "{duration: 50s}");
  const Exhaustion* met = old.met(KernelLimit::NatPorts);
  ASSERT_NE(met, nullptr);
  EXPECT_NEAR(seconds_of(met->since), 64'512 / 1500.0, 0.4) << "nodes are drawn: a standard deviation of 0.1 s";
  const double after = 3'000 * (50 - seconds_of(met->since));
  EXPECT_NEAR(static_cast<double>(old.edge().timeouts), after, 0.03 * after) << "SYNs are dropped in silence";
  const ExhaustedRun now(", kernel: \"6.7\"", kFromOutside, "{duration: 50s}");
  EXPECT_EQ(now.met(KernelLimit::NatPorts), nullptr) << "a closing entry gives way";
}

// Room for 5,000 entries, which the nodes have after 5 s; until the first end after 120 s the collector makes room for 250 each time.
TEST(KernelLimits, AFullConntrackDropsNewConnections) {
  const ExhaustedRun run(", proxy: {mode: iptables, conntrack: {maxPerCore: 1, min: 5000}}",
                         "from: app=client, to: web, arrivals: {constant: 1000/s}", "{duration: 20s}");
  const Exhaustion* met = run.met(KernelLimit::Conntrack);
  ASSERT_NE(met, nullptr);
  EXPECT_NEAR(seconds_of(met->since), 5, 0.02);
  EXPECT_LE(run.edge().timeouts, 15'010U);
  EXPECT_GE(run.edge().timeouts, 15'000U - 2 * 251U - 10) << "each of two nodes is passed at most once in 20 s";
  EXPECT_GE(met->connections, run.edge().timeouts) << "with those of the drain";
}

TEST(KernelLimits, NothingIsCountedWhereNothingCanFill) {
  Ready scene(
      "cluster: {nodes: {count: 2, cpu: 16}}\nworkloads: {ask: {from: app=client, to: web, arrivals: {constant: "
      "100/s}}}\n",
      app_manifests("web", 1) + app_manifests("client", 1), "{duration: 1s}");
  EXPECT_FALSE(table_limits(scene.variant()).any());
}

}  // namespace
}  // namespace knetsim
