#include "app/cli/commands.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <array>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/cli/run_command.h"

namespace knetsim {
namespace {

CommandRun add_run_command(CLI::App& command, CommandContext& context) {
  auto arguments = std::make_shared<RunArguments>();
  describe_run(command, *arguments);
  return [arguments, &context] { return run_scenario(*arguments, context); };
}

constexpr std::array kCommands{
    CommandInfo{"run", add_run_command},         CommandInfo{"validate", add_validate_command},
    CommandInfo{"trace", add_trace_command},     CommandInfo{"calibrate", add_calibrate_command},
    CommandInfo{"verify", add_verify_command},   CommandInfo{"inspect", add_inspect_command},
    CommandInfo{"export", add_export_command},   CommandInfo{"models", add_models_command},
    CommandInfo{"explain", add_explain_command}, CommandInfo{"schema", add_schema_command},
    CommandInfo{"version", add_version_command}, CommandInfo{"help", add_help_command},
};

}  // namespace

std::span<const CommandInfo> commands() { return kCommands; }

void add_out_file(CLI::App& command, std::string& file, const std::string& description) {
  command.add_option("--out", file, description)->type_name("FILE")->check([](const std::string& name) {
    return name.empty() ? std::string("the file's name is empty") : std::string();
  });
}

void add_output_format(CLI::App& command, OutputFormat& format) {
  command
      .add_option_function<std::string>(
          "-o,--output",
          [&format](const std::string& name) { format = name == "json" ? OutputFormat::Json : OutputFormat::Table; },
          "Format: table or json")
      ->check(CLI::IsMember({"table", "json"}))
      ->type_name("FORMAT")
      ->default_str("table");
}

void print_json(const nlohmann::ordered_json& json) {
  // Names of files and arguments are bytes, and JSON is UTF-8 (RFC 8259, 8.1): what is none becomes U+FFFD.
  fmt::print("{}\n", json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

}  // namespace knetsim
