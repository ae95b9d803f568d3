#pragma once

#include <CLI/CLI.hpp>

namespace knetsim {

/// Registers every command but `run`. Each sets `code` to its exit code when it is called.
void add_commands(CLI::App& program, int& code);

}  // namespace knetsim
