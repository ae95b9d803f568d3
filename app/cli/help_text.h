#pragma once

#include <CLI/CLI.hpp>
#include <cstddef>
#include <string>

namespace knetsim {

/// Help: what it is for, usage, examples before the options, one line a command, options with their defaults. An App's
/// footer is its examples, one a line; a line that starts with "# " is a comment on the next.
class HelpText : public CLI::FormatterBase {
 public:
  explicit HelpText(std::size_t width) : width_(width) {}
  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override;

 private:
  std::size_t width_;
};

/// Positional arguments stand in capitals, as in man pages.
std::string capitals(std::string text);

/// "knetsim trace SCENARIO FROM TO [options]"
std::string usage_line(const CLI::App& command);

}  // namespace knetsim
