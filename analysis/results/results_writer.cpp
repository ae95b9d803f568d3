#include "analysis/results/results_writer.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <numeric>
#include <set>
#include <string_view>

#include "analysis/results/results_schema.h"
#include "analysis/results/visit_results.h"
#include "sim/checksum/sha256.h"
#include "sim/core/ensure.h"
#include "sim/output/foreign_file.h"
#include "sim/output/hdf5_handle.h"
#include "sim/output/hdf5_writer.h"
#include "sim/output/output_error.h"
#include "sim/output/safe_file.h"

namespace knetsim {
namespace {

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::size_t space = std::min(text.find(' '), text.size());
    words.emplace_back(text.substr(0, space));
    text.remove_prefix(std::min(space + 1, text.size()));
  }
  return words;
}

/// units, long_name, scale_factor and flags as CF 1.10 spells them (sections 3.1, 3.2, 8.1, 3.5).
std::vector<DataAttribute> attributes_of(const ColumnInfo& column) {
  std::vector<DataAttribute> attributes;
  if (!column.unit.empty()) attributes.push_back({"units", std::string(column.unit)});
  attributes.push_back({"long_name", std::string(column.meaning)});
  if (column.scale != 1) attributes.push_back({"scale_factor", column.scale});
  if (!column.flags.empty()) {
    std::vector<std::int8_t> values(split_words(column.flags).size());
    std::iota(values.begin(), values.end(), std::int8_t{0});
    attributes.push_back({"flag_values", values});
    attributes.push_back({"flag_meanings", std::string(column.flags)});
  }
  return attributes;
}

bool labels_runs(std::string_view name) { return name == "variant" || name == "replicate"; }

/// Visitor of visit_results(): turns columns into a DataFile.
class GroupBuilder {
 public:
  explicit GroupBuilder(bool deterministic) : deterministic_(deterministic) {}

  void group(std::string_view path, std::string_view meaning) {
    groups_.push_back({.path = std::string(path.substr(1)),
                       .attributes = {{"description", std::string(meaning)}},
                       .axes = {},
                       .variables = {}});
  }
  template <class Cell>
  void column(const ColumnAt& at, const std::vector<Cell>& cells) {
    put(at, cells);
  }
  template <class Value>
  void column(const ColumnAt& at, const Value& value) {
    put(at, std::vector{value});
  }
  void index(const ColumnAt& at, std::size_t length) {
    std::vector<std::int64_t> positions(length);
    std::iota(positions.begin(), positions.end(), 0);
    put(at, std::move(positions));
  }
  void mean(const ColumnAt& at, const MetricState& state) {
    std::vector<double> means(state.n.size());
    for (std::size_t i = 0; i < means.size(); ++i) means[i] = state.mean(i);
    put(at, std::move(means));
  }

  std::vector<DataGroup> take() {
    std::vector<DataGroup> kept;
    for (DataGroup& group : groups_) {
      if (finish(group)) kept.push_back(std::move(group));
    }
    return kept;
  }

 private:
  void put(const ColumnAt& at, ColumnValues values) {
    if (deterministic_ && at.info.when == kNotDeterministic) return;
    const std::string name = at.path.substr(at.path.rfind('/') + 1);
    DataGroup& group = groups_.back();
    DataVariable variable{name, split_words(at.dims), std::move(values), attributes_of(at.info)};
    const bool is_axis = variable.dims == std::vector{name};
    (is_axis ? group.axes : group.variables).push_back(std::move(variable));
    if (at.info.when == kAlways) always_.insert(at.path);
  }

  bool always(const DataGroup& group, const DataVariable& variable) const {
    return always_.contains("/" + group.path + "/" + variable.name);
  }

  /// Takes out what was not recorded. @return Whether anything is left: no empty axis that the group always has, and a
  /// column beyond the labels.
  bool finish(DataGroup& group) const {
    const auto empty = [](const DataVariable& variable) { return variable.size() == 0; };
    const auto blocks = [&](const DataVariable& axis) { return empty(axis) && always(group, axis); };
    const auto says_something = [&](const DataVariable& v) { return !empty(v) && !labels_runs(v.name); };
    if (std::any_of(group.axes.begin(), group.axes.end(), blocks)) return false;
    if (std::none_of(group.variables.begin(), group.variables.end(), says_something)) return false;
    std::erase_if(group.axes, empty);
    std::erase_if(group.variables, [&](const DataVariable& v) { return empty(v) && !always(group, v); });
    if (group.find("run") != nullptr) group.attributes.push_back({"coordinates", std::string("variant replicate")});
    cut_into_rows(group);
    return true;
  }

