#include "app/cli/run_command.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <csignal>
#include <filesystem>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "analysis/evaluate_slo.h"
#include "analysis/results/results_writer.h"
#include "app/cli/exit_code.h"
#include "app/cli/progress.h"
#include "app/cli/screen.h"
#include "app/cli/shown_quantile.h"
#include "app/cli/terminal.h"
#include "app/cli/verdict_json.h"
#include "app/experiment/experiment.h"
#include "app/experiment/part_files.h"
#include "app/scenario/load_scenario.h"
#include "models/cost/cost_profile.h"
#include "sim/checksum/sha256.h"
#include "sim/input/units_text.h"
#include "sim/output/hdf5_writer.h"
#include "sim/output/output_error.h"
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
  provenance.seed = base.scenario.experiment.seed;
  provenance.replicates = base.scenario.experiment.replicates;
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
    if (!std::isnan(results.summary.programming_max[run])) {
      entry["programming_s"] = {{"p50", results.summary.programming_p50[run]},
                                {"p99", results.summary.programming_p99[run]},
                                {"max", results.summary.programming_max[run]},
                                {"cpu", results.summary.programming_cpu[run]}};
    }
    if (results.summary.status[run] != static_cast<std::int8_t>(RunStatus::kOk)) {
      entry["error"] = results.summary.error[run];
    }
    const CallResults& calls = results.call;
    for (std::size_t i = 0; i < results.calls.size(); ++i) {
      const std::size_t cell = run * results.calls.size() + i;
      if (calls.same_zone_bytes[cell] + calls.cross_zone_bytes[cell] == 0) continue;
      entry["calls"][results.calls[i]] = {
          {"same_zone", {{"answers", calls.same_zone_answers[cell]}, {"bytes", calls.same_zone_bytes[cell]}}},
          {"cross_zone", {{"answers", calls.cross_zone_answers[cell]}, {"bytes", calls.cross_zone_bytes[cell]}}}};
    }
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
      workload["errors_by_cause"] = {{"refused", results.summary.failed_refused[cell]},
                                     {"unreachable", results.summary.failed_unreachable[cell]},
                                     {"reset", results.summary.failed_reset[cell]},
                                     {"local_ports", results.summary.failed_local_ports[cell]},
                                     {"call", results.summary.failed_call[cell]}};
      workload["choices_stale"] = results.summary.choices_stale[cell];
      workload["same_zone"] = {{"answers", results.summary.same_zone_answers[cell]},
                               {"bytes", results.summary.same_zone_bytes[cell]}};
      workload["cross_zone"] = {{"answers", results.summary.cross_zone_answers[cell]},
                                {"bytes", results.summary.cross_zone_bytes[cell]}};
      workload["servers"] = results.summary.servers[cell];
      workload["servers_unused"] = results.summary.servers_unused[cell];
      workload["busiest_server_share"] = results.summary.busiest_server_share[cell];
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
                 variant.cluster->members().size(), variant.cluster->member_pods().size(),
                 variant.cluster->services.size(), variant.scenario.cluster.proxy.mode);
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

void tell_points(const ExperimentResults& results) {
  for (std::size_t run = 0; run < results.runs(); ++run) {
    fmt::print(stderr, "point {} replicate {}: {} events in {:.2f} s\n", results.variant[run], results.replicate[run],
               with_commas(results.summary.events[run]), results.summary.wall_s[run]);
  }
}

std::vector<JudgedSlo> judge_slos(const LoadedScenario& loaded, const Recorded& recorded) {
  std::vector<JudgedSlo> judged;
  for (std::size_t v = 0; v < loaded.variants.size(); ++v) {
    const std::string& variant = loaded.variants[v].name;
    for (const Slo& slo : loaded.slos[v]) judged.push_back({variant, slo, evaluate(slo, recorded, variant)});
  }
  return judged;
}

