// Paths: the grammar's examples, its errors, and round trips of random paths, whatever characters their keys have.
#include "sim/input/path.h"

#include <gtest/gtest.h>

#include "support/property.h"
#include "support/read_text.h"

namespace knetsim {
namespace {

TEST(Path, StepsAreKeysAndIndices) {
  const Path path = Path::parse(R"(a.b-c[2]["x.y/z"].d)");
  ASSERT_EQ(path.steps().size(), 5U);
  EXPECT_EQ(path.steps()[1].key, "b-c");
  EXPECT_TRUE(path.steps()[2].is_index);
  EXPECT_EQ(path.steps()[2].index, 2U);
  EXPECT_EQ(path.steps()[3].key, "x.y/z");
  EXPECT_EQ(path.to_string(), R"(a.b-c[2]["x.y/z"].d)");
  EXPECT_EQ(Path::parse(R"(nodeSelector.kubernetes\.io/os)").to_string(), R"(nodeSelector["kubernetes.io/os"])");
  EXPECT_EQ(Path::parse(R"(["a b"].c)").to_string(), R"(["a b"].c)");
  EXPECT_TRUE(Path::parse("").empty());
}

TEST(Path, ErrorsNameTheCharacter) {
  const struct {
    const char* text;
    std::size_t offset;
  } cases[] = {{"a..b", 2}, {".a", 0},    {"a.", 2},  {"a[", 2},    {"a[x]", 2},
               {"a[1", 3},  {"a[1]b", 4}, {"[1]", 0}, {"a[\"b", 1}, {"a b", 1},
               {"a=b", 1},  {"a]", 1},    {"a\\", 1}, {"a[-1]", 2}, {"a[99999999999999999999]", 2}};
  for (const auto& wrong : cases) {
    try {
      Path::parse(wrong.text);
      ADD_FAILURE() << wrong.text << " was accepted";
    } catch (const PathError& error) {
      EXPECT_EQ(error.offset(), wrong.offset) << wrong.text << ": " << error.what();
    }
  }
}

TEST(Path, APrefixEndsAtTheEqualsSign) {
  std::size_t used = 0;
  EXPECT_EQ(Path::parse_prefix(R"(a["k=v"].b=c=d)", used).to_string(), R"(a["k=v"].b)");
  EXPECT_EQ(used, 10U);
  std::vector<std::uint64_t> starts;
  Path::parse_prefix(R"(ab.c\.d[12]["k"].e=1)", used, &starts);
  EXPECT_EQ(starts, (std::vector<std::uint64_t>{0, 3, 8, 12, 17}));
}

TEST(Path, TextAndBackIsTheSamePath) {
  expect_property("path round trip", [] {
    Path path;
    path.push_key(*rc::gen::arbitrary<std::string>());
    const int count = *rc::gen::inRange(0, 6);
    for (int i = 0; i < count; ++i) {
      if (*rc::gen::arbitrary<bool>()) {
        path.push_index(*rc::gen::arbitrary<std::uint32_t>());
      } else {
        path.push_key(*rc::gen::container<std::string>(rc::gen::elementOf(std::string("ab.[]\"=\\ /-"))));
      }
    }
    RC_ASSERT(Path::parse(path.to_string()) == path);
  });
}

TEST(Path, EveryNodesPathLeadsBackToIt) {
  const ReadResult read = parse_text("a: {b: [1, {\"x.y\": [2]}], '': 3}\n'k\"q': 4\n");
  const Document& document = read.documents.at(0);
  const auto walk = [&](const auto& self, Node node) -> void {
    EXPECT_EQ(find(document, Path::parse(node.path())), node) << node.path();
    for (const Node child : node) self(self, child);
  };
  walk(walk, document.root());
  EXPECT_FALSE(find(document, Path::parse("a.b[7]")).exists());
  EXPECT_FALSE(find(document, Path::parse("a[0]")).exists());
}

}  // namespace
}  // namespace knetsim
