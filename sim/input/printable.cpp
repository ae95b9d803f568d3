#include "sim/input/printable.h"

#include <fmt/format.h>

#include <iterator>

namespace knetsim {
namespace {

bool is_obeyed(char32_t code) {
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x061c || (code >= 0x200e && code <= 0x200f) ||
         (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) || code == 0xfeff;
}

}  // namespace

ScreenCharacter first_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {.bytes = 1, .code = lead, .is_utf8 = true, .obeyed = is_obeyed(lead)};
  const ScreenCharacter wrong{.bytes = 1, .code = lead, .is_utf8 = false, .obeyed = true};
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4) return wrong;
  char32_t code = lead & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if (i == text.size()) return {.bytes = 0, .code = lead, .is_utf8 = false, .obeyed = true};
    if ((byte(i) & 0xc0U) != 0x80U) return wrong;
    code = code << 6U | (byte(i) & 0x3fU);
  }
  const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  if (overlong || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return wrong;
  return {.bytes = length, .code = code, .is_utf8 = true, .obeyed = is_obeyed(code)};
}

void append_escaped(std::string& to, const ScreenCharacter& character) {
  const auto code = static_cast<unsigned>(character.code);
  if (code < 0x20 || !character.is_utf8) {
    fmt::format_to(std::back_inserter(to), "\\x{:02x}", code);
  } else {
    fmt::format_to(std::back_inserter(to), "\\u{:04x}", code);
  }
}

std::string printable(std::string_view text) {
  std::string shown;
  shown.reserve(text.size());
  while (!text.empty()) {
    const ScreenCharacter next = first_character(text);
    const std::size_t bytes = next.bytes == 0 ? 1 : next.bytes;
    if (next.obeyed) {
      append_escaped(shown, next);
    } else {
      shown.append(text.substr(0, bytes));
    }
    text.remove_prefix(bytes);
  }
  return shown;
}

std::string printable_line(std::string_view text) {
  std::string shown;
  shown.reserve(text.size());
  while (!text.empty()) {
    const ScreenCharacter next = first_character(text);
    const std::size_t bytes = next.bytes == 0 ? 1 : next.bytes;
    if (next.code == '\t') {
      shown += ' ';
    } else {
      shown.append(next.obeyed ? std::string_view("\xef\xbf\xbd") : text.substr(0, bytes));
    }
    text.remove_prefix(bytes);
  }
  return shown;
}

}  // namespace knetsim
