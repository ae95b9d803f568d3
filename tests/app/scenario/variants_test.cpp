// Goal: a variant is the scenario with its overrides, patches of manifests included; what --set says holds in each.
// Method: the values at the paths after each kind of override.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/experiment/simulation.h"
#include "sim/input/path.h"
#include "support/scenario_fixture.h"

namespace knetsim {
namespace {

struct ReadVariants {
  std::unique_ptr<Input> input;
  InputSet inputs;
  Document document;
  Diagnostics diagnostics;
  explicit ReadVariants(const std::string& text)
      : input(Input::from_text("s.yaml", text)), document(read_document(*input)) {}
  std::vector<Variant> variants(const std::vector<std::string>& sets = {}) {
    return variants_of(document, sets, inputs, diagnostics);
  }
};

std::string at(const Variant& variant, const char* path) {
  return std::string(find(*variant.document, Path::parse(path)).text());
}

TEST(Variants, KeepTheOrderOfTheFileAndTheirOverridesApart) {
  ReadVariants read("a: {b: 1, c: 2}\nvariants: {two: {a.b: 5}, one: {}, nested: {a: {c: 7}}}\n");
  const auto variants = read.variants();
  ASSERT_EQ(variants.size(), 3u);
  EXPECT_EQ(variants[0].name, "two");
  EXPECT_EQ(at(variants[0], "a.b"), "5");
  EXPECT_EQ(at(variants[0], "a.c"), "2");
  EXPECT_EQ(variants[1].name, "one");
  EXPECT_EQ(at(variants[1], "a.b"), "1");
  EXPECT_EQ(at(variants[2], "a.b"), "1");
  EXPECT_EQ(at(variants[2], "a.c"), "7");
}

TEST(Variants, APathReplacesTheWholeSubtree) {
  ReadVariants read(
      "workloads: {browse: {to: {service: frontend, port: http}}}\nvariants: {v: {workloads.browse.to: {hostPort: "
      "frontend}}}\n");
  const auto variants = read.variants();
  EXPECT_EQ(at(variants[0], "workloads.browse.to.hostPort"), "frontend");
  EXPECT_FALSE(find(*variants[0].document, Path::parse("workloads.browse.to.service")).exists());
}

TEST(Variants, NoneGivesOneNamedBase) {
  ReadVariants read("a: 1\n");
  const auto variants = read.variants({"a=2"});
  ASSERT_EQ(variants.size(), 1u);
  EXPECT_EQ(variants[0].name, "base");
  EXPECT_EQ(at(variants[0], "a"), "2");
}

TEST(Variants, WhatIsSetHoldsInEachOfThem) {
  ReadVariants read("a: {b: 1, c: 2}\nvariants: {v: {a.b: 5}, nested: {a: {b: 6, c: 7}}, none: {}}\n");
  const auto variants = read.variants({"a.b=8", "a.c=9"});
  for (const Variant& variant : variants) {
    EXPECT_EQ(at(variant, "a.b"), "8") << variant.name;
    EXPECT_EQ(at(variant, "a.c"), "9") << variant.name;
  }
  const std::vector<Diagnostic> notices = read.diagnostics.notices();
  ASSERT_EQ(notices.size(), 2u);
  EXPECT_EQ(notices[0].file, "--set");
  EXPECT_EQ(notices[0].message, "'a.b' is set for every variant, in place of what v, nested say of it");
  EXPECT_EQ(notices[1].message, "'a.c' is set for every variant, in place of what nested says of it");
}

TEST(Variants, WhatIsSetBelowAnOverrideJoinsIt) {
  ReadVariants read("w: {to: web}\nvariants: {v: {w.to: {pod: web}}, same: {w.to: {pod: web, port: 80}}, text: {}}\n");
  const auto variants = read.variants({"w.to={service: web}", "w.to.port=81"});
  EXPECT_FALSE(read.diagnostics.has_errors());
  for (const Variant& variant : variants) {
    EXPECT_EQ(at(variant, "w.to.service"), "web") << variant.name;
    EXPECT_EQ(at(variant, "w.to.port"), "81") << variant.name;
    EXPECT_FALSE(find(*variant.document, Path::parse("w.to.pod")).exists()) << variant.name;
  }
  ReadVariants port("w: {to: {service: web}}\nvariants: {v: {w.to: {pod: web}}}\n");
  const auto of_port = port.variants({"w.to.port=81"});
  EXPECT_EQ(at(of_port[0], "w.to.pod"), "web");
  EXPECT_EQ(at(of_port[0], "w.to.port"), "81");
}

// A mapping that is set is all of what stands there, as it is in the scenario itself: a variant adds nothing to it.
TEST(Variants, WhatIsSetOfAMappingOutdoesWhatTheySayBelowIt) {
  for (const char* variant : {"{a.c.d: 5, a.b: 3, e: 4}", "{a: {c: {d: 5}, b: 3}, e: 4}", "{a.c: {d: 5}, e: 4}"}) {
    ReadVariants read("a: {b: 1, c: {d: 2}}\ne: 1\nvariants: {v: " + std::string(variant) + ", none: {}}\n");
    const auto variants = read.variants({"a={b: 7}"});
    ASSERT_FALSE(read.diagnostics.has_errors());
    EXPECT_EQ(at(variants[0], "a.b"), "7") << variant;
    EXPECT_FALSE(find(*variants[0].document, Path::parse("a.c")).exists()) << variant;
    EXPECT_EQ(at(variants[0], "e"), "4") << "of other keys they are asked as before";
    const std::vector<Diagnostic> notices = read.diagnostics.notices();
    ASSERT_EQ(notices.size(), 1u) << variant;
    EXPECT_EQ(notices[0].message, "'a' is set for every variant, in place of what v says of it");
  }
  ReadVariants scalar("w: {to: web}\nvariants: {v: {w.to: {pod: web}, w.to.port: 80}}\n");
  const auto text = scalar.variants({"w.to=cart"});
  EXPECT_FALSE(scalar.diagnostics.has_errors());
  EXPECT_EQ(at(text[0], "w.to"), "cart");
  ReadVariants alike("run: {duration: 1s}\nvariants: {v: {run.duration: 5s}}\n");
  EXPECT_EQ(at(alike.variants({"run={duration: 5s}"})[0], "run.duration"), "5s");
  EXPECT_TRUE(alike.diagnostics.notices().empty()) << "it says the same";
}

TEST(Variants, WhatIsSetOfATopologyIsAllOfIt) {
  Ready scene(std::string(kBrowse) +
                  "variants:\n  tiers: {cluster.topology.kind: leaf-spine, cluster.topology.leaves: 3}\n"
                  "  long: {run.duration: 3s, run.warmUp: 1s}\n",
              app_manifests("web", 1) + app_manifests("client", 1));
  const auto loaded =
      load_scenario(scene.loaded->path, {{"cluster.topology={kind: fat-tree, k: 4}", "run={duration: 2s}"}, {}});
  for (const BoundVariant& variant : loaded->variants) {
    EXPECT_EQ(variant.scenario.cluster.topology.kind, "fat-tree") << variant.name;
    EXPECT_EQ(variant.scenario.run.duration, Duration(std::chrono::seconds(2))) << variant.name;
    EXPECT_EQ(variant.scenario.run.warm_up, scene.variant().scenario.run.warm_up) << variant.name;
  }
}

TEST(Variants, WhatIsSetOfAPatchLeavesTheirOtherPatches) {
  ReadVariants patched("patches: {}\nvariants: {v: {patches: {Deployment/a: {spec.replicas: 3, x: 1}}}}\n");
  const auto variants = patched.variants({R"(patches["Deployment/a"]["spec.replicas"]=5)"});
  const Node patches = (*variants[0].document)["patches"]["Deployment/a"];
  EXPECT_EQ(patches["spec.replicas"].text(), "5");
  EXPECT_EQ(patches["x"].text(), "1");
}

TEST(Variants, OneOfThemCanBeSetAlone) {
  ReadVariants changed("a: {b: 1}\nvariants: {v: {a.b: 5}}\n");
  EXPECT_EQ(at(changed.variants({"variants.v[\"a.b\"]=6"})[0], "a.b"), "6");
}

TEST(Variants, PatchesJoinThoseOfTheScenarioAndKeepTheirPaths) {
  ReadVariants read(
      "patches: {Deployment/a: {spec.replicas: 2, x.y: 1}}\n"
      "variants: {v: {patches: {Deployment/a: {spec.replicas: 3}, Deployment/b: {spec.template.spec.hostNetwork: "
      "true}}}, w: {}}\n");
  const auto variants = read.variants();
  EXPECT_FALSE(read.diagnostics.has_errors());
  const Node patches = (*variants[0].document)["patches"];
  EXPECT_EQ(patches["Deployment/a"]["spec.replicas"].text(), "3");
  EXPECT_EQ(patches["Deployment/a"]["x.y"].text(), "1");
  EXPECT_EQ(patches["Deployment/b"]["spec.template.spec.hostNetwork"].text(), "true");
  EXPECT_EQ((*variants[1].document)["patches"].size(), 1u);
}

TEST(Variants, ObjectivesOfOneReplaceThoseOfTheScenario) {
  Ready scene(std::string(kBrowse) +
                  "slo: ['p99(latency{workload=\"browse\"}) < 10ms']\n"
                  "variants: {base: {}, own: {slo: ['p50(latency{workload=\"browse\"}) < 1us']}, none: {slo: []}}\n",
              app_manifests("web", 1) + app_manifests("client", 1));
  const auto& slos = scene.loaded->slos;
  ASSERT_EQ(slos.size(), 3u);
  ASSERT_EQ(slos[0].size(), 1u);
  ASSERT_EQ(slos[1].size(), 1u);
  EXPECT_THAT(slos[0][0].text, testing::HasSubstr("10ms"));
  EXPECT_THAT(slos[1][0].text, testing::HasSubstr("1us"));
  EXPECT_TRUE(slos[2].empty());
}

// A machine of 1.5 cores does not exist: what is stated is what pods may have of the next whole number.
TEST(NodeCores, AFractionIsToldAndTheNextWholeNumberRun) {
  const auto scene = [](const std::string& cpu) {
    return Ready("cluster: {nodes: {count: 1, cpu: " + cpu + "}}\n" + kBrowse,
                 app_manifests("web", 1) + app_manifests("client", 1));
  };
  EXPECT_TRUE(scene("4").loaded->warnings.empty());
  const Ready half = scene("3.5");
  ASSERT_EQ(half.loaded->warnings.size(), 1u);
  EXPECT_EQ(half.loaded->warnings[0].message, "3.5 cores: a machine has whole ones, so 4 run; pods are placed on 3.5");
  EXPECT_EQ(simulate(half.loaded->variants.front(), 0).nodes.front().cores, 4u);
}

TEST(Patches, ChangeManifestsBeforeTheyAreRead) {
  Bound bound(scenario_text(std::string(kBrowse) +
                            "patches:\n"
                            "  Deployment/web: {spec.replicas: 3, spec.template.spec.hostNetwork: true}\n"
                            "  Service/default/web: {\"spec.ports[0].port\": 81}\n"),
              app_manifests("web", 1) + app_manifests("client", 1));
  ASSERT_EQ(bound.errors(), "");
  const Cluster& cluster = bound.loaded->cluster;
  EXPECT_EQ(cluster.pods.size(), 4u);
  EXPECT_TRUE(cluster.spec(cluster.pods[0]).host_network);
  EXPECT_FALSE(cluster.spec(cluster.pods[3]).host_network);
  EXPECT_EQ(cluster.service_ports[0].port, 81);
}

TEST(Patches, OfOneVariantLeaveTheOtherAlone) {
  TemporaryFolder folder;
  folder.write("m.yaml", app_manifests("web", 1) + app_manifests("client", 1));
  InputSet inputs;
  Diagnostics diagnostics;
  const Document document = read_document(inputs.open(folder.write(
      "s.yaml", scenario_text(std::string(kBrowse) +
                              "variants: {a: {}, b: {patches: {Deployment/web: {spec.replicas: 5}}}}\n"))));
  std::vector<Scenario> scenarios;
  const std::vector<Variant> variants = variants_of(document, diagnostics);
  for (const Variant& variant : variants) scenarios.push_back(bind_scenario(variant.document->root(), diagnostics));
  const std::vector<const Scenario*> all{&scenarios[0], &scenarios[1]};
  const auto clusters = ClusterLoader(inputs, diagnostics).load(all);
  EXPECT_EQ(render(diagnostics.errors()), "");
  EXPECT_EQ(clusters[0]->cluster.pods.size(), 2u);
  EXPECT_EQ(clusters[1]->cluster.pods.size(), 6u);
}

// A snapshot may hold half a gigabyte. What a variant changes of proxy and traffic is no reason to place pods again,
// and no change is a reason to parse again; each cluster is the one that the variant alone would have got.
TEST(ClusterLoader, ParsesOnceAndSharesWhatVariantsHaveInCommon) {
  TemporaryFolder folder;
  folder.write("m.yaml", app_manifests("web", 2) + app_manifests("client", 1));  // four objects
  InputSet inputs;
  Diagnostics diagnostics;
  const Document document = read_document(inputs.open(folder.write(
      "s.yaml", scenario_text(std::string(kBrowse) +
                              "variants:\n"
                              "  base: {}\n"
                              "  ipvs: {cluster.proxy.mode: ipvs}\n"
                              "  host: {patches: {Deployment/web: {spec.template.spec.hostNetwork: true}}}\n"
                              "  host ipvs: {cluster.proxy.mode: ipvs,\n"
                              "              patches: {Deployment/web: {spec.template.spec.hostNetwork: true}}}\n"
                              "  wide: {cluster.nodes.count: 7}\n"
                              "  fast: {cluster.nodes.nic: 100Gbps, workloads.browse.to: {pod: web}}\n"))));
  std::vector<Scenario> scenarios;
  const std::vector<Variant> variants = variants_of(document, diagnostics);
  for (const Variant& variant : variants) scenarios.push_back(bind_scenario(variant.document->root(), diagnostics));
  std::vector<const Scenario*> all;
  for (const Scenario& scenario : scenarios) all.push_back(&scenario);
  ClusterLoader loader(inputs, diagnostics);
  const auto clusters = loader.load(all);
  ASSERT_EQ(render(diagnostics.errors()), "");
  ASSERT_EQ(clusters.size(), 6u);
  EXPECT_EQ(loader.objects_parsed(), 4u);
  EXPECT_EQ(clusters[1], clusters[0]);
  EXPECT_EQ(clusters[5], clusters[0]);
  EXPECT_EQ(clusters[3], clusters[2]);
  EXPECT_NE(clusters[2], clusters[0]);
  EXPECT_NE(clusters[4], clusters[0]);
  for (std::size_t v = 0; v < clusters.size(); ++v) {
    SCOPED_TRACE(variants[v].name);
    const auto alone = ClusterLoader(inputs, diagnostics).load(scenarios[v]);
    const Cluster& cluster = clusters[v]->cluster;
    ASSERT_EQ(cluster.nodes.size(), v == 4 ? 7u : 3u);
    ASSERT_EQ(cluster.pods.size(), alone->cluster.pods.size());
    for (PodIndex pod = 0; pod < cluster.pods.size(); ++pod) {
      EXPECT_EQ(cluster.pods[pod].name, alone->cluster.pods[pod].name);
      EXPECT_EQ(cluster.pods[pod].node, alone->cluster.pods[pod].node);
      EXPECT_EQ(cluster.pods[pod].ip, alone->cluster.pods[pod].ip);
      EXPECT_EQ(cluster.spec(cluster.pods[pod]).host_network,
                alone->cluster.spec(alone->cluster.pods[pod]).host_network);
    }
  }
}

TEST(ClusterLoader, DealsMadeNodesToZones) {
  Bound bound(scenario_text(std::string(kBrowse) + "cluster: {nodes: {count: 5, zones: [a, b]}}\n"),
              app_manifests("web", 1) + app_manifests("client", 1));
  ASSERT_EQ(bound.errors(), "");
  std::string zones;
  for (const ClusterNode& node : bound.loaded->cluster.nodes) zones += node.zone;
  EXPECT_EQ(zones, "ababa");
}

}  // namespace
}  // namespace knetsim
