#pragma once

#include "app/cli/command.h"

namespace knetsim {

// One function a command, each in the file of its name; commands.cpp lists them.
CommandRun add_validate_command(CLI::App& command, CommandContext& context);
CommandRun add_trace_command(CLI::App& command, CommandContext& context);
CommandRun add_inspect_command(CLI::App& command, CommandContext& context);
CommandRun add_export_command(CLI::App& command, CommandContext& context);
CommandRun add_models_command(CLI::App& command, CommandContext& context);
CommandRun add_explain_command(CLI::App& command, CommandContext& context);
CommandRun add_verify_command(CLI::App& command, CommandContext& context);
CommandRun add_schema_command(CLI::App& command, CommandContext& context);
CommandRun add_calibrate_command(CLI::App& command, CommandContext& context);
CommandRun add_version_command(CLI::App& command, CommandContext& context);
CommandRun add_help_command(CLI::App& command, CommandContext& context);

}  // namespace knetsim
