#include "app/cli/verify_kernel.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "analysis/lab/calibration.h"
#include "analysis/lab/kernel_check.h"
#include "analysis/lab/lab_plan.h"
#include "analysis/lab/load_check.h"
#include "analysis/lab/load_plan.h"
#include "analysis/lab/mode_order.h"
#include "app/cli/calibration_table.h"
#include "app/cli/exit_code.h"
#include "app/cli/lab_session.h"
#include "app/cli/load_tables.h"
#include "app/cli/order_table.h"
#include "app/cli/text_table.h"

namespace knetsim {
namespace {

std::string microseconds(double ns) { return fmt::format("{:.2f}", ns * 1e-3); }

std::string interval(const lab::Estimate& estimate) {
  return fmt::format("{} … {}", microseconds(estimate.low), microseconds(estimate.high));
}

std::string error_text(double value, double truth) { return fmt::format("{:+.0f} %", 100 * (value / truth - 1)); }

std::string prediction_text(const lab::CheckedCase& one) {
  return one.verdict == lab::Verdict::NoModel ? "-" : microseconds(one.compared_prediction_ns);
}

/// Of a value in the place of a case's prediction.
std::string error_text(const lab::CheckedCase& one, double value) {
  return one.verdict == lab::Verdict::NoModel ? "-" : error_text(value, one.compared.value);
}

/// "31.2 +4 %": a percentile as measured, and the prediction's error; "?" where the measurement cannot tell, "!" where
/// it is missed.
std::string tail_text(const std::optional<lab::CheckedTail>& tail) {
  if (!tail) return "-";
  const char* mark = tail->verdict == lab::Verdict::Met ? "" : tail->verdict == lab::Verdict::Missed ? " !" : " ?";
  return fmt::format("{:.1f} {}{}", tail->measured.value * 1e-3, error_text(tail->predicted_ns, tail->measured.value),
                     mark);
}

/// Every column, for a page.
void print_page_table(const lab::KernelCheck& check, lab::Operation operation) {
  const bool increment = operation == lab::Operation::RoundTrip;
  TextTable table({increment ? "increment" : std::string(lab::operation_name(operation)), "measured", "95 %",
                   "predicted", "error", "one constant", "", "p90", "p99"},
                  {1, 2, 3, 4, 5, 7, 8});
  for (const lab::CheckedCase& one : check.cases) {
    if (one.measured.lab_case.operation != operation) continue;
    table.add({one.measured.lab_case.name(), microseconds(one.compared.value), interval(one.compared),
               prediction_text(one), error_text(one, one.compared_prediction_ns), error_text(one, one.constant_ns),
               verdict_name(one.verdict), tail_text(one.p90), tail_text(one.p99)});
  }
  fmt::print("{}", table.markdown());
}

/// What fits a terminal: medians, and the network once above its paths. The sums below tell the rest.
void print_screen_table(const lab::KernelCheck& check, lab::Operation operation) {
  TextTable table({"", "measured", "95 %", "predicted", "error", ""}, {1, 2, 3, 4});
  std::string network;
  for (const lab::CheckedCase& one : check.cases) {
    const lab::LabCase& of = one.measured.lab_case;
    if (of.operation != operation) continue;
    if (of.network_name() != network) {
      network = of.network_name();
      table.section(network);
    }
    table.add({"  " + of.path_name() + of.details(), microseconds(one.compared.value), interval(one.compared),
               prediction_text(one), error_text(one, one.compared_prediction_ns), verdict_name(one.verdict)});
  }
  fmt::print("{}", table.render(2));
}

void print_cases(const lab::KernelCheck& check, lab::Operation operation, const char* title, bool markdown) {
  const bool any = std::ranges::any_of(
      check.cases, [&](const lab::CheckedCase& one) { return one.measured.lab_case.operation == operation; });
  if (!any) return;  // a record of an earlier design
  fmt::print("\n{}{}\n\n", markdown ? "### " : "", title);
  markdown ? print_page_table(check, operation) : print_screen_table(check, operation);
}

std::string count_text(const lab::VerdictCount& count) {
  const std::string unmodelled = count.unmodelled == 0 ? "" : fmt::format(", {} without a model", count.unmodelled);
  return fmt::format("{} met, {} missed, {} cannot be told{}", count.met, count.missed, count.untold, unmodelled);
}

/// Of the calibration's datapaths that were measured beside; of another machine's profile there is nothing to tell.
std::string drift_text(const lab::KernelCheck& check, const CostProfile& profile, const lab::LabMachine& machine) {
  constexpr double kSteady = 0.03;
  if (!check.drift) return {};
  std::string text =
      fmt::format("Of the calibration's datapaths those measured beside took {:+.1f} % against the profile (median)",
                  100 * *check.drift);
  if (profile.machine != machine.text()) {
    text += fmt::format(": it is one of another machine or day ({}); --calibrate fits one to this", profile.machine);
  } else if (std::abs(*check.drift) > kSteady) {
    text += ": the machine has changed since, and predictions lean as much; --calibrate measures both in turn";
  }
  return text + ".\n";
}

void print(const lab::KernelCheck& check, const CostProfile& profile, const lab::LabMachine& machine, bool markdown) {
  fmt::print("{}Kernel of {}, profile '{}' ({})\n", markdown ? "## " : "", machine.text(), profile.name,
             profile.machine);
  print_cases(check, lab::Operation::RoundTrip,
              "Round trips, medians less that between hosts without rules, us (within 15 % or 0.3 us)", markdown);
  print_cases(check, lab::Operation::Connect, "connect(), medians, us (within 15 %)", markdown);
  print_cases(check, lab::Operation::Session,
              "Whole connections on one CPU, connect() to close(), medians, us (within 15 %)", markdown);
  fmt::print("\nMedians: {}. Median error {:.0f} %; of the best single constant {:.0f} %.\n", count_text(check.medians),
             100 * check.error_median, 100 * check.constant_median);
  fmt::print("Of the whole operation (us, within 25 %; ? cannot tell, ! missed), p90: {}; p99: {}.\n",
             count_text(check.p90), count_text(check.p99));
  fmt::print("The machine's noise is {:.1f} % of a median{}.\n", 100 * check.noise_floor,
             noise_warning(check.noise_floor));
  fmt::print("{}", drift_text(check, profile, machine));
}

void print_json_check(const lab::KernelCheck& check, const lab::LoadCheck& loads, const CostProfile& profile,
                      const lab::MeasurementRecord& record) {
  nlohmann::ordered_json json = {
      {"format_version", kJsonFormatVersion},
      {"machine", record.machine.text()},
      {"profile", profile.name},
      {"noise_floor", check.noise_floor},
      {"drift", check.drift ? nlohmann::ordered_json(*check.drift) : nlohmann::ordered_json()},
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
    for (const auto& [name, tail] : {std::pair("p90", &one.p90), std::pair("p99", &one.p99)}) {
      if (!*tail) continue;
      json["cases"].back()[fmt::format("{}_predicted_ns", name)] = (*tail)->predicted_ns;
      json["cases"].back()[fmt::format("{}_verdict", name)] = verdict_name((*tail)->verdict);
    }
  }
  json["orders"] = nlohmann::ordered_json::array();
  for (const lab::OrderRelation& one : lab::orders_of(record.measured, profile)) {
    json["orders"].push_back({{"expected", one.text},
                              {"pairs", one.pairs},
                              {"measured", one.measured},
                              {"reversed", one.reversed},
                              {"predicted", one.predicted}});
  }
  json["rates"] = load_json(loads);
  json["rule_loading"] = load_json(record.rule_loads);
  if (record.noise) json["noise"] = load_json(*record.noise);
  print_json(json);
}

}  // namespace

int verify_kernel(const KernelVerifyArguments& arguments, const CommandContext& context) {
  const bool calibrate = !arguments.calibrate.empty();
  OutputFiles files = files_of(arguments.lab);
  files.reads(arguments.profile);
  files.will_write(arguments.calibrate);
  CostProfile profile = read_profile(arguments.profile);
  const LabDesign design = calibrate ? LabDesign{.cases = lab::all_cases, .loads = lab::all_loads}
                                     : LabDesign{.cases = lab::held_out_cases, .loads = lab::held_out_loads};
  const lab::MeasurementRecord record = obtain_record(arguments.lab, design, files, context);
  if (calibrate) {
    const lab::Calibration calibration = lab::calibrated(record, profile);
    files.write(arguments.calibrate, lab::profile_text(calibration));
    if (arguments.format == "table") {
      print_calibration(calibration);
      fmt::print("\n");
    }
    profile = calibration.profile;
  }
  const lab::MachineNoise noise = record.noise.value_or(lab::MachineNoise{});
  const lab::KernelCheck check = lab::check_against_kernel(record.measured, profile, noise);
  const lab::LoadCheck loads = lab::check_loads(record.loads, profile, noise, record.cpus);
  if (arguments.format == "json") {
    print_json_check(check, loads, profile, record);
    files.finish();
    return exit_code::kDone;
  }
  const bool markdown = arguments.format == "markdown";
  print(check, profile, record.machine, markdown);
  print_orders(lab::orders_of(record.measured, profile), markdown);
  print_loads(loads, markdown);
  print_rule_loads(record.rule_loads, markdown);
  if (record.noise) fmt::print("\n{}", noise_text(*record.noise));
  files.finish();
  if (calibrate && !markdown) fmt::print("Wrote {}\n", arguments.calibrate);
  return exit_code::kDone;
}

}  // namespace knetsim
