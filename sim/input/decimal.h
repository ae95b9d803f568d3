#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sim/core/time.h"

namespace knetsim {

/// An unsigned decimal number as written, exact: mantissa x 10^-fraction_digits.
struct Decimal {
  Int128 mantissa = 0;
  int fraction_digits = 0;
};

/// Reads digits with at most one point from the start of `text` and removes them; at least one digit, at most 27 in all
/// (zeros at the end of the fraction apart).
std::optional<Decimal> take_decimal(std::string_view& text);

enum class Rounding : std::uint8_t { Exact, Nearest, Up };

/// number x scale as an integer; empty when it does not fit 126 bits, or is not whole where it has to be.
std::optional<Int128> scaled(Decimal number, Int128 scale, Rounding rounding);

/// mantissa / 10^fraction_digits in as few characters as are exact: "1.5", "0.25", "12".
std::string to_text(Int128 mantissa, int fraction_digits);

/// 10^exponent. @pre 0 <= exponent <= 38
Int128 power_of_ten(int exponent);

}  // namespace knetsim
