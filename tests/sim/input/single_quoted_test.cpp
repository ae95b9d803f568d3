// Goal: a single-quoted scalar says what YAML has it say. Method: the specification's examples, and random texts without
// escapes beside the same between double quotes, which libfyaml takes apart.
#include "sim/input/single_quoted.h"

#include <gtest/gtest.h>

#include <string>

#include "support/property.h"
#include "support/read_text.h"

namespace knetsim {
namespace {

TEST(SingleQuoted, FollowsTheSpecification) {
  EXPECT_EQ(single_quoted_text("here''s to \"quotes\""), "here's to \"quotes\"");  // example 7.7
  EXPECT_EQ(single_quoted_text(" 1st non-empty\n\n 2nd non-empty \n\t3rd non-empty "),
            " 1st non-empty\n2nd non-empty 3rd non-empty ");  // example 7.9
  EXPECT_EQ(single_quoted_text("a\r\n\r\n\r\n b"), "a\n\nb");
  EXPECT_EQ(single_quoted_text("''''''"), "'''");
  EXPECT_EQ(single_quoted_text(""), "");
}

TEST(SingleQuoted, FoldsAsDoubleQuotedTextDoes) {
  expect_property("same text", [] {
    const auto body = *rc::gen::container<std::string>(rc::gen::elementOf(std::string("ab''\n\n ")));
    std::string single;
    for (const char c : body)
      single += c == '\'' ? std::string("''") : c == '\n' ? std::string("\n ") : std::string(1, c);
    std::string other;
    for (const char c : body) other += c == '\n' ? std::string("\n ") : std::string(1, c);
    const ReadResult ours = parse_text("a: '" + single + "'\n");
    const ReadResult theirs = parse_text("a: \"" + other + "\"\n");
    RC_ASSERT(ours.errors() == "");
    RC_ASSERT(theirs.errors() == "");
    RC_ASSERT(std::string(ours.documents.at(0)["a"].text()) == std::string(theirs.documents.at(0)["a"].text()));
  });
}

}  // namespace
}  // namespace knetsim
