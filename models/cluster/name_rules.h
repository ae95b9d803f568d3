#pragma once

#include <string_view>

namespace knetsim {

/// Of ASCII, in any locale.
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

// What the API server takes for a name: k/k staging/src/k8s.io/apimachinery/pkg/util/validation/validation.go.

/// IsDNS1123Label: at most 63 small letters, digits and '-', a letter or digit first and last.
bool is_dns_label(std::string_view text);
inline constexpr std::string_view kDnsLabel =
    "at most 63 lower-case letters, digits and '-', a letter or digit first and last";

/// IsDNS1035Label: the same that begins with a letter.
bool is_dns1035_label(std::string_view text);
inline constexpr std::string_view kDns1035Label =
    "at most 63 lower-case letters, digits and '-', a letter first, a letter or digit last";

/// IsDNS1123Subdomain: labels with dots between, at most 253 characters together.
bool is_dns_subdomain(std::string_view text);
inline constexpr std::string_view kDnsSubdomain =
    "at most 253 lower-case letters, digits, '-' and '.', a letter or digit first and last and around each '.'";

/// IsValidLabelValue.
bool is_label_value(std::string_view text);
inline constexpr std::string_view kLabelValue =
    "at most 63 letters, digits, '-', '_' and '.', a letter or digit first and last";

/// IsQualifiedName: a label's or taint's key, with or without a domain and '/' before it.
bool is_qualified_name(std::string_view text);
inline constexpr std::string_view kQualifiedName =
    "a name of at most 63 letters, digits, '-', '_' and '.', with or without a domain and '/' before it";

/// IsValidPortName: an IANA service name.
bool is_port_name(std::string_view text);
inline constexpr std::string_view kPortName = "at most 15 lower-case letters, digits and '-', at least one letter";

}  // namespace knetsim
