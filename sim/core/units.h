#pragma once

#include <compare>
#include <cstdint>

#include "sim/core/time.h"

namespace knetsim {

/// A number of bytes. No conversion from or to bits but by name.
class Bytes {
 public:
  constexpr Bytes() = default;
  constexpr explicit Bytes(std::int64_t bytes) : bytes_(bytes) {}
  constexpr std::int64_t count() const { return bytes_; }
  constexpr auto operator<=>(const Bytes&) const = default;
  constexpr Bytes& operator+=(Bytes other) {
    bytes_ += other.bytes_;
    return *this;
  }
  constexpr Bytes& operator-=(Bytes other) {
    bytes_ -= other.bytes_;
    return *this;
  }
  friend constexpr Bytes operator+(Bytes a, Bytes b) { return a += b; }
  friend constexpr Bytes operator-(Bytes a, Bytes b) { return a -= b; }
  friend constexpr Bytes operator*(Bytes a, std::int64_t factor) { return Bytes(a.bytes_ * factor); }

 private:
  std::int64_t bytes_ = 0;
};

/// Bits per second.
class Bandwidth {
 public:
  constexpr Bandwidth() = default;
  constexpr explicit Bandwidth(std::int64_t bits_per_second) : bits_per_second_(bits_per_second) {}
  constexpr std::int64_t bits_per_second() const { return bits_per_second_; }
  constexpr auto operator<=>(const Bandwidth&) const = default;

 private:
  std::int64_t bits_per_second_ = 0;
};

/// Events (requests, connections, packets) per second.
class Rate {
 public:
  constexpr Rate() = default;
  constexpr explicit Rate(double per_second) : per_second_(per_second) {}
  constexpr double per_second() const { return per_second_; }
  constexpr auto operator<=>(const Rate&) const = default;

 private:
  double per_second_ = 0;
};

/// Time to put `size` on the wire, rounded up to a picosecond: exact at 10, 25, 40, 100, 200 and 400 Gbit/s.
constexpr Duration serialization(Bytes size, Bandwidth rate) {
  const Int128 bit_ps = Int128{size.count()} * 8 * 1'000'000'000'000;  // int64 overflows from 1.15 MB
  return Duration(static_cast<std::int64_t>((bit_ps + rate.bits_per_second() - 1) / rate.bits_per_second()));
}

}  // namespace knetsim
