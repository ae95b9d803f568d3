#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "sim/input/document.h"

namespace knetsim {

/// A text that is no value of the wanted type: what was found, and what is accepted instead.
class ValueError : public std::invalid_argument {
 public:
  explicit ValueError(const std::string& message, std::string accepted = {})
      : std::invalid_argument(message), accepted_(std::move(accepted)) {}
  const std::string& accepted() const { return accepted_; }

 private:
  std::string accepted_;
};

/// Plain scalars as Go's YAML 1.1 parser reads them for kubectl (gopkg.in/yaml.v2, resolve.go), empty where the text is
/// none. true, yes, y, on and false, no, n, off; each also Capitalised and in CAPITALS.
std::optional<bool> to_bool(std::string_view text);
/// Decimal, 0x.., 0o.., 0b.., a leading 0 for octal (0644 is 420), underscores between digits, a sign.
std::optional<std::int64_t> to_integer(std::string_view text);
/// Decimal with fraction and exponent, underscores between digits, or an integer as above. No infinity, no NaN.
std::optional<double> to_double(std::string_view text);

/// The same for a node; empty for what is quoted, absent, null or no scalar.
std::optional<bool> as_bool(Node node);
std::optional<std::int64_t> as_integer(Node node);
std::optional<double> as_double(Node node);

/// "a mapping", "a list", "null", "the text 'abc'": what a message says was found.
std::string describe_found(Node node);

}  // namespace knetsim
