#include <fmt/format.h>

#include <memory>

#include "analysis/lab/cost_fit.h"
#include "analysis/lab/lab_plan.h"
#include "analysis/lab/load_check.h"
#include "analysis/lab/load_plan.h"
#include "analysis/lab/profile_text.h"
#include "analysis/lab/shape_fit.h"
#include "sim/cli/calibrate_emulated.h"
#include "sim/cli/commands.h"
#include "sim/cli/exit_code.h"
#include "sim/cli/lab_session.h"
#include "sim/cli/load_tables.h"
#include "sim/cli/text_table.h"
#include "sim/output/safe_file.h"

namespace knetsim {
namespace {

struct CalibrateArguments {
  std::string out = "profile.yaml";
  std::string before;
  LabOptions lab{};
  EmulatedOptions emulated{};
};

std::string scans_text(const lab::CostFit& fit) {
  std::string text;
  for (const auto& [name, scan] : {std::pair("rule", &fit.legacy), std::pair("rule.nft", &fit.nft)}) {
    if (!*scan) continue;
    text += fmt::format(
        "  {:9} {:.2f} ns in the near cache (±{:.0f} %), {:.1f} ns beyond it, {:.1f} ns from memory; bend at "
        "{:.1f} MiB of rules\n",
        name, (*scan)->warm.ps * 1e-3, 100 * (*scan)->warm.standard_error, (*scan)->far.ps * 1e-3,
        (*scan)->cold.ps * 1e-3, (*scan)->cache_bytes.ps / 1048576);
  }
  return text;
}

std::string shapes_text(const lab::FittedShapes& shapes) {
  const Interruptions& seen = shapes.interruptions;
  return fmt::format(
      "shapes    sigma {:.2f} of steps, {:.2f} of new conntrack entries, {:.2f} of scans; {:.0f} interruptions a "
      "second of "
      "{:.0f} us\n            (p90 and p99 fitted to {:.0f} %)\n",
      shapes.work_sigma, shapes.entry_sigma, shapes.scan_sigma, seen.per_second, seen.median_ps * 1e-6,
      100 * shapes.residual);
}

int calibrate(const CalibrateArguments& arguments, const CommandContext& context) {
  if (!arguments.emulated.guest_record.empty()) {
    return measure_in_guest(arguments.emulated.guest_record, arguments.lab.rounds);
  }
  check_may_write(arguments.out, arguments.lab.force);
  if (arguments.emulated.emulated) {
    return calibrate_emulated(arguments.out, arguments.before, arguments.lab, arguments.emulated, context);
  }
  const CostProfile before = read_profile(arguments.before);
  const lab::MeasurementRecord record =
      obtain_record(arguments.lab, {.cases = lab::calibration_cases, .loads = lab::calibration_loads}, context);
  const std::vector<lab::Measured>& measured = record.measured;
  const lab::CostFit fit = lab::fit_costs(measured, before);

  const std::string machine = record.machine.text();
  CostProfile profile = lab::fitted_profile(before, fit, "measured");
  const lab::FittedShapes shapes = lab::fit_shapes(measured, profile);
  lab::apply_shapes(shapes, measured, "measured", profile);
  profile.name = "measured";
  profile.machine = machine;
  const double floor = lab::noise_floor(measured);
  const std::vector<std::string> comment = {
      "What each step of a packet's walk costs on this machine, measured by 'knetsim calibrate' in network namespaces.",
      fmt::format("{}. {} datapaths and operations, measured in turn.", machine, measured.size()),
      fmt::format("Fitted at once by least squares; what is left: {:.1f} % root mean square. Noise of the machine: "
                  "{:.1f} % of a median.",
                  100 * fit.residual, 100 * floor),
      "",
      "A cable between namespaces has no NIC: drivers, NICs, interrupts and queues are those of the profile",
      fmt::format("'{}', as is all else that no datapath here has. '+-' is one standard error.", before.name)};
  write_file_safely(arguments.out, lab::profile_text(profile, comment));

  TextTable table({"step", "before", "measured", "±"}, {1, 2, 3});
  std::size_t split = 0;
  for (const StepKindInfo& kind : step_kinds()) {
    const auto& cost = fit.costs[static_cast<std::size_t>(kind.kind)];
    if (!cost) continue;
    if (!cost->measured) {
      ++split;
      continue;
    }
    table.add({std::string(kind.name), fmt::format("{:.0f} ns", before[kind.kind].median_ps * 1e-3),
               fmt::format("{:.0f} ns", cost->ps * 1e-3), fmt::format("{:.0f} %", 100 * cost->standard_error)});
  }
  fmt::print("{}\n{}{}\n", machine, table.render(2), scans_text(fit));
  fmt::print("  {}", shapes_text(shapes));
  if (fit.cold_factor)
    fmt::print("  after a sweep of the caches steps take {:.1f} times as long (±{:.0f} %)\n", fit.cold_factor->ps,
               100 * fit.cold_factor->standard_error);
  fmt::print("{} steps more are known as sums only, shared out as in profile '{}'.\n", split, before.name);
  fmt::print("{} datapaths and operations fitted to {:.1f} %; the machine's noise is {:.1f} % of a median{}\n",
             measured.size(), 100 * fit.residual, 100 * floor, noise_warning(floor));
  const lab::MachineNoise noise = record.noise.value_or(lab::MachineNoise{});
  print_loads(lab::check_loads(record.loads, profile, noise, record.cpus), false);
  print_rule_loads(record.rule_loads, false);
  if (record.noise) fmt::print("\n{}", noise_text(noise));
  fmt::print("Wrote {}      next: knetsim verify --kernel --profile {}\n", arguments.out, arguments.out);
  return exit_code::kDone;
}

}  // namespace

CommandRun add_calibrate_command(CLI::App& command, CommandContext& context) {
  auto arguments = std::make_shared<CalibrateArguments>();
  command.description("Measure this machine's kernel in network namespaces and write a cost profile (needs root).");
  command.footer(
      "knetsim calibrate --out profile.yaml\n"
      "knetsim calibrate --out profile.yaml --rounds 40 --save measured.json\n"
      "knetsim calibrate --out again.yaml --from measured.json\n"
      "knetsim calibrate --emulated --before profile.yaml --out with-ipvs.yaml");
  add_out_file(command, arguments->out, "File to write (default: profile.yaml)");
  command.add_option("--before", arguments->before, "Profile to start from (default: profiles/default.yaml)")
      ->type_name("FILE");
  add_lab_options(command, arguments->lab);
  add_emulated_options(command, arguments->emulated);
  command.add_flag("--force", arguments->lab.force, "Overwrite files");
  return [arguments, &context] { return calibrate(*arguments, context); };
}

}  // namespace knetsim
