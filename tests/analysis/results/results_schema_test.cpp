// The schema, docs/results-format.md and a freshly written file say the same: each dataset and attribute of one is in
// the others.
#include "analysis/results/results_schema.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "analysis/results/results_writer.h"
#include "sample_results.h"
#include "sim/output/hdf5_reader.h"
#include "support/temporary_folder.h"

namespace knetsim {
namespace {

/// A row as the page spells it; the schema has one row a dataset, the page too.
std::string page_row(const SchemaRow& row) {
  std::string shape;
  for (const char letter : row.dims) shape += letter == ' ' ? std::string(", ") : std::string(1, letter);
  std::string unit(row.unit.empty() ? "" : fmt::format("`{}`", row.unit));
  if (row.scale != 1) unit = fmt::format("`{}` x {:g}", row.unit, row.scale);
  std::string meaning(row.meaning);
  if (!row.flags.empty()) meaning += fmt::format(" (0, 1 ...: {})", row.flags);
  return fmt::format("| `{}` | {} | ({}) | {} | {} | {} |", row.path, row.type, shape, unit, row.when, meaning);
}

TEST(ResultsSchema, HasAUniquePathAndAKnownGroupInEachRow) {
  std::set<std::string_view> paths;
  std::set<std::string_view> groups;
  for (const SchemaGroup& group : results_groups()) groups.insert(group.path);
  for (const SchemaRow& row : results_schema()) {
    EXPECT_TRUE(paths.insert(row.path).second) << row.path;
    EXPECT_FALSE(row.meaning.empty()) << row.path;
    EXPECT_TRUE(row.path.starts_with("@") || groups.contains(row.path.substr(0, row.path.rfind('/')))) << row.path;
  }
}

// xarray turns variables with these words as unit into time spans of its own.
TEST(ResultsSchema, HasNoUnitThatReadersDecodeToTimes) {
  const std::set<std::string_view> decoded{"days",         "day",         "hours",       "hour",         "minutes",
                                           "minute",       "seconds",     "second",      "milliseconds", "millisecond",
                                           "microseconds", "microsecond", "nanoseconds", "nanosecond"};
  for (const SchemaRow& row : results_schema()) EXPECT_FALSE(decoded.contains(row.unit)) << row.path;
}

constexpr const char* kPage = KNETSIM_SOURCE_DIR "/docs/results-format.md";

/// "/summary" of a row of the page, "@" of an attribute's, "" of another line.
std::string group_of_line(const std::string& line) {
  if (line.starts_with("| `@")) return "@";
  if (!line.starts_with("| `/")) return "";
  const std::string path = line.substr(3, line.find('`', 3) - 3);
  return path.substr(0, path.rfind('/'));
}

/// The page with the schema's rows in place of its own, table by table.
std::string page_of_schema() {
  std::ifstream page(kPage);
  std::string text;
  std::string last;
  for (std::string line; std::getline(page, line);) {
    const std::string group = group_of_line(line);
    if (group.empty()) text += line + "\n";
    if (!group.empty() && group != last) {
      for (const SchemaRow& row : results_schema()) {
        if (group_of_line(page_row(row)) == group) text += page_row(row) + "\n";
      }
    }
    last = group;
  }
  return text;
}

TEST(ResultsSchema, IsWhatThePageSays) {
  if (std::getenv("KNETSIM_UPDATE_GOLDEN") != nullptr) {
    const std::string text = page_of_schema();
    std::ofstream(kPage, std::ios::binary) << text;
  }
  std::ifstream page(kPage);
  ASSERT_TRUE(page) << "docs/results-format.md is missing";
  std::vector<std::string> rows;
  for (std::string line; std::getline(page, line);) {
    if (!group_of_line(line).empty()) rows.push_back(line);
  }
  std::vector<std::string> expected;
  for (const SchemaRow& row : results_schema()) expected.push_back(page_row(row));
  ASSERT_EQ(rows, expected) << "KNETSIM_UPDATE_GOLDEN=1 writes them; a new group needs a table with a row of its own";
}

TEST(ResultsSchema, ThePageSaysWhatTheVersionBrought) {
  std::ifstream page(kPage);
  const std::string version = fmt::format("{}.{}: ", kFormatMajor, kFormatMinor);
  bool said = false;
  for (std::string line; std::getline(page, line);) said = said || line.starts_with(version);
  EXPECT_TRUE(said) << "docs/results-format.md, Versions: " << version;
}

TEST(ResultsSchema, IsWhatAFileHolds) {
  const TemporaryFolder folder;
  write_results(folder / "sample.h5", sample_results(), {});
  const Hdf5Reader reader(folder / "sample.h5");
  std::vector<std::string> found;
  for (const DataAttribute& attribute : reader.attributes()) found.push_back("@" + attribute.name);
  for (const std::string& path : reader.groups()) {
    const DataGroup group = reader.group(path);
    for (const auto* list : {&group.axes, &group.variables}) {
      for (const DataVariable& variable : *list) {
        const std::string name = "/" + path + "/" + variable.name;
        found.push_back(name);
        const SchemaRow* row = find_schema_row(name);
        ASSERT_NE(row, nullptr) << name;
        EXPECT_EQ(fmt::format("{}", fmt::join(variable.dims, " ")), row->dims) << name;
        EXPECT_EQ(text_attribute(variable.attributes, "units"), row->unit) << name;
        EXPECT_EQ(text_attribute(variable.attributes, "long_name"), row->meaning) << name;
      }
    }
  }
  std::vector<std::string> expected;
  for (const SchemaRow& row : results_schema()) expected.emplace_back(row.path);
  EXPECT_EQ(found, expected) << "each row, in the order of the schema";
}

}  // namespace
}  // namespace knetsim
