#include "models/cluster/name_rules.h"

#include <algorithm>

namespace knetsim {
namespace {

bool is_small(char c) { return c >= 'a' && c <= 'z'; }
bool is_small_or_digit(char c) { return is_small(c) || is_digit(c); }
bool is_letter_or_digit(char c) { return is_small_or_digit(c) || (c >= 'A' && c <= 'Z'); }

/// The middle of a qualified name and of a label's value.
bool is_word(std::string_view text) {
  return !text.empty() && text.size() <= 63 && is_letter_or_digit(text.front()) && is_letter_or_digit(text.back()) &&
         std::ranges::all_of(text, [](char c) { return is_letter_or_digit(c) || c == '-' || c == '_' || c == '.'; });
}

/// A part of a subdomain: a DNS label of any length.
bool is_part(std::string_view text) {
  return !text.empty() && is_small_or_digit(text.front()) && is_small_or_digit(text.back()) &&
         std::ranges::all_of(text, [](char c) { return is_small_or_digit(c) || c == '-'; });
}

}  // namespace

bool is_dns_label(std::string_view text) { return text.size() <= 63 && is_part(text); }

bool is_dns1035_label(std::string_view text) { return is_dns_label(text) && is_small(text.front()); }

bool is_dns_subdomain(std::string_view text) {
  if (text.size() > 253) return false;
  while (true) {
    const std::size_t dot = text.find('.');
    if (!is_part(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

bool is_label_value(std::string_view text) { return text.empty() || is_word(text); }

bool is_qualified_name(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return is_word(text);
  return is_dns_subdomain(text.substr(0, slash)) && is_word(text.substr(slash + 1));
}

bool is_port_name(std::string_view text) {
  return text.size() <= 15 && std::ranges::any_of(text, is_small) && text.front() != '-' && text.back() != '-' &&
         text.find("--") == std::string_view::npos &&
         std::ranges::all_of(text, [](char c) { return is_small_or_digit(c) || c == '-'; });
}

}  // namespace knetsim
