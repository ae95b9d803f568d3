#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace knetsim {

/// What a results file holds, as plain data: the writer turns it into HDF5 and the reader gives it back, so that no one
/// else sees a type of that library. Names follow netCDF: a group has axes (dimensions with coordinate values) and
/// variables along them.

using ColumnValues = std::variant<std::vector<double>, std::vector<std::int64_t>, std::vector<std::uint64_t>,
                                  std::vector<std::int8_t>, std::vector<std::string>>;

using AttributeValue = std::variant<std::string, double, std::int64_t, std::vector<std::string>, std::vector<double>,
                                    std::vector<std::int64_t>, std::vector<std::int8_t>>;

struct DataAttribute {
  std::string name;
  AttributeValue value;
};

/// Values along zero or more axes of the group, row-major (the last axis runs fastest).
struct DataVariable {
  std::string name;
  std::vector<std::string> dims;          ///< Axis names, outermost first; empty: one value.
  ColumnValues values;                    ///< As many as the product of the axes' lengths.
  std::vector<DataAttribute> attributes;  ///< `units`, `long_name`, `scale_factor` ...

  std::size_t size() const;
};

struct DataGroup {
  std::string path;  ///< "summary", "hist/latency": no slash at the front.
  std::vector<DataAttribute> attributes;
  std::vector<DataVariable> axes;       ///< Coordinate values; name == dims[0], length at least 1.
  std::vector<DataVariable> variables;  ///< Along these axes.

  /// The axis or variable of that name, or nullptr.
  const DataVariable* find(std::string_view name) const;
  /// @throws InvariantError  No such axis.
  std::size_t axis_length(std::string_view name) const;
};

struct DataFile {
  std::vector<DataAttribute> attributes;
  std::vector<DataGroup> groups;
};

/// The attribute's value, or nullptr.
const AttributeValue* find_attribute(const std::vector<DataAttribute>& attributes, std::string_view name);

/// The text of a string attribute, "" where it is missing or no string.
std::string_view text_attribute(const std::vector<DataAttribute>& attributes, std::string_view name);

/// Checks what a reader relies on: unique names, every dimension an axis of the same group, every length right.
/// @throws InvariantError  Which group and variable break a rule: a mistake of the code that built it.
void check_data_file(const DataFile& file);

}  // namespace knetsim
