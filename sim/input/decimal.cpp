#include "sim/input/decimal.h"

#include <algorithm>

namespace knetsim {
namespace {

constexpr int kDigits = 27;
constexpr Int128 kLimit = Int128{1} << 126;

}  // namespace

Int128 power_of_ten(int exponent) {
  Int128 power = 1;
  for (; exponent > 0; --exponent) power *= 10;
  return power;
}

std::optional<Decimal> take_decimal(std::string_view& text) {
  std::size_t end = text.find_first_not_of("0123456789.");
  if (end == std::string_view::npos) end = text.size();
  std::string_view number = text.substr(0, end);
  const std::size_t point = number.find('.');
  if (point != std::string_view::npos) {
    if (number.find('.', point + 1) != std::string_view::npos || number.size() == 1) return std::nullopt;
    while (number.size() > point + 1 && number.back() == '0') number.remove_suffix(1);
  }
  if (number.empty()) return std::nullopt;
  while (number.size() > 1 && number.front() == '0' && number[1] != '.') number.remove_prefix(1);
  if (number.size() > kDigits + 1) return std::nullopt;
  Decimal decimal;
  bool fraction = false;
  for (const char c : number) {
    if (c == '.') {
      fraction = true;
    } else {
      decimal.mantissa = decimal.mantissa * 10 + (c - '0');
      if (fraction) ++decimal.fraction_digits;
    }
  }
  text.remove_prefix(end);
  return decimal;
}

std::optional<Int128> scaled(Decimal number, Int128 scale, Rounding rounding) {
  while (number.fraction_digits > 0 && scale % 10 == 0) {
    scale /= 10;
    --number.fraction_digits;
  }
  if (number.mantissa != 0 && scale > kLimit / number.mantissa) return std::nullopt;
  const Int128 product = number.mantissa * scale;
  const Int128 divisor = power_of_ten(number.fraction_digits);
  const Int128 rest = product % divisor;
  Int128 result = product / divisor;
  if (rest != 0) {
    if (rounding == Rounding::Exact) return std::nullopt;
    if (rounding == Rounding::Up || rest * 2 >= divisor) ++result;
  }
  return result;
}

std::string to_text(Int128 mantissa, int fraction_digits) {
  const bool negative = mantissa < 0;
  if (negative) mantissa = -mantissa;
  while (fraction_digits > 0 && mantissa % 10 == 0) {
    mantissa /= 10;
    --fraction_digits;
  }
  std::string digits;
  while (mantissa > 0 || static_cast<int>(digits.size()) <= fraction_digits) {
    digits += static_cast<char>('0' + static_cast<int>(mantissa % 10));
    mantissa /= 10;
  }
  if (fraction_digits > 0) digits.insert(static_cast<std::size_t>(fraction_digits), 1, '.');
  if (negative) digits += '-';
  std::reverse(digits.begin(), digits.end());
  return digits;
}

}  // namespace knetsim
