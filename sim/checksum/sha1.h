#pragma once

#include <string>
#include <string_view>

namespace knetsim {

/// SHA-1 of a text as 40 lower-case hexadecimal digits: for names that others make by it, and nothing that has to be
/// safe.
/// @throws std::runtime_error  libcrypto offers no SHA-1.
/// @source NIST FIPS 180-4, Secure Hash Standard, 2015.
std::string sha1_hex(std::string_view text);

}  // namespace knetsim
