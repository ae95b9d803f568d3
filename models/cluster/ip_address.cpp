#include "models/cluster/ip_address.h"

#include <charconv>
#include <vector>

namespace knetsim {
namespace {

std::optional<IpAddress> parse_v4(std::string_view text) {
  std::uint32_t value = 0;
  for (int part = 0; part < 4; ++part) {
    std::uint32_t octet = 0;
    const char* begin = text.data();
    const auto [end, error] = std::from_chars(begin, begin + text.size(), octet);
    const auto digits = static_cast<std::size_t>(end - begin);
    if (error != std::errc{} || octet > 255 || digits > 3 || (digits > 1 && *begin == '0')) return std::nullopt;
    text.remove_prefix(digits);
    value = (value << 8) | octet;
    if (part < 3) {
      if (text.empty() || text.front() != '.') return std::nullopt;
      text.remove_prefix(1);
    }
  }
  if (!text.empty()) return std::nullopt;
  return IpAddress::v4(value);
}

/// Groups of one side of "::"; false when the text is not colon-separated hexadecimal.
bool parse_groups(std::string_view text, std::vector<std::uint16_t>& groups) {
  if (text.empty()) return true;
  while (true) {
    const std::size_t colon = text.find(':');
    const std::string_view group = text.substr(0, colon);
    std::uint16_t value = 0;
    const auto [end, error] = std::from_chars(group.data(), group.data() + group.size(), value, 16);
    if (error != std::errc{} || end != group.data() + group.size() || group.size() > 4) return false;
    groups.push_back(value);
    if (colon == std::string_view::npos) return true;
    text.remove_prefix(colon + 1);
  }
}

std::optional<IpAddress> parse_v6(std::string_view text) {
  std::vector<std::uint16_t> head;
  std::vector<std::uint16_t> tail;
  const std::size_t gap = text.find("::");
  if (gap == std::string_view::npos) {
    if (!parse_groups(text, head) || head.size() != 8) return std::nullopt;
  } else {
    if (!parse_groups(text.substr(0, gap), head) || !parse_groups(text.substr(gap + 2), tail)) return std::nullopt;
    if (head.size() + tail.size() > 7) return std::nullopt;
  }
  std::array<std::uint8_t, 16> bytes{};
  const auto put = [&bytes](std::size_t group, std::uint16_t value) {
    bytes[2 * group] = static_cast<std::uint8_t>(value >> 8);
    bytes[2 * group + 1] = static_cast<std::uint8_t>(value & 0xffu);
  };
  for (std::size_t i = 0; i < head.size(); ++i) put(i, head[i]);
  for (std::size_t i = 0; i < tail.size(); ++i) put(8 - tail.size() + i, tail[i]);
  return IpAddress::v6(bytes);
}

std::string v4_text(std::uint32_t value) {
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8) {
    text += std::to_string((value >> shift) & 0xffu);
    if (shift > 0) text += '.';
  }
  return text;
}

std::string v6_text(const std::array<std::uint8_t, 16>& bytes) {
  std::array<unsigned, 8> groups{};
  for (std::size_t i = 0; i < 8; ++i) groups[i] = unsigned{bytes[2 * i]} << 8 | bytes[2 * i + 1];
  // RFC 5952, section 4.2: the longest run of at least two zero groups becomes "::", the first of equals.
  std::size_t run_at = 8;
  std::size_t run = 1;
  for (std::size_t i = 0; i < 8; ++i) {
    std::size_t end = i;
    while (end < 8 && groups[end] == 0) ++end;
    if (end - i > run) {
      run_at = i;
      run = end - i;
    }
  }
  std::string text;
  for (std::size_t i = 0; i < 8; ++i) {
    if (i == run_at) {
      text += "::";
      i += run - 1;
      continue;
    }
    if (!text.empty() && text.back() != ':') text += ':';
    std::array<char, 4> digits{};
    const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), groups[i], 16);
    text.append(digits.data(), result.ptr);
  }
  return text;
}

}  // namespace

std::optional<IpAddress> parse_ip(std::string_view text) {
  return text.find(':') == std::string_view::npos ? parse_v4(text) : parse_v6(text);
}

std::string to_string(const IpAddress& address) {
  if (!address) return {};
  return address.family() == IpFamily::V4 ? v4_text(address.v4_value()) : v6_text(address.bytes());
}

std::optional<Cidr> parse_cidr(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::optional<IpAddress> base = parse_v4(text.substr(0, slash));
  const std::string_view length = text.substr(slash + 1);
  std::uint8_t prefix = 0;
  const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), prefix);
  if (!base || error != std::errc{} || end != length.data() + length.size() || prefix > 32) return std::nullopt;
  const std::uint64_t mask = ~((std::uint64_t{1} << (32 - prefix)) - 1);
  return Cidr{static_cast<std::uint32_t>(base->v4_value() & mask), prefix};
}

std::string to_string(const Cidr& cidr) { return v4_text(cidr.base) + '/' + std::to_string(cidr.prefix); }

}  // namespace knetsim
