#include "sim/input/yaml_empty_entries.h"

#include <algorithm>

namespace knetsim {
namespace {

constexpr std::string_view kFilling = " ~";

struct Line {
  std::size_t start = 0;
  std::size_t indent = 0;
  std::string_view text;  ///< Without indentation, comment and blanks at its end.
};

/// Takes the next line off `rest`.
Line take_line(std::string_view all, std::size_t& at) {
  const std::size_t end = std::min(all.find('\n', at), all.size());
  std::string_view line = all.substr(at, end - at);
  Line result{.start = at, .text = {}};
  at = end + 1;
  result.indent = std::min(line.find_first_not_of(' '), line.size());
  line.remove_prefix(result.indent);
  if (line.starts_with('#')) line = {};
  if (const std::size_t comment = line.find(" #"); comment != std::string_view::npos) line = line.substr(0, comment);
  const std::size_t last = line.find_last_not_of(" \t\r");
  result.text = last == std::string_view::npos ? std::string_view{} : line.substr(0, last + 1);
  return result;
}

/// Column of the node that a line begins, behind its dashes.
std::size_t content_column(const Line& line) {
  std::size_t column = 0;
  while (line.text.substr(column).starts_with("- ")) {
    column += 2;
    while (column < line.text.size() && line.text[column] == ' ') ++column;
  }
  return line.indent + column;
}

/// The header of a block scalar ends its line: '|' or '>', then at most an indentation and a chomping indicator.
bool begins_block_scalar(std::string_view line) {
  std::size_t end = line.size();
  while (end > 0 && line.size() - end < 2 &&
         (line[end - 1] == '-' || line[end - 1] == '+' || (line[end - 1] >= '1' && line[end - 1] <= '9')))
    --end;
  if (end == 0 || (line[end - 1] != '|' && line[end - 1] != '>')) return false;
  return end == 1 || line[end - 2] == ' ';
}

}  // namespace

std::size_t FilledEntries::original(std::size_t offset) const {
  const auto before = static_cast<std::size_t>(std::lower_bound(at.begin(), at.end(), offset) - at.begin());
  const std::size_t shift = before * kFilling.size();
  // A place within an insertion is the place where it was made.
  if (before > 0 && offset < at[before - 1] + kFilling.size()) return at[before - 1] - (before - 1) * kFilling.size();
  return offset - shift;
}

std::optional<FilledEntries> fill_empty_entries(std::string_view text) {
  std::vector<std::size_t> empty;        // offsets behind the dashes
  std::vector<std::size_t> key_columns;  // of the open mappings whose last line was `key:`, ascending
  std::optional<std::size_t> dash;       // column of a lone dash whose value may follow
  std::size_t dash_end = 0;
  std::optional<std::size_t> scalar;  // column that the lines of a block scalar are beyond
  const auto settle = [&](std::size_t next_indent) {
    if (dash && next_indent <= *dash) empty.push_back(dash_end);
    dash.reset();
  };
  for (std::size_t at = 0; at < text.size();) {
    const Line line = take_line(text, at);
    if (line.text.empty()) continue;
    if (scalar) {
      if (line.indent > *scalar) continue;
      scalar.reset();
    }
    const bool marker = line.indent == 0 && (line.text.starts_with("---") || line.text.starts_with("..."));
    settle(marker ? 0 : line.indent);
    if (marker) {
      key_columns.clear();
      continue;
    }
    while (!key_columns.empty() && key_columns.back() > line.indent) key_columns.pop_back();
    const bool entry = line.text == "-" || line.text.starts_with("- ");
    if (!entry && !key_columns.empty() && key_columns.back() == line.indent) key_columns.pop_back();
    if (line.text == "-" && !key_columns.empty() && key_columns.back() == line.indent) {
      dash = line.indent;
      dash_end = line.start + line.indent + 1;
    }
    const std::size_t column = content_column(line);
    if (line.text.ends_with(':') && (key_columns.empty() || key_columns.back() < column)) key_columns.push_back(column);
    if (begins_block_scalar(line.text)) scalar = column;
  }
  settle(0);
  if (empty.empty()) return std::nullopt;
  FilledEntries filled;
  filled.text.reserve(text.size() + empty.size() * kFilling.size());
  std::size_t from = 0;
  for (const std::size_t behind : empty) {
    filled.text += text.substr(from, behind - from);
    filled.at.push_back(filled.text.size());
    filled.text += kFilling;
    from = behind;
  }
  filled.text += text.substr(from);
  return filled;
}

}  // namespace knetsim
