#include "app/cli/lab_session.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <ctime>

#include "analysis/lab/lab_error.h"
#include "analysis/lab/lab_plan.h"
#include "app/scenario/scenario.h"

namespace knetsim {

lab::Surroundings enter_lab(const CommandContext& context) {
  if (const std::string why = lab::lab_impossible(); !why.empty()) throw lab::LabError(why);
  lab::Surroundings here = lab::look_around();
  for (const std::string& note : here.notes) {
    if (context.says(LogLevel::Warning)) fmt::print(stderr, "note: {}\n", note);
  }
  return here;
}

ShownProgress::ShownProgress(const CommandContext& context) : line_(!context.says(LogLevel::Warning)) {}
ShownProgress::~ShownProgress() { line_.done(); }

std::function<void(double, const std::string&)> ShownProgress::shower() {
  return [this](double fraction, const std::string& what) {
    const double wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
    line_.show(wall_s, fmt::format("{:3.0f} %  {}", 100 * fraction, what));
  };
}

namespace {

/// Measures everything, latencies first. @throws lab::LabError
void measure_into(lab::MeasurementRecord& record, const LabDesign& design, const lab::Surroundings& here,
                  std::uint32_t rounds, const CommandContext& context) {
  ShownProgress progress(context);
  const lab::NoiseWatch watch(here.cpus);
  for (const std::string& line : lab::complaints(watch.before())) {
    if (context.says(LogLevel::Warning)) fmt::print(stderr, "warning: a noisy machine: {}\n", line);
  }
  record.measured =
      lab::measure(design.cases(here), {.cpus = here.cpus, .rounds = rounds, .on_progress = progress.shower()});
  for (lab::Measured& one : record.measured) one.held_out = lab::is_held_out(one.lab_case, here);
  record.loads =
      lab::measure_loads(design.loads(here), {.cpus = here.cpus, .rounds = rounds, .on_progress = progress.shower()});
  record.rule_loads = lab::measure_rule_loads(lab::rule_load_cases(here), {.on_progress = progress.shower()});
  record.noise = watch.finish();
}

}  // namespace

CostProfile read_profile(const std::string& path) {
  InputSet inputs;
  Diagnostics diagnostics;
  const std::string default_path = installed_config("profiles/default.yaml");
  CostProfile profile = load_cost_profile(inputs, path.empty() ? default_path : path, diagnostics, default_path);
  diagnostics.throw_if_errors();
  return profile;
}

void add_lab_options(CLI::App& command, LabOptions& options) {
  CLI::Option* rounds = command.add_option("--rounds", options.rounds, "How often everything is measured, at least 6")
                            ->type_name("N")
                            ->capture_default_str()
                            ->check(CLI::Range(6u, 10'000u));
  CLI::Option* save = command.add_option("--save", options.save, "Also write the measurements as they are, as JSON")
                          ->type_name("FILE")
                          ->check(named_file());
  command.add_option("--from", options.from, "Measure nothing: take what --save wrote, here or on another machine")
      ->type_name("FILE")
      ->check(named_file())
      ->excludes(save)
      ->excludes(rounds);
}

CLI::Validator named_file() {
  return {[](std::string& name) { return std::string(name.empty() ? "a file has a name" : ""); }, "", "named file"};
}

std::string today() { return fmt::format("{:%Y-%m-%d}", fmt::gmtime(std::time(nullptr))); }

OutputFiles files_of(const LabOptions& options) {
  OutputFiles files(options.force);
  files.reads(options.from);
  files.will_write(options.save);
  return files;
}

lab::MeasurementRecord obtain_record(const LabOptions& options, const LabDesign& design, OutputFiles& files,
                                     const CommandContext& context) {
  if (!options.from.empty()) {
    lab::MeasurementRecord record = lab::read_record(*Input::open(options.from));
    if (record.machine.is_emulated()) {
      throw UsageError(
          fmt::format("{} holds counts of instructions, not times: for 'calibrate --emulated'", options.from));
    }
    return record;
  }
  const lab::Surroundings here = enter_lab(context);
  lab::MeasurementRecord record{
      .machine = {.processor = here.processor, .kernel = here.kernel, .date = today(), .note = {}},
      .cpus = static_cast<std::uint32_t>(here.cpus.size()),
      .measured = {}};
  measure_into(record, design, here, options.rounds, context);
  files.write(options.save, lab::record_text(record));
  return record;
}

std::string noise_warning(double noise_floor) {
  // Half the tolerance of the verification: with more, hardly anything can be told.
  constexpr double kQuiet = 0.075;
  return noise_floor <= kQuiet ? "" : ": too much to tell apart what differs by less; try again on a quiet machine";
}

}  // namespace knetsim
