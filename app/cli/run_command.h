#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/cli/command.h"

namespace knetsim {

struct RunArguments {
  std::string scenario;
  std::vector<std::string> sets;
  std::vector<std::string> variants;
  std::string out;  ///< Empty: results/<name>.h5 beside where the program was called.
  std::string format = "table";
  std::uint32_t threads = 0;
  bool deterministic = false;
  bool force = false;
  bool strict = false;
  bool no_results = false;
};

/// Registers the options of `knetsim run`.
void describe_run(CLI::App& command, RunArguments& arguments);

/// Simulates the scenario, shows a summary, writes the results. @return The exit code.
/// @throws ConfigError, OutputError, InvariantError
int run_scenario(const RunArguments& arguments, const CommandContext& context);

}  // namespace knetsim
