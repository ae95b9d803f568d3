#include "models/cluster/quantity.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "sim/input/decimal.h"

namespace knetsim {
namespace {

constexpr Int128 kNano = 1'000'000'000;
constexpr Int128 kLargest = Int128{std::numeric_limits<std::int64_t>::max()} * kNano;

struct Suffix {
  std::string_view name;
  int exponent;  ///< Of 10 or of 2.
};
constexpr std::array<Suffix, 10> kDecimalSuffixes = {
    {{"n", -9}, {"u", -6}, {"m", -3}, {"", 0}, {"k", 3}, {"M", 6}, {"G", 9}, {"T", 12}, {"P", 15}, {"E", 18}}};
constexpr std::array<Suffix, 6> kBinarySuffixes = {
    {{"Ki", 10}, {"Mi", 20}, {"Gi", 30}, {"Ti", 40}, {"Pi", 50}, {"Ei", 60}}};

[[noreturn]] void refuse(std::string_view text, std::string_view why = {}) {
  throw ValueError(fmt::format("'{}' is not a quantity{}", text, why), std::string(kQuantityUnits));
}

Int128 held(Int128 nano) { return std::clamp(nano, -kLargest, kLargest); }

/// Divides, rounding away from zero.
std::int64_t divide_up(Int128 nano, Int128 by) {
  const Int128 rest = nano % by;
  Int128 result = nano / by;
  if (rest > 0) ++result;
  if (rest < 0) --result;
  constexpr Int128 kMost = std::numeric_limits<std::int64_t>::max();
  return static_cast<std::int64_t>(std::clamp(result, -kMost, kMost));
}

}  // namespace

Quantity Quantity::from_milli(std::int64_t milli) { return {held(Int128{milli} * (kNano / 1000)), Format::Decimal}; }

Quantity Quantity::from_units(std::int64_t units, Format format) { return {held(Int128{units} * kNano), format}; }

std::int64_t Quantity::value() const { return divide_up(nano_, kNano); }

std::int64_t Quantity::milli_value() const { return divide_up(nano_, kNano / 1000); }

double Quantity::to_double() const { return static_cast<double>(nano_) / 1e9; }

Quantity operator+(const Quantity& a, const Quantity& b) { return {held(a.nano_ + b.nano_), a.format_}; }

Quantity operator-(const Quantity& a, const Quantity& b) { return {held(a.nano_ - b.nano_), a.format_}; }

std::string Quantity::to_string() const {
  // A binary quantity that is not whole, or below 1024, is printed as a decimal one (quantity.go, CanonicalizeBytes).
  if (format_ == Format::Binary && nano_ % kNano == 0 && (nano_ >= 1024 * kNano || nano_ <= -1024 * kNano)) {
    Int128 units = nano_ / kNano;
    std::string_view suffix;
    for (const Suffix& larger : kBinarySuffixes) {
      if (units % 1024 != 0) break;
      units /= 1024;
      suffix = larger.name;
    }
    return to_text(units, 0) + std::string(suffix);
  }
  Int128 mantissa = nano_;
  int exponent = -9;
  while (mantissa != 0 && mantissa % 1000 == 0 && exponent < 18) {
    mantissa /= 1000;
    exponent += 3;
  }
  if (mantissa == 0) return "0";
  if (format_ == Format::Exponent) return to_text(mantissa, 0) + (exponent == 0 ? "" : fmt::format("e{}", exponent));
  const auto suffix = std::find_if(kDecimalSuffixes.begin(), kDecimalSuffixes.end(),
                                   [&](const Suffix& candidate) { return candidate.exponent == exponent; });
  return to_text(mantissa, 0) + std::string(suffix->name);
}

Quantity parse_quantity(std::string_view text) {
  std::string_view rest = text;
  const bool negative = !rest.empty() && rest.front() == '-';
  if (!rest.empty() && (rest.front() == '-' || rest.front() == '+')) rest.remove_prefix(1);
  const std::optional<Decimal> number = take_decimal(rest);
  if (!number) refuse(text);

  using Format = Quantity::Format;
  Format format = Format::Decimal;
  int ten = 0;
  int two = 0;
  const auto named = [&](const Suffix& suffix) { return suffix.name == rest; };
  if (const auto* suffix = std::find_if(kDecimalSuffixes.begin(), kDecimalSuffixes.end(), named);
      suffix != kDecimalSuffixes.end()) {
    ten = suffix->exponent;
  } else if (const auto* binary = std::find_if(kBinarySuffixes.begin(), kBinarySuffixes.end(), named);
             binary != kBinarySuffixes.end()) {
    format = Format::Binary;
    two = binary->exponent;
  } else if (rest.front() == 'e' || rest.front() == 'E') {
    format = Format::Exponent;
    std::string_view digits = rest.substr(1);
    if (digits.starts_with('+')) digits.remove_prefix(1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), ten);
    if (error != std::errc() || end != digits.data() + digits.size()) refuse(text);
  } else {
    std::string_view why;
    if (rest == "K") why = "; a thousand is k, 1024 is Ki";
    if (rest == "kB" || rest == "KB" || rest == "MB" || rest == "GB") why = "; Kubernetes writes k, M, G without B";
    if (rest == "KiB" || rest == "MiB" || rest == "GiB") why = "; Kubernetes writes Ki, Mi, Gi without B";
    refuse(text, why);
  }

  Int128 nano = 0;
  const int shift = ten + 9;
  if (number->mantissa == 0) {
    nano = 0;
  } else if (shift < 0) {
    // Finer than a nano by itself: the exponent joins the fraction's digits.
    const int digits = number->fraction_digits - shift;
    nano = digits > 38 ? Int128{1} : *scaled({number->mantissa, digits}, 1, Rounding::Up);
  } else {
    const std::optional<Int128> exact =
        shift > 37 ? std::nullopt : scaled(*number, power_of_ten(shift) * (Int128{1} << two), Rounding::Up);
    nano = exact ? *exact : kLargest;
  }
  return {held(negative ? -nano : nano), format};
}

std::string memory_notice(std::string_view text) {
  const Quantity quantity = parse_quantity(text);
  if (text.ends_with('m')) {
    return fmt::format("memory '{}' is thousandths of a byte; {}M or {}Mi is meant", text,
                       text.substr(0, text.size() - 1), text.substr(0, text.size() - 1));
  }
  if (quantity > Quantity() && quantity < Quantity::from_units(1024)) {
    return fmt::format("memory '{}' is {} bytes; is {}Mi meant?", text, quantity.value(), text);
  }
  return {};
}

}  // namespace knetsim
