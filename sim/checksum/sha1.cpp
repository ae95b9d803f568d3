#include "sim/checksum/sha1.h"

#include <openssl/evp.h>

#include <array>
#include <stdexcept>

namespace knetsim {

std::string sha1_hex(std::string_view text) {
  std::array<unsigned char, 20> bytes{};
  if (EVP_Digest(text.data(), text.size(), bytes.data(), nullptr, EVP_sha1(), nullptr) != 1) {
    throw std::runtime_error("libcrypto cannot compute SHA-1: its configuration offers no provider of it");
  }
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (const unsigned value : bytes) {
    hex += kDigits[value >> 4U];
    hex += kDigits[value & 15U];
  }
  return hex;
}

}  // namespace knetsim
