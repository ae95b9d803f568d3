#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <memory>

#include "analysis/lab/calibration.h"
#include "analysis/lab/lab_plan.h"
#include "analysis/lab/load_check.h"
#include "analysis/lab/load_plan.h"
#include "app/cli/calibrate_emulated.h"
#include "app/cli/calibration_table.h"
#include "app/cli/commands.h"
#include "app/cli/exit_code.h"
#include "app/cli/lab_session.h"
#include "app/cli/load_tables.h"
#include "app/cli/proxy_lab.h"

namespace knetsim {
namespace {

struct CalibrateArguments {
  std::string out = "profile.yaml";
  std::string before;
  LabOptions lab{};
  EmulatedOptions emulated{};
  bool proxies = false;
};

int calibrate(const CalibrateArguments& arguments, const CommandContext& context) {
  if (!arguments.emulated.guest_record.empty()) {
    return measure_in_guest(arguments.emulated.guest_record, arguments.lab.rounds);
  }
  OutputFiles files = files_of(arguments.lab);
  files.reads(arguments.before);
  files.will_write(arguments.out);
  if (arguments.emulated.emulated) {
    return calibrate_emulated({.out = arguments.out, .before = arguments.before}, arguments.lab, arguments.emulated,
                              files, context);
  }
  if (arguments.proxies) return calibrate_proxies(arguments.out, arguments.before, arguments.lab, files, context);
  const CostProfile before = read_profile(arguments.before);
  const lab::MeasurementRecord record =
      obtain_record(arguments.lab, {.cases = lab::calibration_cases, .loads = lab::calibration_loads}, files, context);
  const lab::Calibration calibration = lab::calibrated(record, before);
  files.write(arguments.out, lab::profile_text(calibration));
  print_calibration(calibration);
  const lab::MachineNoise noise = record.noise.value_or(lab::MachineNoise{});
  print_loads(lab::check_loads(record.loads, calibration.profile, noise, record.cpus), false);
  print_rule_loads(record.rule_loads, false);
  if (record.noise) fmt::print("\n{}", noise_text(noise));
  files.finish();
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
      "knetsim calibrate --proxies --before profile.yaml --out with-proxies.yaml\n"
      "knetsim calibrate --emulated --before profile.yaml --out with-ipvs.yaml");
  add_out_file(command, arguments->out, "File to write (default: profile.yaml)");
  command.add_option("--before", arguments->before, "Profile to start from (default: profiles/default.yaml)")
      ->type_name("FILE");
  add_lab_options(command, arguments->lab);
  add_emulated_options(command, arguments->emulated);
  command.get_option("--emulated")->excludes("--rounds");
  CLI::Option* proxies = command.add_flag("--proxies", arguments->proxies,
                                          "Measure nginx, haproxy and TLS instead of the kernel (./dev setup proxies)");
  for (const char* const option : {"--save", "--from", "--emulated"}) proxies->excludes(command.get_option(option));
  command.add_flag("--force", arguments->lab.force, "Overwrite files");
  return [arguments, &context] { return calibrate(*arguments, context); };
}

}  // namespace knetsim
