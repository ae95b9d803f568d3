#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace knetsim {

/// A table in columns as wide as their longest cell, for a screen; or for a page, in Markdown.
class TextTable {
 public:
  /// @param right  Columns whose cells are numbers, set to the right.
  explicit TextTable(std::vector<std::string> heading, const std::vector<std::size_t>& right = {});
  /// @pre As many cells as the heading has.
  void add(std::vector<std::string> row);
  /// A line of its own above the rows that follow, across all columns.
  void section(std::string title) { rows_.push_back({std::move(title)}); }
  /// @param width  The last column is wrapped to stay within; 0: it is not.
  std::string render(std::size_t indent = 0, std::size_t width = 0) const;
  /// The same for a page. @pre No cell holds a '|'.
  std::string markdown() const;

 private:
  std::vector<std::vector<std::string>> rows_;  ///< The heading first; an empty one is not printed. Sections: one cell.
  std::vector<bool> right_;
};

/// Breaks text at blanks; every line after the first is indented. Lines may be longer only where a word is.
std::string wrap(std::string_view text, std::size_t first_column, std::size_t indent, std::size_t width);

}  // namespace knetsim
