#pragma once

#include <span>
#include <string>

namespace knetsim {

/// The whole program: parses the arguments, runs the command, turns what goes wrong into a message on standard error
/// and an exit code (app/cli/exit_code.h). @param arguments  Without the program's name.
int run_program(std::span<const std::string> arguments);

}  // namespace knetsim
