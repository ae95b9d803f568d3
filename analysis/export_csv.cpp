#include "analysis/export_csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <string>
#include <string_view>

namespace knetsim {
namespace {

constexpr std::string_view kAcross = "quantile";  // the one axis that becomes columns
constexpr std::string_view kLineEnd = "\r\n";

/// RFC 4180, section 2, rules 5 to 7. A text that a spreadsheet would take for a formula gets an apostrophe in front,
/// which it takes for "this is text" (OWASP, "CSV Injection"): names come from scenarios and manifests of others.
std::string csv_text(std::string_view text) {
  const bool formula = !text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos;
  const std::string_view mark = formula ? "'" : "";
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(mark) + std::string(text);
  std::string result = "\"" + std::string(mark);
  for (const char letter : text) {
    if (letter == '"') result += '"';
    result += letter;
  }
  return result + '"';
}

std::string number(double value) { return std::isnan(value) ? "" : fmt::format("{}", value); }

/// One cell as text. A scale such as 1e-12 is applied as a division by 1e12: both are exact, so 80 ps reads 8e-11.
std::string cell_text(const DataVariable& variable, std::size_t index) {
  const AttributeValue* attribute = find_attribute(variable.attributes, "scale_factor");
  const double* scale = attribute == nullptr ? nullptr : std::get_if<double>(attribute);
  return std::visit(
      [&](const auto& column) -> std::string {
        using Cell = typename std::decay_t<decltype(column)>::value_type;
        if constexpr (std::is_same_v<Cell, std::string>) {
          return csv_text(column.at(index));
        } else if constexpr (std::is_same_v<Cell, double>) {
          return number(scale == nullptr ? column.at(index) : column.at(index) * *scale);
        } else {
          if (scale == nullptr) return fmt::format("{}", column.at(index));
          const auto value = static_cast<double>(column.at(index));
          return number(*scale < 1 ? value / std::round(1 / *scale) : value * *scale);
        }
      },
      variable.values);
}

/// A position in the grid of some axes.
struct Grid {
  std::vector<std::string> axes;
  std::vector<std::size_t> lengths;

  std::size_t cells() const {
    return std::accumulate(lengths.begin(), lengths.end(), std::size_t{1}, std::multiplies<>());
  }

  std::vector<std::size_t> at(std::size_t cell) const {
    std::vector<std::size_t> position(axes.size());
    for (std::size_t i = axes.size(); i-- > 0;) {
      position[i] = cell % lengths[i];
      cell /= lengths[i];
    }
    return position;
  }
};

Grid grid_of(const DataGroup& group, const std::vector<std::string>& axes) {
  Grid grid{.axes = axes, .lengths = {}};
  for (const std::string& axis : axes) grid.lengths.push_back(group.axis_length(axis));
  return grid;
}

/// Index into `variable` of a position of `grid`, `across` being the position on the axis that is not in it.
std::size_t index_of(const DataGroup& group, const DataVariable& variable, const Grid& grid,
                     const std::vector<std::size_t>& position, std::size_t across) {
  std::size_t index = 0;
  for (const std::string& dim : variable.dims) {
    const auto found = std::find(grid.axes.begin(), grid.axes.end(), dim);
    const std::size_t at =
        found == grid.axes.end() ? across : position[static_cast<std::size_t>(found - grid.axes.begin())];
    index = index * group.axis_length(dim) + at;
  }
  return index;
}

bool has_dim(const DataVariable& variable, std::string_view dim) {
  return std::find(variable.dims.begin(), variable.dims.end(), dim) != variable.dims.end();
}

/// The columns of a table in order: axes, what labels an axis (the group's `coordinates`), variables.
std::vector<const DataVariable*> ordered_columns(const DataGroup& group) {
  const std::string labels = fmt::format(" {} ", text_attribute(group.attributes, "coordinates"));
  std::vector<const DataVariable*> columns;
  for (const DataVariable& axis : group.axes) {
    if (axis.name != kAcross) columns.push_back(&axis);
  }
  for (const bool label : {true, false}) {
    for (const DataVariable& variable : group.variables) {
      if ((labels.find(" " + variable.name + " ") != std::string::npos) == label) columns.push_back(&variable);
    }
  }
  return columns;
}

class CsvLine {
 public:
  explicit CsvLine(std::ostream& out) : out_(out) {}
  void field(std::string_view text) {
    if (!first_) out_ << ',';
    out_ << text;
    first_ = false;
  }
  void end() {
    out_ << kLineEnd;
    first_ = true;
  }

