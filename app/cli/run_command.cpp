#include "app/cli/run_command.h"
#include "app/experiment/slo_outcome.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

#include "app/cli/exit_code.h"
#include "app/cli/progress.h"
#include "app/cli/screen.h"
#include "app/cli/shown_quantile.h"
#include "app/cli/terminal.h"
#include "app/cli/verdict_json.h"
#include "app/experiment/fill_results.h"
#include "app/scenario/load_scenario.h"
#include "models/cost/cost_profile.h"
#include "sim/checksum/sha256.h"
#include "sim/input/units_text.h"
#include "sim/output/hdf5_writer.h"
#include "sim/output/output_error.h"
#include "sim/output/results_writer.h"
#include "sim/version/version.h"

namespace knetsim {
namespace {

std::atomic<bool> stop_requested{false};
std::atomic<int> stop_signal{0};

extern "C" void request_stop(int signal) {
  stop_signal = signal;
  if (stop_requested.exchange(true)) {
    std::signal(signal, SIG_DFL);  // the second time: at once
    std::raise(signal);
  }
}

Provenance provenance_of(const LoadedScenario& loaded, const RunArguments& arguments, const CommandContext& context) {
  const BoundVariant& base = loaded.variants.front();
  const BuildInfo& build = build_info();
  Provenance provenance;
  provenance.title = base.scenario.name;
  provenance.knetsim_version = build.version;
  provenance.git_sha1 = build.git_sha;
  provenance.git_dirty = build.git_dirty;
  provenance.config_resolved = loaded.resolved;
  provenance.overrides = arguments.sets;
  std::set<std::string> seen{
      "--set"};  // assignments are listed by themselves; a profile is opened once for each variant
  for (const auto& input : loaded.inputs.inputs()) {
    if (!seen.insert(input->name()).second) {
      continue;
    }
    provenance.input_name.push_back(std::filesystem::path(input->name()).filename().string());
    provenance.input_sha256.push_back(sha256_hex(input->text()));
  }
  provenance.command_line = context.command_line;
  provenance.compiler = build.compiler;
  provenance.compile_flags = build.flags;
  provenance.seed = base.scenario.run.seed;
  provenance.replicates = base.scenario.run.replicates;
  provenance.costs_profile = base.profile.name;
  provenance.hdf5_version = hdf5_version();
  return provenance;
}

void print_results(const ExperimentResults& results, const nlohmann::ordered_json& further) {
  nlohmann::ordered_json json;
  json["format_version"] = "2.0";  // 1.x: latencies of failed and unfinished requests among those of the others
  json["runs"] = nlohmann::ordered_json::array();
  const std::size_t workloads = results.workloads.size();
  for (std::size_t run = 0; run < results.runs(); ++run) {
    nlohmann::ordered_json entry;
    entry["variant"] = results.variant[run];
    entry["replicate"] = results.replicate[run];
    entry["seed"] = results.summary.seed[run];
    entry["events"] = results.summary.events[run];
    entry["drained_s"] = results.summary.drained_time[run];
    for (std::size_t w = 0; w < workloads; ++w) {
      const std::size_t cell = run * workloads + w;
      nlohmann::ordered_json workload;
      workload["offered_per_s"] = results.summary.offered_rate[cell];
      workload["achieved_per_s"] = results.summary.achieved_rate[cell];
      workload["ok"] = results.summary.requests_ok[cell];
      workload["errors"] = results.summary.requests_error[cell];
      workload["timeouts"] = results.summary.requests_timeout[cell];
      workload["unfinished"] = results.summary.requests_unfinished[cell];
      workload["ended_in_window"] = {{"ok", results.summary.ended_ok[cell]},
                                     {"errors", results.summary.ended_error[cell]},
                                     {"timeouts", results.summary.ended_timeout[cell]}};
      workload["connects_failed"] = results.summary.connects_failed[cell];
      workload["connects_unfinished"] = results.summary.connects_unfinished[cell];
      workload["unstable"] = results.summary.unstable[cell] != 0;
      workload["rules_per_connection"] = results.summary.rules_per_connection[cell];
      workload["latency_lower_bounds"] = nlohmann::ordered_json::array();  // of these the figure is at least that
      workload["connect_lower_bounds"] = nlohmann::ordered_json::array();
      for (std::size_t q = 0; q < results.quantiles.size(); ++q) {
        const std::string name = fmt::format("p{:g}", results.quantiles[q] * 100);
        const std::size_t at = cell * results.quantiles.size() + q;
        const auto add = [&](const std::string& metric, std::int64_t count, double value, std::int8_t bound) {
          const bool shown = has_quantile(static_cast<std::uint64_t>(count), results.quantiles[q]);
          workload[metric + "_s"][name] = shown ? nlohmann::ordered_json(value) : nlohmann::ordered_json(nullptr);
          if (shown && bound == static_cast<std::int8_t>(QuantileBound::kAtLeast))
            workload[metric + "_lower_bounds"].push_back(name);
        };
        const SummaryResults& summary = results.summary;
        add("latency", summary.latency.n[cell] + summary.requests_unfinished[cell], summary.latency_quantile[at],
            summary.latency_quantile_bound[at]);
        add("connect", summary.connect.n[cell] + summary.connects_unfinished[cell], summary.connect_quantile[at],
            summary.connect_quantile_bound[at]);
      }
      entry["workloads"][results.workloads[w]] = workload;
    }
    json["runs"].push_back(entry);
  }
  json.update(further);
  fmt::print("{}\n", json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

/// What is to be known before the run. @return  False where --strict refuses it.
bool tell_notices(const LoadedScenario& loaded, const RunArguments& arguments, const CommandContext& context) {
  if (context.says(LogLevel::Debug)) {
    for (const auto& input : loaded.inputs.inputs()) {
      fmt::print(stderr, "read {} ({})\n", input->name(),
                 human(Bytes(static_cast<std::int64_t>(input->text().size()))));
    }
    for (const BoundVariant& variant : loaded.variants) {
      fmt::print(stderr, "variant {}: {} nodes, {} pods, {} Services, proxy mode {}\n", variant.name,
                 variant.cluster->nodes.size(), variant.cluster->pods.size(), variant.cluster->services.size(),
                 variant.scenario.cluster.proxy.mode);
    }
  }
  const std::vector<Diagnostic> notices = loaded.diagnostics.notices();
  if (notices.empty()) return true;
  std::vector<Diagnostic> refused;
  std::copy_if(notices.begin(), notices.end(), std::back_inserter(refused),
               [&](const Diagnostic& one) { return arguments.strict && one.unsupported; });
  if (!refused.empty()) {
    fmt::print(stderr, "{}\nknetsim: not simulated: {} of these are not modelled (--strict)\n",
               render(refused, colour_errors(context.colour)), refused.size());
    return false;
  }
  if (context.says(LogLevel::Warning) && !loaded.warnings.empty()) {
    fmt::print(stderr, "{}\n", render(loaded.warnings, colour_errors(context.colour)));
  }
  if (context.says(LogLevel::Warning) && notices.size() > loaded.warnings.size()) {
    std::string sets;
    for (const std::string& set : arguments.sets) sets += fmt::format(" --set '{}'", set);
    const std::size_t others = notices.size() - loaded.warnings.size();
    fmt::print(stderr, "{}{} notice{}: knetsim validate {}{}\n", others, loaded.warnings.empty() ? "" : " more",
               others == 1 ? "" : "s", arguments.scenario, sets);
  }
  return true;
}

void tell_points(const std::vector<BoundVariant>& variants, const ExperimentOutcome& outcome) {
  for (std::size_t v = 0; v < variants.size(); ++v) {
    for (std::size_t replicate = 0; replicate < outcome.points[v].size(); ++replicate) {
      const PointResult& point = outcome.points[v][replicate];
      fmt::print(stderr, "point {} replicate {}: {} events in {:.2f} s\n", variants[v].name, replicate,
                 with_commas(static_cast<std::int64_t>(point.events)), point.wall_s);
    }
  }
}

std::string default_output(const std::string& name) {
  return (std::filesystem::path("results") / (name + ".h5")).string();
}

}  // namespace

void describe_run(CLI::App& command, RunArguments& arguments) {
  command.description("Simulate a scenario: a summary on the screen, results in HDF5.");
  command.footer(
      "knetsim run configs/quickstart.yaml\n"
      "knetsim run configs/quickstart.yaml --set cluster.background.services=0 --out small.h5\n"
      "knetsim run configs/quickstart.yaml --variant iptables,nftables -o json");
  command.add_option("scenario", arguments.scenario, "Scenario file")->required()->type_name("FILE");
  command
      .add_option("--set", arguments.sets,
                  "Set a key of the scenario, in every variant: path=value; may be given again")
      ->type_name("PATH=VALUE")
      ->allow_extra_args(false);
  command.add_option("--variant", arguments.variants, "Run these variants only; the first is the base")
      ->delimiter(',')
      ->type_name("NAME");
  add_out_file(command, arguments.out, "Results file (default: results/<name>.h5)");
  command.add_option("-o,--output", arguments.format, "Format of the summary: table or json")
      ->check(CLI::IsMember({"table", "json"}))
      ->type_name("FORMAT");
  command.add_option("-j,--threads", arguments.threads, "Points simulated at a time (default: every core)")
      ->type_name("N");
  command.add_flag("--deterministic", arguments.deterministic,
                   "Leave out of the results what differs between equal runs");
  command.add_flag("--force", arguments.force, "Overwrite results of another scenario");
  command.add_flag("--no-results", arguments.no_results, "Write no results file");
  command.add_flag("--strict", arguments.strict,
                   "Simulate nothing where manifests use what is not modelled; exit with 4. Exit with 11 where an SLO "
                   "cannot be told");
}

int run_scenario(const RunArguments& arguments, const CommandContext& context) {
  const std::unique_ptr<LoadedScenario> loaded =
      load_scenario(arguments.scenario, {arguments.sets, arguments.variants});
  if (!tell_notices(*loaded, arguments, context)) return exit_code::kUnsupported;
  const BoundVariant& base = loaded->variants.front();
  const std::string out = arguments.out.empty() ? default_output(base.scenario.name) : arguments.out;
  const WriteOptions write{.deterministic = arguments.deterministic, .force = arguments.force};
  if (!arguments.no_results) {
    if (arguments.out.empty()) {
      std::error_code error;
      std::filesystem::create_directories("results", error);
      if (error) throw OutputError("results", "cannot make this folder: " + error.message() + " (--out FILE)");
    }
    check_destination(out, loaded->resolved, write);
  }
  stop_requested = false;
  std::signal(SIGINT, request_stop);
  std::signal(SIGTERM, request_stop);
  ProgressLine line(!context.says(LogLevel::Warning));
  const ExperimentOutcome outcome =
      run_experiment(loaded->variants, {.threads = arguments.threads,
                                        .on_progress = [&](const Progress& progress) { line.show(progress); },
                                        .stop = &stop_requested});
  line.done();
  if (outcome.stopped) {
    fmt::print(stderr, "knetsim: stopped before the end; no results were written\n");
    return exit_code::kSignal + stop_signal;
  }
  if (context.says(LogLevel::Debug)) tell_points(loaded->variants, outcome);
  std::vector<std::vector<ObjectiveOutcome>> objectives(loaded->variants.size());
  for (std::size_t v = 0; v < loaded->variants.size(); ++v) {
    for (const Slo& slo : loaded->slos[v]) {
      objectives[v].push_back(evaluate(slo, loaded->variants[v], outcome.points[v]));
    }
  }
  ExperimentResults results = fill_results(loaded->variants, outcome);
  results.provenance = provenance_of(*loaded, arguments, context);
  std::string written;
  if (!arguments.no_results) {
    const std::uint64_t size = write_results(out, results, write);
    written = fmt::format("Wrote {} ({})", out, human(Bytes(static_cast<std::int64_t>(size))));
  }
  if (arguments.format == "json") {
    print_results(results, {{"intervals", json_of_intervals(loaded->variants, outcome)},
                            {"comparison", json_of_comparison(loaded->variants, outcome)},
                            {"slo", json_of_slos(loaded->variants, loaded->slos, objectives)}});
  } else {
    ScreenInfo info;
    info.manifests_line = loaded->manifests_line;
    info.slos = loaded->slos;
    info.costs_line = fmt::format("{} ({}); {} assumptions: knetsim explain --assumptions", base.profile.name,
                                  base.profile.machine, assumptions(base.profile).size());
    fmt::print("{}", summary_screen(loaded->variants, outcome, info));
    if (!written.empty()) {
      fmt::print("{}      next: knetsim inspect {}\n", written, out);
    }
  }
  const auto any = [&](Holds wanted) {
    return std::any_of(objectives.begin(), objectives.end(), [&](const std::vector<ObjectiveOutcome>& of_variant) {
      return std::any_of(of_variant.begin(), of_variant.end(),
                         [&](const ObjectiveOutcome& one) { return one.holds == wanted; });
    });
  };
  if (any(Holds::Missed)) return exit_code::kSloFailed;
  return arguments.strict && any(Holds::CannotTell) ? exit_code::kSloUndecided : exit_code::kDone;
}

}  // namespace knetsim
