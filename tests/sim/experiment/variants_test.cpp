// Goal: a variant is the scenario with its overrides, patches of manifests included; --set comes first.
// Method: the values at the paths after each kind of override.

#include <gtest/gtest.h>

#include "fixture.h"
#include "sim/input/path.h"

namespace knetsim {
namespace {

struct Read {
  std::unique_ptr<Input> input;
  InputSet inputs;
  Document document;
  Diagnostics diagnostics;
  explicit Read(const std::string& text) : input(Input::from_text("s.yaml", text)), document(read_document(*input)) {}
  std::vector<Variant> variants(const std::vector<std::string>& sets = {}) {
    return variants_of(document, sets, inputs, diagnostics);
  }
};

std::string at(const Variant& variant, const char* path) {
  return std::string(find(*variant.document, Path::parse(path)).text());
}

TEST(Variants, KeepTheOrderOfTheFileAndTheirOverridesApart) {
  Read read("a: {b: 1, c: 2}\nvariants: {two: {a.b: 5}, one: {}, nested: {a: {c: 7}}}\n");
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
  Read read(
      "workloads: {browse: {to: {service: frontend, port: http}}}\nvariants: {v: {workloads.browse.to: {hostPort: "
      "frontend}}}\n");
  const auto variants = read.variants();
  EXPECT_EQ(at(variants[0], "workloads.browse.to.hostPort"), "frontend");
  EXPECT_FALSE(find(*variants[0].document, Path::parse("workloads.browse.to.service")).exists());
}

TEST(Variants, NoneGivesOneNamedBase) {
  Read read("a: 1\n");
  const auto variants = read.variants({"a=2"});
  ASSERT_EQ(variants.size(), 1u);
  EXPECT_EQ(variants[0].name, "base");
  EXPECT_EQ(at(variants[0], "a"), "2");
}

TEST(Variants, SetComesBeforeAVariantsOverrides) {
  Read read("a: {b: 1, c: 2}\nvariants: {v: {a.b: 5}}\n");
  const auto variants = read.variants({"a.b=8", "a.c=9"});
  EXPECT_EQ(at(variants[0], "a.b"), "5");
  EXPECT_EQ(at(variants[0], "a.c"), "9");
  Read changed("a: {b: 1}\nvariants: {v: {a.b: 5}}\n");
  EXPECT_EQ(at(changed.variants({"variants.v[\"a.b\"]=6"})[0], "a.b"), "6");
}

TEST(Variants, PatchesJoinThoseOfTheScenarioAndKeepTheirPaths) {
  Read read(
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

TEST(Patches, ChangeManifestsBeforeTheyAreRead) {
  Bound bound(scenario_text(std::string(kBrowse) +
                            "patches:\n"
                            "  Deployment/web: {spec.replicas: 3, spec.template.spec.hostNetwork: true}\n"
                            "  Service/default/web: {\"spec.ports[0].port\": 81}\n"),
              app_manifests("web", 1) + app_manifests("client", 1));
  ASSERT_EQ(bound.errors(), "");
  const Cluster& cluster = bound.loaded.cluster;
  EXPECT_EQ(cluster.pods.size(), 4u);
  EXPECT_TRUE(cluster.spec(cluster.pods[0]).host_network);
  EXPECT_FALSE(cluster.spec(cluster.pods[3]).host_network);
  EXPECT_EQ(cluster.service_ports[0].port, 81);
}

TEST(Patches, OfOneVariantLeaveTheOtherAlone) {
  Folder folder;
  folder.write("m.yaml", app_manifests("web", 1) + app_manifests("client", 1));
  InputSet inputs;
  Diagnostics diagnostics;
  const Document document = read_document(inputs.open(folder.write(
      "s.yaml", scenario_text(std::string(kBrowse) +
                              "variants: {a: {}, b: {patches: {Deployment/web: {spec.replicas: 5}}}}\n"))));
  ClusterLoader loader(inputs, diagnostics);
  std::vector<std::size_t> pods;
  for (const Variant& variant : variants_of(document, diagnostics)) {
    pods.push_back(loader.load(bind_scenario(variant.document->root(), diagnostics)).cluster.pods.size());
  }
  EXPECT_EQ(render(diagnostics.errors()), "");
  EXPECT_EQ(pods, (std::vector<std::size_t>{2, 6}));
}

TEST(ClusterLoader, DealsMadeNodesToZones) {
  Bound bound(scenario_text(std::string(kBrowse) + "cluster: {nodes: {count: 5, zones: [a, b]}}\n"),
              app_manifests("web", 1) + app_manifests("client", 1));
  ASSERT_EQ(bound.errors(), "");
  std::string zones;
  for (const ClusterNode& node : bound.loaded.cluster.nodes) zones += node.zone;
  EXPECT_EQ(zones, "ababa");
}

}  // namespace
}  // namespace knetsim
