// Inputs that would take a careless reader's memory or time end in one clear error: nesting, alias bombs, junk. What
// bounds the work is counted in values, bytes and levels, never in seconds, so the outcome is the same on every
// machine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "support/read_text.h"

namespace knetsim {
namespace {

using ::testing::HasSubstr;

std::string repeat(std::string_view text, std::size_t times) {
  std::string out;
  out.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

void expect_one_error(const std::string& text, const std::string& message) {
  const ReadResult read = parse_text(text);
  EXPECT_EQ(read.diagnostics.error_count(), 1U);
  EXPECT_THAT(read.errors(), HasSubstr(message));
  EXPECT_LT(read.errors().size(), 2000U);
}

TEST(HostileInput, NestingEndsAtLevel256) {
  expect_one_error("a: " + repeat("[", 100'000) + "\n", "nested more than 256 levels deep");
  expect_one_error("{\"a\":" + repeat("[", 100'000), "nested more than 256 levels deep");
  expect_one_error(repeat("{\"a\":", 100'000), "nested more than 256 levels deep");
  expect_one_error(repeat("[", 100'000), "the document is a list");
  std::string steps;
  for (std::size_t i = 0; i < 1000; ++i) steps += std::string(i, ' ') + "a:\n";
  expect_one_error(steps, "nested more than 256 levels deep");
  EXPECT_EQ(parse_text("{\"a\":" + repeat("[", 254) + repeat("]", 254) + "}").errors(), "");
}

TEST(HostileInput, BillionLaughsStopsAtTheBoundOfAliases) {
  std::string bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n";
  for (char name = 'b'; name <= 'j'; ++name) {
    bomb += std::string(1, name) + ": &" + name + " [" +
            repeat(std::string("*") + static_cast<char>(name - 1) + ", ", 9) + "]\n";
  }
  expect_one_error(bomb, "the aliases of this document stand for more than 200000 values");
}

// YAML 1.2, 7.4.1: [key: value] is a list of one mapping. libfyaml tells that mapping with its colon's place, after the
// key, so that offsets from the item's begin wrapped around: 4 GiB out of bounds.
TEST(HostileInput, ALonePairIsAnItemAndStandsAtItsKey) {
  const auto label_of = [](const std::string& text) {
    const ReadResult read = parse_text(text);
    EXPECT_EQ(read.errors(), "");
    return read.documents.empty() ? std::string() : read.documents[0].label();
  };
  EXPECT_EQ(label_of("kind: PodList\napiVersion: v1\nitems: [spec: {}]\n"), "Pod");
  EXPECT_EQ(label_of("kind: List\napiVersion: v1\nitems: [kind: Service]\n"), "Service");
  EXPECT_EQ(label_of("kind: List\napiVersion: v1\nitems: [\"kind\": Service]\n"), "Service");
  EXPECT_EQ(label_of("kind: List\napiVersion: v1\nitems: [{a: 1}, 'kind' : Node, {b: 2}]\n"), "");
  EXPECT_EQ(label_of("kind: List\napiVersion: v1\nitems: [<<: {kind: Node}]\n"), "Node");
  EXPECT_EQ(label_of("kind: List\napiVersion: v1\nx: &k kind\nitems: [*k : Node]\n"), "Node");
  const ReadResult read = parse_text("kind: PodList\napiVersion: v1\nitems: [spec: {}, x, spec: {a: 1, a: 2}]\n");
  EXPECT_THAT(read.errors(), HasSubstr(":3:19: error"));
}

TEST(HostileInput, OffsetsThatWrapAreErrorsWithTheirPlace) {
  const ReadResult read = parse_text("{a \"b\": [c d\": \"v1\", \"kind\": \"Node\": \"v1e; x\n");
  EXPECT_EQ(read.diagnostics.error_count(), 1U);
  EXPECT_THAT(read.errors(), HasSubstr("error: not valid YAML"));
}

// Each anchor keeps a copy of what it names: 250 levels of anchors around 100,000 values were 25 million, 2.3 GB.
TEST(HostileInput, AnchorsInAnchorsAreCounted) {
  std::string nested;
  for (int i = 0; i < 200; ++i)
    nested += std::string(static_cast<std::size_t>(i), ' ') + "a: &x" + std::to_string(i) + "\n";
  nested += std::string(200, ' ') + "b: [" + repeat("x, ", 20'000) + "]\n";
  expect_one_error(nested, "the anchors of this document name more than 500000 values");
  std::string texts;
  for (int i = 0; i < 200; ++i)
    texts += std::string(static_cast<std::size_t>(i), ' ') + "a: &x" + std::to_string(i) + "\n";
  texts += std::string(200, ' ') + "b: \"\\t" + std::string(500'000, 'x') + "\"\n";
  expect_one_error(texts, "or 32 MiB of text");
}

TEST(HostileInput, AliasesOfALongTextAreCounted) {
  expect_one_error("a: &a " + std::string(500'000, 'x') + "\nb: [" + repeat("*a, ", 10'000) + "]\n",
                   "the texts of this document, with those of aliases, are more than 32 MiB");
}

// 100,000 keys took 13 s: each was compared with each.
TEST(HostileInput, ManyMergedKeysTakeTheTimeOfTheirNumber) {
  std::string merge = "a: &a\n";
  for (int i = 0; i < 100'000; ++i) merge += "  k" + std::to_string(i) + ": v\n";
  merge += "b:\n  <<: *a\n";
  for (int i = 0; i < 100'000; i += 2) merge += "  k" + std::to_string(i) + ": w\n";
  const ReadResult read = parse_text(merge);
  ASSERT_EQ(read.errors(), "");
  const Node merged = read.documents[0]["b"];
  ASSERT_EQ(merged.size(), 100'000U);
  EXPECT_EQ(merged[0].text(), "w");
  EXPECT_EQ(merged[50'000].text(), "v") << "what is merged comes after what is written";
}

TEST(HostileInput, WrongMergesEndAfterAHundred) {
  const ReadResult read = parse_text("a: [" + repeat("{<<: 1}, ", 100'000) + "]\n");
  EXPECT_LE(read.diagnostics.error_count(), 102U);
  EXPECT_THAT(render(read.diagnostics.errors(), false, 1000), HasSubstr("too many wrong merge keys"));
}

// Each place in a line of a megabyte was looked up from its begin, also of errors that nobody would see.
TEST(HostileInput, ErrorsBeyondTheThousandAreOnlyCounted) {
  const auto input = Input::from_text("long.yaml", "a: [" + repeat("1, ", 300'000) + "]\n");
  Diagnostics diagnostics;
  read_documents(*input, diagnostics, [&](const Document& document) {
    for (const Node one : document["a"]) diagnostics.error(one, "wrong");
  });
  EXPECT_EQ(diagnostics.error_count(), 300'000U);
  EXPECT_EQ(diagnostics.errors().size(), 1000U);
}

TEST(HostileInput, AliasesCannotNestBeyondTheLimitEither) {
  std::string deep = "a0: &a0 [x]\n";
  for (int i = 1; i < 300; ++i) {
    deep += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) + "]\n";
  }
  expect_one_error(deep, "nested more than 256 levels deep");
}

// libfyaml looks ahead to the end of every bracket before it hands out the first: 100 MB of them took 23 GB.
TEST(HostileInput, BracketsThatNeverCloseAreRefused) {
  const std::string message = "more than 262144 brackets and braces that are not closed";
  expect_one_error("a: " + repeat("[", 4'000'000), message);
  expect_one_error("a:\n- {b: [" + repeat("[\n", 4'000'000), message);
  expect_one_error("a: " + repeat("{\"b\": [ ", 4'000'000), message);
  expect_one_error("a: " + repeat("[\n", 100'000), "nested more than 256 levels deep");
  expect_one_error("a: [" + repeat("x, ", 5'000'000), "one document with more than 4000000 values");
  EXPECT_EQ(parse_text("a: [" + repeat("[1], {b: c}, ", 200'000) + "x]\n").errors(), "");
  EXPECT_EQ(parse_text(repeat("a: '{'\n---\n", 300'000)).errors(), "") << "each document counts for itself";
}

TEST(HostileInput, EmptyDocumentsEndToo) {
  expect_one_error(repeat("---\n", 4'000'000), "100000 empty documents one after another");
  EXPECT_EQ(parse_text(repeat("---\n# nothing\n", 1000) + "a: 1\n").errors(), "");
}

TEST(HostileInput, ManyValuesInOneDocumentAreRefused) {
  expect_one_error("{\"a\":[" + repeat("1,", 5'000'000) + "1]}", "one document with more than 4000000 values");
}

TEST(HostileInput, OneHugeStringIsRefused) {
  expect_one_error("{\"a\":\"" + std::string(40U << 20U, 'x') + "\"}", "one document of more than 32 MiB");
}

TEST(HostileInput, DuplicateKeysAreReportedUpToAHundred) {
  const ReadResult read = parse_text(repeat("line of a log: something\n", 100'000));
  EXPECT_EQ(read.diagnostics.error_count(), 101U);
  EXPECT_THAT(render(read.diagnostics.errors(), false, 1000), HasSubstr("too many duplicate keys"));
}

TEST(HostileInput, TextWithoutStructureIsNoDocument) {
  expect_one_error(repeat("lorem ipsum dolor sit amet\n", 40'000), "the document is a scalar");
  expect_one_error(repeat("QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo", 100'000), "the document is a scalar");
}

TEST(HostileInput, NulBytesAndBrokenUtf8AreFoundBeforeParsing) {
  expect_one_error(std::string("a: 1\nb: \0\n", 10), "a NUL byte: not a text file");
  // c-printable of YAML 1.2, 5.1: the first and last of each range that it leaves out, and what lies beside them.
  for (const char* wrong : {"\x01", "\x08", "\x0b", "\x0c", "\x0e", "\x1f", "\x7f", "\xc2\x80", "\xc2\x84", "\xc2\x86",
                            "\xc2\x9f", "\xef\xbf\xbe", "\xef\xbf\xbf"}) {
    expect_one_error(std::string("a: \"") + wrong + "\"\n", "the control character U+");
  }
  for (const char* right : {"\t", " ", "~", "\xc2\x85", "\xc2\xa0", "\xef\xbf\xbd", "\xf0\x9f\x98\x80"}) {
    EXPECT_EQ(parse_text(std::string("a: \"b") + right + "c\"\n").errors(), "") << right;
  }
  expect_one_error(repeat("a: 1 # ok\n", 1) + std::string(100'000, '#') + "\xc3(\n", "not valid UTF-8");
}

}  // namespace
}  // namespace knetsim