  /// CF 1.10, section 9.3.3: the count variable of a contiguous ragged array names the axis that it cuts into rows.
  static void cut_into_rows(DataGroup& group) {
    const auto row_size = std::find_if(group.variables.begin(), group.variables.end(),
                                       [](const DataVariable& variable) { return variable.name == "row_size"; });
    if (row_size == group.variables.end()) return;
    const std::string sample = group.path == "spans" ? "visit" : "bucket";
    row_size->attributes.push_back({"sample_dimension", sample});
    const auto& sizes = std::get<std::vector<std::int64_t>>(row_size->values);
    const std::int64_t rows = std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0});
    const auto length = static_cast<std::int64_t>(group.find(sample) == nullptr ? 0 : group.axis_length(sample));
    KNETSIM_ENSURE(rows == length, fmt::format("{}: row_size adds up to {}, not to {}", group.path, rows, length));
  }

  bool deterministic_;
  std::vector<DataGroup> groups_;
  std::set<std::string> always_;  ///< Paths of the columns that are written even where they are empty.
};

/// Now, or SOURCE_DATE_EPOCH where it is set (reproducible-builds.org, SOURCE_DATE_EPOCH 1.1).
std::string created_utc() {
  using std::chrono::system_clock;
  std::time_t seconds = system_clock::to_time_t(system_clock::now());
  if (const char* text = std::getenv("SOURCE_DATE_EPOCH"); text != nullptr) {
    const std::string_view epoch(text);
    std::time_t given = 0;
    const auto [end, error] = std::from_chars(epoch.data(), epoch.data() + epoch.size(), given);
    if (error == std::errc() && end == epoch.data() + epoch.size()) seconds = given;
  }
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(seconds));
}

std::vector<DataAttribute> root_attributes(const Provenance& provenance, bool deterministic) {
  std::vector<DataAttribute> attributes{
      {"filetype", std::string(kFiletype)},
      {"format_version", std::vector<std::int64_t>{kFormatMajor, kFormatMinor}},
      {"Conventions", std::string("CF-1.10")},
      {"title", provenance.title},
      {"how_to_read", std::string(kHowToRead)},
      {"scenario_id", sha256_hex(provenance.config_resolved)},
      {"knetsim_version", provenance.knetsim_version},
      {"git_sha1", provenance.git_sha1},
      {"git_dirty", std::int64_t{provenance.git_dirty}},
  };
  if (!deterministic) attributes.push_back({"created_utc", created_utc()});
  return attributes;
}

}  // namespace

DataFile head_of_file(const ExperimentResults& results, const WriteOptions& options) {
  ExperimentResults head;
  head.provenance = results.provenance;
  head.objectives = results.objectives;
  head.assumptions = results.assumptions;
  GroupBuilder builder(options.deterministic);
  visit_results(head, builder);
  return {.attributes = root_attributes(results.provenance, options.deterministic), .groups = builder.take()};
}

DataFile to_data_file(const ExperimentResults& results, const WriteOptions& options) {
  GroupBuilder builder(options.deterministic);
  visit_results(results, builder);
  DataFile file{.attributes = root_attributes(results.provenance, options.deterministic), .groups = builder.take()};
  const auto is_summary = [](const DataGroup& group) { return group.path == "summary"; };
  KNETSIM_ENSURE(std::any_of(file.groups.begin(), file.groups.end(), is_summary),
                 "a run, a workload and a quantile at least");
  check_data_file(file);
  return file;
}

void check_destination(const std::filesystem::path& path, const std::string& config_resolved,
                       const WriteOptions& options) {
  check_writable(path);
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (status.type() == std::filesystem::file_type::not_found) return;
  if (!std::filesystem::is_regular_file(status)) throw OutputError(path, "exists and is not a regular file");
  if (options.force || std::filesystem::file_size(path, error) == 0) return;
  constexpr std::string_view kHelp = "not overwritten (another --out, or --force)";
  std::vector<DataAttribute> attributes;
  try {
    attributes = read_foreign_file(path, [](std::string_view) { return false; }).attributes;
  } catch (const OutputError& reason) {
    throw OutputError(path, fmt::format("exists and cannot be read as results [{}]; {}",
                                        std::string_view(reason.what()).substr(path.string().size() + 2), kHelp));
  }
  if (text_attribute(attributes, "filetype") != kFiletype) {
    throw OutputError(path, fmt::format("exists and is not a knetsim results file; {}", kHelp));
  }
  if (text_attribute(attributes, "scenario_id") != sha256_hex(config_resolved)) {
    throw OutputError(
        path, fmt::format("holds results of another scenario ('{}', written {}); {}",
                          text_attribute(attributes, "title"), text_attribute(attributes, "created_utc"), kHelp));
  }
}

std::uint64_t write_results(const std::filesystem::path& path, const ExperimentResults& results,
                            const WriteOptions& options) {
  const DataFile file = to_data_file(results, options);
  check_destination(path, results.provenance.config_resolved, options);
  std::vector<std::byte> image;
  try {
    image = hdf5_image(file);
  } catch (const Hdf5Failure& failure) {
    throw OutputError(path, failure.what());
  }
  write_file_safely(path, image);
  return image.size();
}

}  // namespace knetsim
