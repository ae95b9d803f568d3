// Goal: an empty entry of a block sequence that stands at its key's indentation is null (YAML 1.2, 8.2.1), and places
// behind it are still those of the file. Method: documents read against their long forms, with marks.

#include "sim/input/yaml_empty_entries.h"

#include <gtest/gtest.h>

#include "sim/input/read_documents.h"

namespace knetsim {
namespace {

Document read(InputSet& inputs, const std::string& text) { return read_document(inputs.add_text("t.yaml", text)); }

TEST(YamlEmptyEntries, AreNullWhereverTheyStand) {
  InputSet inputs;
  const Document last = read(inputs, "a: b\nc:\n-\n");
  ASSERT_EQ(last["c"].size(), 1U);
  EXPECT_TRUE(last["c"][0].is_null());
  const Document nested = read(inputs, "spec:\n  rules:\n  - # nothing\n  - x\n  -  \n  other: 1\nlast: end\n");
  ASSERT_EQ(nested["spec"]["rules"].size(), 3U);
  EXPECT_TRUE(nested["spec"]["rules"][0].is_null());
  EXPECT_EQ(nested["spec"]["rules"][1].text(), "x");
  EXPECT_EQ(nested["spec"]["rules"][1].mark().line, 4U);
  EXPECT_EQ(nested["spec"]["rules"][1].mark().column, 5U);
  EXPECT_EQ(nested["spec"]["other"].text(), "1");
  EXPECT_EQ(nested["last"].mark().line, 7U);
  EXPECT_EQ(nested["last"].mark().column, 7U);
  EXPECT_EQ(nested["last"].text(), "end");
  const Document inner = read(inputs, "a:\n- b:\n  -\n  c: \"x\"\n");
  EXPECT_EQ(inner["a"][0]["b"].size(), 1U);
  EXPECT_EQ(inner["a"][0]["c"].text(), "x");
}

TEST(YamlEmptyEntries, WhatIsNoneStaysAsItIs) {
  EXPECT_FALSE(fill_empty_entries("a:\n-\n  b: 1\n-\n  - c\n"));
  EXPECT_FALSE(fill_empty_entries("a:\n  -\nb:\n  -\n")) << "indented: the parser reads these";
  EXPECT_FALSE(fill_empty_entries("text: |\n  key:\n  -\n  end\n")) << "a block scalar's line";
  EXPECT_FALSE(fill_empty_entries("- text: |-\n    key:\n    -\n  b: 1\n"));
  const auto behind = fill_empty_entries("text: |\n  x\nkey:\n-\n");
  ASSERT_TRUE(behind);
  EXPECT_EQ(behind->text, "text: |\n  x\nkey:\n- ~\n");
  EXPECT_EQ(behind->original(behind->text.size()), behind->text.size() - 2);
}

}  // namespace
}  // namespace knetsim
