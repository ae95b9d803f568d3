#include "app/scenario/isotope_units.h"

#include <fmt/format.h>

#include <string>

#include "sim/input/scalar.h"

namespace knetsim {

std::int64_t parse_ram_bytes(std::string_view text) {
  const auto wrong = [&](std::string_view why) {
    return ValueError(fmt::format("'{}' {}", text, why), std::string(kRamUnits));
  };
  const std::size_t last = text.find_last_of("0123456789. ");
  if (last == std::string_view::npos) throw wrong("has no number");
  const std::string_view number = text.substr(0, text[last] == ' ' ? last : last + 1);
  std::string unit;
  for (const char c : text.substr(last + 1)) unit += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  double factor = 1;
  if (!unit.empty() && unit != "b") {
    constexpr std::string_view kPrefixes = "kmgtp";
    const std::size_t power = kPrefixes.find(unit.front());
    const std::string_view rest = std::string_view(unit).substr(1);
    if (power == std::string_view::npos || (!rest.empty() && rest != "b" && rest != "ib"))
      throw wrong("has no such unit");
    for (std::size_t i = 0; i <= power; ++i) factor *= 1024;
  }
  const std::optional<double> value = to_double(number);
  if (!value || *value < 0) throw wrong("is not a size");
  const double bytes = *value * factor;
  constexpr double kMost = 4503599627370496.0;  // 4 PiB
  if (bytes > kMost) throw wrong("is more than 4 PiB");
  return static_cast<std::int64_t>(bytes);
}

}  // namespace knetsim
