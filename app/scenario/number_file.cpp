#include "app/scenario/number_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "app/scenario/distribution_spec.h"
#include "sim/input/input_file.h"
#include "sim/input/scalar.h"
#include "sim/input/units_text.h"

namespace knetsim {
namespace {

constexpr double kMostSeconds = 100 * 86'400.0;  // 2^63 ps are 106 days

constexpr std::string_view kSeparators = ",; \t\r";

struct Field {
  std::string_view text;
  std::size_t offset = 0;  ///< In the file.
};

std::vector<Field> split(std::string_view line, std::size_t offset) {
  std::vector<Field> fields;
  for (std::size_t at = line.find_first_not_of(kSeparators); at != std::string_view::npos;) {
    const std::size_t end = std::min(line.find_first_of(kSeparators, at), line.size());
    fields.push_back({line.substr(at, end - at), offset + at});
    at = line.find_first_not_of(kSeparators, end);
  }
  return fields;
}

std::optional<double> parse_number(std::string_view text, bool times) {
  if (const auto plain = to_double(text)) return *plain >= 0 ? plain : std::nullopt;
  try {
    return times ? to_seconds(parse_duration(text)) : static_cast<double>(parse_size(text).count());
  } catch (const ValueError&) {
    return std::nullopt;
  }
}

/// @throws ConfigError  The file cannot be read.
std::unique_ptr<Input> open_numbers(const std::string& path) {
  try {
    return Input::open(path);
  } catch (const ConfigError& error) {
    std::vector<Diagnostic> diagnostics = error.diagnostics();
    for (Diagnostic& one : diagnostics) {
      if (!one.accepted.empty()) one.accepted = "lines of numbers";  // not a YAML or JSON document
    }
    throw ConfigError(std::move(diagnostics));
  }
}

/// Calls `take` for each line with numbers; the first line may be a header. @return  Lines taken.
std::size_t for_each_line(const Input& input, bool times, std::size_t columns, Diagnostics& diagnostics,
                          const std::function<void(const std::vector<Field>&, const std::vector<double>&)>& take) {
  const std::string_view text = input.text();
  std::size_t taken = 0;
  bool first = true;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::vector<Field> fields = split(text.substr(begin, end - begin), begin);
    begin = end + 1;
    if (fields.empty() || fields[0].text.starts_with('#')) continue;
    std::vector<double> numbers;
    for (const Field& field : fields) {
      if (numbers.size() == columns) break;
      const auto value = parse_number(field.text, times && numbers.empty());
      if (!value) break;
      numbers.push_back(*value);
    }
    const bool header = first && numbers.empty();
    first = false;
    if (numbers.size() == columns) {
      take(fields, numbers);
      ++taken;
    } else if (!header) {
      const Field& wrong = fields[std::min(numbers.size(), fields.size() - 1)];
      diagnostics.error(input.mark(wrong.offset), {},
                        fields.size() < columns ? fmt::format("expected {} columns; found {}", columns, fields.size())
                                                : fmt::format("'{}' is no number", wrong.text),
                        times ? "seconds, or a number with a unit, as in 250us" : "bytes, or a number with a unit");
      return taken;  // what follows is probably of the same kind
    }
  }
  if (taken == 0) diagnostics.error(input.mark(0), {}, "no line with numbers");
  return taken;
}

}  // namespace

std::vector<Distribution::Point> read_cdf_file(const std::string& path, bool times, Diagnostics& diagnostics) {
  const auto input = open_numbers(path);
  std::vector<Distribution::Point> points;
  const std::size_t before = diagnostics.error_count();
  std::size_t last_share = 0;
  for_each_line(*input, times, 2, diagnostics, [&](const std::vector<Field>& fields, const std::vector<double>& row) {
    if (!points.empty() && (row[0] < points.back().value || row[1] < points.back().cumulative)) {
      diagnostics.error(input->mark(fields[0].offset), {}, "values and shares have to ascend");
    }
    if (row[0] > (times ? kMostLawSeconds : kMostLawBytes)) {
      diagnostics.error(input->mark(fields[0].offset), {},
                        fmt::format("'{}' is beyond what is simulated", fields[0].text),
                        times ? "up to 24h" : "up to 1TiB");
    }
    points.push_back({.value = row[0], .cumulative = row[1]});
    last_share = fields[1].offset;
  });
  if (diagnostics.error_count() != before) return points;
  const double whole = points.back().cumulative;
  if (whole != 1 && whole != 100) {
    diagnostics.error(input->mark(last_share), {}, fmt::format("the last cumulative share is {}, not 1 or 100", whole),
                      "shares that ascend to 1, or percentages that ascend to 100");
  }
  for (Distribution::Point& point : points) point.cumulative /= whole;
  return points;
}

std::vector<Time> read_times_file(const std::string& path, bool from_first, Diagnostics& diagnostics) {
  const auto input = open_numbers(path);
  std::vector<Time> times;
  std::optional<double> first;
  double last = 0;
  bool beyond = false;
  for_each_line(*input, true, 1, diagnostics, [&](const std::vector<Field>& fields, const std::vector<double>& row) {
    if (!first) first = from_first ? row[0] : 0;
    const double seconds = row[0] - *first;
    if (!times.empty() && row[0] < last) {
      diagnostics.error(input->mark(fields[0].offset), {}, "times have to ascend");
    } else if (seconds > kMostSeconds && !beyond) {
      beyond = true;  // as is all that follows
      diagnostics.error(input->mark(fields[0].offset), {},
                        fmt::format("an arrival after {:.0f} days: no run is that long", seconds / 86'400),
                        from_first ? "instants within 100 days of the first"
                                   : "seconds from the start of the run, or 'countFrom: first' for a log's clock");
    }
    last = row[0];
    times.push_back(kTimeZero + from_seconds(std::clamp(seconds, 0.0, kMostSeconds)));
  });
  return times;
}

}  // namespace knetsim
