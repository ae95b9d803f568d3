#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace knetsim {

/// SHA-256 of a text: names scenarios and inputs in results files. Computed by OpenSSL's libcrypto, which takes the CPU's
/// SHA instructions where it has them: half a gigabyte of cluster snapshot in a third of a second.
/// @throws std::runtime_error  libcrypto offers no SHA-256 (a provider configuration that leaves it out).
/// @source NIST FIPS 180-4, Secure Hash Standard, 2015.
std::array<std::byte, 32> sha256(std::string_view text);

/// The same as 64 lower-case hexadecimal digits.
std::string sha256_hex(std::string_view text);

}  // namespace knetsim
