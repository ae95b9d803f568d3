// Inputs that would take a careless reader's memory or time end in one clear error: nesting, alias bombs, junk. What
// bounds the work is counted in values, bytes and levels, never in seconds, so the outcome is the same on every
// machine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "read_support.h"

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
  const ReadResult read = read_text(text);
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
  EXPECT_EQ(read_text("{\"a\":" + repeat("[", 254) + repeat("]", 254) + "}").errors(), "");
}

TEST(HostileInput, BillionLaughsStopsAtTheBoundOfAliases) {
  std::string bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n";
  for (char name = 'b'; name <= 'j'; ++name) {
    bomb += std::string(1, name) + ": &" + name + " [" +
            repeat(std::string("*") + static_cast<char>(name - 1) + ", ", 9) + "]\n";
  }
  expect_one_error(bomb, "the aliases of this document stand for more than 200000 values");
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
  EXPECT_EQ(read_text("a: [" + repeat("[1], {b: c}, ", 200'000) + "x]\n").errors(), "");
  EXPECT_EQ(read_text(repeat("a: '{'\n---\n", 300'000)).errors(), "") << "each document counts for itself";
}

TEST(HostileInput, EmptyDocumentsEndToo) {
  expect_one_error(repeat("---\n", 4'000'000), "100000 empty documents one after another");
  EXPECT_EQ(read_text(repeat("---\n# nothing\n", 1000) + "a: 1\n").errors(), "");
}

TEST(HostileInput, ManyValuesInOneDocumentAreRefused) {
  expect_one_error("{\"a\":[" + repeat("1,", 5'000'000) + "1]}", "one document with more than 4000000 values");
}

TEST(HostileInput, OneHugeStringIsRefused) {
  expect_one_error("{\"a\":\"" + std::string(40U << 20U, 'x') + "\"}", "one document of more than 32 MiB");
}

TEST(HostileInput, DuplicateKeysAreReportedUpToAHundred) {
  const ReadResult read = read_text(repeat("line of a log: something\n", 100'000));
  EXPECT_EQ(read.diagnostics.error_count(), 101U);
  EXPECT_THAT(render(read.diagnostics.errors(), false, 1000), HasSubstr("too many duplicate keys"));
}

TEST(HostileInput, TextWithoutStructureIsNoDocument) {
  expect_one_error(repeat("lorem ipsum dolor sit amet\n", 40'000), "the document is a scalar");
  expect_one_error(repeat("QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo", 100'000), "the document is a scalar");
}

TEST(HostileInput, NulBytesAndBrokenUtf8AreFoundBeforeParsing) {
  expect_one_error(std::string("a: 1\nb: \0\n", 10), "a NUL byte: not a text file");
  expect_one_error(repeat("a: 1 # ok\n", 1) + std::string(100'000, '#') + "\xc3(\n", "not valid UTF-8");
}

}  // namespace
}  // namespace knetsim
