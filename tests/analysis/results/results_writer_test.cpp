// What write_results() leaves out, derives and refuses: unrecorded groups, means, files of other scenarios and columns
// of the wrong length. The cells themselves are compared by readers_test.py and by the reader's round trip.
#include "analysis/results/results_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cmath>

#include "sample_results.h"
#include "sim/core/ensure.h"
#include "sim/output/hdf5_writer.h"
#include "sim/output/output_error.h"
#include "sim/output/safe_file.h"
#include "support/temporary_folder.h"

namespace knetsim {
namespace {

using ::testing::HasSubstr;

const DataGroup* find_group(const DataFile& file, std::string_view path) {
  const auto found =
      std::find_if(file.groups.begin(), file.groups.end(), [&](const DataGroup& g) { return g.path == path; });
  return found == file.groups.end() ? nullptr : &*found;
}

std::string refusal(const std::filesystem::path& path, const ExperimentResults& results,
                    const WriteOptions& options = {}) {
  try {
    write_results(path, results, options);
  } catch (const OutputError& error) {
    return error.what();
  }
  return "";
}

TEST(ResultsWriter, DerivesMeansAndLeavesThemNanWithoutObservations) {
  ExperimentResults results = sample_results();
  results.summary.latency = {};
  results.summary.latency.resize(12);
  results.summary.latency.add(5, 1.0);
  results.summary.latency.add(5, 2.0);
  const DataFile file = to_data_file(results, {});
  const auto& mean = std::get<std::vector<double>>(find_group(file, "summary")->find("latency_mean")->values);
  EXPECT_EQ(mean[5], 1.5);
  EXPECT_TRUE(std::isnan(mean[4]));
  EXPECT_EQ(results.summary.latency.sum_sq[5], 5.0);
  EXPECT_EQ(results.summary.latency.min[5], 1.0);
  EXPECT_EQ(results.summary.latency.max[5], 2.0);
}

TEST(ResultsWriter, LeavesOutGroupsOfWhichNothingWasRecorded) {
  ExperimentResults results = sample_results();
  results.links.clear();
  results.link = {};
  results.spans = {};
  results.series = {};
  results.connect_histogram = {};
  results.cpu = {};  // the nodes are known, their figures are not
  results.provenance.overrides.clear();
  const DataFile file = to_data_file(results, {});
  for (const char* absent : {"links", "spans", "series", "hist/connect", "cpu"})
    EXPECT_EQ(find_group(file, absent), nullptr) << absent;
  for (const char* present : {"summary", "walk", "hist/latency"})
    EXPECT_NE(find_group(file, present), nullptr) << present;
  EXPECT_EQ(find_group(file, "provenance")->find("overrides"), nullptr);
  EXPECT_NE(find_group(file, "provenance")->find("input_name"), nullptr);
}

TEST(ResultsWriter, KeepsAHistogramThatIsKnownToBeEmpty) {
  ExperimentResults results = sample_results();
  results.latency_histogram = {};
  results.latency_histogram.row_size.assign(12, 0);
  results.latency_histogram.time.resize(12);
  const DataFile file = to_data_file(results, {});
  ASSERT_NE(find_group(file, "hist/latency"), nullptr);
  EXPECT_EQ(find_group(file, "hist/latency")->find("count"), nullptr);
}

TEST(ResultsWriter, RefusesColumnsOfTheWrongLength) {
  ExperimentResults results = sample_results();
  results.walk.wait_time.pop_back();
  EXPECT_THROW(to_data_file(results, {}), InvariantError);
  results = sample_results();
  results.summary.requests_ok.clear();
  EXPECT_THROW(to_data_file(results, {}), InvariantError);
  EXPECT_THROW(to_data_file(ExperimentResults{}, {}), InvariantError);
}

TEST(ResultsWriter, RefusesHistogramsWhoseRowsDoNotAddUp) {
  ExperimentResults results = sample_results();
  results.latency_histogram.row_size[0] += 1;
  EXPECT_THROW(to_data_file(results, {}), InvariantError);
}

class Destination : public ::testing::Test {
 protected:
  TemporaryFolder folder;
  std::filesystem::path file = folder / "results.h5";
  ExperimentResults results = sample_results();
};

TEST_F(Destination, ResultsOfTheSameScenarioAreReplaced) {
  EXPECT_EQ(refusal(file, results), "");
  results.summary.events[0] = 1;
  EXPECT_EQ(refusal(file, results), "");
}

TEST_F(Destination, ResultsOfAnotherScenarioStayUnlessForced) {
  write_results(file, results, {});
  const std::string before = read_text(file);
  results.provenance.config_resolved += "run: {seed: 43}\n";
  EXPECT_THAT(refusal(file, results), HasSubstr("results of another scenario ('größte Probe'"));
  EXPECT_EQ(read_text(file), before);
  EXPECT_THROW(check_destination(file, results.provenance.config_resolved, {}), OutputError);
  EXPECT_EQ(refusal(file, results, {.force = true}), "");
}

TEST_F(Destination, AFileThatIsNotOursStaysUnlessForced) {
  write_text(file, "my thesis");
  EXPECT_THAT(refusal(file, results), HasSubstr("[not an HDF5 file]; not overwritten"));
  EXPECT_EQ(read_text(file), "my thesis");
  EXPECT_EQ(refusal(file, results, {.force = true}), "");
}

TEST_F(Destination, AnotherProgramsHdf5FileStaysUnlessForced) {
  write_file_safely(file, hdf5_image({.attributes = {{"filetype", std::string("statepoint")}}, .groups = {}}));
  EXPECT_THAT(refusal(file, results), HasSubstr("not a knetsim results file"));
}

TEST_F(Destination, AnEmptyFileIsFilled) {
  write_text(file, "");
  EXPECT_EQ(refusal(file, results), "");
  EXPECT_GT(std::filesystem::file_size(file), 1000U);
}

TEST_F(Destination, APipeIsRefusedEvenIfForced) {
  ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
  EXPECT_THAT(refusal(file, results, {.force = true}), HasSubstr("not a regular file"));
}

}  // namespace
}  // namespace knetsim
