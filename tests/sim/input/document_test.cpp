// The tree of a YAML document: kinds, texts, keys and places of every node, written out by hand from the YAML 1.2
// specification and the lines of the text itself.
#include "sim/input/document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/read_text.h"

namespace knetsim {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(YamlDocument, NodesCarryKindTextAndPlaceInTheFile) {
  const ReadResult read = parse_text(
      "# a comment\n"
      "kind: Service\n"
      "spec:\n"
      "  ports:\n"
      "  - port: 80\n"
      "    name: \"http\"\n"
      "  - {port: 443, name: 'https'}\n"
      "  empty:\n");
  ASSERT_EQ(read.errors(), "");
  ASSERT_EQ(read.documents.size(), 1U);
  EXPECT_THAT(outline(read.documents[0]),
              ElementsAre(" mapping 2:1", "kind (2:1) scalar Service 2:7", "spec (3:1) mapping 4:3",
                          "spec.ports (4:3) list 5:3", "spec.ports[0] mapping 5:5",
                          "spec.ports[0].port (5:5) scalar 80 5:11", "spec.ports[0].name (6:5) scalar \"http\" 6:11",
                          "spec.ports[1] mapping 7:5", "spec.ports[1].port (7:6) scalar 443 7:12",
                          "spec.ports[1].name (7:17) scalar \"https\" 7:23", "spec.empty (8:3) null 8:3"));
}

TEST(YamlDocument, ScalarStylesGiveTheTextsOfTheSpecification) {
  const ReadResult read = parse_text(
      "plain: a b\nfolded plain: a\n  b\ndouble: \"tab\\tand \\u00e9\"\nsingle: 'it''s'\nliteral: |\n  one\n  two\n"
      "folded: >-\n  one\n  two\ntilde: ~\nword: null\nquoted null: \"null\"\ntagged: !!str 12\nutf8: h\u00e9 # x\n");
  ASSERT_EQ(read.errors(), "");
  const Document& document = read.documents.at(0);
  EXPECT_EQ(document["plain"].text(), "a b");
  EXPECT_EQ(document["folded plain"].text(), "a b");
  EXPECT_EQ(document["double"].text(), "tab\tand \u00e9");
  EXPECT_EQ(document["single"].text(), "it's");
  EXPECT_EQ(document["literal"].text(), "one\ntwo\n");
  EXPECT_EQ(document["folded"].text(), "one two");
  EXPECT_TRUE(document["tilde"].is_null());
  EXPECT_TRUE(document["word"].is_null());
  EXPECT_EQ(document["quoted null"].text(), "null");
  EXPECT_TRUE(document["tagged"].is_quoted());
  EXPECT_FALSE(document["plain"].is_quoted());
  EXPECT_EQ(document["utf8"].text(), "h\u00e9");
}

TEST(YamlDocument, AbsentNodesAnswerLikeEmptyOnes) {
  const ReadResult read = parse_text("a: {b: 1}\nlist: [1]\n");
  const Node nothing = read.documents.at(0)["x"]["y"][3]["z"];
  EXPECT_FALSE(nothing.exists());
  EXPECT_TRUE(nothing.is_null());
  EXPECT_EQ(nothing.text(), "");
  EXPECT_EQ(nothing.size(), 0U);
  EXPECT_EQ(nothing.path(), "");
  EXPECT_FALSE(nothing.mark().known());
  EXPECT_FALSE(nothing.key().exists());
  EXPECT_FALSE(nothing.parent().exists());
  EXPECT_FALSE(read.documents[0]["list"][1].exists());
  EXPECT_FALSE(read.documents[0]["list"]["0"].exists());
  EXPECT_EQ(read.documents[0]["a"]["b"].parent(), read.documents[0]["a"]);
}

TEST(YamlDocument, ColumnsCountCharactersNotBytes) {
  const ReadResult read = parse_text("{h\u00e9h\u00e9: 1, b: 2}\n");
  EXPECT_EQ(to_string(read.documents.at(0)["b"].mark()), "test.yaml:1:14");
}

TEST(YamlStream, SeparatorsInsideValuesAreNoSeparatorsAndLinesAreThoseOfTheFile) {
  const ReadResult read = parse_text("a: |\n  ---\n  x\n---\n# nothing here\n---\n---\nb: 1\n...\n---\nc: \"---\"\n");
  ASSERT_EQ(read.errors(), "");
  ASSERT_EQ(read.documents.size(), 3U);
  EXPECT_EQ(read.documents[0]["a"].text(), "---\nx\n");
  EXPECT_EQ(to_string(read.documents[1]["b"].mark()), "test.yaml:8:4");
  EXPECT_EQ(read.documents[1].number(), 4U);
  EXPECT_EQ(to_string(read.documents[2]["c"].mark()), "test.yaml:11:4");
}

TEST(YamlStream, EmptyAndCommentOnlyInputsHoldNoDocument) {
  for (const std::string_view text : {"", "\n\n", "# only a comment\n", "---\n", "---\n---\n# x\n", "null\n"}) {
    const ReadResult read = parse_text(text);
    EXPECT_EQ(read.errors(), "") << text;
    EXPECT_TRUE(read.documents.empty()) << text;
  }
}

TEST(YamlStream, WindowsLineEndsAndByteOrderMarkAreRead) {
  const ReadResult read = parse_text(
      "\xef\xbb\xbf"
      "a: 1\r\nb:\r\n- x\r\n");
  ASSERT_EQ(read.errors(), "");
  EXPECT_EQ(read.documents.at(0)["a"].text(), "1");
  EXPECT_EQ(to_string(read.documents[0]["b"][0].mark()), "test.yaml:3:3");
}

// Files put one behind the other: each may begin with a mark, behind its separator or in front of it.
TEST(YamlStream, LaterDocumentsMayBeginWithAByteOrderMark) {
  const std::string mark = "\xef\xbb\xbf";
  for (const std::string& text : {"a: 1\n---\n" + mark + "b: 2\n--- \r\n" + mark + "c: 3\n",
                                  "a: 1\n" + mark + "---\nb: 2\n" + mark + "---\nc: 3\n",
                                  "a: 1\n...\n" + mark + "b: 2\n...\n" + mark + "---\nc: 3\n"}) {
    const ReadResult read = parse_text(text);
    ASSERT_EQ(read.errors(), "") << text;
    ASSERT_EQ(read.documents.size(), 3U) << text;
    EXPECT_EQ(read.documents[1]["b"].text(), "2") << text;
    EXPECT_EQ(read.documents[2]["c"].text(), "3") << text;
    EXPECT_EQ(read.documents[2].number(), 3U) << text;
    EXPECT_EQ(read.documents[2].root().mark().line, text.find("...") == std::string::npos ? 5U : 6U) << text;
  }
  EXPECT_EQ(parse_text("---\n" + mark + "a: 1\n").documents.size(), 1U);
  EXPECT_EQ(parse_text("{\"a\": 1}\n" + mark + "{\"b\": 2}\n").documents.size(), 2U);
  EXPECT_THAT(parse_text("a: 1\n---\n" + mark + "b: [\n").errors(),
              testing::HasSubstr("test.yaml:4:1: error: not valid YAML"));
}

TEST(YamlAnchors, AliasesStandForCopiesAndKeepThePlacesOfTheOriginal) {
  const ReadResult read = parse_text("base: &b {x: 1, y: [2, 3]}\nuse: *b\nname: &n web\nagain: [*n, *b]\n");
  ASSERT_EQ(read.errors(), "");
  const Document& document = read.documents.at(0);
  EXPECT_EQ(document["use"]["y"][1].text(), "3");
  EXPECT_EQ(document["use"]["y"][1].path(), "use.y[1]");
  EXPECT_EQ(to_string(document["use"].mark()), "test.yaml:2:6");
  EXPECT_EQ(to_string(document["use"]["x"].mark()), "test.yaml:1:14");
  EXPECT_EQ(document["again"][0].text(), "web");
  EXPECT_EQ(document["again"][1]["x"].text(), "1");
}

TEST(YamlAnchors, MergeKeysGiveWayToOwnKeysAndToEarlierSources) {
  // The example of yaml.org/type/merge.html: all four mean the same.
  const ReadResult read = parse_text(
      "- &CENTER {x: 1, y: 2}\n"
      "- &LEFT {x: 0, y: 2}\n"
      "- &BIG {r: 10}\n"
      "- &SMALL {r: 1}\n");
  EXPECT_THAT(read.errors(), HasSubstr("the document is a list"));
  const ReadResult merged = parse_text(
      "centre: &CENTER {x: 1, y: 2}\nleft: &LEFT {x: 0, y: 2}\nbig: &BIG {r: 10}\nsmall: &SMALL {r: 1}\n"
      "one: {x: 1, y: 2, r: 10, label: c}\n"
      "two: {<<: *CENTER, r: 10, label: c}\n"
      "three: {<<: [*CENTER, *BIG], label: c}\n"
      "four: {<<: [*BIG, *LEFT, *SMALL], x: 1, label: c}\n");
  ASSERT_EQ(merged.errors(), "");
  for (const char* name : {"one", "two", "three", "four"}) {
    const Node node = merged.documents.at(0)[name];
    EXPECT_EQ(node.size(), 4U) << name;
    EXPECT_EQ(node["x"].text(), "1") << name;
    EXPECT_EQ(node["y"].text(), "2") << name;
    EXPECT_EQ(node["r"].text(), "10") << name;
    EXPECT_EQ(node["label"].text(), "c") << name;
    EXPECT_EQ(node["y"].path(), std::string(name) + ".y");
  }
  EXPECT_THAT(parse_text("a: {<<: 3}\n").errors(), HasSubstr("a merge key '<<' takes a mapping"));
}

TEST(YamlErrors, DuplicateKeysAreAllReportedAndTheFirstValueStays) {
  const ReadResult read =
      parse_text("kind: Service\nmetadata: {name: a}\nspec:\n  x: 1\n  y: 2\n  x: {deep: [1]}\n  z: 3\nspec: 4\n");
  EXPECT_EQ(read.errors(),
            "test.yaml:6:3: error: duplicate key 'x'; it stands at line 4 already\n"
            "  --> Service a, spec.x\n"
            "   |\n"
            " 6 |   x: {deep: [1]}\n"
            "   |   ^\n"
            "\n"
            "test.yaml:8:1: error: duplicate key 'spec'; it stands at line 3 already\n"
            "  --> Service a, spec\n"
            "   |\n"
            " 8 | spec: 4\n"
            "   | ^^^^\n");
  ASSERT_EQ(read.documents.size(), 1U);
  EXPECT_EQ(read.documents[0]["spec"]["x"].text(), "1");
  EXPECT_EQ(read.documents[0]["spec"]["z"].text(), "3");
}

TEST(YamlErrors, DuplicatesAreFoundInLargeMappingsToo) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += "key" + std::to_string(i) + ": 1\n";
  EXPECT_EQ(parse_text(text).errors(), "");
  const ReadResult read = parse_text(text + "key7: 2\nkey299: 3\nfresh: 1\n");
  EXPECT_EQ(read.diagnostics.error_count(), 2U);
  EXPECT_THAT(read.errors(), HasSubstr("test.yaml:301:1: error: duplicate key 'key7'; it stands at line 8 already"));
  EXPECT_THAT(read.errors(),
              HasSubstr("test.yaml:302:1: error: duplicate key 'key299'; it stands at line 300 already"));
}

