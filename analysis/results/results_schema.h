#pragma once

#include <span>
#include <string>
#include <string_view>

#include "sim/output/column_info.h"

namespace knetsim {

/// One thing that a results file holds, as the tables describe it: an attribute of the root ("@title"), an axis or a
/// variable ("/summary/latency_mean"). docs/results-format.md has a row for each.
struct SchemaRow {
  std::string path;
  std::string_view type;        ///< "f64", "i64", "u64", "i8" or "string"; "i64[2]" for a list.
  std::string dims;             ///< "run workload", outermost first; "" for one value. An axis lies along itself.
  std::string_view unit;        ///< "s", "By", "bit/s", "1" ...; "" for text and labels.
  std::string_view when;        ///< When it is present: kAlways, kNotDeterministic, kIfRecorded.
  std::string meaning;          ///< Written as long_name.
  std::string_view flags = {};  ///< Meanings of 0, 1, ... of an i8 variable, for CF's flag_meanings.
  double scale = 1;             ///< Stored value times this is in `unit`: CF's scale_factor.
  Merge merge = Merge::ByAxes;
};

struct SchemaGroup {
  std::string path;  ///< "/summary"
  std::string meaning;
};

/// The format's version: a new minor adds, a new major changes or removes.
inline constexpr int kFormatMajor = 3;
inline constexpr int kFormatMinor = 5;
inline constexpr std::string_view kFiletype = "knetsim-results";

/// Reads the table of a file whose name stands for FILE into pandas: the root attribute `how_to_read`.
inline constexpr std::string_view kHowToRead = "xarray.open_dataset(FILE, group=\"summary\").to_dataframe()";

/// Every row, in the order of the file.
std::span<const SchemaRow> results_schema();

/// Every group, in the order of the file.
std::span<const SchemaGroup> results_groups();

/// The row of a path, or nullptr.
const SchemaRow* find_schema_row(std::string_view path);

}  // namespace knetsim
