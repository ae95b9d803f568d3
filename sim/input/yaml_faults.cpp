#include "sim/input/yaml_faults.h"

#include <fmt/format.h>
#include <libfyaml.h>
#include <simdjson.h>

#include <algorithm>
#include <cstring>

#include "sim/input/document_builder.h"

namespace knetsim {
namespace {

/// What YAML has no place for, not even in quotes (YAML 1.2, 5.1, c-printable; goyaml.v2 readerc.go, "control characters
/// are not allowed"): C0 but tab and line ends, DEL, C1 but NEL, and the two that are no characters at all.
std::optional<TextFault> control_character(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte >= 0x20 && byte < 0x7f) continue;
    if (byte == '\n' || byte == '\t' || byte == '\r') continue;
    std::uint32_t character = byte;
    if (byte == 0xc2 && at + 1 < text.size()) {
      character = static_cast<unsigned char>(text[at + 1]);
      if (character >= 0xa0 || character == 0x85) continue;
    } else if (byte == 0xef && at + 2 < text.size() && static_cast<unsigned char>(text[at + 1]) == 0xbf) {
      character = 0xffc0U + (static_cast<unsigned char>(text[at + 2]) & 0x3fU);
      if (character < 0xfffe) continue;
    } else if (byte > 0x7f) {
      continue;
    }
    return TextFault{at, fmt::format("the control character U+{:04X}, which YAML does not take", character)};
  }
  return std::nullopt;
}

std::optional<TextFault> wrong_character(std::string_view text) {
  if (const void* nul = std::memchr(text.data(), '\0', text.size()); nul != nullptr) {
    return TextFault{static_cast<std::size_t>(static_cast<const char*>(nul) - text.data()),
                     "a NUL byte: not a text file"};
  }
  if (simdjson::validate_utf8(text.data(), text.size())) return control_character(text);
  // Find the place: the longest valid prefix, by halves of what is still in doubt.
  std::size_t valid = 0;
  for (std::size_t step = text.size(); step > 0; step /= 2) {
    while (valid + step <= text.size() && simdjson::validate_utf8(text.data(), valid + step)) valid += step;
  }
  return TextFault{valid, "not valid UTF-8: the file is binary or in another encoding"};
}

/// As far as that can be told without reading quotes.
std::optional<TextFault> too_many_open(std::string_view text) {
  const auto opens = std::count(text.begin(), text.end(), '[') + std::count(text.begin(), text.end(), '{');
  if (static_cast<std::size_t>(opens) <= kMaxOpenFlow) return std::nullopt;
  std::size_t open = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    switch (text[i]) {
      case '[':
      case '{':
        if (++open > kMaxOpenFlow) {
          return TextFault{i, fmt::format("more than {} brackets and braces that are not closed", kMaxOpenFlow)};
        }
        break;
      case ']':
      case '}':
        open -= open > 0 ? 1U : 0U;
        break;
      case '\n':
        if (text.substr(i + 1, 3) == "---") open = 0;
        break;
      default:
        break;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<TextFault> fault_before_parsing(std::string_view text) {
  if (auto fault = wrong_character(text)) return fault;
  return too_many_open(text);
}

SyntaxFault syntax_fault(fy_diag* messages, const Input& input, std::uint64_t offset, std::uint32_t document) {
  void* previous = nullptr;
  SyntaxFault fault{Mark{.file = input.name(), .document = document, .input = &input}, "syntax error"};
  Mark& mark = fault.mark;
  if (const fy_diag_error* first = fy_diag_errors_iterate(messages, &previous); first != nullptr) {
    mark = input.mark(offset);
    const auto line = static_cast<std::uint32_t>(std::max(first->line, 1));
    const auto column = static_cast<std::uint32_t>(std::max(first->column, 1));
    mark.column = line == 1 ? mark.column + column - 1 : column;
    mark.line += line - 1;
    // What is missing at the end is told for the line after it, which a text without a last line end does not have.
    if (const Mark end = input.mark(input.text().size()); mark.line > end.line) mark = end;
    mark.document = document;
    fault.message = first->msg;
  }
  // A tab is behind many a message that does not name it.
  for (const std::uint32_t number : {mark.line, mark.line + 1}) {
    const std::string_view line = input.line(number);
    const std::size_t tab = line.find_first_not_of(' ');
    if (tab == std::string_view::npos || line[tab] != '\t') continue;
    mark.line = number;
    mark.column = static_cast<std::uint32_t>(tab) + 1;
    fault.message = "a tab where blanks are wanted for indentation";
    break;
  }
  return fault;
}

}  // namespace knetsim
