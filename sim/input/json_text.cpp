#include "sim/input/json_text.h"

namespace knetsim {
namespace {

void append_utf8(std::string& text, std::uint32_t code) {
  const auto add = [&](std::uint32_t byte) { text += static_cast<char>(static_cast<unsigned char>(byte)); };
  if (code < 0x80) {
    add(code);
  } else if (code < 0x800) {
    add(0xc0U | (code >> 6U));
    add(0x80U | (code & 0x3fU));
  } else if (code < 0x10000) {
    add(0xe0U | (code >> 12U));
    add(0x80U | ((code >> 6U) & 0x3fU));
    add(0x80U | (code & 0x3fU));
  } else {
    add(0xf0U | (code >> 18U));
    add(0x80U | ((code >> 12U) & 0x3fU));
    add(0x80U | ((code >> 6U) & 0x3fU));
    add(0x80U | (code & 0x3fU));
  }
}

/// Four hexadecimal digits at `p`, which stands after them then.
std::uint32_t hex4(const char*& p) {
  std::uint32_t code = 0;
  for (int i = 0; i < 4; ++i, ++p) {
    const char c = *p;
    std::uint32_t digit = 0;
    if (c >= '0' && c <= '9') {
      digit = static_cast<std::uint32_t>(c - '0');
    } else if (const char lower = static_cast<char>(c | 0x20); lower >= 'a' && lower <= 'f') {
      digit = static_cast<std::uint32_t>(lower - 'a') + 10;
    } else {
      throw BadEscape{BadEscape::Problem::NoHexDigit, p};
    }
    code = code * 16 + digit;
  }
  return code;
}

/// A \u escape whose digits begin at `p`; the low half of a surrogate pair follows as one more.
const char* append_code(const char* place, const char* p, std::string& text) {
  std::uint32_t code = hex4(p);
  if (code >= 0xd800 && code < 0xdc00) {
    std::uint32_t low = 0;
    if (p[0] == '\\' && p[1] == 'u') {
      p += 2;
      low = hex4(p);
    }
    if (low < 0xdc00 || low > 0xdfff) throw BadEscape{BadEscape::Problem::HalfPair, place};
    code = 0x10000 + ((code - 0xd800) << 10U) + (low - 0xdc00);
  } else if (code >= 0xdc00 && code < 0xe000) {
    throw BadEscape{BadEscape::Problem::HalfPair, place};
  }
  append_utf8(text, code);
  return p;
}

}  // namespace

const char* append_unescaped(const char* p, std::string& text) {
  const char* place = p++;
  const char c = *p++;
  switch (c) {
    case '"':
    case '\\':
    case '/':
      text += c;
      return p;
    case 'b':
      text += '\b';
      return p;
    case 'f':
      text += '\f';
      return p;
    case 'n':
      text += '\n';
      return p;
    case 'r':
      text += '\r';
      return p;
    case 't':
      text += '\t';
      return p;
    case 'u':
      return append_code(place, p, text);
    default:
      throw BadEscape{BadEscape::Problem::Unknown, place};
  }
}

}  // namespace knetsim
