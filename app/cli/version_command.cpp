#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <memory>
#include <nlohmann/json.hpp>

#include "app/cli/commands.h"
#include "app/cli/exit_code.h"
#include "sim/version/version.h"

namespace knetsim {

CommandRun add_version_command(CLI::App& command, CommandContext& /*context*/) {
  auto format = std::make_shared<OutputFormat>(OutputFormat::Table);
  command.description("Print version, commit and compiler.");
  command.footer("knetsim version -o json");
  add_output_format(command, *format);
  return [format] {
    const BuildInfo& build = build_info();
    if (*format == OutputFormat::Json) {
      print_json({{"format_version", kJsonFormatVersion},
                  {"version", build.version},
                  {"git_sha1", build.git_sha},
                  {"git_dirty", build.git_dirty},
                  {"compiler", build.compiler},
                  {"flags", build.flags},
                  {"build_type", build.build_type}});
    } else {
      fmt::print("knetsim {}\ncommit    {}{}\ncompiler  {}\nflags     {} {}\n", build.version, build.git_sha,
                 build.git_dirty ? ", modified" : "", build.compiler, build.build_type, build.flags);
    }
    return exit_code::kDone;
  };
}

}  // namespace knetsim
