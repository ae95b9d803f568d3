#include <fmt/format.h>

#include <memory>
#include <string>

#include "sim/cli/commands.h"
#include "sim/cli/exit_code.h"
#include "sim/experiment/scenario_schema.h"
#include "sim/output/safe_file.h"

namespace knetsim {

CommandRun add_schema_command(CLI::App& command, CommandContext& /*context*/) {
  auto out = std::make_shared<std::string>();
  command.description("Print the JSON Schema of scenarios, for editors that complete and check.");
  command.footer(
      "knetsim schema --out scenario.schema.json\n"
      "# then, as a scenario's first line:\n"
      "# yaml-language-server: $schema=./scenario.schema.json");
  add_out_file(command, *out, "File to write (default: standard output)");
  return [out] {
    const std::string text = scenario_schema() + "\n";
    if (out->empty()) {
      fmt::print("{}", text);
      return exit_code::kDone;
    }
    write_file_safely(*out, text);
    return exit_code::kDone;
  };
}

}  // namespace knetsim
