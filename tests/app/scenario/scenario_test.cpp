// Goal: a scenario's keys become what the program works with, with the defaults that explain tells.
// Method: the documented example, key by key, and the shorthands beside their long forms.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/scenario/scenario_schema.h"
#include "models/cni/cni_model.h"
#include "models/proxy/proxy_model.h"
#include "support/golden.h"
#include "support/scenario_fixture.h"

namespace knetsim {
namespace {

using testing::HasSubstr;

struct ReadScenario {
  std::unique_ptr<Input> input;
  Document document;
  Diagnostics diagnostics;
  Scenario scenario;

  explicit ReadScenario(const std::string& text, const std::string& name = "configs/test.yaml")
      : input(Input::from_text(name, text)) {
    document = read_document(*input);
    scenario = bind_scenario(document.root(), diagnostics);
  }
  std::string errors() const { return render(diagnostics.errors()); }
};

TEST(Scenario, SketchOfTheDocumentsIsRead) {
  const ReadScenario read(R"(
apiVersion: knetsim.io/v1alpha1
kind: Scenario
metadata: {name: quickstart}
manifests: [shop/]
cluster:
  kubernetes: "1.36"
  kernel: "6.18"
  nodes: {count: 6, cpu: 8, memory: 32Gi, nic: 25Gbps}
  topology: {kind: leaf-spine, leaves: 2, spines: 2, delay: 500ns}
  cni: {kind: flannel, backend: vxlan}
  proxy: {mode: iptables}
  background: {services: 5000, endpointsPerService: 10}
costs: profiles/default.yaml
apps:
  frontend: {work: {exponential: 800us}, workers: 16, calls: [[cart, catalog], currency]}
  cart:     {work: {lognormal: {mean: 300us, p99: 2ms}}, workers: 8}
workloads:
  browse:
    from: {selector: app=client}
    to: {service: frontend, port: http}
    arrivals: {poisson: 2000/s}
    connection: {requestsPerConnection: 1}
    request: 1KiB
    response: 8KiB
    timeout: 2s
run: {duration: 30s, warmUp: 5s, seed: 42, replicates: 5}
slo: ['p99(latency{workload="browse"}) < 10ms']
)");
  ASSERT_EQ(read.errors(), "");
  const Scenario& s = read.scenario;
  EXPECT_EQ(s.name, "quickstart");
  EXPECT_EQ(s.manifests, std::vector<std::string>{"configs/shop/"});
  EXPECT_EQ(s.costs, "configs/profiles/default.yaml");
  EXPECT_EQ(s.cluster.nodes.count, 6u);
  EXPECT_EQ(s.cluster.nodes.memory, Bytes(std::int64_t{32} << 30));
  EXPECT_EQ(s.cluster.nodes.nic, Bandwidth(25'000'000'000));
  EXPECT_EQ(s.cluster.topology.kind, "leaf-spine");
  EXPECT_EQ(s.cluster.topology.delay, std::chrono::nanoseconds(500));
  EXPECT_EQ(s.cluster.proxy.sync_period, std::chrono::seconds(30));
  EXPECT_EQ(s.cluster.background.services, 5000u);
  ASSERT_EQ(s.apps.size(), 2u);
  ASSERT_EQ(s.apps[0].calls.size(), 2u);
  ASSERT_EQ(s.apps[0].calls[0].size(), 2u);
  EXPECT_EQ(s.apps[0].calls[0][1].to, "catalog");
  ASSERT_EQ(s.apps[0].calls[1].size(), 1u);
  EXPECT_EQ(s.apps[0].calls[1][0].to, "currency");
  EXPECT_DOUBLE_EQ(s.apps[0].work->law.mean(), 800e-6);
  EXPECT_NEAR(s.apps[1].work->law.mean(), 300e-6, 1e-12);
  ASSERT_EQ(s.workloads.size(), 1u);
  const WorkloadKeys& browse = s.workloads[0].second;
  EXPECT_EQ(browse.from.selector->to_string(), "app=client");
  EXPECT_TRUE(browse.to.service);
  EXPECT_EQ(browse.to.port, "http");
  EXPECT_EQ(browse.arrivals.poisson->per_second(), 2000);
  EXPECT_EQ(browse.response.mean, 8192);
  EXPECT_EQ(s.experiment.replicates, 5u);
  EXPECT_TRUE(s.run.noise);
  EXPECT_EQ(s.slo.size(), 1u);
}

TEST(Scenario, ShorthandsStandForTheirLongForms) {
  const ReadScenario read(scenario_text(R"(
apps:
  a:
    calls:
    - b
    - {to: "c:grpc", request: 2KiB, response: {uniform: {low: 1KiB, high: 3KiB}}, timeout: 1s, retries: 2, requestsPerConnection: 0}
    - sleep: 5ms
    - [d, {to: e, retries: 1}]
workloads:
  w: {from: app=x, to: a, arrivals: {closed: {users: 4, think: 10ms}}}
)"));
  ASSERT_EQ(read.errors(), "");
  const auto& calls = read.scenario.apps[0].calls;
  ASSERT_EQ(calls.size(), 4u);
  EXPECT_EQ(calls[0][0].to, "b");
  EXPECT_FALSE(calls[0][0].request);
  EXPECT_EQ(calls[1][0].to, "c:grpc");
  EXPECT_EQ(calls[1][0].request->mean, 2048);
  EXPECT_EQ(calls[1][0].response->law.mean(), 2048);
  EXPECT_EQ(*calls[1][0].timeout, std::chrono::seconds(1));
  EXPECT_EQ(*calls[1][0].requests_per_connection, 0u);
  EXPECT_EQ(calls[2][0].to, "");
  EXPECT_DOUBLE_EQ(calls[2][0].sleep->law.mean(), 5e-3);
  ASSERT_EQ(calls[3].size(), 2u);
  EXPECT_EQ(calls[3][1].retries->attempts, 1u);
  const WorkloadKeys& w = read.scenario.workloads[0].second;
  EXPECT_EQ(w.to.service, "a");
  ASSERT_TRUE(w.arrivals.closed);
  EXPECT_EQ(w.arrivals.closed->users, 4u);
  EXPECT_DOUBLE_EQ(w.arrivals.closed->think.law.mean(), 0.01);
  EXPECT_EQ(w.timeout, std::chrono::seconds(2));
}

TEST(Scenario, PathsCountFromTheFileAndNotFromTheCommandLine) {
  const auto file = Input::from_text("a/b/s.yaml", "{x: y}");
  const Document document = read_document(*file);
  EXPECT_EQ(path_beside(document["x"], "m/"), "a/b/m/");
  EXPECT_EQ(path_beside(document["x"], "../m.yaml"), "a/m.yaml");
  EXPECT_EQ(path_beside(document["x"], "/m"), "/m");
  EXPECT_EQ(path_beside(document["x"], "-"), "-");
  const auto set = Input::from_text("--set", "{x: y}");
  const Document from_set = read_document(*set);
  EXPECT_EQ(path_beside(from_set["x"], "m/"), "m/");
}

// The label is what the scheduler sees, so it has to be there before pods are placed.
TEST(Scenario, ZonesAreLabelsThatNodeSelectorsSee) {
  std::string manifests = app_manifests("web", 4, "      nodeSelector: {topology.kubernetes.io/zone: west}\n");
  const Bound bound(scenario_text(std::string("cluster: {nodes: {count: 5, zones: [east, west]}}\n") + kBrowse),
                    manifests + app_manifests("client", 1));
  ASSERT_EQ(bound.errors(), "");
  const Cluster& cluster = bound.loaded->cluster;
  std::vector<std::string> zones;
  for (const ClusterNode& node : cluster.nodes) zones.emplace_back(node.zone);
  EXPECT_THAT(zones, testing::ElementsAre("east", "west", "east", "west", "east"));
  for (const Pod& pod : cluster.pods) {
    if (cluster.workloads[pod.workload].name != "web") continue;
    EXPECT_EQ(cluster.nodes[pod.node].zone, "west") << pod.name;
  }
}

TEST(Scenario, PoolsOfNodesTakeWhatTheyDoNotSayFromAllNodes) {
  const std::string cluster =
      "cluster: {nodes: {count: 2, cpu: 4, nic: 25Gbps, labels: {env: test, disk: hdd}, pools: {fast: {count: 3, cpu: "
      "16, "
      "nic: 100Gbps, cpuFactor: 0.5, labels: {disk: ssd}, taints: [{key: dedicated, value: db}]}}}}\n";
  const std::string rules =
      "      nodeSelector: {disk: ssd, env: test}\n      tolerations: [{key: dedicated, operator: Exists}]\n";
  const Bound bound(scenario_text(cluster + kBrowse), app_manifests("web", 3, rules) + app_manifests("client", 2));
  ASSERT_EQ(bound.errors(), "");
  const std::vector<ClusterNode>& nodes = bound.loaded->cluster.nodes;
  ASSERT_EQ(nodes.size(), 5U);
  EXPECT_EQ(nodes[4].name, "fast-2");
  EXPECT_EQ(nodes[4].capacity.cpu_milli, 16000);
  EXPECT_EQ(nodes[1].capacity.cpu_milli, 4000);
  const NodesSpec& spec = bound.scenario.cluster.nodes;
  EXPECT_EQ(spec.nic_of(nodes[4].pool), Bandwidth(100'000'000'000));
  EXPECT_EQ(spec.nic_of(nodes[1].pool), Bandwidth(25'000'000'000));
  EXPECT_EQ(spec.cpu_factor_of(nodes[4].pool), 0.5);
  EXPECT_EQ(spec.cpu_factor_of(nodes[1].pool), 1.0);
  for (const Pod& pod : bound.loaded->cluster.pods) {
    EXPECT_EQ(nodes[pod.node].name.starts_with("fast"), pod.name.starts_with("web")) << pod.name;
  }
}

TEST(Scenario, PoolsAloneAreAllTheNodes) {
  const Bound bound(scenario_text(std::string("cluster: {nodes: {pools: {a: {count: 2}, b: {}}}}\n") + kBrowse),
                    app_manifests("web", 1) + app_manifests("client", 1));
  ASSERT_EQ(bound.errors(), "");
  EXPECT_EQ(bound.loaded->cluster.nodes.size(), 3U);
}

// The draws hang on run.seed and a pod's name: the same in every variant of one shape, other ones for another seed.
TEST(Scenario, PlacementFollowsTheSeedAndIsTheSameInVariantsOfOneShape) {
  std::string manifests;
  for (const char* name : {"client", "web", "a", "b", "c", "d"}) manifests += app_manifests(name, 1);
  const auto nodes_of = [](const Cluster& cluster) {
    std::string text;
    for (const Pod& pod : cluster.pods) text += std::string(cluster.nodes[pod.node].name) + " ";
    return text;
  };
  std::set<std::string> placements;
  for (const char* seed : {"1", "2", "3", "4"}) {
    const Ready ready(std::string("cluster: {nodes: {count: 10, cpu: 64, memory: 256Gi}}\n") + kBrowse +
                          "variants: {base: {}, ipvs: {cluster.proxy.mode: ipvs}, patched: {patches: {Deployment/c: "
                          "{spec.template.spec.hostNetwork: true}}}}\n",
                      manifests, std::string("{duration: 1s, seed: ") + seed + "}");
    const std::string base = nodes_of(*ready.loaded->variants[0].cluster);
    EXPECT_EQ(nodes_of(*ready.loaded->variants[1].cluster), base);
    EXPECT_EQ(nodes_of(*ready.loaded->variants[2].cluster), base) << "another network, the same shape";
    placements.insert(base);
  }
  EXPECT_GT(placements.size(), 1U);
}

TEST(Scenario, APortStandsBehindAColonInEveryTarget) {
  const std::string manifests =
      app_manifests("client", 1) +
      "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {selector: {matchLabels: "
      "{app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a, ports: "
      "[{name: http, containerPort: 8080, hostPort: 8080}, {name: admin, containerPort: 9090, "
      "hostPort: 9090}]}]}}}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {type: "
      "NodePort, selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}, {name: "
      "admin, port: 81, targetPort: admin}]}\n";
  const auto target = [&](const std::string& to) {
    const Bound bound(scenario_text("workloads: {w: {from: app=client, to: " + to + ", arrivals: {poisson: 1/s}}}\n"),
                      manifests);
    EXPECT_EQ(bound.errors(), "") << to;
    return bound.graph.targets.empty() ? EdgeTarget{} : bound.graph.targets[0];
  };
  for (const char* to : {"web:admin", "web:81", "{service: \"web:admin\"}", "{service: web, port: admin}",
                         "{service: \"default/web:81\"}", "{nodePort: \"web:admin\"}", "{nodePort: \"web:81\"}",
                         "web.default.svc.cluster.local:81"}) {
    EXPECT_EQ(target(to).port, 2U) << to;  // After the client's own Service.
  }
  EXPECT_EQ(target("{hostPort: \"web:admin\"}").direct[0].port, 9090);
  EXPECT_EQ(target("{pod: \"web:admin\"}").direct[0].port, 9090);
  const Bound both(
      scenario_text("workloads: {w: {from: app=client, to: {service: \"web:admin\", port: http}, arrivals: "
                    "{poisson: 1/s}}}\n"),
      manifests);
  EXPECT_THAT(both.errors(), testing::HasSubstr("'web:admin' and port 'http' are two ports"));
}

TEST(Scenario, EveryProxyModeAndPodNetworkOfTheTablesIsAccepted) {
  for (const ProxyInfo& mode : proxy_modes()) {
    const ReadScenario read(scenario_text("cluster: {proxy: {mode: " + std::string(mode.name) + "}}\n" + kBrowse));
    EXPECT_EQ(read.errors(), "") << mode.name;
  }
  for (const CniInfo& kind : cni_kinds()) {
    for (const std::string_view backend : kind.backends) {
      const ReadScenario read(scenario_text("cluster: {cni: {kind: " + std::string(kind.name) + ", " +
                                            std::string(kind.chosen_by) + ": " + std::string(backend) + "}}\n" +
                                            kBrowse));
      EXPECT_EQ(read.errors(), "") << kind.name << ' ' << backend;
    }
  }
}

TEST(ScenarioSchema, ExplainsWhatTheBinderTakes) {
  const Explanation mode = explain_scenario(Path::parse("cluster.proxy.mode"));
  EXPECT_EQ(mode.default_text, "iptables");
  EXPECT_EQ(explain_scenario(Path::parse("workloads.browse.arrivals.poisson")).type, "rate");
  EXPECT_EQ(explain_scenario(Path::parse("apps.frontend.work.lognormal.p99")).type, "duration");
  EXPECT_THROW(explain_scenario(Path::parse("cluster.proxi")), std::invalid_argument);
  // A name may be left out where what follows is a key of what it names, and be a key's own where that alone fits.
  EXPECT_EQ(explain_scenario(Path::parse("workloads.arrivals")).doc, "When they begin.");
  EXPECT_EQ(explain_scenario(Path::parse("workloads.arrivals")).path, "workloads.<name>.arrivals");
  EXPECT_EQ(explain_scenario(Path::parse("workloads.arrivals.poisson")).type, "rate");
  EXPECT_EQ(explain_scenario(Path::parse("apps.calls.to")).path, "apps.<name>.calls[0].to");
  EXPECT_EQ(explain_scenario(Path::parse("workloads.to.timeout")).path, "workloads.to.timeout");
  EXPECT_THROW(explain_scenario(Path::parse("workloads.arrivals.poison")), std::invalid_argument);
  for (const Explanation& key : explain_scenario_all()) EXPECT_NE(key.doc, "") << key.path;
  EXPECT_THAT(scenario_schema(), HasSubstr("requestsPerConnection"));
}

// Editors complete from this file. To renew it, run with KNETSIM_UPDATE_GOLDEN=1.
TEST(ScenarioSchema, FileInConfigsIsWhatTheBinderSays) {
  const std::string path = KNETSIM_SOURCE_DIR "/configs/scenario.schema.json";
  const std::string text = scenario_schema();
  EXPECT_EQ(text, golden_text(path, text));
}

}  // namespace
}  // namespace knetsim
