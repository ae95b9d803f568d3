#include "app/cli/text_table.h"

#include <algorithm>

#include "sim/core/ensure.h"
#include "sim/input/printable.h"

namespace knetsim {
namespace {

/// Characters of UTF-8 text, each taken to be one column wide.
std::size_t columns(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

}  // namespace

std::string wrap(std::string_view text, std::size_t first_column, std::size_t indent, std::size_t width) {
  std::string out;
  std::size_t column = first_column;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(text.size(), end + 1));
    if (!out.empty() && column + 1 + word.size() > width) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (!out.empty()) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
  }
  return out;
}

TextTable::TextTable(std::vector<std::string> heading, const std::vector<std::size_t>& right)
    : right_(heading.size(), false) {
  for (const std::size_t column : right) right_[column] = true;
  rows_.push_back(std::move(heading));
}

void TextTable::add(std::vector<std::string> row) {
  KNETSIM_ENSURE(row.size() == right_.size());
  for (std::string& cell : row)
    cell = printable(cell);  // names are whatever a file says, and widths count what is shown
  rows_.push_back(std::move(row));
}

std::string TextTable::render(std::size_t indent, std::size_t width) const {
  std::vector<std::size_t> widths(right_.size(), 0);
  for (const auto& row : rows_) {
    if (row.size() < right_.size()) continue;
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns(row[i]));
  }
  std::string out;
  for (const auto& row : rows_) {
    if (std::all_of(row.begin(), row.end(), [](const std::string& cell) { return cell.empty(); })) continue;
    std::string line(indent, ' ');
    if (row.size() < right_.size()) {
      out += line + row.front() + "\n";
      continue;
    }
    std::size_t at = indent;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string blanks(widths[i] - columns(row[i]), ' ');
      const bool last = i + 1 == row.size();
      if (last && width > at + 20 && !right_[i]) {
        line += wrap(row[i], at, at, width);
      } else {
        line += right_[i] ? blanks + row[i] : row[i] + blanks;
      }
      if (!last) line += "  ";
      at += widths[i] + 2;
    }
    out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return out;
}

std::string TextTable::markdown() const {
  std::string text;
  const auto add_line = [&](const std::vector<std::string>& cells) {
    for (const std::string& cell : cells) text += "| " + cell + " ";
    text += "|\n";
  };
  add_line(rows_.front());
  std::vector<std::string> marks;
  for (std::size_t column = 0; column < rows_.front().size(); ++column)
    marks.emplace_back(right_[column] ? "---:" : "---");
  add_line(marks);
  for (std::size_t row = 1; row < rows_.size(); ++row) {
    std::vector<std::string> cells = rows_[row];
    cells.resize(right_.size());
    add_line(cells);
  }
  return text;
}

}  // namespace knetsim
