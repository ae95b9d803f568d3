#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace knetsim {

// A table of a results file describes itself once, beside its members (summary_results.h is an example). What writes
// the file, reads it, exports it, documents it and makes digests of it follows from that: a new column is a member with its
// line in describe(), and whoever fills it. Screens and comparisons show what analysis reduces.
//
//     struct DropResults { std::vector<std::int64_t> packets; };
//     template <TableOf<DropResults> Table, class Columns>
//     void describe(Table& t, Columns& c) {
//       c.along("run reason");
//       c.column("packets", t.packets, {.unit = "1", .meaning = "packets dropped"});
//     }
//
// A member is a vector along the axes named last, outermost first (row-major: the last one is fastest), or one value
// where there is none: std::int8_t, std::int64_t, std::uint64_t, double or std::string. Counts and sums are stored, not
// only what is derived from them. A count without observations is 0, a measure without observations is NaN.

inline constexpr std::string_view kAlways = "always";
inline constexpr std::string_view kNotDeterministic = "not with --deterministic";
inline constexpr std::string_view kIfRecorded = "if recorded";  // the column may stay empty

inline constexpr double kPicosecond = 1e-12;

/// What becomes of a column where the runs of one file follow those of another.
enum class Merge : std::uint8_t {
  ByAxes,  ///< Along runs, or an axis that only counts, the cells follow one another; others are the same in both.
  PositionOfRun,  ///< The cells follow one another, and count on where the first file's runs end.
};

/// Axes along which the cells of one file's runs follow those of another's: runs, and what each run has of its own.
constexpr bool grows_with_runs(std::string_view axis) {
  return axis == "run" || axis == "bucket" || axis == "request" || axis == "visit" || axis == "limit" ||
         axis == "denial";
}

struct ColumnInfo {
  std::string_view unit = {};     ///< "s", "By", "bit/s", "1" ...; "" for text and labels.
  std::string_view meaning = {};  ///< Written as long_name.
  std::string_view when = kAlways;
  std::string_view flags = {};  ///< Meanings of 0, 1, ... of an std::int8_t, for CF's flag_meanings.
  double scale = 1;             ///< Stored value times this is in `unit`: CF's scale_factor.
  Merge merge = Merge::ByAxes;
};

/// Table is T, or const T where the table is read.
template <class Table, class T>
concept TableOf = std::same_as<std::remove_const_t<Table>, T>;

/// An axis whose positions have names or values of their own.
template <class Cells>
struct LabelAxis {
  std::string_view name;
  Cells& cells;
  ColumnInfo info;
};
template <class Cells>
LabelAxis(std::string_view, Cells&, ColumnInfo) -> LabelAxis<Cells>;

/// An axis that only counts: 0, 1, ... length - 1.
struct IndexAxis {
  std::string_view name;
  std::size_t length = 0;
  ColumnInfo info;
};

}  // namespace knetsim
