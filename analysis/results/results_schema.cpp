#include "analysis/results/results_schema.h"

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "analysis/results/visit_results.h"

namespace knetsim {
namespace {

std::string_view type_name(std::int64_t /*cell*/) { return "i64"; }
std::string_view type_name(std::uint64_t /*cell*/) { return "u64"; }
std::string_view type_name(std::int8_t /*cell*/) { return "i8"; }
std::string_view type_name(double /*cell*/) { return "f64"; }
std::string_view type_name(const std::string& /*cell*/) { return "string"; }

/// Visitor of visit_results(): a row for each column.
class SchemaBuilder {
 public:
  void group(std::string_view path, std::string_view meaning) {
    schema.groups.push_back({std::string(path), std::string(meaning)});
  }
  template <class Cell>
  void column(const ColumnAt& at, const std::vector<Cell>& /*cells*/) {
    add(at, type_name(Cell{}));
  }
  template <class Value>
  void column(const ColumnAt& at, const Value& /*value*/) {
    add(at, type_name(Value{}));
  }
  void index(const ColumnAt& at, std::size_t /*length*/) { add(at, "i64"); }
  void mean(const ColumnAt& at, const MetricState& /*state*/) { add(at, "f64"); }

  void add(const ColumnAt& at, std::string_view type) {
    schema.rows.push_back({.path = at.path,
                           .type = type,
                           .dims = std::string(at.dims),
                           .unit = at.info.unit,
                           .when = at.info.when,
                           .meaning = std::string(at.info.meaning),
                           .flags = at.info.flags,
                           .scale = at.info.scale,
                           .merge = at.info.merge});
  }

  struct {
    std::vector<SchemaRow> rows;
    std::vector<SchemaGroup> groups;
  } schema;
};

// What the writer knows by itself.
const SchemaRow kAttributes[] = {
    {"@filetype", "string", "", "", kAlways, "knetsim-results"},
    {"@format_version", "i64[2]", "", "", kAlways, "major, minor: a new minor adds, a new major changes or removes"},
    {"@Conventions", "string", "", "", kAlways, "CF-1.10"},
    {"@title", "string", "", "", kAlways, "metadata.name of the scenario"},
    {"@how_to_read", "string", "", "", kAlways,
     "expression that reads the summary with xarray; FILE is the file's name"},
    {"@scenario_id", "string", "", "", kAlways, "SHA-256 of config_resolved: equal for results of the same scenario"},
    {"@knetsim_version", "string", "", "", kAlways, "version of the program"},
    {"@git_sha1", "string", "", "", kAlways, "commit of the program's source, or unknown"},
    {"@git_dirty", "i64", "", "", kAlways, "1 where the source had changes beyond that commit"},
    {"@created_utc", "string", "", "", kNotDeterministic,
     "when the file was written, ISO 8601; SOURCE_DATE_EPOCH overrides it"},
};

const SchemaBuilder& built() {
  static const SchemaBuilder whole = [] {
    SchemaBuilder builder;
    for (const SchemaRow& row : kAttributes) builder.schema.rows.push_back(row);
    const ExperimentResults none;
    visit_results(none, builder);
    return builder;
  }();
  return whole;
}

}  // namespace

std::span<const SchemaRow> results_schema() { return built().schema.rows; }

std::span<const SchemaGroup> results_groups() { return built().schema.groups; }

const SchemaRow* find_schema_row(std::string_view path) {
  const auto rows = results_schema();
  const auto found = std::ranges::find(rows, path, &SchemaRow::path);
  return found == rows.end() ? nullptr : &*found;
}

}  // namespace knetsim
