#include "app/cli/program.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include "analysis/lab/lab_error.h"
#include "app/cli/command.h"
#include "app/cli/exit_code.h"
#include "app/cli/help_text.h"
#include "app/cli/terminal.h"
#include "app/cli/usage_message.h"
#include "sim/core/ensure.h"
#include "sim/input/diagnostics.h"
#include "sim/input/printable.h"
#include "sim/output/output_error.h"
#include "sim/version/version.h"

namespace knetsim {
namespace {

constexpr std::string_view kPurpose =
    "Latency, throughput and CPU that a Kubernetes cluster's network will show, before anyone touches the cluster.";

constexpr std::string_view kOutputLost = "cannot write to standard output";

struct Program {
  CLI::App app{std::string(kPurpose), "knetsim"};
  CommandContext context;
  std::vector<std::pair<const CLI::App*, CommandRun>> runs;
};

constexpr std::array<const char*, 4> kLevels{"error", "warning", "info", "debug"};

/// What every command takes.
void add_common_options(CLI::App& command, CommandContext& context) {
  command.add_flag_callback(
      "-q,--quiet", [&context] { context.level = LogLevel::Error; },
      "Results and errors only: no notices, no progress");
  command.add_flag_function(
      "-v,--verbose", [&context](std::int64_t times) { context.level = times > 1 ? LogLevel::Debug : LogLevel::Info; },
      "Say on standard error what it took; -vv: what was read and done, too");
  command
      .add_option_function<std::string>(
          "--log-level",
          [&context](const std::string& name) {
            context.level = static_cast<LogLevel>(std::find(kLevels.begin(), kLevels.end(), name) - kLevels.begin());
          },
          "The same by name: error (-q), warning, info (-v), debug (-vv)")
      ->check(CLI::IsMember({"error", "warning", "info", "debug"}))
      ->type_name("LEVEL");
  command.add_option("--color", context.colour, "Colours of messages: auto, always, never; NO_COLOR is heeded")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->type_name("WHEN");
}

std::unique_ptr<Program> make_program(std::span<const std::string> arguments) {
  auto program = std::make_unique<Program>();
  CLI::App& app = program->app;
  program->context.program = &app;
  program->context.command_line = fmt::format("knetsim {}", fmt::join(arguments, " "));
  app.formatter(std::make_shared<HelpText>(help_width()));
  app.require_subcommand(1);
  app.set_help_flag("-h,--help", "Print this text");
  app.set_version_flag("--version", fmt::format("knetsim {}", build_info().version), "Print the version");
  app.footer(
      "knetsim run configs/quickstart.yaml\n"
      "knetsim trace configs/quickstart.yaml client frontend\n"
      "knetsim validate configs/shop\n"
      "knetsim explain cluster.proxy.mode");
  for (const CommandInfo& info : commands()) {
    CLI::App& command = *app.add_subcommand(std::string(info.name));
    program->runs.emplace_back(&command, info.add(command, program->context));
    if (info.name != "help") add_common_options(command, program->context);
  }
  return program;
}

void print_resources(std::chrono::steady_clock::time_point start) {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  fmt::print(stderr, "took {:.2f} s, {:.2f} s of CPU time, {:.1f} MiB of memory\n", wall,
             seconds(usage.ru_utime) + seconds(usage.ru_stime), static_cast<double>(usage.ru_maxrss) / 1024);
}

int run_parsed(Program& program) {
  for (const auto& [command, run] : program.runs) {
    if (!command->parsed()) continue;
    const int code = run();
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
      fmt::print(stderr, "knetsim: {}\n", kOutputLost);
      return exit_code::kResults;
    }
    return code;
  }
  return exit_code::kUsage;
}

/// What an error says, with the names of others in it, but for its line ends.
std::string shown_message(std::string_view message) {
  std::string shown;
  for (std::size_t end = 0; end != std::string_view::npos; message.remove_prefix(std::min(end + 1, message.size()))) {
    end = message.find('\n');
    shown += printable(message.substr(0, end));
    if (end != std::string_view::npos) shown += '\n';
  }
  return shown;
}

/// Runs what may throw, and says in which way it did.
template <class F>
int guarded(const CommandContext& context, F&& f) {
  const auto fail = [](int code, std::string_view message) {
    std::fflush(stdout);
    fmt::print(stderr, "knetsim: {}\n", shown_message(message));
    return code;
  };
  try {
    return f();
  } catch (const UsageError& error) {
    return fail(exit_code::kUsage, error.what());
  } catch (const ConfigError& error) {
    std::fflush(stdout);
    fmt::print(stderr, "{}", render(error.diagnostics(), colour_errors(context.colour)));
    if (error.more() > 0) fmt::print(stderr, "... and {} more\n", error.more());
    return exit_code::kConfig;
  } catch (const OutputError& error) {
    return fail(exit_code::kResults, error.what());
  } catch (const lab::LabError& error) {
    return fail(exit_code::kSurroundings, error.what());
  } catch (const std::filesystem::filesystem_error& error) {
    return fail(exit_code::kResults, error.what());
  } catch (const std::system_error& error) {  // fmt's, where standard output is full or closed
    if (std::ferror(stdout) != 0) return fail(exit_code::kResults, kOutputLost);
    return fail(exit_code::kInternal, error.what());
  } catch (const InvariantError& error) {
    return fail(exit_code::kInternal,
                fmt::format("{}\nThis is a mistake of knetsim, not yours; it happens again with:\n"
                            "  {}",
                            error.what(), context.command_line));
  } catch (const std::bad_alloc&) {
    return fail(exit_code::kInternal, "out of memory");
  } catch (const std::exception& error) {
    return fail(exit_code::kInternal, error.what());
  }
}

}  // namespace

int run_program(std::span<const std::string> arguments) {
  const auto start = std::chrono::steady_clock::now();
  const std::unique_ptr<Program> program = make_program(arguments);
  try {
    program->app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));  // CLI11 takes the last first
  } catch (const CLI::Success& wanted) {
    return program->app.exit(wanted);
  } catch (const CLI::ParseError& error) {
    if (arguments.empty()) {
      fmt::print(stderr, "{}", program->app.help());
    } else {
      fmt::print(stderr, "{}", usage_message(program->app, error, arguments));
    }
    return exit_code::kUsage;
  }
  const int code = guarded(program->context, [&] { return run_parsed(*program); });
  if (program->context.says(LogLevel::Info)) print_resources(start);
  return code;
}

}  // namespace knetsim
