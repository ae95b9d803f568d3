#include "app/cli/kernel_summary.h"

#include <fmt/format.h>

#include <vector>

#include "analysis/lab/kernel_check.h"
#include "analysis/lab/load_check.h"
#include "analysis/lab/measurement_record.h"
#include "analysis/lab/mode_order.h"
#include "app/cli/lab_session.h"
#include "app/cli/text_table.h"
#include "app/scenario/scenario.h"

namespace knetsim {
namespace {

constexpr const char* kRecord = "validation/kernel/measured.json";
constexpr const char* kProfile = "profiles/epyc-linux-6.18.yaml";

struct SummaryRow {
  const char* what;
  const char* within;
  lab::VerdictCount count{};
  std::string error = "-";
  std::string constant = "-";
};

std::string error_percent(double error) { return fmt::format("{:.0f} %", 100 * error); }

SummaryRow medians_of(const lab::KernelCheck& check, lab::Operation operation, const char* what, const char* within) {
  const lab::OperationVerdicts verdicts = lab::verdicts_of(check, operation);
  return {.what = what,
          .within = within,
          .count = verdicts.count,
          .error = error_percent(verdicts.error_median),
          .constant = error_percent(verdicts.constant_median)};
}

std::string order_text(const lab::OrderRelation& all) {
  return fmt::format(
      "Order of modes (hosts, pods, pods by a Service, the same over VXLAN; warm and swept caches; few rules and "
      "many): of {} "
      "pairs {} were measured as expected, {} are predicted so.\n",
      all.pairs, all.measured, all.predicted);
}

}  // namespace

std::string kernel_summary() {
  const std::string path = installed_config(kRecord);
  if (path.empty()) return {};
  const lab::MeasurementRecord record = lab::read_record(*Input::open(path));
  const CostProfile profile = read_profile(installed_config(kProfile));
  const lab::MachineNoise noise = record.noise.value_or(lab::MachineNoise{});
  const lab::KernelCheck check = lab::check_against_kernel(record.measured, profile, noise);
  const lab::LoadCheck loads = lab::check_loads(record.loads, profile, noise, record.cpus);
  std::vector<SummaryRow> rows = {
      medians_of(check, lab::Operation::RoundTrip, "round trips, median's increment over hosts", "15 % or 0.3 us"),
      medians_of(check, lab::Operation::Connect, "connect(), median", "15 %"),
      medians_of(check, lab::Operation::Session, "whole connections, median", "15 %"),
      {.what = "p90 of round trips and connects", .within = "25 %", .count = check.p90},
      {.what = "p99", .within = "25 %", .count = check.p99},
      {.what = "streams, requests and connections a second",
       .within = "15 %, a wire's 0.5 %",
       .count = loads.verdicts,
       .error = error_percent(loads.error_median),
       .constant = error_percent(loads.constant_median)}};
  TextTable table({"held out", "within", "met", "missed", "cannot be told", "median error", "best constant"},
                  {2, 3, 4, 5, 6});
  for (const SummaryRow& row : rows) {
    table.add({row.what, row.within, fmt::format("{}", row.count.met), fmt::format("{}", row.count.missed),
               fmt::format("{}", row.count.untold), row.error, row.constant});
  }
  return fmt::format(
      "## A real kernel: {}\n\n"
      "Datapaths that no cost was fitted to, by the profile measured in the same rounds. Each one with its interval, "
      "and what remains "
      "unexplained by\nstep kind, is in [validation-kernel.md](validation-kernel.md), from `knetsim verify "
      "--kernel`.\n\n{}\n{}\n",
      record.machine.text(), table.markdown(), order_text(lab::sum_of(lab::orders_of(record.measured, profile))));
}

}  // namespace knetsim
