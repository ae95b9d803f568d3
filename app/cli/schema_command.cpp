#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <memory>
#include <string>

#include "app/cli/commands.h"
#include "app/cli/exit_code.h"
#include "app/cli/output_files.h"
#include "app/scenario/scenario_schema.h"
#include "models/cost/cost_profile.h"

namespace knetsim {

CommandRun add_schema_command(CLI::App& command, CommandContext& /*context*/) {
  auto out = std::make_shared<std::string>();
  command.description("Print the JSON Schema of scenarios, or of cost profiles, for editors that complete and check.");
  command.footer(
      "knetsim schema --out scenario.schema.json\n"
      "# then, as a scenario's first line:\n"
      "# yaml-language-server: $schema=./scenario.schema.json");
  add_out_file(command, *out, "File to write (default: standard output)");
  auto of_profile = std::make_shared<bool>(false);
  command.add_flag("--profile", *of_profile, "Of cost profiles, not of scenarios");
  auto force = std::make_shared<bool>(false);
  command.add_flag("--force", *force, "Overwrite a file");
  return [out, of_profile, force] {
    OutputFiles files(*force);
    files.will_write(*out);
    const std::string text = (*of_profile ? profile_schema() : scenario_schema()) + "\n";
    if (out->empty()) {
      fmt::print("{}", text);
      return exit_code::kDone;
    }
    files.write(*out, text);
    files.finish();
    return exit_code::kDone;
  };
}

}  // namespace knetsim
