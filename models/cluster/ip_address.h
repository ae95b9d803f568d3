#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace knetsim {

enum class IpFamily : std::uint8_t { V4 = 0, V6 = 1 };

/// An IPv4 or IPv6 address, or none (default-constructed).
class IpAddress {
 public:
  constexpr IpAddress() = default;

  /// @param host_order  10.0.0.1 is 0x0a000001.
  static constexpr IpAddress v4(std::uint32_t host_order) {
    IpAddress address;
    address.kind_ = 1;
    for (std::size_t i = 0; i < 4; ++i) {
      address.bytes_[i] = static_cast<std::uint8_t>((host_order >> (24 - 8 * i)) & 0xffu);
    }
    return address;
  }
  /// @param bytes  Network order.
  static constexpr IpAddress v6(const std::array<std::uint8_t, 16>& bytes) {
    IpAddress address;
    address.kind_ = 2;
    address.bytes_ = bytes;
    return address;
  }

  constexpr bool exists() const { return kind_ != 0; }
  constexpr explicit operator bool() const { return exists(); }
  constexpr IpFamily family() const { return kind_ == 2 ? IpFamily::V6 : IpFamily::V4; }
  /// Host order; meaningful for V4 only.
  constexpr std::uint32_t v4_value() const {
    return (std::uint32_t{bytes_[0]} << 24) | (std::uint32_t{bytes_[1]} << 16) | (std::uint32_t{bytes_[2]} << 8) |
           std::uint32_t{bytes_[3]};
  }
  /// Network order; an IPv4 address uses the first four.
  constexpr const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }

  constexpr auto operator<=>(const IpAddress&) const = default;

 private:
  std::uint8_t kind_ = 0;
  std::array<std::uint8_t, 16> bytes_{};
};

/// Dotted quad or RFC 4291 text (one "::" allowed, no zone, no embedded IPv4). Empty when `text` is neither.
/// Leading zeros in a quad are refused, as Kubernetes refuses them.
std::optional<IpAddress> parse_ip(std::string_view text);

/// "10.0.0.1", or RFC 5952 text for IPv6; "" for none.
std::string to_string(const IpAddress& address);

/// An IPv4 block such as 10.244.3.0/24.
struct Cidr {
  std::uint32_t base = 0;  ///< Host order, the host bits clear.
  std::uint8_t prefix = 0;

  /// Number of addresses in the block.
  constexpr std::uint64_t size() const { return std::uint64_t{1} << (32 - prefix); }
  constexpr bool contains(std::uint32_t address) const {
    return ((std::uint64_t{address} ^ base) >> (32 - prefix)) == 0;
  }
  constexpr bool operator==(const Cidr&) const = default;
};

/// Empty when `text` is not an IPv4 block; host bits may be set and are cleared.
std::optional<Cidr> parse_cidr(std::string_view text);
std::string to_string(const Cidr& cidr);

}  // namespace knetsim
