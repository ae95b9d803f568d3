// Overrides: what --set, variants and patches do to a document, that the value's own place goes along, and golden
// messages for what cannot be done. Random overrides are checked against a model: a map from path to text.
#include "sim/input/overrides.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/input/emit.h"
#include "support/property.h"
#include "support/read_text.h"

namespace knetsim {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kBase =
    "cluster:\n  proxy: {mode: iptables, sync: 1s}\n  nodes: 3\nlinks:\n- {rate: 1Gbps}\n- {rate: 2Gbps}\nempty:\n";

class Overrides : public ::testing::Test {
 protected:
  Overrides() : read_(parse_text(kBase, "base.yaml")), document_(read_.documents.at(0)) {}
  bool set(std::string_view text, SetOptions options = {}) {
    return apply_set(document_, inputs_, text, diagnostics_, options);
  }
  Node at(std::string_view path) { return find(document_, Path::parse(path)); }
  std::string errors() const { return render(diagnostics_.errors()); }

  ReadResult read_;
  Document document_;
  InputSet inputs_;
  Diagnostics diagnostics_;
};

TEST_F(Overrides, SetReplacesAddsAndMakesWhatIsMissing) {
  EXPECT_TRUE(set("cluster.proxy.mode=ipvs"));
  EXPECT_TRUE(set("cluster.nodes={count: 6, cpu: 8}"));
  EXPECT_TRUE(set("links[1].rate=10Gbps"));
  EXPECT_TRUE(set("links[2].rate=[1, 2]"));
  EXPECT_TRUE(set(R"(empty.labels["app.kubernetes.io/name"]=web=1)"));
  EXPECT_TRUE(set("fresh.list[0].deep="));
  EXPECT_EQ(errors(), "");
  EXPECT_EQ(to_json(document_.root()),
            R"({"cluster":{"proxy":{"mode":"ipvs","sync":"1s"},"nodes":{"count":6,"cpu":8}},)"
            R"("links":[{"rate":"1Gbps"},{"rate":"10Gbps"},{"rate":[1,2]}],)"
            R"("empty":{"labels":{"app.kubernetes.io/name":"web=1"}},"fresh":{"list":[{"deep":null}]}})");
  EXPECT_EQ(at("links[2].rate[1]").path(), "links[2].rate[1]");
  EXPECT_EQ(to_json(read_.documents[0]["cluster"]["nodes"]), "3");  // the original is another document
}

TEST_F(Overrides, ASetValuePointsAtItsOwnText) {
  ASSERT_TRUE(set("cluster.proxy.mode=ipvz"));
  Diagnostics diagnostics;
  diagnostics.error(at("cluster.proxy.mode"), "unknown mode");
  EXPECT_EQ(render(diagnostics.errors()),
            "--set:1:20: error: unknown mode\n"
            "  --> cluster.proxy.mode\n"
            "   |\n"
            " 1 | cluster.proxy.mode=ipvz\n"
            "   |                    ^^^^\n");
  EXPECT_EQ(to_string(at("cluster.proxy.sync").mark()), "base.yaml:2:33");
}

// The caret stands where the mistake is: at the key that is not known or leads nowhere, at the value that is not taken,
// at the key of a mapping that a path made and that lacks something.
TEST_F(Overrides, EachKeyOfASetPathPointsAtItsOwnText) {
  ASSERT_TRUE(set("cluster.proxi.mode=ipvs"));
  ASSERT_TRUE(set(R"(cluster.labels["a.b/c"]=  [x, {y: z}])"));
  ASSERT_TRUE(set("links[2].rate=3Gbps"));
  ASSERT_TRUE(set("cluster.proxy.sync=2s"));
  ASSERT_TRUE(set("empty.list[0]=1"));
  const auto says = [&](Node node, const std::string& text) {
    Diagnostics diagnostics;
    diagnostics.error(node, "wrong");
    const std::string said = render(diagnostics.errors());
    EXPECT_THAT(said, HasSubstr(text)) << node.path();
  };
  says(at("cluster.proxi").key(), " 1 | cluster.proxi.mode=ipvs\n   |         ^^^^^\n");
  says(at("cluster.proxi"), " 1 | cluster.proxi.mode=ipvs\n   |         ^^^^^\n");
  says(at("cluster.proxi.mode").key(), " 1 | cluster.proxi.mode=ipvs\n   |               ^^^^\n");
  says(at("cluster.proxi.mode"), " 1 | cluster.proxi.mode=ipvs\n   |                    ^^^^\n");
  says(at(R"(cluster.labels["a.b/c"])").key(), "  [x, {y: z}]\n   |                ^^^^^^^\n");
  says(at(R"(cluster.labels["a.b/c"][1].y)"), "  [x, {y: z}]\n   |                                   ^\n");
  says(at("links[2]"), " 1 | links[2].rate=3Gbps\n   |       ^\n");
  says(at("links[2].rate"), " 1 | links[2].rate=3Gbps\n   |               ^^^^^\n");
  says(at("cluster.proxy.sync").key(), " 1 | cluster.proxy.sync=2s\n   |               ^^^^\n");
  says(at("empty"), " 1 | empty.list[0]=1\n   | ^^^^^\n");
  says(at("empty.list"), " 1 | empty.list[0]=1\n   |       ^^^^\n");
  says(at("empty.list[0]"), " 1 | empty.list[0]=1\n   |               ^\n");
  EXPECT_EQ(at("cluster.proxi.mode").text(), "ipvs");
  EXPECT_EQ(at("links[2].rate").text(), "3Gbps");
}

TEST_F(Overrides, KeysOfAVariantPointAtTheirOwnText) {
  const ReadResult variant =
      parse_text("cluster.proxi.mode: none\n'cluster.nics.rate': 1\nlinks[7]: x\n", "variant.yaml");
  EXPECT_FALSE(merge(document_, variant.documents.at(0).root(), diagnostics_));
  EXPECT_EQ(to_string(at("cluster.proxi").key().mark()), "variant.yaml:1:9");
  EXPECT_EQ(to_string(at("cluster.proxi.mode").key().mark()), "variant.yaml:1:15");
  EXPECT_EQ(to_string(at("cluster.proxi.mode").mark()), "variant.yaml:1:21");
  EXPECT_EQ(to_string(at("cluster.nics").key().mark()), "variant.yaml:2:1") << "a quoted key is one text";
  EXPECT_THAT(errors(), HasSubstr("variant.yaml:3:7: error: index 7 is beyond 'links', a list of 2\n"));
}

TEST_F(Overrides, SetStringKeepsTheTextAsItIs) {
  ASSERT_TRUE(set("version=1.30", {.as_text = true}));
  ASSERT_TRUE(set("braces={not yaml", {.as_text = true}));
  EXPECT_TRUE(at("version").is_quoted());
  EXPECT_EQ(at("braces").text(), "{not yaml");
}

TEST_F(Overrides, WhatCannotBeSetIsSaid) {
  EXPECT_FALSE(set("cluster.nodes.count=3"));
  EXPECT_FALSE(set("links[5].rate=1Gbps"));
  EXPECT_FALSE(set("links.rate=1Gbps"));
  EXPECT_FALSE(set("cluster[0]=1"));
  EXPECT_FALSE(set("cluster.nodes"));
  EXPECT_FALSE(set("=3"));
  EXPECT_FALSE(set("a..b=3"));
  EXPECT_FALSE(set("a=[1, 2"));
  const std::string text = errors();
  EXPECT_THAT(text, HasSubstr("--set:1:15: error: 'cluster.nodes' is '3', not a mapping\n  --> cluster.nodes.count\n"));
  EXPECT_THAT(text, HasSubstr("--set:1:7: error: index 5 is beyond 'links', a list of 2\n"));
  EXPECT_THAT(text, HasSubstr("--set:1:7: error: 'links' is a list, not a mapping\n"));
  EXPECT_THAT(text, HasSubstr("--set:1:9: error: 'cluster' is a mapping, not a list\n"));
  EXPECT_THAT(text, HasSubstr("--set:1:1: error: 'cluster.nodes' is not an assignment\n"));
  EXPECT_THAT(text, HasSubstr("--set:1:1: error: '=3' is not an assignment\n"));
  EXPECT_THAT(text, HasSubstr("--set:1:3: error: expected a key\n"));
  EXPECT_THAT(text, HasSubstr("--set:1:8: error: not valid YAML: flow sequence without a closing bracket\n"));
  EXPECT_EQ(to_json(document_.root()), to_json(read_.documents[0].root()));
}

TEST_F(Overrides, VariantsUseDottedKeysAndNestedMappings) {
  const ReadResult variant = parse_text(
      "cluster.proxy: {mode: none}\n"          // a path replaces
      "cluster: {nodes: 9, cni: {kind: x}}\n"  // a mapping merges
      "links: [a]\n",
      "variant.yaml");
  ASSERT_TRUE(merge(document_, variant.documents.at(0).root(), diagnostics_));
  EXPECT_EQ(to_json(document_.root()),
            R"({"cluster":{"proxy":{"mode":"none"},"nodes":9,"cni":{"kind":"x"}},"links":["a"],"empty":null})");
  EXPECT_EQ(to_string(at("cluster.cni.kind").mark()), "variant.yaml:2:33");
  EXPECT_FALSE(merge(document_, parse_text("[x\n: 1").documents.empty() ? document_["links"] : Node(), diagnostics_));
  EXPECT_THAT(errors(), HasSubstr("expected a mapping of overrides; found a list"));
}

TEST_F(Overrides, AnEmptyDocumentCanBeBuiltUp) {
  Document fresh;
  ASSERT_TRUE(apply_set(fresh, inputs_, "a.b=1", diagnostics_));
  ASSERT_TRUE(apply_set(fresh, inputs_, "a.c=2", diagnostics_));
  EXPECT_EQ(to_json(fresh.root()), R"({"a":{"b":1,"c":2}})");
}

TEST_F(Overrides, RandomSetsAgreeWithAMap) {
  expect_property("sets agree with a map", [] {
    Document document = parse_text("r: {}\n").documents.at(0);
    const auto keep = parse_text("r: {}\n");  // its Input outlives the document's copy
    document = keep.documents.at(0);
    InputSet inputs;
    Diagnostics diagnostics;
    std::map<std::string, std::string> model;
    const int count = *rc::gen::inRange(1, 30);
    for (int i = 0; i < count; ++i) {
      // Two levels that never collide: x.<a>.<b>, so that every set succeeds.
      const std::string path =
          "r.k" + std::to_string(*rc::gen::inRange(0, 5)) + ".k" + std::to_string(*rc::gen::inRange(0, 40));
      const std::string value = "v" + std::to_string(i);
      RC_ASSERT(apply_set(document, inputs, path + "=" + value, diagnostics));
      model[path] = value;
    }
    for (const auto& [path, value] : model) {
      const Node node = find(document, Path::parse(path));
      RC_ASSERT(node.text() == value);
      RC_ASSERT(node.path() == path);
    }
    std::size_t entries = 0;
    for (const Node node : document["r"]) entries += node.size();
    RC_ASSERT(entries == model.size());
  });
}

TEST(Emit, YamlReadAgainIsTheSameTree) {
  const ReadResult read = parse_text(
      "a: {b: [1, [2, {c: ~}], [], {}], 'q': \"1\"}\nlist:\n- - x\n  - y: 1\n    z: [a]\n- \"multi\\nline\"\n- '- "
      "dash'\n- -5\n"
      "- 'true'\n- a b:c\n- \"é\\u0007\"\n- ''\n'k: v': 1\n'null': null\n\"\": 0644\n");
  ASSERT_EQ(read.errors(), "");
  const std::string text = to_yaml(read.documents.at(0).root());
  const ReadResult again = parse_text(text);
  ASSERT_EQ(again.errors(), "") << text;
  const auto same = [&](const auto& self, Node a, Node b) -> void {
    ASSERT_EQ(a.kind(), b.kind()) << a.path() << '\n' << text;
    ASSERT_EQ(a.text(), b.text()) << a.path();
    ASSERT_EQ(a.is_quoted(), b.is_quoted()) << a.path();
    ASSERT_EQ(a.size(), b.size()) << a.path();
    for (std::size_t i = 0; i < a.size(); ++i) {
      ASSERT_EQ(a.key(i).text(), b.key(i).text());
      self(self, a[i], b[i]);
    }
  };
  same(same, read.documents[0].root(), again.documents.at(0).root());
  EXPECT_EQ(to_yaml(again.documents[0].root()), text);
}

}  // namespace
}  // namespace knetsim
