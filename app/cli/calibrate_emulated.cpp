#include "app/cli/calibrate_emulated.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <chrono>
#include <cmath>
#include <filesystem>

#include "analysis/lab/emulated_lab.h"
#include "analysis/lab/emulator.h"
#include "analysis/lab/lab_error.h"
#include "analysis/lab/mode_order.h"
#include "analysis/lab/profile_text.h"
#include "app/cli/exit_code.h"
#include "app/cli/order_table.h"
#include "app/cli/progress.h"
#include "app/cli/text_table.h"
#include "sim/output/safe_file.h"

namespace knetsim {
namespace {

constexpr const char* kGuestRecord = "/result";
constexpr const char* kProgressMark = "@ ";
constexpr const char* kNoteMark = "note: ";
constexpr std::uint32_t kGuestRounds = 6;  // the fewest that have an interval: a count hardly varies

/// Boots, measures, and reads what the guest sent.
lab::MeasurementRecord emulate(const EmulatedOptions& options, const CommandContext& context) {
  const lab::GuestKernel kernel = lab::find_guest_kernel(options.kernel_root);
  const std::filesystem::path knetsim = std::filesystem::read_symlink("/proc/self/exe");
  std::vector<std::string> notes;
  const std::string image = lab::guest_image(
      kernel, knetsim,
      {.program = knetsim,
       .arguments = {"calibrate", "--guest-record", kGuestRecord, "--rounds", std::to_string(kGuestRounds)}},
      notes);
  const auto note = [&](const std::string& text) {
    if (context.says(LogLevel::Warning)) fmt::print(stderr, "note: {}\n", text);
  };
  for (const std::string& text : notes) note(text);

  ProgressLine progress(!context.says(LogLevel::Warning));
  const auto begin = std::chrono::steady_clock::now();
  const auto on_line = [&](const std::string& line) {
    const std::string_view text = line;
    if (text.starts_with(kProgressMark)) {
      const double wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
      progress.show(wall_s, line.substr(2));
    } else if (text.starts_with(kNoteMark)) {
      note("the emulated machine: " + line.substr(6));
    } else if (context.says(LogLevel::Info)) {
      fmt::print(stderr, "guest: {}\n", line);
    }
  };
  std::string last;
  const lab::GuestRun run = lab::run_guest(kernel, image, {.on_line = [&](const std::string& line) {
                                             if (line.starts_with("knetsim: ")) last = line.substr(9);
                                             on_line(line);
                                           }});
  progress.done();
  if (run.status != 0) throw lab::LabError(fmt::format("the emulated machine could not measure: {}", last));
  lab::MeasurementRecord record = lab::read_record(*Input::from_text("<emulated machine>", run.result));
  record.machine.processor = "emulated processor (QEMU)";
  record.machine.date = today();
  record.machine.note = lab::LabMachine::kEmulated;
  return record;
}

}  // namespace

void add_emulated_options(CLI::App& command, EmulatedOptions& options) {
  CLI::Option* emulated = command.add_flag(
      "--emulated", options.emulated,
      "Measure in Debian's kernel, emulated, by counting instructions: IPVS, and what else this machine's "
      "kernel lacks (no root needed)");
  command
      .add_option("--kernel-root", options.kernel_root,
                  "With --emulated: folder that holds boot/vmlinuz-*-cloud-amd64 and lib/modules")
      ->type_name("DIR")
      ->needs(emulated);
  command.add_option("--guest-record", options.guest_record)->group("");
}

int measure_in_guest(const std::string& file, std::uint32_t rounds) {
  if (const std::string why = lab::lab_impossible(); !why.empty()) throw lab::LabError(why);
  const lab::Surroundings here = lab::look_around();
  const auto say = [](const std::string& line) {
    fmt::print("{}\n", line);
    std::fflush(stdout);
  };
  for (const std::string& note : here.notes) {
    const bool of_loads = note.starts_with("one CPU") || note.starts_with("no token bucket");  // none are measured here
    if (!of_loads) say(kNoteMark + note);
  }
  const std::vector<lab::LabCase> cases = lab::emulated_cases(here);
  const auto show = [&](double fraction, const std::string& what) {
    say(fmt::format("{}{:3.0f} %  {}", kProgressMark, 100 * fraction, what));
  };
  lab::MeasurementRecord record{
      .machine = {.processor = here.processor,
                  .kernel = here.kernel,
                  .date = "the guest's clock tells none",
                  .note = {}},
      .measured = lab::measure(
          cases, {.cpus = here.cpus, .rounds = rounds, .connects = 30, .round_trips = 30, .on_progress = show})};
  write_file_safely(file, lab::record_text(record));
  return exit_code::kDone;
}

int calibrate_emulated(const EmulatedProfiles& profiles, const LabOptions& lab_options, const EmulatedOptions& options,
                       OutputFiles& files, const CommandContext& context) {
  const CostProfile before = read_profile(profiles.before);
  const lab::MeasurementRecord record =
      lab_options.from.empty() ? emulate(options, context) : lab::read_record(*Input::open(lab_options.from));
  if (!record.machine.is_emulated()) {
    throw UsageError(fmt::format("{} holds times, not counts: leave --emulated out", lab_options.from));
  }
  if (lab_options.from.empty()) files.write(lab_options.save, lab::record_text(record));
  const lab::EmulatedCosts costs = lab::cost_of_instructions(record.measured, before);
  const std::vector<lab::EmulatedFigure> figures = lab::emulated_figures(costs, before);
  const std::string origin = "emulated, Linux " + record.machine.kernel;
  CostProfile profile = lab::emulated_profile(before, figures, costs.ns_per_instruction, origin);
  profile.name = before.name + ", emulated";
  const std::string scale = fmt::format("{:.3f} ns (a factor of {:.2f} either way, over {} datapaths and operations)",
                                        costs.ns_per_instruction, std::exp(costs.scatter), costs.compared);
  const std::vector<std::string> comment = {
      fmt::format("Profile '{}' with what an emulated machine says about steps that are bound by instructions: those",
                  before.name),
      fmt::format("whose source begins with '{}'. Written by 'knetsim calibrate --emulated'.", origin),
      fmt::format("{}. {} datapaths and operations.", record.machine.text(), record.measured.size()),
      fmt::format("An instruction is taken for {}.", scale)};
  files.write(profiles.out, lab::profile_text(profile, comment));

  TextTable table({"step", "before", "instructions", "±", "emulated"}, {1, 2, 3, 4});
  for (const lab::EmulatedFigure& figure : figures) {
    table.add({std::string(info(figure.kind).name), fmt::format("{:.0f} ns", figure.before_ns),
               fmt::format("{:.0f}", figure.instructions), fmt::format("{:.0f} %", 100 * figure.standard_error),
               fmt::format("{:.0f} ns", figure.ns)});
  }
  fmt::print("{}\n{}", record.machine.text(), table.render(2));
  fmt::print("An instruction is {}, by profile '{}'.\n", scale, before.name);
  fmt::print("{} datapaths and operations, fitted to {:.1f} %; what IPVS takes more, to {:.0f} % of it\n",
             record.measured.size(), 100 * costs.fit.residual, 100 * costs.ipvs_residual);
  print_orders(lab::orders_of(record.measured, profile), false);
  files.finish();
  fmt::print("\nWrote {}: {} figures marked as emulated, all others as in '{}'\n", profiles.out, figures.size(),
             before.name);
  return exit_code::kDone;
}

}  // namespace knetsim
