#include <fmt/format.h>

#include <fstream>
#include <memory>
#include <string>

#include "sim/cli/commands.h"
#include "sim/cli/exit_code.h"
#include "sim/experiment/scenario_schema.h"
#include "sim/output/output_error.h"

namespace knetsim {

CommandRun add_schema_command(CLI::App& command, CommandContext& /*context*/) {
  auto out = std::make_shared<std::string>();
  command.description("Print the JSON Schema of scenarios, for editors that complete and check.");
  command.footer(
      "knetsim schema --out scenario.schema.json\n"
      "# then, as a scenario's first line:\n"
      "# yaml-language-server: $schema=./scenario.schema.json");
  command.add_option("--out", *out, "File to write (default: standard output)")->type_name("FILE");
  return [out] {
    const std::string text = scenario_schema() + "\n";
    if (out->empty()) {
      fmt::print("{}", text);
      return exit_code::kDone;
    }
    std::ofstream file(*out, std::ios::binary);
    file << text;
    file.flush();
    if (!file) throw OutputError(*out, "cannot be written");
    return exit_code::kDone;
  };
}

}  // namespace knetsim
