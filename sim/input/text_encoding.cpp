#include "sim/input/text_encoding.h"

#include <simdjson.h>

#include <cstdint>

namespace knetsim {
namespace {

constexpr std::uint32_t kReplacement = 0xfffd;

void append(std::string& text, std::uint32_t character) {
  const auto byte = [&](std::uint32_t value) { text += static_cast<char>(value); };
  if (character < 0x80) {
    byte(character);
  } else if (character < 0x800) {
    byte(0xc0 | character >> 6);
    byte(0x80 | (character & 0x3f));
  } else if (character < 0x10000) {
    byte(0xe0 | character >> 12);
    byte(0x80 | (character >> 6 & 0x3f));
    byte(0x80 | (character & 0x3f));
  } else {
    byte(0xf0 | character >> 18);
    byte(0x80 | (character >> 12 & 0x3f));
    byte(0x80 | (character >> 6 & 0x3f));
    byte(0x80 | (character & 0x3f));
  }
}

bool is_high(std::uint32_t unit) { return unit >= 0xd800 && unit < 0xdc00; }
bool is_low(std::uint32_t unit) { return unit >= 0xdc00 && unit < 0xe000; }

}  // namespace

std::optional<std::string> from_utf16(std::string_view bytes) {
  const bool little = bytes.starts_with("\xff\xfe");
  if (!little && !bytes.starts_with("\xfe\xff")) return std::nullopt;
  const auto unit = [&](std::size_t at) {
    const auto first = static_cast<unsigned char>(bytes[at]);
    const auto second = static_cast<unsigned char>(bytes[at + 1]);
    return little ? std::uint32_t{second} << 8 | first : std::uint32_t{first} << 8 | second;
  };
  std::string text;
  text.reserve(bytes.size() / 2);
  std::size_t at = 2;
  while (at + 1 < bytes.size()) {
    const std::uint32_t one = unit(at);
    at += 2;
    if (is_high(one) && at + 1 < bytes.size() && is_low(unit(at))) {
      append(text, 0x10000 + ((one - 0xd800) << 10) + (unit(at) - 0xdc00));
      at += 2;
    } else {
      append(text, is_high(one) || is_low(one) ? kReplacement : one);
    }
  }
  if (at < bytes.size()) append(text, kReplacement);
  return text;
}

std::size_t valid_utf8(std::string_view text) {
  if (simdjson::validate_utf8(text.data(), text.size())) return text.size();
  // By halves of what is still in doubt, then character by character: a half may end within one.
  std::size_t valid = 0;
  for (std::size_t step = text.size(); step > 0; step /= 2) {
    while (valid + step <= text.size() && simdjson::validate_utf8(text.data() + valid, step)) valid += step;
  }
  for (std::size_t length = 1; length <= 4; ++length) {
    if (valid + length > text.size() || !simdjson::validate_utf8(text.data() + valid, length)) continue;
    valid += length;
    length = 0;
  }
  return valid;
}

Repaired repair_utf8(std::string_view text) {
  Repaired repaired;
  repaired.text.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    const bool good = lead < 0x80 || (at + length <= text.size() && simdjson::validate_utf8(text.data() + at, length));
    if (good) {
      repaired.text += text.substr(at, length);
      at += length;
    } else {
      append(repaired.text, kReplacement);
      ++repaired.bytes;
      ++at;
    }
  }
  return repaired;
}

}  // namespace knetsim
