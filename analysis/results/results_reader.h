#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "analysis/results/results.h"
#include "sim/output/data_file.h"

namespace knetsim {

/// What identifies a results file.
struct ResultsHeader {
  std::string title;
  int format_major = 0;
  int format_minor = 0;
  std::string knetsim_version;
  std::string git_sha1;
  bool git_dirty = false;
  std::string created_utc;  ///< "" in a deterministic file.
  std::string scenario_id;
};

struct GroupListing {
  std::string path;  ///< "hist/latency"
  std::string description;
  std::vector<std::string> axes;  ///< "run [30]"
};

// Files of others are read in a child process (sim/output/foreign_file.h); each call below reads the file once.

/// The root attributes. @throws OutputError  Unreadable, no results file, or of another major version of the format.
ResultsHeader read_results_header(const std::filesystem::path& path);

/// The whole file as it was given to write_results(). Columns that the file does not have stay empty; what a newer
/// minor version added is left out.
/// @throws OutputError  As read_results_header(), or a column has another type, length or range than the
/// format says, or is missing where others need it; the line names the column.
ExperimentResults read_results(const std::filesystem::path& path);

struct ResultsContent {
  ResultsHeader header;
  ExperimentResults results;
  std::vector<GroupListing> groups;
};

/// All of the above and below at once. @throws OutputError  As read_results().
ResultsContent read_results_content(const std::filesystem::path& path);

/// Every group of a results file, in the order of the file. @throws OutputError  As read_results_header().
std::vector<GroupListing> list_results_groups(const std::filesystem::path& path);

/// One group, whatever it holds. @throws OutputError  As read_results_header(); no such group (the message lists those
/// there are).
DataGroup read_results_group(const std::filesystem::path& path, const std::string& group);

}  // namespace knetsim
