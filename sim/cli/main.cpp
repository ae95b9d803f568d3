#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>
#include <vector>

#include "sim/cli/commands.h"
#include "sim/cli/exit_code.h"
#include "sim/cli/run_command.h"
#include "sim/core/ensure.h"
#include "sim/input/diagnostics.h"
#include "sim/output/output_error.h"
#include "sim/version/version.h"

namespace {

using namespace knetsim;

std::string joined(int argc, char** argv) {
  std::string line = "knetsim";
  for (int i = 1; i < argc; ++i) {
    line += " " + std::string(argv[i]);
  }
  return line;
}

/// CLI11 says what is wrong; this adds the nearest verb, and where to read on.
int usage_error(const CLI::App& program, const CLI::ParseError& error, int argc, char** argv) {
  std::vector<std::string> verbs;
  for (const CLI::App* command : program.get_subcommands(nullptr)) {
    verbs.push_back(command->get_name());
  }
  std::string message = error.what();
  if (argc > 1 && argv[1][0] != '-' && std::find(verbs.begin(), verbs.end(), argv[1]) == verbs.end()) {
    message = fmt::format("unknown command '{}'{}", argv[1], suggest(argv[1], verbs));
  }
  fmt::print(stderr, "knetsim: {}\nRun 'knetsim --help' for what there is.\n", message);
  return exit_code::kUsage;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App program("Latency, throughput and CPU of a Kubernetes cluster's network, before anyone touches the cluster.",
                   "knetsim");
  program.require_subcommand(1);
  program.set_version_flag("--version", std::string(build_info().version));
  program.footer(
      "Examples:\n"
      "  knetsim run configs/quickstart.yaml\n"
      "  knetsim validate configs/quickstart.yaml\n"
      "  knetsim explain workloads.arrivals");
  int code = 0;
  RunArguments run;
  run.command_line = joined(argc, argv);
  CLI::App& run_command = *program.add_subcommand("run");
  describe_run(run_command, run);
  run_command.callback([&] { code = run_scenario(run); });
  add_commands(program, code);
  try {
    program.parse(argc, argv);
    return code;
  } catch (const CLI::Success& wanted) {
    return program.exit(wanted);
  } catch (const CLI::ParseError& error) {
    return usage_error(program, error, argc, argv);
  } catch (const ConfigError& error) {
    fmt::print(stderr, "{}", error.what());
    return exit_code::kConfig;
  } catch (const OutputError& error) {
    fmt::print(stderr, "knetsim: {}\n", error.what());
    return exit_code::kResults;
  } catch (const std::filesystem::filesystem_error& error) {
    fmt::print(stderr, "knetsim: {}\n", error.what());
    return exit_code::kResults;
  } catch (const InvariantError& error) {
    fmt::print(stderr,
               "knetsim: an invariant is broken, which is a mistake of the program: {}\nIt happens again with: {}\n",
               error.what(), joined(argc, argv));
    return exit_code::kInternal;
  } catch (const std::exception& error) {
    fmt::print(stderr, "knetsim: {}\n", error.what());
    return exit_code::kInternal;
  }
}
