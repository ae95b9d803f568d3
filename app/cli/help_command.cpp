#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <memory>
#include <string>

#include "app/cli/commands.h"
#include "app/cli/exit_code.h"
#include "sim/input/diagnostics.h"

namespace knetsim {

CommandRun add_help_command(CLI::App& command, CommandContext& context) {
  auto topic = std::make_shared<std::string>();
  command.description("Explain a command, as --help after it does.");
  command.footer("knetsim help run");
  command.add_option("command", *topic, "One of the commands; none: all of them");
  return [topic, &context] {
    // App::help() is that of the command that was parsed, which is this one.
    const auto help_of = [](const CLI::App& app) {
      return app.get_formatter()->make_help(&app, {}, CLI::AppFormatMode::Normal);
    };
    if (topic->empty()) {
      fmt::print("{}", help_of(*context.program));
      return exit_code::kDone;
    }
    std::vector<std::string> names;
    for (const CLI::App* known : context.program->get_subcommands(nullptr)) {
      if (known->get_name() == *topic) {
        fmt::print("{}", help_of(*known));
        return exit_code::kDone;
      }
      names.push_back(known->get_name());
    }
    throw UsageError(fmt::format("unknown command '{}'{}", *topic, suggest(*topic, names)));
  };
}

}  // namespace knetsim
