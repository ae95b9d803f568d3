#include "analysis/results/results_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "analysis/results/results_schema.h"
#include "analysis/results/visit_results.h"
#include "sim/output/foreign_file.h"
#include "sim/output/output_error.h"

namespace knetsim {
namespace {

using Path = std::filesystem::path;

[[noreturn]] void damaged(const Path& path, const std::string& what) { throw OutputError(path, "damaged: " + what); }

/// The header of a file; refuses what this program cannot read.
ResultsHeader header_of(const Path& path, const std::vector<DataAttribute>& attributes) {
  const auto text = [&](std::string_view name) { return std::string(text_attribute(attributes, name)); };
  if (text("filetype") != kFiletype)
    throw OutputError(path, "not a knetsim results file (HDF5, but no filetype of ours)");
  const AttributeValue* version = find_attribute(attributes, "format_version");
  const auto* numbers = version == nullptr ? nullptr : std::get_if<std::vector<std::int64_t>>(version);
  if (numbers == nullptr || numbers->size() != 2) throw OutputError(path, "damaged: no format_version");
  ResultsHeader header{.title = text("title"),
                       .format_major = static_cast<int>(numbers->at(0)),
                       .format_minor = static_cast<int>(numbers->at(1)),
                       .knetsim_version = text("knetsim_version"),
                       .git_sha1 = text("git_sha1"),
                       .git_dirty = false,
                       .created_utc = text("created_utc"),
                       .scenario_id = text("scenario_id")};
  const AttributeValue* dirty = find_attribute(attributes, "git_dirty");
  header.git_dirty = dirty != nullptr && *dirty == AttributeValue(std::int64_t{1});
  if (header.format_major != kFormatMajor) {
    throw OutputError(
        path, fmt::format("results format {}.{} written by knetsim {}; this program reads {}.x", header.format_major,
                          header.format_minor, header.knetsim_version, kFormatMajor));
  }
  return header;
}

/// A group whose lengths agree, so that whoever walks along its axes stays inside its columns.
/// @throws OutputError  They do not: a damaged file.
void check_group(const Path& path, const DataGroup& group) {
  const auto require = [&](bool sound, const std::string& name) {
    if (!sound) damaged(path, fmt::format("/{}/{} has the wrong length", group.path, name));
  };
  for (const DataVariable& variable : group.variables) {
    std::size_t cells = 1;
    for (const std::string& dim : variable.dims) {
      const DataVariable* axis = group.find(dim);
      require(axis != nullptr && axis->dims.size() == 1, variable.name);
      require(!__builtin_mul_overflow(cells, axis->size(), &cells), variable.name);
    }
    require(variable.size() == cells, variable.name);
    if (variable.name != "row_size") continue;
    const DataVariable* sample = group.find(text_attribute(variable.attributes, "sample_dimension"));
    const auto* sizes = std::get_if<std::vector<std::int64_t>>(&variable.values);
    require(sizes != nullptr, variable.name);
    std::size_t left = sample == nullptr ? 0 : sample->size();
    for (const std::int64_t size : *sizes) {
      require(size >= 0 && static_cast<std::uint64_t>(size) <= left, variable.name);
      left -= static_cast<std::size_t>(size);
    }
    require(left == 0, variable.name);
  }
}

/// Visitor of visit_results(): takes each column out of its group.
class ColumnFetcher {
 public:
  ColumnFetcher(const Path& path, std::vector<DataGroup> groups) : path_(path) {
    for (DataGroup& group : groups) {
      check_group(path, group);
      const std::string name = group.path;
      groups_.emplace(name, std::move(group));
    }
  }

  void group(std::string_view /*path*/, std::string_view /*meaning*/) {}
  template <class Cell>
  void column(const ColumnAt& at, std::vector<Cell>& cells) {
    DataVariable* variable = find(at.path);
    if (variable == nullptr) return;
    auto* values = std::get_if<std::vector<Cell>>(&variable->values);
    if (values == nullptr) throw OutputError(path_, fmt::format("{} has another type than the format says", at.path));
    check_axes(at, *variable);
    // Labels of runs and workloads stand in several groups.
    if (!cells.empty() && cells != *values) damaged(path_, fmt::format("groups disagree about {}", at.path));
    cells = std::move(*values);
  }
  template <class Value>
  void column(const ColumnAt& at, Value& value) {
    std::vector<Value> one;
    column(at, one);
    if (!one.empty()) value = one[0];
  }
  /// Every table has the same runs.
  void index(const ColumnAt& at, std::size_t) {
    if (at.dims != "run") return;
    const DataVariable* axis = find(at.path);
    if (axis == nullptr) return;
    if (runs_ && *runs_ != axis->size()) damaged(path_, fmt::format("groups disagree about {}", at.path));
    runs_ = axis->size();
  }
  void mean(const ColumnAt&, const MetricState&) {}

  std::size_t runs() const { return runs_.value_or(0); }

