#include "sim/cli/verify_kernel.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "analysis/lab/kernel_check.h"
#include "analysis/lab/lab_plan.h"
#include "analysis/lab/load_check.h"
#include "analysis/lab/load_plan.h"
#include "sim/cli/exit_code.h"
#include "sim/cli/lab_session.h"
#include "sim/cli/load_tables.h"
#include "sim/cli/text_table.h"

namespace knetsim {
namespace {

std::string microseconds(double ns) { return fmt::format("{:.2f}", ns * 1e-3); }

std::string interval(const lab::Estimate& estimate) {
  return fmt::format("{} … {}", microseconds(estimate.low), microseconds(estimate.high));
}

std::string error_text(double value, double truth) { return fmt::format("{:+.0f} %", 100 * (value / truth - 1)); }

void print_cases(const lab::KernelCheck& check, lab::Operation operation, bool markdown) {
  TextTable table({operation == lab::Operation::RoundTrip ? "increment" : "connect", "measured, us", "95 %",
                   "predicted", "error", "best constant", ""},
                  {1, 2, 3, 4, 5});
  for (const lab::CheckedCase& one : check.cases) {
    if (one.measured.lab_case.operation != operation) continue;
    table.add({one.measured.lab_case.name(), microseconds(one.compared.value), interval(one.compared),
               microseconds(one.compared_prediction_ns), error_text(one.compared_prediction_ns, one.compared.value),
               error_text(one.constant_ns, one.compared.value), verdict_name(one.verdict)});
  }
  fmt::print("{}", markdown ? table.markdown() : table.render(2));
}

void print(const lab::KernelCheck& check, const CostProfile& profile, const lab::LabMachine& machine, bool markdown) {
  fmt::print("{}Kernel of {}, profile '{}' ({})\n", markdown ? "## " : "", machine.text(), profile.name,
             profile.machine);
  fmt::print("\n{}Round trips, medians less that between hosts without rules, us (within 15 % or 0.3 us)\n\n",
             markdown ? "### " : "");
  print_cases(check, lab::Operation::RoundTrip, markdown);
  fmt::print("\n{}connect(), medians, us (within 15 %)\n\n", markdown ? "### " : "");
  print_cases(check, lab::Operation::Connect, markdown);
  fmt::print("\n{} met, {} missed, {} cannot be told. Median error {:.0f} %; of the best single constant {:.0f} %.\n",
             check.verdicts.met, check.verdicts.missed, check.verdicts.untold, 100 * check.error_median,
             100 * check.constant_median);
  fmt::print("The machine's noise is {:.1f} % of a median{}.\n", 100 * check.noise_floor,
             noise_warning(check.noise_floor));
}

void print_json_check(const lab::KernelCheck& check, const lab::LoadCheck& loads, const CostProfile& profile,
                      const lab::MeasurementRecord& record) {
  nlohmann::ordered_json json = {{"format_version", kJsonFormatVersion},
                                 {"machine", record.machine.text()},
                                 {"profile", profile.name},
                                 {"noise_floor", check.noise_floor},
                                 {"median_error", check.error_median},
                                 {"median_error_of_a_constant", check.constant_median}};
  json["cases"] = nlohmann::ordered_json::array();
  for (const lab::CheckedCase& one : check.cases) {
    json["cases"].push_back({{"case", one.measured.lab_case.name()},
                             {"p50_ns", one.measured.p50.value},
                             {"p90_ns", one.measured.p90.value},
                             {"p99_ns", one.measured.p99.value},
                             {"min_ns", one.measured.min_ns},
                             {"samples", one.measured.samples},
                             {"predicted_ns", one.predicted_ns},
                             {"compared_ns", {one.compared.low, one.compared.value, one.compared.high}},
                             {"compared_prediction_ns", one.compared_prediction_ns},
                             {"constant_ns", one.constant_ns},
                             {"verdict", verdict_name(one.verdict)}});
  }
  json["rates"] = json_of(loads);
  json["rule_loading"] = json_of(record.rule_loads);
  if (record.noise) json["noise"] = json_of(*record.noise);
  print_json(json);
}

}  // namespace

int verify_kernel(const KernelVerifyArguments& arguments, const CommandContext& context) {
  const CostProfile profile = read_profile(arguments.profile);
  const lab::MeasurementRecord record =
      obtain_record(arguments.lab, {.cases = lab::held_out_cases, .loads = lab::held_out_loads}, context);
  const lab::KernelCheck check = lab::check_against_kernel(record.measured, profile);
  const lab::LoadCheck loads =
      lab::check_loads(record.loads, profile, record.noise.value_or(lab::MachineNoise{}), record.cpus);
  if (arguments.format == "json") {
    print_json_check(check, loads, profile, record);
    return exit_code::kDone;
  }
  const bool markdown = arguments.format == "markdown";
  print(check, profile, record.machine, markdown);
  print_loads(loads, markdown);
  print_rule_loads(record.rule_loads, markdown);
  if (record.noise) fmt::print("\n{}", noise_text(*record.noise));
  return exit_code::kDone;
}

}  // namespace knetsim
