// What was written is what is read, for every column of the schema; files of a later major version, of other programs
// or without a part are refused in one line, and later minor versions are read.
#include "analysis/results/results_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "analysis/results/results_writer.h"
#include "sample_results.h"
#include "sim/checksum/sha256.h"
#include "sim/output/hdf5_writer.h"
#include "sim/output/output_error.h"
#include "sim/output/safe_file.h"
#include "support/temporary_folder.h"

namespace knetsim {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ResultsReader : public ::testing::Test {
 protected:
  void write(const DataFile& content) const { write_file_safely(file, hdf5_image(content)); }
  std::string refusal() const {
    try {
      read_results(file);
    } catch (const OutputError& error) {
      return error.what();
    }
    return "";
  }
  static DataGroup& group(DataFile& content, std::string_view path) {
    return *std::find_if(content.groups.begin(), content.groups.end(),
                         [&](const DataGroup& g) { return g.path == path; });
  }
  static void set_version(DataFile& content, std::int64_t major, std::int64_t minor) {
    for (DataAttribute& attribute : content.attributes) {
      if (attribute.name == "format_version") attribute.value = std::vector{major, minor};
    }
  }

  TemporaryFolder folder;
  std::filesystem::path file = folder / "results.h5";
  DataFile data = to_data_file(sample_results(), {});
};

/// All cells of two results, by their columns.
struct Collect {
  std::vector<std::pair<std::string, ColumnValues>>& columns;
  void group(std::string_view, std::string_view) const {}
  template <class Cell>
  void column(const ColumnAt& at, const std::vector<Cell>& cells) const {
    columns.emplace_back(at.path, cells);
  }
  template <class Cell>
  void column(const ColumnAt& at, const Cell& cell) const {
    columns.emplace_back(at.path, std::vector{cell});
  }
  void index(const ColumnAt&, std::size_t) const {}
  void mean(const ColumnAt&, const MetricState&) const {}
};

TEST_F(ResultsReader, GivesBackEveryColumn) {
  write_results(file, sample_results(), {});
  const ExperimentResults read = read_results(file);
  const ExperimentResults expected = sample_results();
  std::vector<std::pair<std::string, ColumnValues>> found;
  std::vector<std::pair<std::string, ColumnValues>> wanted;
  visit_results(read, Collect{found});
  visit_results(expected, Collect{wanted});
  ASSERT_EQ(found.size(), wanted.size());
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i], wanted[i]) << wanted[i].first;
  EXPECT_EQ(read.provenance.title, "größte Probe");
  EXPECT_TRUE(read.provenance.git_dirty);
}

TEST_F(ResultsReader, GivesTheHeader) {
  write(data);
  const ResultsHeader header = read_results_header(file);
  EXPECT_EQ(header.title, "größte Probe");
  EXPECT_EQ(header.format_major, kFormatMajor);
  EXPECT_EQ(header.scenario_id, sha256_hex(sample_results().provenance.config_resolved));
}

TEST_F(ResultsReader, LeavesUnrecordedGroupsEmpty) {
  std::erase_if(data.groups, [](const DataGroup& g) { return g.path == "links" || g.path == "spans"; });
  write(data);
  const ExperimentResults read = read_results(file);
  EXPECT_TRUE(read.links.empty());
  EXPECT_TRUE(read.spans.row_size.empty());
  EXPECT_EQ(read.runs(), 4U);
}

TEST_F(ResultsReader, RefusesAnotherMajorVersionInOneLine) {
  for (const std::int64_t major : {kFormatMajor - 1, kFormatMajor + 1}) {
    set_version(data, major, 0);
    write(data);
    EXPECT_EQ(refusal(), file.string() + ": results format " + std::to_string(major) +
                             ".0 written by knetsim 0.1.0; this program reads " + std::to_string(kFormatMajor) + ".x");
  }
}

TEST_F(ResultsReader, ReadsALaterMinorVersionAndLeavesOutWhatItDoesNotKnow) {
  set_version(data, kFormatMajor, 7);
  group(data, "summary").variables.push_back({"new_figure", {"run"}, std::vector<double>(4), {}});
  data.groups.push_back(
      {.path = "new_group", .attributes = {}, .axes = {}, .variables = {{"x", {}, std::vector<double>(1), {}}}});
  write(data);
  EXPECT_EQ(refusal(), "");
  EXPECT_EQ(read_results(file).summary.events, sample_results().summary.events);
}

TEST_F(ResultsReader, RefusesFilesThatAreNoResults) {
  write({.attributes = {{"filetype", std::string("statepoint")}}, .groups = {}});
  EXPECT_THAT(refusal(), HasSubstr("not a knetsim results file"));
  write({.attributes = {{"filetype", std::string("knetsim-results")}}, .groups = {}});
  EXPECT_THAT(refusal(), HasSubstr("no format_version"));
}

