#include <CLI/CLI.hpp>
#include <cerrno>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>

#include "analysis/export_csv.h"
#include "analysis/results/results_reader.h"
#include "app/cli/commands.h"
#include "app/cli/exit_code.h"
#include "app/cli/output_files.h"
#include "sim/output/output_error.h"

namespace knetsim {
namespace {

struct ExportArguments {
  std::string results;
  std::string group = "summary";
  std::string out;
  bool force = false;
};

}  // namespace

CommandRun add_export_command(CLI::App& command, CommandContext& /*context*/) {
  auto arguments = std::make_shared<ExportArguments>();
  command.description("Print one group of a results file as CSV.");
  command.footer(
      "knetsim export results/quickstart.h5 > summary.csv\n"
      "knetsim export results/quickstart.h5 --group hist/latency --out latency.csv\n"
      "# in Python, without this command:\n"
      "xarray.open_dataset('results/quickstart.h5', group='summary').to_dataframe()");
  command.add_option("results", arguments->results, "Results file (HDF5)")->required();
  command.add_option("--group", arguments->group, "Which group; 'knetsim inspect' lists them")
      ->type_name("GROUP")
      ->default_str("summary");
  add_out_file(command, arguments->out, "File to write (default: standard output)");
  command.add_flag("--force", arguments->force, "Overwrite a file");
  return [arguments] {
    OutputFiles files(arguments->force);
    files.reads(arguments->results);
    files.will_write(arguments->out);
    const DataGroup group = read_results_group(arguments->results, arguments->group);
    if (arguments->out.empty()) {
      export_csv(group, std::cout);
      std::cout.flush();
      // A reader that has seen enough, as head, is no failure.
      if (!std::cout && errno != EPIPE) throw OutputError("standard output", "cannot be written");
      return exit_code::kDone;
    }
    std::ostringstream text;
    export_csv(group, text);
    files.write(arguments->out, text.view());
    files.finish();
    return exit_code::kDone;
  };
}

}  // namespace knetsim
