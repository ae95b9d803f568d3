#include "sim/input/units_text.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>

#include "sim/input/decimal.h"
#include "sim/input/diagnostics.h"

namespace knetsim {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t scale;
};

constexpr std::array<Unit, 9> kTimes = {{{"ps", 1},
                                         {"ns", 1'000},
                                         {"us", 1'000'000},
                                         {"\u00b5s", 1'000'000},  // micro sign
                                         {"\u03bcs", 1'000'000},  // Greek mu
                                         {"ms", 1'000'000'000},
                                         {"s", 1'000'000'000'000},
                                         {"m", 60'000'000'000'000},
                                         {"h", 3'600'000'000'000'000}}};
constexpr std::array<Unit, 10> kBandwidths = {{{"bps", 1},
                                               {"kbps", 1'000},
                                               {"Mbps", 1'000'000},
                                               {"Gbps", 1'000'000'000},
                                               {"Tbps", 1'000'000'000'000},
                                               {"bit/s", 1},
                                               {"kbit/s", 1'000},
                                               {"Mbit/s", 1'000'000},
                                               {"Gbit/s", 1'000'000'000},
                                               {"Tbit/s", 1'000'000'000'000}}};
constexpr std::array<Unit, 14> kSizes = {{{"B", 1},
                                          {"kB", 1'000},
                                          {"KB", 1'000},
                                          {"MB", 1'000'000},
                                          {"GB", 1'000'000'000},
                                          {"TB", 1'000'000'000'000},
                                          {"KiB", std::int64_t{1} << 10},
                                          {"MiB", std::int64_t{1} << 20},
                                          {"GiB", std::int64_t{1} << 30},
                                          {"TiB", std::int64_t{1} << 40},
                                          {"Ki", std::int64_t{1} << 10},
                                          {"Mi", std::int64_t{1} << 20},
                                          {"Gi", std::int64_t{1} << 30},
                                          {"Ti", std::int64_t{1} << 40}}};

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

const Unit* find_unit(std::span<const Unit> units, std::string_view name) {
  for (const Unit& unit : units) {
    if (unit.name == name) return &unit;
  }
  return nullptr;
}

std::string near_unit(std::span<const Unit> units, std::string_view name) {
  std::vector<std::string_view> names;
  for (const Unit& unit : units) names.push_back(unit.name);
  return suggest(name, names);
}

[[noreturn]] void no_number(std::string_view whole, std::string_view accepted) {
  if (!whole.empty() && whole.front() == '-')
    throw ValueError(fmt::format("'{}' is negative", whole), std::string(accepted));
  throw ValueError(fmt::format("'{}' does not begin with a number", whole), std::string(accepted));
}

Decimal take_number(std::string_view& text, std::string_view whole, std::string_view accepted) {
  const std::optional<Decimal> number = take_decimal(text);
  if (!number) no_number(whole, accepted);
  return *number;
}

std::int64_t to_int64(const std::optional<Int128>& value, std::string_view whole, std::string_view unit) {
  if (!value) throw ValueError(fmt::format("'{}' is not a whole number of {}", whole, unit));
  if (*value > std::numeric_limits<std::int64_t>::max()) throw ValueError(fmt::format("'{}' is too large", whole));
  return static_cast<std::int64_t>(*value);
}

/// Number and unit, whole in the smallest unit.
std::int64_t parse_scaled(std::string_view text, std::span<const Unit> units, std::string_view accepted,
                          std::string_view smallest) {
  const std::string_view whole = trimmed(text);
  std::string_view rest = whole;
  const Decimal number = take_number(rest, whole, accepted);
  rest = trimmed(rest);
  if (rest.empty()) throw ValueError(fmt::format("'{}' has no unit", whole), std::string(accepted));
  const Unit* unit = find_unit(units, rest);
  if (unit == nullptr) {
    throw ValueError(fmt::format("unknown unit '{}' in '{}'{}", rest, whole, near_unit(units, rest)),
                     std::string(accepted));
  }
  const std::optional<Int128> value = scaled(number, unit->scale, Rounding::Exact);
  if (!value && scaled(number, unit->scale, Rounding::Nearest) == std::nullopt) {
    throw ValueError(fmt::format("'{}' is too large", whole));
  }
  return to_int64(value, whole, smallest);
}

/// The largest of `units` in which the value has no more characters than in any other.
std::string format_scaled(std::int64_t value, std::span<const Unit> units) {
  std::string best;
  for (const Unit& unit : units) {
    Int128 scale = unit.scale;
    int digits = 0;
    // A decimal scale moves the point; a binary one divides evenly or is not used.
    while (scale % 10 == 0) {
      scale /= 10;
      ++digits;
    }
    if (scale != 1 && value % unit.scale != 0) continue;
    if (scale != 1 && value == 0) continue;
    const std::string text =
        (scale == 1 ? to_text(value, digits) : std::to_string(value / unit.scale)) + std::string(unit.name);
    if (best.empty() || text.size() < best.size() ||
        (text.size() == best.size() && unit.scale > 1 && value >= unit.scale)) {
      best = text;
    }
  }
  return best;
}

/// Three significant digits; a fraction of zeros is left out.
std::string three_digits(double value) {
  const int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  std::string text = fmt::format("{:.{}f}", value, decimals);
  const std::size_t point = text.find('.');
  if (point != std::string::npos && text.find_first_not_of('0', point + 1) == std::string::npos) text.resize(point);
  return text;
}

std::string human_scaled(double value, std::span<const Unit> units, std::string_view separator) {
  const Unit* chosen = &units.front();
  for (const Unit& unit : units) {
    // Chosen on the rounded value: 999.6 kB is 1 MB, not 1000 kB.
    if (value >= static_cast<double>(unit.scale) * 0.9995) chosen = &unit;
  }
  return fmt::format("{}{}{}", three_digits(value / static_cast<double>(chosen->scale)), separator, chosen->name);
}

constexpr std::array<Unit, 5> kHumanTimes = {
    {{"ps", 1}, {"ns", 1'000}, {"us", 1'000'000}, {"ms", 1'000'000'000}, {"s", 1'000'000'000'000}}};

}  // namespace

Duration parse_duration(std::string_view text) {
  const std::string_view whole = trimmed(text);
  if (whole == "0") return Duration::zero();
  std::string_view rest = whole;
  Int128 total = 0;
  do {
    const Decimal number = take_number(rest, whole, kDurationUnits);
    const std::string_view unit_text = rest.substr(0, std::min(rest.find_first_of("0123456789."), rest.size()));
    if (unit_text.empty()) {
      throw ValueError(fmt::format("'{}' has no unit; write {}s or {}ms", whole, whole, whole),
                       std::string(kDurationUnits));
    }
    const Unit* unit = find_unit(kTimes, unit_text);
    if (unit == nullptr) {
      std::string hint = near_unit(kTimes, unit_text);
      if (find_unit(kTimes, trimmed(unit_text)) != nullptr) hint = "; no blank before the unit";
      if (unit_text == "d") hint = fmt::format("; write {}h", to_text(number.mantissa * 24, number.fraction_digits));
      throw ValueError(fmt::format("unknown unit '{}' in '{}'{}", unit_text, whole, hint), std::string(kDurationUnits));
    }
    const std::optional<Int128> part = scaled(number, unit->scale, Rounding::Nearest);
    if (!part || (total += *part) > std::numeric_limits<std::int64_t>::max()) {
      throw ValueError(fmt::format("'{}' is too long: simulated time ends at 106 days", whole));
    }
    rest.remove_prefix(unit_text.size());
  } while (!rest.empty());
  return Duration(static_cast<std::int64_t>(total));
}

Rate parse_rate(std::string_view text) {
  const std::string_view whole = trimmed(text);
  const std::size_t slash = whole.find('/');
  if (slash == std::string_view::npos) {
    const bool bare = whole.find_first_not_of("0123456789.") == std::string_view::npos && !whole.empty();
    throw ValueError(
        bare ? fmt::format("'{}' has no unit; write {}/s", whole, whole) : fmt::format("'{}' is not a rate", whole),
        std::string(kRateUnits));
  }
  std::string_view count = trimmed(whole.substr(0, slash));
  const std::string_view unit_text = trimmed(whole.substr(slash + 1));
  const Unit* unit = find_unit(kTimes, unit_text);
  if (unit == nullptr) {
    throw ValueError(fmt::format("unknown unit '/{}' in '{}'{}", unit_text, whole, near_unit(kTimes, unit_text)),
                     std::string(kRateUnits));
  }
  Int128 multiplier = 1;
  if (!count.empty()) {
    const std::string_view prefixes = "kMG";
    if (const std::size_t prefix = prefixes.find(count.back()); prefix != std::string_view::npos) {
      multiplier = power_of_ten(3 * (static_cast<int>(prefix) + 1));
      count = trimmed(count.substr(0, count.size() - 1));
    }
  }
  std::string_view rest = count;
  const Decimal number = take_number(rest, whole, kRateUnits);
  if (!rest.empty()) throw ValueError(fmt::format("'{}' is not a rate", whole), std::string(kRateUnits));
  // Two exact integers and one division: the nearest double, whatever the prefix and the unit of time.
  const std::optional<Int128> numerator = scaled({number.mantissa, 0}, multiplier * 1'000'000'000'000, Rounding::Exact);
  if (!numerator) throw ValueError(fmt::format("'{}' is too large", whole));
  const Int128 denominator = power_of_ten(number.fraction_digits) * Int128{unit->scale};
  Int128 a = *numerator;
  Int128 b = denominator;
  while (b != 0) {
    const Int128 rest_of_division = a % b;
    a = b;
    b = rest_of_division;
  }
  const Int128 divisor = a == 0 ? Int128{1} : a;
  const Int128 reduced_numerator = *numerator / divisor;  // whole: the divisor is common to both
  const Int128 reduced_denominator = denominator / divisor;
  return Rate(static_cast<double>(reduced_numerator) / static_cast<double>(reduced_denominator));
}

Bandwidth parse_bandwidth(std::string_view text) {
  const std::string_view whole = trimmed(text);
  const std::size_t end = whole.find_first_not_of("0123456789. ");
  if (end != std::string_view::npos && end > 0) {
    const std::string_view number = trimmed(whole.substr(0, end));
    const std::string_view unit = whole.substr(end);
    if (unit == "k" || unit == "K" || unit == "M" || unit == "G" || unit == "T") {
      throw ValueError(
          fmt::format("'{}' is ambiguous (bits or bytes?); write {}{}bps", whole, number, unit == "K" ? "k" : unit),
          std::string(kBandwidthUnits));
    }
    if (unit.find('B') != std::string_view::npos && find_unit(kBandwidths, unit) == nullptr) {
      throw ValueError(
          fmt::format("unknown unit '{}' in '{}'; did you mean bits per second, as in {}Gbps?", unit, whole, number),
          std::string(kBandwidthUnits));
    }
  }
  return Bandwidth(parse_scaled(text, kBandwidths, kBandwidthUnits, "bits per second"));
}

Bytes parse_size(std::string_view text) {
  const std::string_view whole = trimmed(text);
  const std::size_t end = whole.find_first_not_of("0123456789. ");
  if (end != std::string_view::npos && end > 0) {
    const std::string_view number = trimmed(whole.substr(0, end));
    const std::string_view unit = whole.substr(end);
    if (unit == "k" || unit == "K" || unit == "M" || unit == "G" || unit == "T") {
      throw ValueError(fmt::format("'{}' is ambiguous; write {}{}B or {}{}iB", whole, number, unit == "K" ? "k" : unit,
                                   number, unit == "k" ? "K" : unit),
                       std::string(kSizeUnits));
    }
  }
  return Bytes(parse_scaled(text, kSizes, kSizeUnits, "bytes"));
}

double parse_percent(std::string_view text) {
  const std::string_view whole = trimmed(text);
  std::string_view rest = whole;
  const Decimal number = take_number(rest, whole, kPercentUnits);
  if (trimmed(rest) != "%") {
    const std::string hint =
        rest.empty() ? fmt::format("; write {}%", to_text(number.mantissa * 100, number.fraction_digits)) : "";
    throw ValueError(fmt::format("'{}' is no percentage{}", whole, hint), std::string(kPercentUnits));
  }
  const std::string digits = to_text(number.mantissa, number.fraction_digits + 2);
  double value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

std::string format(Duration span) {
  std::int64_t left = span.count();
  if (left == 0) return "0s";
  std::string text;
  if (left < 0) return "-" + format(Duration(-left));  // no config accepts it; a message may show it
  constexpr std::int64_t kMinute = 60'000'000'000'000;
  constexpr std::int64_t kHour = 60 * kMinute;
  if (left >= kHour) text += fmt::format("{}h", left / kHour);
  left %= kHour;
  if (left >= kMinute) text += fmt::format("{}m", left / kMinute);
  left %= kMinute;
  if (left == 0) return text;
  if (!text.empty()) return text + to_text(left, 12) + 's';
  for (std::size_t i = kHumanTimes.size(); i-- > 0;) {
    if (left >= kHumanTimes[i].scale) return to_text(left, 3 * static_cast<int>(i)) + std::string(kHumanTimes[i].name);
  }
  return text;
}

std::string format(Rate rate) { return fmt::format("{}/s", rate.per_second()); }

std::string format(Bandwidth bandwidth) {
  return format_scaled(bandwidth.bits_per_second(), std::span(kBandwidths).first(5));
}

std::string format(Bytes size) {
  constexpr std::array<Unit, 9> kWritten = {
      {kSizes[0], kSizes[1], kSizes[3], kSizes[4], kSizes[5], kSizes[6], kSizes[7], kSizes[8], kSizes[9]}};
  return format_scaled(size.count(), kWritten);
}

std::string human(Duration span) {
  if (span == Duration::zero()) return "0s";
  if (span < Duration::zero()) return "-" + human(-span);
  constexpr std::int64_t kSecond = 1'000'000'000'000;
  if (span.count() >= 60 * kSecond - kSecond / 2) {
    const std::int64_t seconds = span.count() / kSecond + (span.count() % kSecond >= kSecond / 2 ? 1 : 0);
    std::string text;
    if (seconds >= 3600) text += fmt::format("{}h", seconds / 3600);
    if (seconds / 60 % 60 > 0) text += fmt::format("{}m", seconds / 60 % 60);
    if (seconds % 60 > 0 && seconds < 36'000) text += fmt::format("{}s", seconds % 60);
    return text;
  }
  return human_scaled(static_cast<double>(span.count()), kHumanTimes, "");
}

std::string human(Bytes size) {
  if (size.count() < 0) return "-" + human(Bytes(-size.count()));
  constexpr std::array<Unit, 5> kDecimal = {{kSizes[0], kSizes[1], kSizes[3], kSizes[4], kSizes[5]}};
  return human_scaled(static_cast<double>(size.count()), kDecimal, " ");
}

std::string human(Bandwidth bandwidth) {
  return human_scaled(static_cast<double>(bandwidth.bits_per_second()), std::span(kBandwidths).first(5), " ");
}

std::string human(Rate rate) {
  const double value = rate.per_second();
  if (value >= 999.5 && value < 9e18) return with_commas(static_cast<std::int64_t>(std::llround(value))) + "/s";
  return three_digits(value) + "/s";
}

std::string with_commas(std::int64_t number) {
  std::string digits = std::to_string(number);
  const std::size_t first = digits.front() == '-' ? 1 : 0;
  for (std::size_t at = digits.size(); at > first + 3;) {
    at -= 3;
    digits.insert(at, 1, ',');
  }
  return digits;
}

}  // namespace knetsim