TEST_F(ResultsReader, RefusesColumnsOfAnotherTypeOrShape) {
  DataFile changed = data;
  group(changed, "summary").variables[2].values = std::vector<double>(4);  // seed
  write(changed);
  EXPECT_THAT(refusal(), HasSubstr("/summary/seed has another type"));
  changed = data;
  group(changed, "drops").variables.back() = {"packets", {"reason", "run"}, std::vector<std::int64_t>(8), {}};
  write(changed);
  EXPECT_THAT(refusal(), HasSubstr("/drops/packets has other axes"));
}

TEST_F(ResultsReader, RefusesRowsThatDoNotAddUpAndGroupsThatDisagree) {
  DataFile changed = data;
  for (DataVariable& variable : group(changed, "hist/latency").variables) {
    if (variable.name == "row_size") variable.values = std::vector<std::int64_t>(12, 1);
  }
  write(changed);
  EXPECT_THAT(refusal(), HasSubstr("/hist/latency/row_size has the wrong length"));
  changed = data;
  for (DataVariable& variable : group(changed, "cpu").variables) {
    if (variable.name == "replicate") variable.values = std::vector<std::int64_t>(4, 9);
  }
  write(changed);
  EXPECT_THAT(refusal(), HasSubstr("disagree about /cpu/replicate"));
}

TEST_F(ResultsReader, ListsTheGroupsAndNamesThemWhereOneIsMissing) {
  write(data);
  const std::vector<GroupListing> groups = list_results_groups(file);
  ASSERT_EQ(groups.size(), results_groups().size());
  EXPECT_EQ(groups[1].path, "summary");
  EXPECT_EQ(groups[1].description, "one row for each run and workload");
  EXPECT_THAT(groups[1].axes, ElementsAre("run [4]", "workload [3]", "quantile [4]"));
  try {
    read_results_group(file, "sumary");
    ADD_FAILURE() << "found";
  } catch (const OutputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("no group 'sumary'; there are: provenance, summary, calls, service"));
  }
  EXPECT_EQ(read_results_group(file, "/hist/latency").path, "hist/latency");
}

constexpr std::array kHistograms{"hist/latency", "hist/connect", "hist/unfinished", "hist/connecting"};

// Whoever walks a histogram's buckets needs all of its columns; a crash of inspect each.
TEST_F(ResultsReader, AHistogramWithoutOneOfItsColumnsIsRefusedByTheColumnsName) {
  for (const std::string histogram : kHistograms) {
    for (const std::string column : {"row_size", "bucket_lower", "bucket_upper", "count"}) {
      DataFile content = data;
      std::erase_if(group(content, histogram).variables, [&](const DataVariable& one) { return one.name == column; });
      write(content);
      EXPECT_THAT(refusal(), HasSubstr("damaged: /" + histogram + "/" + column + " is missing"));
    }
  }
}

TEST_F(ResultsReader, AHistogramWithRowsAndNoBucketsIsRefused) {
  for (const std::string histogram : kHistograms) {
    DataFile content = data;
    std::erase_if(group(content, histogram).variables,
                  [](const DataVariable& one) { return one.name.starts_with("bucket") || one.name == "count"; });
    write(content);
    EXPECT_THAT(refusal(), HasSubstr("damaged: /" + histogram + "/bucket_lower is missing"));
  }
}

// Four rows of 2^62 buckets add up to none in 64 bits.
TEST_F(ResultsReader, RowSizesThatWrapAreRefused) {
  DataFile content = data;
  for (DataVariable& variable : group(content, "hist/latency").variables) {
    if (variable.name != "row_size") continue;
    auto& sizes = std::get<std::vector<std::int64_t>>(variable.values);
    const std::int64_t whole = std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0});
    std::fill(sizes.begin(), sizes.end(), 0);
    std::fill_n(sizes.begin(), 4, std::int64_t{1} << 62U);
    sizes.back() = whole;
  }
  write(content);
  EXPECT_THAT(refusal(), HasSubstr("damaged: /hist/latency/row_size has the wrong length"));
}

TEST_F(ResultsReader, ValuesThatNoHistogramHasAreRefusedByTheColumnsName) {
  for (const std::string histogram : kHistograms) {
    for (const std::string column : {"bucket_lower", "bucket_upper", "count"}) {
      DataFile content = data;
      for (DataVariable& variable : group(content, histogram).variables) {
        if (variable.name == column) std::get<std::vector<std::int64_t>>(variable.values)[0] = -5;
      }
      write(content);
      EXPECT_THAT(refusal(), HasSubstr("damaged: /" + histogram + "/" + column));
    }
  }
}

TEST_F(ResultsReader, AFileWithoutASummaryIsRefused) {
  DataFile content = data;
  std::erase_if(content.groups, [](const DataGroup& one) { return one.path == "summary"; });
  write(content);
  EXPECT_THAT(refusal(), HasSubstr("damaged: /summary is missing"));
}

TEST_F(ResultsReader, OneCallGivesHeaderResultsAndGroups) {
  write(data);
  const ResultsContent content = read_results_content(file);
  EXPECT_EQ(content.header.title, read_results_header(file).title);
  EXPECT_EQ(content.groups.size(), list_results_groups(file).size());
  EXPECT_EQ(content.results.runs(), read_results(file).runs());
}

}  // namespace
}  // namespace knetsim
