// Goal: call graphs in isotope's format become apps, and without manifests a cluster of their own.
// Method: a graph of the format's documentation (services, defaults, script with nested lists), checked by hand.

#include "app/scenario/service_graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "app/scenario/isotope_units.h"
#include "support/scenario_fixture.h"

namespace knetsim {
namespace {

using testing::HasSubstr;

constexpr const char* kGraph = R"(defaults:
  requestSize: 1 KB
  responseSize: 2 KB
  numReplicas: 2
  numRbacPolicies: 3
services:
- name: a
- name: b
  responseSize: 512
- name: c
  numReplicas: 1
  script:
  - call: a
  - sleep: 10ms
  - call: {service: b, size: 128B}
- name: d
  isEntrypoint: true
  script:
  - - call: a
    - call: c
  - call: b
)";

struct FromGraph {
  TemporaryFolder folder;
  InputSet inputs;
  Diagnostics diagnostics;
  Document document;
  Scenario scenario;
  std::shared_ptr<const LoadedCluster> loaded;
  CallGraph graph;
  FromGraph(const std::string& text, const std::string& extra = {}) {
    folder.write("g.yaml", text);
    document = read_document(inputs.open(folder.write(
        "s.yaml",
        "apiVersion: knetsim.io/v1alpha1\nkind: Scenario\nmetadata: {name: t}\ngraph: g.yaml\nrun: {duration: 1s}\n"
        "workloads: {w: {from: app=client, to: d, arrivals: {poisson: 1/s}}}\n" +
            extra)));
    scenario = bind_scenario(document.root(), diagnostics);
    if (diagnostics.has_errors()) return;
    loaded = ClusterLoader(inputs, diagnostics).load(scenario);
    if (!diagnostics.has_errors()) graph = build_call_graph(scenario, loaded->cluster, {}, diagnostics);
  }
};

TEST(ServiceGraph, BecomesAClusterAndACallGraph) {
  const FromGraph read(kGraph);
  ASSERT_EQ(render(read.diagnostics.errors()), "");
  EXPECT_EQ(read.loaded->cluster.services.size(), 4u);
  EXPECT_EQ(read.loaded->cluster.pods.size(), 2u + 2u + 1u + 2u + 1u) << "replicas of a, b, c, d and one client";
  const TrafficPlan& plan = read.graph.traffic;
  ASSERT_EQ(plan.apps.size(), 4u);
  ASSERT_EQ(plan.apps[2].steps.size(), 3u);
  EXPECT_DOUBLE_EQ(plan.apps[2].steps[1].sleep_seconds->mean(), 0.01);
  ASSERT_EQ(plan.apps[3].steps.size(), 2u);
  EXPECT_EQ(plan.apps[3].steps[0].calls.size(), 2u) << "a nested list is concurrent";
  const EdgeSpec& to_a = plan.edges[plan.apps[2].steps[0].calls[0]];
  EXPECT_EQ(exchange_of(to_a.script).request_bytes.mean(), 1024)
      << "the format's own reader, RAMInBytes, counts by 1024";
  EXPECT_EQ(exchange_of(to_a.script).response_bytes.mean(), 2048);
  const EdgeSpec& to_b = plan.edges[plan.apps[2].steps[2].calls[0]];
  EXPECT_EQ(exchange_of(to_b.script).request_bytes.mean(), 128);
  EXPECT_EQ(exchange_of(to_b.script).response_bytes.mean(), 512);
  EXPECT_EQ(plan.edges.size(), 2u + 3u + 1u);
}

TEST(ServiceGraph, AppsOfTheScenarioComeFirst) {
  const FromGraph read(kGraph, "apps: {a: {work: 1ms}}\n");
  ASSERT_EQ(render(read.diagnostics.errors()), "");
  ASSERT_EQ(read.graph.traffic.apps.size(), 4u);
  EXPECT_EQ(read.graph.traffic.apps[0].name, "a");
  EXPECT_DOUBLE_EQ(read.graph.traffic.apps[0].steps[0].work_seconds->mean(), 1e-3);
}

// Names went through made-up YAML: a quote in one was an error about a text that nobody wrote.
TEST(ServiceGraph, ANameThatNoObjectCanHaveIsToldWhereItStands) {
  const FromGraph quoted("services:\n- name: d\n- name: 'x\"}, y: {z: \"'\n");
  const std::string errors = render(quoted.diagnostics.errors());
  EXPECT_THAT(errors, HasSubstr("g.yaml:3:"));
  EXPECT_EQ(errors.find("as manifests"), std::string::npos);
}

TEST(ServiceGraph, MistakesAreToldWithTheirPlace) {
  const FromGraph unknown("services:\n- name: d\n  script:\n  - call: e\n");
  EXPECT_THAT(render(unknown.diagnostics.errors()), HasSubstr("g.yaml:4:11: error: the graph has no service 'e'"));
  const FromGraph circle("services:\n- name: d\n  script:\n  - call: e\n- name: e\n  script:\n  - call: d\n");
  EXPECT_THAT(render(circle.diagnostics.errors()), HasSubstr("in a circle, which never ends: d > e > d"));
  const FromGraph twice("services:\n- name: d\n- name: d\n");
  EXPECT_THAT(render(twice.diagnostics.errors()), HasSubstr("g.yaml:3:9: error: a second service 'd'"));
}

TEST(ServiceGraph, WhatIsLeftToChanceIsTold) {
  const FromGraph read(
      "services:\n- name: d\n  errorRate: 5%\n  script:\n  - call: {service: e, probability: 50}\n- name: e\n");
  EXPECT_EQ(render(read.diagnostics.errors()), "");
  EXPECT_EQ(read.diagnostics.notices().size(), 2u);
}

// istio/tools isotope/example-topologies/chain-2-services-different-cluster.yaml, and forms of a host beside it.
TEST(ServiceGraph, HostsAreOfAnyClusterAndInAnyForm) {
  for (const char* host : {"b.global:8080", "b.default.svc.cluster.local:8080", "http://b:8080", "b"}) {
    const FromGraph read(std::string("services:\n- {name: d, cluster: one, script: [{call: {service: b, hostname: \"") +
                         host + "\"}}]}\n- {name: b, cluster: two}\n");
    EXPECT_EQ(render(read.diagnostics.errors()), "") << host;
    EXPECT_EQ(read.graph.traffic.edges.size(), 2U) << host;
  }
  const FromGraph elsewhere(
      "services:\n- {name: d, script: [{call: {service: b, hostname: b.other.svc.cluster.local}}]}\n- {name: b}\n");
  EXPECT_THAT(render(elsewhere.diagnostics.errors()), HasSubstr("no service 'b'"));
}

/// The law of the pause of a graph's only script.
struct Pause {
  FromGraph read;
  explicit Pause(const std::string& sleep) : read("services:\n- name: d\n  script:\n  - sleep: " + sleep + "\n") {}
  std::string errors() const { return render(read.diagnostics.errors()); }
  double mean() const { return read.graph.traffic.apps.at(0).steps.at(0).sleep_seconds->mean(); }
};
std::string level(const std::string& type, const std::string& data, const std::string& load = "{Min: 0, Max: 10}") {
  return "{Load: " + load + ", Type: " + type + ", Data: " + data + "}";
}

// Means by hand: exp(1 + 0.5^2 / 2) ms of the lognormal law, shape / rate of gamma, a / (a - 1) minima of Pareto.
TEST(ServiceGraph, PausesComeInEachOfTheFormatsWays) {
  const auto mean = [](const std::string& one) {
    const Pause pause("{SleepCommand: [" + one + "]}");
    EXPECT_EQ(pause.errors(), "") << one;
    EXPECT_EQ(render(pause.read.diagnostics.notices()), "") << one;
    return pause.mean();
  };
  EXPECT_DOUBLE_EQ(mean(level("static", "{time: 10ms}")), 0.010);
  EXPECT_DOUBLE_EQ(mean("{load: {Min: 0}, type: static, data: {time: 10ms}}"), 0.010) << "as the format's own tests";
  EXPECT_DOUBLE_EQ(mean(level("static", "{time: 2.5}")), 0.0025) << "a bare number is milliseconds";
  EXPECT_DOUBLE_EQ(mean(level("dist", "{name: exp, Dist: {Rate: 0.5}}")), 0.002);
  EXPECT_NEAR(mean(level("dist", "{name: lognormal, Dist: {Mu: 1, Sigma: 0.5}}")), std::exp(1.125) * 1e-3, 1e-12);
  EXPECT_DOUBLE_EQ(mean(level("dist", "{name: gamma, Dist: {Alpha: 3, Beta: 0.5}}")), 0.006);
  EXPECT_DOUBLE_EQ(mean(level("dist", "{name: pareto, Dist: {Xm: 2, Alpha: 3}}")), 0.003);
  EXPECT_NEAR(mean(level("histogram", "{5ms: 70, 20ms: 30}")), 0.0095, 1e-12);
  EXPECT_NEAR(mean(level("raw", "{list: [1000000, 1000000, 4000000]}")), 0.002, 1e-12);
}

// As the format's own String() puts it into a JSON text; UnmarshalJSON of sleep_command.go reads it back.
TEST(ServiceGraph, APauseMayBeATextOfJson) {
  const Pause pause(
      R"('{"SleepCommand": [{"Load": {"min": 0, "Max": 10}, "Type": "dist", "Data": {"name": "exp", "Dist": {"Rate": 0.5}}}]}')");
  EXPECT_EQ(pause.errors(), "");
  EXPECT_DOUBLE_EQ(pause.mean(), 0.002);
  const Pause levels(
      R"("{\"SleepCommand\": [{\"Load\": {\"Min\": 9, \"Max\": 10}, \"Type\": \"static\", \"Data\": {\"time\": 1}}, )"
      R"({\"Load\": {\"Min\": 0, \"Max\": 9}, \"Type\": \"static\", \"Data\": {\"time\": \"4ms\"}}]}")");
  EXPECT_EQ(levels.errors(), "");
  EXPECT_DOUBLE_EQ(levels.mean(), 0.004);
  EXPECT_THAT(render(levels.read.diagnostics.notices()), HasSubstr("g.yaml:4:"));
  EXPECT_TRUE(levels.read.diagnostics.notices().at(0).unsupported);
  const Pause wrong(
      R"('{"SleepCommand": [{"Type": "dist", "Data": {"name": "normal", "Dist": {"Mu": 1, "Sigma": 1}}}]}')");
  EXPECT_THAT(wrong.errors(), HasSubstr("g.yaml:4:"));
  EXPECT_THAT(wrong.errors(), HasSubstr("pauses of the law 'normal' are not simulated"));
  EXPECT_THAT(Pause("'{\"Sleep\": []}'").errors(), HasSubstr("missing key 'SleepCommand'"));
  EXPECT_THAT(Pause("'{\"SleepCommand\": '").errors(), HasSubstr("g.yaml:4:"));
}

// Every law of sleep_command.go that is not played, and a name that is none.
TEST(ServiceGraph, ALawThatIsNotPlayedIsRefusedByItsName) {
  const auto errors = [](const std::string& law) {
    return Pause("{SleepCommand: [" + level("dist", "{name: " + law + ", Dist: {K: 1, Lambda: 2}}") + "]}").errors();
  };
  for (const char* law :
       {"normal", "beta", "chi-squared", "f", "gumbel-right", "inverse-gamma", "laplace", "studentst", "weibull"}) {
    EXPECT_THAT(errors(law), HasSubstr("pauses of the law '" + std::string(law) + "' are not simulated"));
    EXPECT_THAT(errors(law), HasSubstr("accepted: exp, lognormal, gamma, pareto"));
  }
  EXPECT_THAT(errors("log-normal"), HasSubstr("'log-normal' is no law of pauses; did you mean 'lognormal'?"));
}

TEST(ServiceGraph, PausesAreNamedByTheirLaw) {
  const auto kind = [](const std::string& one) {
    const Pause pause("{SleepCommand: [" + one + "]}");
    return pause.read.scenario.apps.at(0).calls.at(0).at(0).sleep.value().kind;
  };
  EXPECT_EQ(kind(level("static", "{time: 10ms}")), "constant");
  EXPECT_EQ(kind(level("dist", "{name: exp, Dist: {Rate: 0.5}}")), "exponential");
  EXPECT_EQ(kind(level("dist", "{name: lognormal, Dist: {Mu: 1, Sigma: 0.5}}")), "lognormal");
  EXPECT_EQ(kind(level("dist", "{name: gamma, Dist: {Alpha: 3, Beta: 0.5}}")), "gamma");
  EXPECT_EQ(kind(level("dist", "{name: pareto, Dist: {Xm: 2, Alpha: 3}}")), "pareto");
  EXPECT_EQ(kind(level("histogram", "{5ms: 70, 20ms: 30}")), "histogram");
  EXPECT_EQ(kind(level("raw", "{list: [1000000, 4000000]}")), "raw");
}

// ghodss/yaml, with which isotope reads a graph, lets the last of two equal keys count.
TEST(ServiceGraph, OfKeysThatStandTwiceTheLastCounts) {
  const FromGraph read("services:\n- name: d\n  numReplicas: 1\n  numReplicas: 3\n");
  ASSERT_EQ(render(read.diagnostics.errors()), "");
  EXPECT_EQ(read.loaded->cluster.pods.size(), 3u + 1u);
  EXPECT_THAT(render(read.diagnostics.notices()), HasSubstr("g.yaml:4:"));
  EXPECT_THAT(render(read.diagnostics.notices()), HasSubstr("duplicate key 'numReplicas'"));
}

TEST(ServiceGraph, AConcurrentStepWithoutCommandsTakesNoTime) {
  for (const char* step : {"[]", "{concurrent: []}"}) {
    const FromGraph read("services:\n- name: d\n  script:\n  - " + std::string(step) + "\n  - call: e\n- name: e\n");
    ASSERT_EQ(render(read.diagnostics.errors()), "") << step;
    ASSERT_EQ(read.graph.traffic.apps[0].steps.size(), 1u) << step;
  }
}

// isotope makes a Deployment of no pods of it, whose callers all fail.
TEST(ServiceGraph, AServiceWithoutPodsIsRefused) {
  EXPECT_THAT(render(FromGraph("services:\n- name: d\n  numReplicas: 0\n").diagnostics.errors()),
              HasSubstr("g.yaml:3:16: error: "));
  EXPECT_THAT(render(FromGraph("defaults: {numReplicas: 0}\nservices:\n- name: d\n").diagnostics.errors()),
              HasSubstr("g.yaml:1:"));
}

TEST(ServiceGraph, APauseByLoadIsThatOfTheLowestLevel) {
  const Pause pause("{SleepCommand: [" + level("static", "{time: 9ms}", "{Min: 11, Max: 99}") + ", " +
                    level("static", "{time: 3ms}") + "]}");
  EXPECT_EQ(pause.errors(), "");
  EXPECT_DOUBLE_EQ(pause.mean(), 0.003);
  EXPECT_THAT(render(pause.read.diagnostics.notices()), HasSubstr("do not depend on load"));
}

TEST(ServiceGraph, APauseThatIsNoneIsToldWithItsPlace) {
  const auto errors = [](const std::string& one) { return Pause("{SleepCommand: [" + one + "]}").errors(); };
  EXPECT_THAT(errors(level("dist", "{name: weibull, Dist: {K: 1, Lambda: 2}}")), HasSubstr("g.yaml:4:"));
  EXPECT_THAT(errors(level("histogram", "{5ms: 70, 20ms: 40}")), HasSubstr("110 percent together"));
  EXPECT_THAT(errors(level("histogram", "{5: 100}")), HasSubstr("g.yaml:4:"));
  EXPECT_THAT(errors(level("static", "{time: -1}")), HasSubstr("beyond what is simulated"));
  EXPECT_THAT(errors(level("raw", "{list: []}")), HasSubstr("list"));
  EXPECT_THAT(errors(level("sometimes", "{}")), HasSubstr("static"));
}

// Searching for circles used to call itself once a service, and looked at every call for each.
TEST(ServiceGraph, AChainMayBeAsLongAsMemoryHolds) {
  constexpr int kServices = 60'000;
  std::string graph = "services:\n";
  for (int i = 0; i + 1 < kServices; ++i) {
    graph += "- {name: " + (i == 0 ? std::string("d") : "s" + std::to_string(i)) + ", script: [{call: s" +
             std::to_string(i + 1) + "}]}\n";
  }
  graph += "- {name: s" + std::to_string(kServices - 1) + "}\n";
  const FromGraph read(graph, "cluster: {nodes: {count: 1000}}\n");
  EXPECT_EQ(render(read.diagnostics.errors()), "");
  EXPECT_EQ(read.graph.traffic.apps.size(), static_cast<std::size_t>(kServices));
}

// go-units' own test, TestRAMInBytes: units by 1024 whatever their case, bare numbers are bytes.
TEST(ServiceGraph, SizesAreThoseOfRamInBytes) {
  EXPECT_EQ(parse_ram_bytes("32"), 32);
  EXPECT_EQ(parse_ram_bytes("32b"), 32);
  EXPECT_EQ(parse_ram_bytes("32k"), 32 * 1024);
  EXPECT_EQ(parse_ram_bytes("32 KB"), 32 * 1024);
  EXPECT_EQ(parse_ram_bytes("32KiB"), 32 * 1024);
  EXPECT_EQ(parse_ram_bytes("32mb"), 32 << 20);
  EXPECT_EQ(parse_ram_bytes("1.5Gb"), std::int64_t{3} << 29);
  EXPECT_EQ(parse_ram_bytes("2 TiB"), std::int64_t{2} << 40);
  EXPECT_EQ(parse_ram_bytes("0"), 0);
  for (const char* wrong : {"", "hello", "-32", "32 x", "32kbx", "k", " 32 k b", "1e300"}) {
    EXPECT_THROW(parse_ram_bytes(wrong), ValueError) << wrong;
  }
}

// The format's README and example-topologies/chain-2-services-different-namespace.yaml.
TEST(ServiceGraph, NamespacesHostnamesAndOtherKeysOfTheFormatAreRead) {
  for (const char* key : {"hostname", "call-override"}) {
    const FromGraph read(
        std::string("apiVersion: v1alpha1\nkind: MockServiceGraph\ndefault: {type: grpc, requestSize: 128, "
                    "responseSize: 16k}\nservices:\n- {name: d, isEntrypoint: true, namespace: demo1, "
                    "script: [{call: {service: b, ") +
        key + ": \"b.demo2.svc.cluster.local:8080\"}}]}\n- {name: b, namespace: demo2}\n");
    ASSERT_EQ(render(read.diagnostics.errors()), "") << key;
    const TrafficPlan& plan = read.graph.traffic;
    ASSERT_EQ(plan.apps.size(), 2u);
    const EdgeIndex call = plan.apps[0].steps[0].calls[0];
    EXPECT_EQ(exchange_of(plan.edges[call].script).request_bytes.mean(), 128);
    EXPECT_EQ(exchange_of(plan.edges[call].script).response_bytes.mean(), 16 * 1024);
    const Cluster& cluster = read.loaded->cluster;
    EXPECT_EQ(cluster.services[cluster.service_ports[read.graph.targets[call].port].service].ns, "demo2");
  }
  const FromGraph body("services:\n- name: d\n  script:\n  - call: {service: e, payloadSize: 2 KB}\n- name: e\n");
  ASSERT_EQ(render(body.diagnostics.errors()), "");
  EXPECT_EQ(exchange_of(body.graph.traffic.edges[0].script).request_bytes.mean(), 2048);
  EXPECT_EQ(exchange_of(body.graph.traffic.edges[0].script).response_bytes.mean(), 1)
      << "a body of none: the format's default is 0";
  const FromGraph wrong("kind: Deployment\nservices:\n- name: d\n");
  EXPECT_THAT(render(wrong.diagnostics.errors()), HasSubstr("a Deployment, not a graph of services"));
}

TEST(ServiceGraph, WhatIsNotSimulatedIsSaid) {
  const FromGraph read(
      "defaults: {errorRate: 0.01}\nservices:\n- name: d\n  computeUsage: 10%\n  script:\n  - - sleep: 10ms\n    - "
      "call: "
      "e\n- name: e\n  errorRate: 0%\n");
  EXPECT_EQ(render(read.diagnostics.errors()), "");
  EXPECT_EQ(read.diagnostics.notices().size(), 3u) << render(read.diagnostics.notices());
  ASSERT_EQ(read.graph.traffic.apps[0].steps.size(), 2u) << "the pause, then the call";
}

}  // namespace
}  // namespace knetsim