 private:
  static std::pair<std::string, std::string> split(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return {path.substr(1, slash - 1), path.substr(slash + 1)};
  }
  DataVariable* find(const std::string& path) {
    const auto [group, name] = split(path);
    const auto found = groups_.find(group);
    if (found == groups_.end()) return nullptr;
    for (auto* list : {&found->second.axes, &found->second.variables}) {
      const auto at = std::ranges::find(*list, name, &DataVariable::name);
      if (at != list->end()) return &*at;
    }
    return nullptr;
  }
  /// The axes have to be those of the schema, so that shapes mean what the tables say.
  void check_axes(const ColumnAt& at, const DataVariable& variable) const {
    if (fmt::format("{}", fmt::join(variable.dims, " ")) == at.dims) return;
    throw OutputError(path_, fmt::format("{} has other axes than the format says", at.path));
  }

  const Path& path_;
  std::map<std::string, DataGroup> groups_;
  std::optional<std::size_t> runs_;
};

/// A histogram has all of its columns, as long as its rows are together, with values that a count of durations can have.
/// That no row is of negative length, check_group() has seen.
void check_histogram(const Path& path, const std::string& group, const HistogramResults& histogram) {
  std::size_t buckets = 0;
  for (const std::int64_t size : histogram.row_size) buckets += static_cast<std::size_t>(size);
  const auto require = [&](bool sound, std::string_view column, std::string_view why) {
    if (!sound) damaged(path, fmt::format("{}/{} {}", group, column, why));
  };
  const auto complete = [&](const std::vector<std::int64_t>& column, std::string_view name) {
    require(column.size() == buckets, name, column.empty() ? "is missing" : "has the wrong length");
  };
  const bool any = !histogram.bucket_lower.empty() || !histogram.bucket_upper.empty() || !histogram.count.empty();
  require(!any || !histogram.row_size.empty(), "row_size", "is missing");
  complete(histogram.bucket_lower, "bucket_lower");
  complete(histogram.bucket_upper, "bucket_upper");
  complete(histogram.count, "count");
  for (std::size_t i = 0; i < buckets; ++i) {
    require(histogram.bucket_lower[i] >= 0, "bucket_lower", "is negative");
    require(histogram.bucket_upper[i] >= histogram.bucket_lower[i], "bucket_upper", "is below bucket_lower");
    require(histogram.count[i] >= 0, "count", "is negative");
  }
}

/// What every results file has.
void check_summary(const Path& path, const ExperimentResults& results, std::size_t runs) {
  if (results.variant.size() != runs || runs == 0) damaged(path, "/summary/variant is missing");
  if (results.replicate.size() != runs) damaged(path, "/summary/replicate is missing");
  if (results.workloads.empty()) damaged(path, "/summary/workload is missing");
}

std::vector<GroupListing> listing_of(const DataFile& file) {
  std::vector<GroupListing> listing;
  for (const DataGroup& group : file.groups) {
    GroupListing entry{
        .path = group.path, .description = std::string(text_attribute(group.attributes, "description")), .axes = {}};
    for (const DataVariable& axis : group.axes) entry.axes.push_back(fmt::format("{} [{}]", axis.name, axis.size()));
    listing.push_back(std::move(entry));
  }
  return listing;
}

bool all_groups(std::string_view /*path*/) { return true; }
bool no_group(std::string_view /*path*/) { return false; }

}  // namespace

ResultsHeader read_results_header(const std::filesystem::path& path) {
  return header_of(path, read_foreign_file(path, no_group).attributes);
}

ResultsContent read_results_content(const std::filesystem::path& path) {
  DataFile file = read_foreign_file(path, all_groups);
  ResultsContent content{.header = header_of(path, file.attributes), .results = {}, .groups = listing_of(file)};
  ExperimentResults& results = content.results;
  if (std::ranges::find(file.groups, "summary", &DataGroup::path) == file.groups.end()) {
    damaged(path, "/summary is missing");
  }
  ColumnFetcher fetcher(path, std::move(file.groups));
  visit_results(results, fetcher);
  check_summary(path, results, fetcher.runs());
  check_histogram(path, "/hist/latency", results.latency_histogram);
  check_histogram(path, "/hist/connect", results.connect_histogram);
  check_histogram(path, "/hist/unfinished", results.unfinished_histogram);
  check_histogram(path, "/hist/connecting", results.connecting_histogram);
  results.provenance.title = content.header.title;
  results.provenance.knetsim_version = content.header.knetsim_version;
  results.provenance.git_sha1 = content.header.git_sha1;
  results.provenance.git_dirty = content.header.git_dirty;
  return content;
}

ExperimentResults read_results(const std::filesystem::path& path) { return read_results_content(path).results; }

std::vector<GroupListing> list_results_groups(const std::filesystem::path& path) {
  const DataFile file = read_foreign_file(path, all_groups);
  header_of(path, file.attributes);
  return listing_of(file);
}

DataGroup read_results_group(const std::filesystem::path& path, const std::string& group) {
  const std::string name = group.starts_with('/') ? group.substr(1) : group;
  DataFile file = read_foreign_file(path, [&](std::string_view known) { return known == name; });
  header_of(path, file.attributes);
  std::vector<std::string_view> names;
  for (DataGroup& known : file.groups) {
    if (known.path == name) {
      check_group(path, known);
      return std::move(known);
    }
    names.push_back(known.path);
  }
  throw OutputError(path, fmt::format("no group '{}'; there are: {}", name, fmt::join(names, ", ")));
}

}  // namespace knetsim
