#include "sim/input/scalar.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace knetsim {
namespace {

bool is_one_of(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  const auto folded = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  const auto capital = [](char c) { return c >= 'A' && c <= 'Z'; };
  // lower, Capitalised or CAPITALS: a capital may follow only capitals, a small letter no second capital.
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (folded(text[i]) != lower[i]) return false;
    if (i > 0 && capital(text[i]) && !capital(text[i - 1])) return false;
    if (i > 1 && !capital(text[i]) && capital(text[i - 1])) return false;
  }
  return true;
}

}  // namespace

std::optional<bool> to_bool(std::string_view text) {
  for (const std::string_view word : {"true", "yes", "y", "on"}) {
    if (is_one_of(text, word)) return true;
  }
  for (const std::string_view word : {"false", "no", "n", "off"}) {
    if (is_one_of(text, word)) return false;
  }
  return std::nullopt;
}

std::optional<std::int64_t> to_integer(std::string_view text) {
  std::string digits;
  bool negative = false;
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    negative = text.front() == '-';
    text.remove_prefix(1);
  }
  if (text.empty() || text.front() < '0' || text.front() > '9' || text.back() == '_') return std::nullopt;
  for (const char c : text) {
    if (c != '_') digits += c;
  }
  int base = 10;
  std::string_view number = digits;
  if (number.size() > 1 && number.front() == '0') {
    const char mark = number[1];
    base = mark == 'x' || mark == 'X' ? 16 : mark == 'b' || mark == 'B' ? 2 : 8;
    number.remove_prefix(base == 8 && mark != 'o' && mark != 'O' ? 1 : 2);
  }
  std::uint64_t magnitude = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), magnitude, base);
  if (error != std::errc() || end != number.data() + number.size()) return std::nullopt;
  constexpr auto kLargest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (magnitude > kLargest + (negative ? 1U : 0U)) return std::nullopt;
  return static_cast<std::int64_t>(negative ? ~magnitude + 1 : magnitude);
}

std::optional<double> to_double(std::string_view text) {
  if (const auto integer = to_integer(text)) return static_cast<double>(*integer);
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  std::string digits;
  if (text.find('_') != std::string_view::npos && text.front() != '_' && text.front() != '.') {
    for (const char c : text) {
      if (c != '_') digits += c;
    }
    text = digits;
  }
  if (text.find_first_not_of("0123456789.eE+-") != std::string_view::npos) return std::nullopt;  // inf, nan, hex
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

std::optional<bool> as_bool(Node node) {
  return node.is_scalar() && !node.is_quoted() ? to_bool(node.text()) : std::nullopt;
}

std::optional<std::int64_t> as_integer(Node node) {
  return node.is_scalar() && !node.is_quoted() ? to_integer(node.text()) : std::nullopt;
}

std::optional<double> as_double(Node node) {
  return node.is_scalar() && !node.is_quoted() ? to_double(node.text()) : std::nullopt;
}

std::string describe_found(Node node) {
  switch (node.kind()) {
    case Node::Kind::Absent:
      return "nothing";
    case Node::Kind::Null:
      return "null";
    case Node::Kind::Sequence:
      return "a list";
    case Node::Kind::Mapping:
      return "a mapping";
    case Node::Kind::Scalar:
      break;
  }
  std::string_view text = node.text();
  std::string_view dots;
  if (text.size() > 60) {
    text = text.substr(0, 57);
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0x80U) != 0) text.remove_suffix(1);
    dots = "...";
  }
  return fmt::format("'{}{}'", text, dots);
}

}  // namespace knetsim