 private:
  std::ostream& out_;
  bool first_ = true;
};

void export_table(const DataGroup& group, std::ostream& out) {
  std::vector<std::string> axes;
  std::size_t across_length = 0;
  const DataVariable* across = nullptr;
  for (const DataVariable& axis : group.axes) {
    if (axis.name == kAcross) {
      across = &axis;
      across_length = axis.size();
    } else {
      axes.push_back(axis.name);
    }
  }
  const Grid grid = grid_of(group, axes);
  const std::vector<const DataVariable*> columns = ordered_columns(group);
  CsvLine line(out);
  const auto for_each_field = [&](auto&& field) {
    for (const DataVariable* column : columns) {
      const std::size_t fields = has_dim(*column, kAcross) ? across_length : 1;
      for (std::size_t i = 0; i < fields; ++i) field(*column, i);
    }
  };
  for_each_field([&](const DataVariable& column, std::size_t i) {
    line.field(has_dim(column, kAcross) ? csv_text(fmt::format("{}[{}]", column.name, cell_text(*across, i)))
                                        : csv_text(column.name));
  });
  line.end();
  for (std::size_t cell = 0; cell < grid.cells(); ++cell) {
    const std::vector<std::size_t> position = grid.at(cell);
    for_each_field([&](const DataVariable& column, std::size_t i) {
      line.field(cell_text(column, index_of(group, column, grid, position, i)));
    });
    line.end();
  }
}

/// Rows of different lengths end to end: one line for each element, with the labels of the row that it is in.
void export_ragged(const DataGroup& group, const DataVariable& row_size, std::ostream& out) {
  const std::string sample(text_attribute(row_size.attributes, "sample_dimension"));
  const Grid rows = grid_of(group, row_size.dims);
  const Grid samples{.axes = {sample}, .lengths = {}};
  std::vector<const DataVariable*> of_row;
  std::vector<const DataVariable*> of_sample;
  for (const DataVariable* column : ordered_columns(group)) {
    if (column == &row_size) continue;
    (has_dim(*column, sample) ? of_sample : of_row).push_back(column);
  }
  CsvLine line(out);
  for (const auto* columns : {&of_row, &of_sample}) {
    for (const DataVariable* column : *columns) line.field(csv_text(column->name));
  }
  line.end();
  const auto& sizes = std::get<std::vector<std::int64_t>>(row_size.values);
  std::size_t element = 0;
  for (std::size_t row = 0; row < sizes.size(); ++row) {
    const std::vector<std::size_t> position = rows.at(row);
    for (std::int64_t i = 0; i < sizes[row]; ++i, ++element) {
      for (const DataVariable* column : of_row)
        line.field(cell_text(*column, index_of(group, *column, rows, position, 0)));
      for (const DataVariable* column : of_sample)
        line.field(cell_text(*column, index_of(group, *column, samples, {element}, 0)));
      line.end();
    }
  }
}

void export_list(const DataGroup& group, std::ostream& out) {
  CsvLine line(out);
  for (const char* name : {"name", "index", "value"}) line.field(name);
  line.end();
  for (const DataVariable& variable : group.variables) {
    for (std::size_t i = 0; i < variable.size(); ++i) {
      line.field(csv_text(variable.name));
      line.field(variable.dims.empty() ? "" : fmt::format("{}", i));
      line.field(cell_text(variable, i));
      line.end();
    }
  }
}

/// Whether no variable lies along all axes: then one table would repeat every cell for nothing.
bool shares_no_axes(const DataGroup& group) {
  const auto spans_all = [&](const DataVariable& variable) {
    return std::all_of(group.axes.begin(), group.axes.end(),
                       [&](const DataVariable& axis) { return axis.name == kAcross || has_dim(variable, axis.name); });
  };
  return std::none_of(group.variables.begin(), group.variables.end(),
                      [&](const DataVariable& v) { return !v.dims.empty() && spans_all(v); });
}

}  // namespace

void export_csv(const DataGroup& group, std::ostream& out) {
  const DataVariable* row_size = group.find("row_size");
  if (row_size != nullptr && !text_attribute(row_size->attributes, "sample_dimension").empty()) {
    export_ragged(group, *row_size, out);
  } else if (shares_no_axes(group)) {
    export_list(group, out);
  } else {
    export_table(group, out);
  }
}

}  // namespace knetsim