void add_assumptions(const std::vector<BoundVariant>& variants, AssumptionResults& results) {
  std::set<std::string> listed;
  for (const BoundVariant& variant : variants) {
    if (!listed.insert(variant.profile.name).second) continue;
    for (const Assumption& one : assumptions(variant.profile)) {
      results.profile.push_back(variant.profile.name);
      results.key.push_back(one.key);
      results.value.push_back(one.value);
      results.basis.push_back(one.basis);
    }
  }
}

std::size_t points_that_ended(const ExperimentResults& results) {
  return static_cast<std::size_t>(std::ranges::count(results.summary.status, static_cast<std::int8_t>(RunStatus::kOk)));
}

/// Where an experiment's finished points go that was stopped: never over whole results.
std::string partial_output(const std::string& out) {
  const std::filesystem::path path(out);
  return (path.parent_path() / (path.stem().string() + ".partial" + path.extension().string())).string();
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
  const RunRecorder recorder(loaded->variants, calls_measured(loaded->variants, loaded->slos));
  RunCollector collector;
  std::optional<PartFiles> parts;
  if (!arguments.no_results) parts.emplace(out);
  const ExperimentEnd end =
      run_experiment(loaded->variants, recorder, parts ? static_cast<RunSink&>(*parts) : collector,
                     {.threads = arguments.threads,
                      .on_progress = [&](const Progress& progress) { line.show(progress); },
                      .stop = &stop_requested});
  line.done();
  ExperimentResults results = parts ? parts->for_statistics() : collector.whole();
  if (context.says(LogLevel::Debug)) tell_points(results);
  const std::size_t ended = points_that_ended(results);
  if (end.failure && ended == 0) std::rethrow_exception(end.failure);
  results.provenance = provenance_of(*loaded, arguments, context);
  add_assumptions(loaded->variants, results.assumptions);
  if (end.stopped) {
    std::string kept = "no results were written";
    if (parts && ended > 0) {
      const std::string partial = partial_output(out);
      parts->merge(partial, results, {.deterministic = arguments.deterministic, .force = true});
      kept = fmt::format("{} of {} points are in {}", ended, results.runs(), partial);
    }
    fmt::print(stderr, "knetsim: stopped before the end; {}\n", kept);
    return exit_code::kSignal + stop_signal;
  }
  const Recorded recorded(results);
  const std::vector<JudgedSlo> slos = judge_slos(*loaded, recorded);
  for (const JudgedSlo& one : slos) add_objective(one.slo, one.variant, one.outcome, results.objectives);
  std::string written;
  if (parts) {
    const std::uint64_t size = parts->merge(out, results, write);
    written = fmt::format("Wrote {} ({})", out, human(Bytes(static_cast<std::int64_t>(size))));
  }
  if (arguments.format == "json") {
    print_results(results, {{"intervals", json_of_intervals(recorded)},
                            {"comparison", json_of_comparison(recorded)},
                            {"slo", json_of_slos(slos)}});
  } else {
    ScreenInfo info;
    info.manifests_line = loaded->manifests_line;
    info.slos = slos;
    info.wall_s = end.wall_s;
    info.costs_line = fmt::format("{} ({}); {} assumptions: knetsim explain --assumptions", base.profile.name,
                                  base.profile.machine, assumptions(base.profile).size());
    fmt::print("{}", summary_screen(loaded->variants, recorded, info));
    if (!written.empty()) {
      fmt::print("{}      next: knetsim inspect {}\n", written, out);
    }
  }
  if (end.failure) {
    fmt::print(stderr, "knetsim: {} of {} points failed; the first of them:\n", results.runs() - ended, results.runs());
    std::rethrow_exception(end.failure);
  }
  const auto any = [&](Holds wanted) {
    return std::ranges::any_of(slos, [&](const JudgedSlo& one) { return one.outcome.holds == wanted; });
  };
  if (any(Holds::Missed)) return exit_code::kSloFailed;
  return arguments.strict && any(Holds::CannotTell) ? exit_code::kSloUndecided : exit_code::kDone;
}

}  // namespace knetsim
