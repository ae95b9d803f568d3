// The JSON reader against simdjson's DOM: on random documents and on random damage to them, both accept or both refuse,
// and what is accepted has the same contents. Places are checked by hand, Lists against what kubectl and the API server
// write.
#include "sim/input/json_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <charconv>

#include "support/property.h"
#include "support/read_text.h"

namespace knetsim {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(JsonDocument, NodesCarryKindTextAndPlaceInTheFile) {
  const ReadResult read =
      parse_text("{\n  \"a\": [1, -2.5e3, true, null],\n  \"b\": {\"\": \"x\\u00e9\\n\"},\"\\t\": {}\n}\n");
  ASSERT_EQ(read.errors(), "");
  EXPECT_THAT(outline(read.documents.at(0)),
              ElementsAre(" mapping 1:1", "a (2:3) list 2:8", "a[0] scalar 1 2:9", "a[1] scalar -2.5e3 2:12",
                          "a[2] scalar true 2:20", "a[3] null 2:26", "b (3:3) mapping 3:8",
                          "b[\"\"] (3:9) scalar \"x\u00e9\n\" 3:13", "[\"\t\"] (3:26) mapping 3:32"));
}

TEST(JsonDocument, SurrogatePairsBecomeOneCharacter) {
  EXPECT_EQ(parse_text(R"({"a": "\ud83d\ude00\u20ac\/"})").documents.at(0)["a"].text(), "\U0001f600\u20ac/");
  EXPECT_THAT(parse_text(R"({"a": "\ud83d"})").errors(), HasSubstr("half of a surrogate pair"));
}

TEST(JsonStream, ObjectsMayFollowEachOther) {
  const ReadResult read = parse_text("{\"a\":1}\n{\"a\":2} {\"a\":3}");
  ASSERT_EQ(read.errors(), "");
  ASSERT_EQ(read.documents.size(), 3U);
  EXPECT_EQ(read.documents[2]["a"].text(), "3");
  EXPECT_EQ(read.documents[2].number(), 3U);
  EXPECT_EQ(to_string(read.documents[1]["a"].mark()), "test.yaml:2:6");
}

TEST(JsonList, ItemsComeOneByOneWithThePlacesOfTheFile) {
  const ReadResult read = parse_text(
      "{\n"
      "    \"apiVersion\": \"v1\",\n"
      "    \"items\": [\n"
      "        {\"kind\": \"Pod\", \"metadata\": {\"name\": \"a\"}},\n"
      "        {\"kind\": \"Service\",\n"
      "         \"metadata\": {\"name\": \"b\"}}\n"
      "    ],\n"
      "    \"kind\": \"List\",\n"
      "    \"metadata\": {\"resourceVersion\": \"\"}\n"
      "}\n");
  ASSERT_EQ(read.errors(), "");
  ASSERT_EQ(read.documents.size(), 2U);
  EXPECT_EQ(read.documents[0].item(), 0);
  EXPECT_EQ(read.documents[1].item(), 1);
  EXPECT_EQ(read.documents[1].label(), "Service b");
  EXPECT_EQ(read.documents[1]["metadata"]["name"].path(), "metadata.name");
  EXPECT_EQ(to_string(read.documents[1]["metadata"]["name"].mark()), "test.yaml:6:31");
}

TEST(JsonList, ItemsOfATypedListGetItsKindAndApiVersion) {
  const ReadResult read = parse_text(
      R"({"kind":"EndpointSliceList","apiVersion":"discovery.k8s.io/v1","items":[{"metadata":{"name":"a"}},{"kind":"Other"}]})");
  ASSERT_EQ(read.errors(), "");
  ASSERT_EQ(read.documents.size(), 2U);
  EXPECT_EQ(read.documents[0]["kind"].text(), "EndpointSlice");
  EXPECT_EQ(read.documents[0]["apiVersion"].text(), "discovery.k8s.io/v1");
  EXPECT_EQ(to_string(read.documents[0]["kind"].mark()), "test.yaml:1:9");
  EXPECT_EQ(read.documents[1]["kind"].text(), "Other");
}

TEST(JsonList, EmptyListsAndNullItemsGiveNothing) {
  for (const char* text : {R"({"items":[],"kind":"List"})", R"({"kind":"PodList","items":[ ]})"}) {
    const ReadResult read = parse_text(text);
    EXPECT_EQ(read.errors(), "");
    EXPECT_TRUE(read.documents.empty());
  }
  // Go writes an empty typed list as null: an ordinary object then, with nothing in it.
  EXPECT_EQ(parse_text(R"({"kind":"PodList","items":null})").documents.size(), 1U);
}

TEST(JsonList, ItemsOfSomethingElseAreNoList) {
  EXPECT_EQ(parse_text(R"({"kind":"Menu","items":[1,2]})").documents.size(), 1U);
  EXPECT_THAT(parse_text(R"({"items":[{"a":1}],"kind":"Menu"})").errors(),
              HasSubstr("'items' in a document of kind Menu"));
  EXPECT_THAT(parse_text(R"({"items":[{"a":1}]})").errors(), HasSubstr("a document with 'items' and without 'kind'"));
  EXPECT_THAT(parse_text(R"({"kind":"List","items":[3]})").errors(), HasSubstr("item 0 of the List is no object"));
}

// kubectl writes keys by name: what kind of list it is stands behind the items. Those that say so themselves go first.
TEST(TypedList, ItemsGetAKindThatStandsBehindThem) {
  for (
      const char* text :
      {R"({"items":[{"metadata":{"name":"a"}},{"kind":"Pod","apiVersion":"v1"}],"kind":"ServiceList","apiVersion":"v1"})",
       "items:\n- metadata: {name: a}\n- {kind: Pod, apiVersion: v1}\nkind: ServiceList\napiVersion: v1\n",
       R"({"kind":"ServiceList","items":[{"metadata":{"name":"a"}},{"kind":"Pod","apiVersion":"v1"}],"apiVersion":"v1"})"}) {
    const ReadResult read = parse_text(text);
    ASSERT_EQ(read.errors(), "") << text;
    ASSERT_EQ(read.documents.size(), 2U) << text;
    EXPECT_EQ(read.documents[0].label(), "Pod") << text;
    EXPECT_EQ(read.documents[1].label(), "Service a") << text;
    EXPECT_EQ(read.documents[1]["apiVersion"].text(), "v1") << text;
    EXPECT_EQ(read.documents[1].item(), 0) << text;
  }
}

// Of two `items` the last counts, as of any key; who was given the first ones is told before the others come.
TEST(TypedList, OfTwoItemsTheLastOnesCount) {
  for (const char* text :
       {R"({"kind":"List","items":[{"kind":"A","apiVersion":"v1"}],"items":[{"kind":"B","apiVersion":"v1"}]})",
        "kind: List\nitems:\n- {kind: A, apiVersion: v1}\nitems:\n- {kind: B, apiVersion: v1}\n",
        "items:\n- {a: 1}\nitems:\n- {kind: B, apiVersion: v1}\nkind: List\n"}) {
    const auto input = Input::from_text("test.yaml", text);
    Diagnostics diagnostics;
    std::vector<std::string> kinds;
    const DocumentSink sink = [&](const Document& document) { kinds.emplace_back(document["kind"].text()); };
    read_documents(*input, diagnostics, sink,
                   {.last_duplicate_counts = true, .on_items_again = [&] { kinds.clear(); }});
    EXPECT_EQ(render(diagnostics.errors()), "") << text;
    EXPECT_THAT(render(diagnostics.notices()), HasSubstr("duplicate key 'items': this one counts")) << text;
    EXPECT_EQ(kinds, std::vector<std::string>{"B"}) << text;
    Diagnostics refused;
    read_documents(*input, refused, sink, {.last_duplicate_counts = true});
    EXPECT_THAT(render(refused.errors()), HasSubstr("a second 'items' in one List")) << text;
  }
}

TEST(YamlList, IsReadLikeAJsonList) {
  const ReadResult read = parse_text(
      "apiVersion: v1\nitems:\n- kind: Pod\n  metadata: {name: a}\n  x: {y: 1, y: 2}\n- kind: Pod\n  metadata:\n    "
      "name: b\n"
      "kind: List\n---\nkind: Service\n");
  EXPECT_THAT(read.errors(), StartsWith("test.yaml:5:13: error: duplicate key 'y'; it stands at line 5 already\n"
                                        "  --> Pod a, x.y\n"));
  ASSERT_EQ(read.documents.size(), 3U);
  EXPECT_EQ(read.documents[1].item(), 1);
  EXPECT_EQ(read.documents[1].label(), "Pod b");
  EXPECT_EQ(to_string(read.documents[1]["metadata"]["name"].mark()), "test.yaml:8:11");
  EXPECT_EQ(read.documents[2].item(), -1);
}

TEST(JsonErrors, SayWhatWasExpectedAndWhere) {
  const struct {
    const char* text;
    const char* message;
  } cases[] = {
      {"{\"a\": 1,}", "test.yaml:1:9: error: not valid JSON: '}' where a key in double quotes is expected\n"},
      {"{\"a\" 1}", "test.yaml:1:6: error: not valid JSON: '1' where ':' is expected\n"},
      {"{\"a\": [1 2]}", "test.yaml:1:10: error: not valid JSON: '2' where ',' or ']' is expected\n"},
      {"{\"a\": nul}", "test.yaml:1:7: error: not valid JSON: 'n' where a value is expected\n"},
      {"{\"a\": 01}", "test.yaml:1:8: error: not valid JSON: '1' where no digit after a leading 0 is expected\n"},
      {"{\"a\": \"x", "test.yaml:1:7: error: not valid JSON: the string that begins here is not closed\n"},
      {"{\"a\": \"x\ny\"}", "test.yaml:1:9: error: not valid JSON: a control character in a string\n"},
      {"{\"a\": 1", "test.yaml:1:8: error: not valid JSON: the file ends where ',' or '}' is expected\n"},
      {"{\"a\": \"\\x\"}", "test.yaml:1:8: error: not valid JSON: unknown escape in a string\n"},
      {"{\"a\": 1} x", "test.yaml:1:10: error: expected '{' where a JSON document begins\n"},
      {"[1]", "test.yaml:1:1: error: the document is a list\n"},
      {"{\"a\": \"\xff\"}", "test.yaml:1:7: error: this string is not valid UTF-8\n"},
  };
  for (const auto& broken : cases)
    EXPECT_THAT(parse_text(broken.text).errors(), StartsWith(broken.message)) << broken.text;
}

TEST(JsonErrors, DuplicateKeysAreReportedAndTheFirstValueStays) {
  const ReadResult read = parse_text("{\"kind\":\"Pod\",\"a\":{\"b\":1,\n\"b\":{\"c\":[1]}},\"\\u0061\":2}");
  EXPECT_EQ(read.diagnostics.error_count(), 2U);
  EXPECT_THAT(read.errors(), StartsWith("test.yaml:2:1: error: duplicate key 'b'; it stands at line 1 already\n"
                                        "  --> Pod, a.b\n"));
  EXPECT_EQ(read.documents.at(0)["a"]["b"].text(), "1");
}

// --- simdjson as the oracle
// ----------------------------------------------------------------------------------------------

rc::Gen<std::string> random_json(int depth) {
  using rc::gen::just;
  const auto text = rc::gen::map(rc::gen::container<std::string>(rc::gen::elementOf(std::string("abz09 {}[]:,.-_/"))),
                                 [](const std::string& s) { return '"' + s + '"'; });
  const auto odd =
      rc::gen::element<std::string>("\"\\n\\\"\\\\\"", "\"\\u00e9\"", "\"\\ud83d\\ude00\"", "\"\u00e9\u20ac\"", "\"\"");
  const auto number = rc::gen::element<std::string>("0", "-1", "3.25", "1e9", "-0.5E-3", "123456789012", "0.1");
  const auto word = rc::gen::element<std::string>("true", "false", "null");
  const auto blank = rc::gen::element<std::string>("", " ", "\n    ", "\t", "                              ");
  if (depth == 0) return rc::gen::oneOf(text, odd, number, word);
  const auto items = rc::gen::resize(5, rc::gen::container<std::vector<std::string>>(random_json(depth - 1)));
  const auto list = rc::gen::map(rc::gen::pair(items, blank), [](const auto& made) {
    std::string out = "[";
    for (std::size_t i = 0; i < made.first.size(); ++i) out += (i > 0 ? "," : "") + made.second + made.first[i];
    return out + made.second + ']';
  });
  const auto object = rc::gen::map(rc::gen::pair(items, blank), [](const auto& made) {
    std::string out = "{";
    for (std::size_t i = 0; i < made.first.size(); ++i) {
      out += (i > 0 ? "," : "") + made.second + "\"k" + std::to_string(i) + '"' + made.second + ':' + made.first[i];
    }
    return out + made.second + '}';
  });
  return rc::gen::oneOf(text, number, word, list, object, object);
}

void expect_equal(Node node, simdjson::dom::element element) {
  using Type = simdjson::dom::element_type;
  switch (element.type()) {
    case Type::ARRAY: {
      RC_ASSERT(node.is_sequence());
      RC_ASSERT(node.size() == simdjson::dom::array(element).size());
      std::size_t i = 0;
      for (const auto item : simdjson::dom::array(element)) expect_equal(node[i++], item);
      break;
    }
    case Type::OBJECT: {
      RC_ASSERT(node.is_mapping());
      RC_ASSERT(node.size() == simdjson::dom::object(element).size());
      std::size_t i = 0;
      for (const auto field : simdjson::dom::object(element)) {
        RC_ASSERT(node.key(i).text() == field.key);
        RC_ASSERT(node[i].key() == node.key(i));
        RC_ASSERT(node[i].parent() == node);
        expect_equal(node[i++], field.value);
      }
      break;
    }
    case Type::STRING:
      RC_ASSERT(node.is_quoted());
      RC_ASSERT(node.text() == std::string_view(element));
      break;
    case Type::NULL_VALUE:
      RC_ASSERT(node.kind() == Node::Kind::Null);
      break;
    case Type::BOOL:
      RC_ASSERT(node.text() == (bool(element) ? "true" : "false"));
      break;
    default: {
      double value = 0;
      std::from_chars(node.text().data(), node.text().data() + node.text().size(), value);
      RC_ASSERT(value == element.get_double().value());
    }
  }
}

TEST(JsonReader, ReadsWhatSimdjsonReads) {
  expect_property("same contents", [] {
    const std::string text = "{\"root\":" + *random_json(4) + "}";
    const ReadResult read = parse_text(text);
    RC_ASSERT(read.errors().empty());
    simdjson::dom::parser parser;
    expect_equal(read.documents.at(0).root(), parser.parse(text));
  });
}

TEST(JsonReader, RefusesWhatSimdjsonRefuses) {
  expect_property("same verdict", [] {
    std::string text = "{\"root\":" + *random_json(3) + "}";
    const auto at = *rc::gen::inRange<std::size_t>(9, text.size());
    const char byte = *rc::gen::elementOf(std::string("\"\\{}[]:,0-.eE \n\x01\x7f\xc3x"));
    switch (*rc::gen::inRange(0, 3)) {
      case 0:
        text[at] = byte;
        break;
      case 1:
        text.insert(at, 1, byte);
        break;
      default:
        text.erase(at, 1);
    }
    ReadResult read;
    read.input = Input::from_text("test.json", text);
    read_json(*read.input, read.diagnostics, [&](const Document& document) { read.documents.push_back(document); });
    const bool duplicate = read.errors().find("duplicate key") != std::string::npos;  // simdjson lets them pass
    const bool limits = read.errors().find("where a JSON document begins") != std::string::npos;
    simdjson::dom::parser parser;
    const auto parsed = parser.parse(text);
    // A number that no double or 64-bit integer holds is a text to us.
    const bool number = parsed.error() == simdjson::NUMBER_ERROR && !read.diagnostics.has_errors();
    if (!duplicate && !limits && !number)
      RC_ASSERT(read.diagnostics.has_errors() == (parsed.error() != simdjson::SUCCESS));
  });
}

}  // namespace
}  // namespace knetsim
