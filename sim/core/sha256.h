#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace knetsim {

/// SHA-256 of a stream of bytes: names scenarios and inputs in results files. Not meant for secrets.
/// @source NIST FIPS 180-4, Secure Hash Standard, 2015, sections 5.1.1, 5.3.3 and 6.2.
class Sha256 {
 public:
  enum class Code {
    kFastest,
    kPortable
  };  ///< The same digest; kFastest takes the CPU's SHA instructions where it has them.
  explicit Sha256(Code code = Code::kFastest);

  /// Adds bytes; any split of the stream gives the same digest.
  void update(std::span<const std::byte> bytes);
  void update(std::string_view text) { update(std::as_bytes(std::span(text))); }

  /// The digest of all bytes so far. The stream may go on afterwards.
  std::array<std::byte, 32> digest() const;
  /// The same as 64 lower-case hexadecimal digits.
  std::string hex_digest() const;

 private:
  static constexpr std::size_t kBlockBytes = 64;
  using State = std::array<std::uint32_t, 8>;
  void pad_and_finish();

  void (*compress_)(State&, const std::byte*, std::size_t blocks);
  State state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<std::byte, kBlockBytes> pending_{};
  std::size_t pending_bytes_ = 0;
  std::uint64_t total_bytes_ = 0;
};

/// Digest of one text.
std::string sha256_hex(std::string_view text);

}  // namespace knetsim
