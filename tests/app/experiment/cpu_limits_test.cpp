// Goal: each container of a pod has the quota of its own limit, the pod has one on top where all of them have, and both
// weigh as the kubelet has it. Method: one request a second to a pod with room to spare, noise off, so that it takes
// its work spread over periods of 100 ms by the quota that holds it: whole quotas, then the rest. Weights: backlogged
// threads of several pods on one core.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

#include "app/experiment/result_axes.h"
#include "app/experiment/simulation.h"
#include "app/scenario/pod_groups.h"
#include "support/scenario_fixture.h"

namespace knetsim {
namespace {

using namespace std::chrono_literals;

const std::string kClient =
    "apiVersion: v1\nkind: Pod\nmetadata: {name: client, labels: {app: client}}\n"
    "spec: {nodeName: n1, containers: [{name: c, image: x}]}\n---\n";

std::string server(const std::string& spec) {
  return kClient + "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {nodeName: n2, " + spec + "}\n";
}

/// What one request takes, ms; the path there and back, about 0.1, is in it.
double latency_ms(const std::string& apps, const std::string& manifests) {
  Ready scene(
      "cluster: {nodes: {cpu: 4}}\napps: " + apps +
          "\nworkloads: {ask: {from: app=client, to: {pod: web}, arrivals: {constant: 0.25/s}, timeout: 10s}}\n",
      manifests, "{duration: 8s, noise: off}");
  const PointResult result = simulate(scene.variant(), 0);
  const EdgeStats& asked = result.edges[scene.variant().traffic.sources.front().edge];
  EXPECT_GE(asked.ok, 1U);
  // Requests 4 s apart find the same phase of their periods; one that has not ended counts for less.
  return static_cast<double>(asked.latency_ns.max()) * 1e-6;
}

double held_to(double work_ms, double quota_ms) {
  const double whole = std::floor(work_ms / quota_ms);
  return whole * 100 + (work_ms - whole * quota_ms);
}

struct Limited {
  const char* what;
  const char* spec;
  double quota_ms;  ///< In 100 ms; 100 where nothing holds one thread.
  const char* app = "{web: {work: 190ms}}";
};

void PrintTo(const Limited& limited, std::ostream* out) { *out << limited.what; }

class ContainerLimits : public ::testing::TestWithParam<Limited> {};

TEST_P(ContainerLimits, HoldTheContainerThatWorks) {
  const Limited& c = GetParam();
  EXPECT_NEAR(latency_ms(c.app, server(c.spec)), held_to(190, c.quota_ms), 0.5);
}

INSTANTIATE_TEST_SUITE_P(
    Kubelet, ContainerLimits,
    ::testing::Values(
        Limited{"beside one without a limit",
                "containers: [{name: web, image: x, ports: [{containerPort: 80}], resources: {limits: {cpu: 400m}}}, "
                "{name: logger, image: x}]",
                40},
        Limited{"not lifted by the limit of another",
                "containers: [{name: web, image: x, ports: [{containerPort: 80}], resources: {limits: {cpu: 400m}}}, "
                "{name: logger, image: x, resources: {limits: {cpu: 1}}}]",
                40},
        Limited{"not those of another",
                "containers: [{name: web, image: x, ports: [{containerPort: 80}]}, {name: logger, image: x, resources: "
                "{limits: {cpu: 100m}}}]",
                100},
        Limited{"of the one that declares the port, not of the first",
                "containers: [{name: logger, image: x, resources: {limits: {cpu: 100m}}}, {name: web, image: x, ports: "
                "[{containerPort: 80}], resources: {limits: {cpu: 400m}}}]",
                40},
        Limited{"whatever init containers have",
                "initContainers: [{name: setup, image: x, resources: {limits: {cpu: 100m}}}], containers: [{name: web, "
                "image: x, ports: [{containerPort: 80}], resources: {limits: {cpu: 400m}}}]",
                40},
        Limited{"whatever sidecars have",
                "initContainers: [{name: mesh, image: x, restartPolicy: Always, ports: [{containerPort: 15090}], "
                "resources: "
                "{limits: {cpu: 2}}}], containers: [{name: web, image: x, ports: [{containerPort: 80}], resources: "
                "{limits: {cpu: 400m}}}]",
                40},
        Limited{"of the pod as a whole",
                "resources: {limits: {cpu: 500m}}, containers: [{name: web, image: x, ports: [{containerPort: 80}]}]",
                50},
        Limited{"tighter than the pod's",
                "resources: {limits: {cpu: 500m}}, containers: [{name: web, image: x, ports: [{containerPort: 80}], "
                "resources: {limits: {cpu: 400m}}}, {name: logger, image: x}]",
                40},
        Limited{"of the one that the app names",
                "containers: [{name: web, image: x, ports: [{containerPort: 80}], resources: {limits: {cpu: 400m}}}, "
                "{name: worker, image: x, resources: {limits: {cpu: 600m}}}]",
                60, "{web: {work: 190ms, container: worker}}"}));

// The least quota is 1 ms in a period (k/k pkg/kubelet/cm/helpers_linux.go, MinQuotaPeriod).
TEST(ContainerLimit, OfFiveThousandthsIsAHundredth) {
  EXPECT_NEAR(
      latency_ms(
          "{web: {work: 2500us}}",
          server("containers: [{name: web, image: x, ports: [{containerPort: 80}], resources: {limits: {cpu: 5m}}}]")),
      200.5, 0.5);
}

const std::string kTwoAtWork = "{web: {work: 10ms, calls: ['localhost:6379']}, web/redis: {work: 85ms}}";

TEST(ContainerLimits, OfTwoThatWorkAreTheirOwn) {
  const std::string pod = server(
      "containers: [{name: web, image: x, ports: [{containerPort: 80}], resources: {limits: {cpu: 1}}}, {name: redis, "
      "image: x, ports: [{containerPort: 6379}], resources: {limits: {cpu: 300m}}}]");
  EXPECT_NEAR(latency_ms(kTwoAtWork, pod), 10 + held_to(85, 30), 0.5);
}

// 20 ms in each 100: 10 of web and 10 of redis, then 20, 20, 20 and 15 of redis.
TEST(ContainerLimits, OfThePodHoldTwoThatWorkTogether) {
  const std::string pod = server(
      "resources: {limits: {cpu: 200m}}, containers: [{name: web, image: x, ports: [{containerPort: 80}]}, {name: "
      "redis, "
      "image: x, ports: [{containerPort: 6379}]}]");
  EXPECT_NEAR(latency_ms(kTwoAtWork, pod), 4 * 100 + 15, 0.5);
}

TEST(ContainerLimits, AContainerThatIsNotThereIsToldWithThoseThatAre) {
  Bound bound(scenario_text("apps: {web: {container: wep}}\n" + std::string(kBrowse)),
              app_manifests("web", 1) + app_manifests("client", 1));
  EXPECT_NE(bound.errors().find("no container 'wep'"), std::string::npos) << bound.errors();
  EXPECT_NE(bound.errors().find("server"), std::string::npos) << bound.errors();
}

std::string weighed(const std::string& name, const std::string& containers) {
  return "apiVersion: v1\nkind: Pod\nmetadata: {name: " + name + ", labels: {app: " + name +
         "}}\nspec: {nodeName: n1, containers: [" + containers + "]}\n---\n";
}

// Three pods on one core: 300m as 100m and 200m, of which the second is a limit alone; 100m; and nothing, 2 shares.
TEST(ContainerWeights, AddUpToThePods) {
  Ready scene(
      "cluster: {nodes: {cpu: 1}}\nworkloads: {ask: {from: app=a, to: {pod: b}, arrivals: {constant: 1/s}}}\n",
      weighed("a",
              "{name: x, image: x, resources: {requests: {cpu: 100m}}}, {name: w, image: x, resources: "
              "{limits: {cpu: 200m}}}") +
          weighed("b", "{name: x, image: x, ports: [{containerPort: 80}], resources: {requests: {cpu: 100m}}}") +
          weighed("c", "{name: x, image: x}"));
  Scheduler scheduler(4);
  Cpus cpus(scheduler, 0);
  const PodGroups groups = add_pod_groups(cpus, scene.variant());
  ASSERT_EQ(groups.main.size(), 3U);
  for (const GroupIndex group : groups.main) cpus.submit(kTimeZero, {.group = group, .cpu = 100s});
  scheduler.run_until(kTimeZero + 10s, ~std::uint64_t{0});
  const auto time = [&](std::size_t pod) { return to_seconds(cpus.group_time(groups.main[pod], kTimeZero + 10s)); };
  const double shares = 307.2 + 102.4 + 2;
  EXPECT_NEAR(time(0), 10 * 307.2 / shares, 0.05);
  EXPECT_NEAR(time(1), 10 * 102.4 / shares, 0.05);
  EXPECT_NEAR(time(2), 10 * 2 / shares, 0.05);
}

// Policy Local with a ready endpoint elsewhere: the pod that terminates on the client's node answers, in the container
// that declares the Service's port, and is one of the endpoints that results tell of.
TEST(ContainerLimits, HoldAlsoForAPodThatTerminatesAndServes) {
  const auto web = [](const char* name, const char* extra, const char* node) {
    return fmt::format(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: {}, labels: {{app: web}}{}}}\nspec: {{nodeName: {}, containers: "
        "[{{name: logger, image: x, ports: [{{containerPort: 9090}}], resources: {{limits: {{cpu: 100m}}}}}}, {{name: "
        "web, image: x, ports: [{{containerPort: 80}}], resources: {{limits: {{cpu: 1}}}}}}]}}\nstatus: {{conditions: "
        "[{{type: Ready, status: \"True\"}}]}}\n---\n",
        name, extra, node);
  };
  Ready scene(
      "cluster: {nodes: {cpu: 4}}\napps: {old: {work: 50ms}}\n"
      "workloads: {ask: {from: app=client, to: web, arrivals: {constant: 1/s}}}\n",
      kClient + web("old", ", deletionTimestamp: \"2026-01-01T00:00:00Z\"", "n1") + web("new", "", "n2") +
          "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {internalTrafficPolicy: Local, selector: {app: "
          "web}, ports: [{port: 80}]}\n",
      "{duration: 4s, noise: off}");
  const PointResult result = simulate(scene.variant(), 0);
  EXPECT_EQ(result.edges[0].ok, 4U);
  EXPECT_NEAR(static_cast<double>(result.edges[0].latency_ns.max()) * 1e-6, 50, 1);
  EXPECT_EQ(serving_pods(scene.variant()).size(), 2U);
}

}  // namespace
}  // namespace knetsim
