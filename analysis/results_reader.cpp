#include "analysis/results_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "sim/output/hdf5_reader.h"
#include "sim/output/output_error.h"
#include "sim/output/results_columns.h"
#include "sim/output/results_schema.h"

namespace knetsim {
namespace {

/// The header of an open file; refuses what this program cannot read.
ResultsHeader header_of(const Hdf5Reader& reader) {
  const std::vector<DataAttribute> attributes = reader.attributes();
  const auto text = [&](std::string_view name) { return std::string(text_attribute(attributes, name)); };
  if (text("filetype") != kFiletype)
    throw OutputError(reader.path(), "not a knetsim results file (HDF5, but no filetype of ours)");
  const AttributeValue* version = find_attribute(attributes, "format_version");
  const auto* numbers = version == nullptr ? nullptr : std::get_if<std::vector<std::int64_t>>(version);
  if (numbers == nullptr || numbers->size() != 2) throw OutputError(reader.path(), "damaged: no format_version");
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
    throw OutputError(reader.path(),
                      fmt::format("results format {}.{} written by knetsim {}; this program reads {}.x",
                                  header.format_major, header.format_minor, header.knetsim_version, kFormatMajor));
  }
  return header;
}

/// A group whose lengths agree, so that whoever walks along its axes stays inside its columns.
/// @throws OutputError  They do not: a damaged file.
DataGroup sound_group(const Hdf5Reader& reader, const std::string& path) {
  DataGroup group = reader.group(path);
  const auto require = [&](bool sound, const std::string& name) {
    if (!sound) throw OutputError(reader.path(), fmt::format("damaged: /{}/{} has the wrong length", path, name));
  };
  for (const DataVariable& variable : group.variables) {
    std::size_t cells = 1;
    for (const std::string& dim : variable.dims) {
      const DataVariable* axis = group.find(dim);
      require(axis != nullptr && axis->dims.size() == 1, variable.name);
      cells *= axis->size();
    }
    require(variable.size() == cells, variable.name);
    if (variable.name != "row_size") continue;
    const DataVariable* sample = group.find(text_attribute(variable.attributes, "sample_dimension"));
    const auto* sizes = std::get_if<std::vector<std::int64_t>>(&variable.values);
    require(sizes != nullptr && std::all_of(sizes->begin(), sizes->end(), [](std::int64_t size) { return size >= 0; }),
            variable.name);
    const auto rows = static_cast<std::size_t>(std::accumulate(sizes->begin(), sizes->end(), std::int64_t{0}));
    require(rows == (sample == nullptr ? 0 : sample->size()), variable.name);
  }
  return group;
}

/// Visitor of visit_results(): fetches each column from its group, which is read once.
class ColumnFetcher {
 public:
  explicit ColumnFetcher(const Hdf5Reader& reader) : reader_(reader) {
    for (const std::string& path : reader.groups()) groups_.emplace(path, sound_group(reader, path));
  }

  template <class Cell>
  void column(const std::string& path, std::vector<Cell>& cells) {
    const DataVariable* variable = find(path);
    if (variable == nullptr) return;
    const auto* values = std::get_if<std::vector<Cell>>(&variable->values);
    if (values == nullptr)
      throw OutputError(reader_.path(), fmt::format("{} has another type than the format says", path));
    check_axes(path, *variable);
    // Labels of runs and workloads stand in several groups.
    if (!cells.empty() && cells != *values)
      throw OutputError(reader_.path(), fmt::format("damaged: groups disagree about {}", path));
    cells = *values;
  }
  template <class Value>
  void column(const std::string& path, Value& value) {
    std::vector<Value> one;
    column(path, one);
    if (!one.empty()) value = one[0];
  }
  void index(const std::string&, std::size_t) {}
  void mean(const std::string&, const MetricState&) {}

 private:
  static std::pair<std::string, std::string> split(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return {path.substr(1, slash - 1), path.substr(slash + 1)};
  }
  const DataVariable* find(const std::string& path) const {
    const auto [group, name] = split(path);
    const auto found = groups_.find(group);
    return found == groups_.end() ? nullptr : found->second.find(name);
  }
  /// The axes have to be those of the schema, so that shapes mean what results.h says.
  void check_axes(const std::string& path, const DataVariable& variable) const {
    if (fmt::format("{}", fmt::join(variable.dims, " ")) == find_schema_row(path)->dims) return;
    throw OutputError(reader_.path(), fmt::format("{} has other axes than the format says", path));
  }

  const Hdf5Reader& reader_;
  std::map<std::string, DataGroup> groups_;
};

}  // namespace

ResultsHeader read_results_header(const std::filesystem::path& path) { return header_of(Hdf5Reader(path)); }

ExperimentResults read_results(const std::filesystem::path& path) {
  const Hdf5Reader reader(path);
  const ResultsHeader header = header_of(reader);
  ExperimentResults results;
  visit_results(results, ColumnFetcher(reader));
  results.provenance.title = header.title;
  results.provenance.knetsim_version = header.knetsim_version;
  results.provenance.git_sha1 = header.git_sha1;
  results.provenance.git_dirty = header.git_dirty;
  return results;
}

std::vector<GroupListing> list_results_groups(const std::filesystem::path& path) {
  const Hdf5Reader reader(path);
  header_of(reader);
  std::vector<GroupListing> listing;
  for (const std::string& name : reader.groups()) {
    const DataGroup group = reader.group(name);
    GroupListing entry{
        .path = name, .description = std::string(text_attribute(group.attributes, "description")), .axes = {}};
    for (const DataVariable& axis : group.axes) entry.axes.push_back(fmt::format("{} [{}]", axis.name, axis.size()));
    listing.push_back(std::move(entry));
  }
  return listing;
}

DataGroup read_results_group(const std::filesystem::path& path, const std::string& group) {
  const Hdf5Reader reader(path);
  header_of(reader);
  const std::string name = group.starts_with('/') ? group.substr(1) : group;
  const std::vector<std::string> groups = reader.groups();
  if (std::find(groups.begin(), groups.end(), name) == groups.end()) {
    throw OutputError(path, fmt::format("no group '{}'; there are: {}", name, fmt::join(groups, ", ")));
  }
  return sound_group(reader, name);
}

}  // namespace knetsim
