#include "app/cli/calibration_table.h"

#include <fmt/format.h>

#include "app/cli/lab_session.h"
#include "app/cli/text_table.h"

namespace knetsim {
namespace {

std::string scans_text(const lab::CostFit& fit) {
  std::string text;
  for (const auto& [name, scan] : {std::pair("rule", &fit.legacy), std::pair("rule.nft", &fit.nft)}) {
    if (!*scan) continue;
    text += fmt::format(
        "  {:9} {:.2f} ns in the near cache (±{:.0f} %), {:.1f} ns beyond it, {:.1f} ns from memory; bend at "
        "{:.1f} MiB of rules (±{:.0f} %)\n",
        name, (*scan)->warm.ps * 1e-3, 100 * (*scan)->warm.standard_error, (*scan)->far.ps * 1e-3,
        (*scan)->cold.ps * 1e-3, (*scan)->cache_bytes.ps / 1048576, 100 * (*scan)->cache_bytes.standard_error);
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

}  // namespace

void print_calibration(const lab::Calibration& of) {
  TextTable table({"step", "before", "measured", "±"}, {1, 2, 3});
  std::size_t split = 0;
  for (const StepKindInfo& kind : step_kinds()) {
    const auto& cost = of.fit.costs[static_cast<std::size_t>(kind.kind)];
    if (!cost) continue;
    if (!cost->measured) {
      ++split;
      continue;
    }
    table.add({std::string(kind.name), fmt::format("{:.0f} ns", of.before[kind.kind].median_ps * 1e-3),
               fmt::format("{:.0f} ns", cost->ps * 1e-3), fmt::format("{:.0f} %", 100 * cost->standard_error)});
  }
  fmt::print("{}\n{}{}\n", of.profile.machine, table.render(2), scans_text(of.fit));
  fmt::print("  {}", shapes_text(of.shapes));
  if (of.fit.cold_factor)
    fmt::print("  after a sweep of the caches steps take {:.1f} times as long (±{:.0f} %)\n", of.fit.cold_factor->ps,
               100 * of.fit.cold_factor->standard_error);
  fmt::print("{} steps more are known as sums only, shared out as in profile '{}'.\n", split, of.before.name);
  fmt::print("{} datapaths and operations fitted to {:.1f} %; the machine's noise is {:.1f} % of a median{}\n",
             of.cases, 100 * of.fit.residual, 100 * of.noise_floor, noise_warning(of.noise_floor));
}

}  // namespace knetsim
