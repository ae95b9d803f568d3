#pragma once

#include <fmt/format.h>

#include <bit>
#include <cstdint>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "sim/core/hash.h"
#include "sim/output/data_file.h"

namespace knetsim {

// Fingerprints of results by stable name: a line for each column that holds anything, of its cells by the names of
// their places. Cells of zero and without a value count for nothing, and no order counts, so that a new column is a new
// line, and a new step, workload or reason that a run does not have changes none.

inline std::uint64_t cell_bits(const std::string& text) { return text.empty() ? 0 : hash_text(text); }
inline std::uint64_t cell_bits(double number) {
  return number != number || number == 0 ? 0 : std::bit_cast<std::uint64_t>(number);
}
template <class Integer>
std::uint64_t cell_bits(Integer number) {
  return static_cast<std::uint64_t>(number);
}

/// What stands at a place of an axis: a name, a value, or the place itself.
inline std::uint64_t place_bits(const DataVariable& axis, std::size_t at) {
  return std::visit([&](const auto& cells) { return cell_bits(cells[at]); }, axis.values);
}

/// @pre  check_data_file() holds.
inline std::uint64_t column_digest(const DataGroup& group, const DataVariable& column) {
  std::vector<const DataVariable*> axes;
  for (const std::string& dim : column.dims) axes.push_back(group.find(dim));
  const auto place_of = [&](std::size_t cell) {
    std::uint64_t place = 0;
    for (std::size_t i = axes.size(); i-- > 0;) {
      place = hash_combine(place, place_bits(*axes[i], cell % axes[i]->size()));
      cell /= axes[i]->size();
    }
    return place;
  };
  std::uint64_t sum = 0;
  std::visit(
      [&](const auto& cells) {
        for (std::size_t i = 0; i < cells.size(); ++i) {
          if (const std::uint64_t bits = cell_bits(cells[i]); bits != 0) sum += hash_combine(place_of(i), bits);
        }
      },
      column.values);
  return sum;
}

/// "/summary/goodput 0123456789abcdef", a line a column; runs are placed by their position.
inline std::string column_digests(const DataFile& file) {
  std::string text;
  for (const DataGroup& group : file.groups) {
    for (const DataVariable& column : group.variables) {
      if (const std::uint64_t digest = column_digest(group, column); digest != 0) {
        text += fmt::format("/{}/{} {:016x}\n", group.path, column.name, digest);
      }
    }
  }
  return text;
}

}  // namespace knetsim
