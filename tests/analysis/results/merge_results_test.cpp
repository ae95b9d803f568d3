// Goal: a file merged out of parts is the file that the same runs give at once. Method: the sample results twice, merged
// as files and appended in memory; groups, axes, cells and attributes of both are compared.
#include "analysis/results/merge_results.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>

#include "analysis/results/append_runs.h"
#include "sample_results.h"
#include "sim/output/data_file_dump.h"
#include "sim/output/hdf5_reader.h"
#include "sim/output/output_error.h"
#include "support/temporary_folder.h"

namespace knetsim {
namespace {

/// Of one experiment's parts: what is said of all runs is not among them.
ExperimentResults part() {
  ExperimentResults results = sample_results();
  results.objectives = {};
  results.assumptions = {};
  return results;
}

ExperimentResults head() {
  ExperimentResults results;
  results.provenance = sample_results().provenance;
  results.objectives = sample_results().objectives;
  results.assumptions = sample_results().assumptions;
  return results;
}

class MergeResults : public testing::Test {
 protected:
  MergeResults() {
    for (const char* name : {"a", "b"}) {
      write_dump(folder / name, to_data_file(part(), {}).groups);
      parts.push_back(folder / name);
    }
  }

  TemporaryFolder folder;
  std::vector<std::filesystem::path> parts;
};

TEST_F(MergeResults, GivesTheFileOfAllRunsAtOnce) {
  for (const bool deterministic : {false, true}) {
    const WriteOptions options{.deterministic = deterministic, .force = true};
    ExperimentResults whole = sample_results();
    append_runs(whole, part());
    write_results(folder / "whole.h5", whole, options);
    merge_results(folder / "merged.h5", parts, head(), options);
    const Hdf5Reader expected(folder / "whole.h5"), merged(folder / "merged.h5");
    ASSERT_EQ(merged.groups(), expected.groups());
    for (const std::string& path : expected.groups()) {
      const DataGroup one = expected.group(path), other = merged.group(path);
      for (const auto list : {&DataGroup::axes, &DataGroup::variables}) {
        ASSERT_EQ((other.*list).size(), (one.*list).size()) << path;
        for (std::size_t i = 0; i < (one.*list).size(); ++i) {
          EXPECT_EQ((other.*list)[i].name, (one.*list)[i].name) << path;
          EXPECT_EQ((other.*list)[i].dims, (one.*list)[i].dims) << path << "/" << (one.*list)[i].name;
          EXPECT_EQ((other.*list)[i].values, (one.*list)[i].values) << path << "/" << (one.*list)[i].name;
        }
      }
    }
  }
}

TEST_F(MergeResults, PartsOfOtherAxesDoNotFit) {
  ExperimentResults other = part();
  other.nodes = {"x", "y", "z"};
  write_dump(folder / "b", to_data_file(other, {}).groups);
  try {
    merge_results(folder / "merged.h5", parts, head(), {});
    ADD_FAILURE() << "merged";
  } catch (const OutputError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("/cpu/node"));
  }
  EXPECT_FALSE(std::filesystem::exists(folder / "merged.h5"));
}

// A disk without room for it: one line, what stood there stays, and nothing is left beside it.
TEST_F(MergeResults, AFullDiskLeavesWhatIsThere) {
  merge_results(folder / "merged.h5", parts, head(), {});
  const auto size = std::filesystem::file_size(folder / "merged.h5");
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{.rlim_cur = 4096, .rlim_max = before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  EXPECT_THROW(merge_results(folder / "merged.h5", parts, head(), {}), OutputError);
  ::setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_EQ(std::filesystem::file_size(folder / "merged.h5"), size);
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder.path())) ++files;
  EXPECT_EQ(files, 3U);
}

}  // namespace
}  // namespace knetsim
