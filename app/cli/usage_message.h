#pragma once

#include <CLI/CLI.hpp>
#include <span>
#include <string>

namespace knetsim {

/// Says what is wrong with a command line that could not be parsed, with the nearest command or option, and where to
/// read on. @param arguments  Without the program's name.
std::string usage_message(const CLI::App& program, const CLI::ParseError& error,
                          std::span<const std::string> arguments);

}  // namespace knetsim
