#include "analysis/lab/load_check.h"

#include <algorithm>
#include <cmath>

#include "analysis/lab/load_work.h"
#include "analysis/lab/prediction.h"

namespace knetsim::lab {
namespace {

bool on_one_cpu_each(Placement placement) {
  return placement == Placement::OneCpu || placement == Placement::PairPerCpu;
}

bool over_a_wire(const LoadCase& load) { return load.path.setup.wire_mbit > 0 && load.path.setup.nodes > 1; }

/// What of the load the models can say: not what a queue in front of a wire makes of latencies.
bool is_predicted(const LoadCase& load) {
  return on_one_cpu_each(load.placement) && (load.kind == LoadKind::Bulk || !over_a_wire(load));
}

double cpus_of(const LoadCase& load, std::uint32_t cpus) {
  return load.placement == Placement::PairPerCpu ? std::min(load.clients, cpus) : 1;
}

}  // namespace

LoadCheck check_loads(const std::vector<MeasuredLoad>& measured, const CostProfile& profile, const MachineNoise& noise,
                      std::uint32_t cpus) {
  LoadCheck check;
  const bool quiet = complaints(noise).empty();
  for (const MeasuredLoad& one : measured) {
    CheckedLoad row{.measured = one};
    if (is_predicted(one.load)) {
      const double cpu_ns = LabCosts(profile).total_ps(work_of(one.load), false) * 1e-3;
      const double cpu_rate = cpus_of(one.load, cpus) * 1e9 / cpu_ns;
      const double wire_rate = over_a_wire(one.load) ? wire_payload_rate(one.load, profile) : cpu_rate;
      row.predicted_rate = std::min(cpu_rate, wire_rate);
      row.wire_decides = wire_rate < cpu_rate;
      if (!row.wire_decides) row.predicted_cpu_ns = cpu_ns;
    }
    check.loads.push_back(row);
  }
  std::vector<double> errors;
  std::vector<double> constant_errors;
  for (CheckedLoad& row : check.loads) {
    if (!row.predicted_rate) continue;
    std::vector<double> alike;
    for (const CheckedLoad& other : check.loads) {
      const LoadCase& load = other.measured.load;
      if (other.predicted_rate && load.kind == row.measured.load.kind &&
          load.path.setup.wire_mbit == row.measured.load.path.setup.wire_mbit) {
        alike.push_back(other.measured.rate.value / cpus_of(load, cpus));
      }
    }
    row.constant_rate = median_of(alike).value * cpus_of(row.measured.load, cpus);
    const Estimate& rate = row.measured.rate;
    const double tolerance = row.wire_decides ? kWireTolerance : kRelativeTolerance;
    const bool can_tell = row.wire_decides ? !takes_time_away(noise) : quiet;
    row.verdict = can_tell ? judge(*row.predicted_rate, rate, tolerance * rate.value) : Verdict::CannotTell;
    check.verdicts.add(row.verdict);
    if (row.wire_decides) continue;
    errors.push_back(std::abs(std::log(*row.predicted_rate / row.measured.rate.value)));
    constant_errors.push_back(std::abs(std::log(row.constant_rate / row.measured.rate.value)));
  }
  check.error_median = median_of(errors).value;
  check.constant_median = median_of(constant_errors).value;
  return check;
}

}  // namespace knetsim::lab
