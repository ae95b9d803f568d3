// Goal: tables and wrapped text line up, whatever is in them.
// Method: small tables against their texts written out.
#include "app/cli/text_table.h"

#include <gtest/gtest.h>

namespace knetsim {
namespace {

TEST(TextTable, SetsNumbersToTheRightAndEndsLinesWithoutBlanks) {
  TextTable table({"name", "count", ""}, {1});
  table.add({"a", "1,234", ""});
  table.add({"longer", "7", "unstable"});
  EXPECT_EQ(table.render(2),
            "  name    count\n"
            "  a       1,234\n"
            "  longer      7  unstable\n");
}

TEST(TextTable, ASectionMakesNoColumnWider) {
  TextTable table({"", "count"}, {1});
  table.section("of a machine with a long name");
  table.add({"  a", "7"});
  EXPECT_EQ(table.render(), "     count\nof a machine with a long name\n  a      7\n");
}

TEST(TextTable, IsAPagesTableToo) {
  TextTable table({"name", "count", ""}, {1});
  table.add({"a", "1,234", "unstable"});
  EXPECT_EQ(table.markdown(),
            "| name | count |  |\n"
            "| --- | ---: | --- |\n"
            "| a | 1,234 | unstable |\n");
}

TEST(TextTable, CountsCharactersAndNotBytes) {
  TextTable table({"a", "b"});
  table.add({"10 µs", "x"});
  table.add({"10 ms", "y"});
  EXPECT_EQ(table.render(), "a      b\n10 µs  x\n10 ms  y\n");
}

TEST(TextTable, WrapsTheLastColumnWithinTheWidth) {
  TextTable table({"", ""});
  table.add({"key", "what it means to those who read it"});
  EXPECT_EQ(table.render(0, 28), "key  what it means to those\n     who read it\n");
}

TEST(Wrap, BreaksAtBlanksAndKeepsLongWords) {
  EXPECT_EQ(wrap("one two three", 0, 2, 8), "one two\n  three");
  EXPECT_EQ(wrap("incomprehensibilities", 0, 2, 8), "incomprehensibilities");
  EXPECT_EQ(wrap("", 0, 2, 8), "");
}

}  // namespace
}  // namespace knetsim
