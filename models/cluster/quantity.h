#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "sim/core/time.h"
#include "sim/input/scalar.h"

namespace knetsim {

inline constexpr std::string_view kQuantityUnits = "a Kubernetes quantity, as in 100m, 0.5, 2, 128Mi or 1G";

/// A Kubernetes resource quantity (apimachinery, pkg/api/resource/quantity.go): exact, as a count of nano-units. As
/// there, what is finer than a nano is rounded up in magnitude, and what is beyond 2^63 - 1 is held at it.
class Quantity {
 public:
  /// The family of suffixes in which it was written, and in which it is printed.
  enum class Format : std::uint8_t {
    Decimal,   ///< n u m (none) k M G T P E
    Binary,    ///< Ki Mi Gi Ti Pi Ei
    Exponent,  ///< 1e3, 12E6
  };

  constexpr Quantity() = default;
  static Quantity from_milli(std::int64_t milli);
  static Quantity from_units(std::int64_t units, Format format = Format::Decimal);

  /// Rounded up in magnitude, as Quantity.Value() does: 100m is 1.
  std::int64_t value() const;
  /// Thousandths, rounded up in magnitude, as Quantity.MilliValue(); held at the ends of the range.
  std::int64_t milli_value() const;
  /// Nano-units, exact.
  constexpr Int128 nano() const { return nano_; }
  /// Nearest double, for what is scaled anyway (a share of CPUs).
  double to_double() const;
  Format format() const { return format_; }
  bool is_zero() const { return nano_ == 0; }

  /// Canonical form (Quantity.String()): no fraction, the largest suffix that allows it.
  std::string to_string() const;

  /// By value; the format does not count.
  friend constexpr bool operator==(const Quantity& a, const Quantity& b) { return a.nano_ == b.nano_; }
  friend constexpr std::strong_ordering operator<=>(const Quantity& a, const Quantity& b) {
    return a.nano_ < b.nano_   ? std::strong_ordering::less
           : a.nano_ > b.nano_ ? std::strong_ordering::greater
                               : std::strong_ordering::equal;
  }
  /// Held at the ends of the range.
  friend Quantity operator+(const Quantity& a, const Quantity& b);
  friend Quantity operator-(const Quantity& a, const Quantity& b);

 private:
  friend Quantity parse_quantity(std::string_view text);
  Quantity(Int128 nano, Format format) : nano_(nano), format_(format) {}

  Int128 nano_ = 0;
  Format format_ = Format::Decimal;
};

/// @throws ValueError  Not of the form <sign><digits, at most one point><suffix or exponent>.
Quantity parse_quantity(std::string_view text);

/// What to tell the author of a memory quantity that is legal and always a mistake: "memory: 128m" is 0.128 byte,
/// "memory: 128" 128 byte. Empty when it looks right.
std::string memory_notice(std::string_view text);

}  // namespace knetsim
