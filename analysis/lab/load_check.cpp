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

double cpus_of(const LoadCase& load, std::uint32_t cpus) {
  return load.placement == Placement::PairPerCpu ? std::min(load.clients, cpus) : 1;
}

}  // namespace

LoadCheck check_loads(const std::vector<MeasuredLoad>& measured, const CostProfile& profile, const MachineNoise& noise,
                      std::uint32_t cpus) {
  LoadCheck check;
  const bool quiet = complaints(noise).empty();
  for (const MeasuredLoad& one : measured) {
    CheckedLoad row{.measured = one, .predicted_cpu_ns = LabCosts(profile).total_ps(work_of(one.load), false) * 1e-3};
    if (on_one_cpu_each(one.load.placement)) {
      row.predicted_rate = cpus_of(one.load, cpus) * 1e9 / row.predicted_cpu_ns;
    }
    check.loads.push_back(row);
  }
  std::vector<double> errors;
  std::vector<double> constant_errors;
  for (CheckedLoad& row : check.loads) {
    if (!row.predicted_rate) continue;
    std::vector<double> alike;
    for (const CheckedLoad& other : check.loads) {
      if (other.predicted_rate && other.measured.load.kind == row.measured.load.kind) {
        alike.push_back(other.measured.rate.value / cpus_of(other.measured.load, cpus));
      }
    }
    row.constant_rate = median_of(alike).value * cpus_of(row.measured.load, cpus);
    const Estimate& rate = row.measured.rate;
    row.verdict = quiet ? judge(*row.predicted_rate, rate, kRelativeTolerance * rate.value) : Verdict::CannotTell;
    check.verdicts.add(row.verdict);
    errors.push_back(std::abs(std::log(*row.predicted_rate / row.measured.rate.value)));
    constant_errors.push_back(std::abs(std::log(row.constant_rate / row.measured.rate.value)));
  }
  check.error_median = median_of(errors).value;
  check.constant_median = median_of(constant_errors).value;
  return check;
}

}  // namespace knetsim::lab