TEST(YamlErrors, BrokenSyntaxIsReportedWhereItShows) {
  const struct {
    const char* text;
    const char* message;
  } cases[] = {
      {"a: b: c\n", "test.yaml:1:5: error: not valid YAML: invalid nested block mapping on the same line\n"},
      {"a: 1\nb: %x\n", "test.yaml:2:4: error: not valid YAML: plain scalar cannot start with '%'\n"},
      {"a: b\n\tc: d\n", "test.yaml:2:1: error: not valid YAML: a tab where blanks are wanted for indentation\n"},
      {"a: *nope\n", "test.yaml:1:4: error: unknown anchor '*nope'\n"},
      {"? [a, b]\n: 1\n", "test.yaml:1:3: error: a mapping's key is a mapping or a list\n"},
      {"just text\n", "test.yaml:1:1: error: the document is a scalar\n"},
      {"x: \"\xff\"\n", "test.yaml:1:5: error: not valid UTF-8: the file is binary or in another encoding\n"},
  };
  for (const auto& broken : cases) {
    EXPECT_THAT(parse_text(broken.text).errors(), ::testing::StartsWith(broken.message)) << broken.text;
  }
}

TEST(YamlErrors, DocumentsBeforeTheBrokenOneAreDelivered) {
  const ReadResult read = parse_text("a: 1\n---\nb: [\n");
  EXPECT_EQ(read.documents.size(), 1U);
  EXPECT_EQ(read.diagnostics.error_count(), 1U);
}

TEST(DocumentLabel, NamesTheObjectAsAPersonWould) {
  const auto label = [](std::string_view text) { return parse_text(text).documents.at(0).label(); };
  EXPECT_EQ(label("kind: Service\nmetadata: {name: cart, namespace: shop}\n"), "Service shop/cart");
  EXPECT_EQ(label("kind: Pod\nmetadata: {generateName: web-}\n"), "Pod web-*");
  EXPECT_EQ(label("kind: Config\n"), "Config");
  EXPECT_EQ(label("metadata: {name: x}\n"), "");
}

}  // namespace
}  // namespace knetsim
