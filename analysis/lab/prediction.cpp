#include "analysis/lab/prediction.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "models/walk/step_cost.h"

namespace knetsim::lab {
namespace {

bool shares_table(const LabWork::Scan& a, const LabWork::Scan& b) { return a.kind == b.kind && a.node == b.node; }

/// Rules of all tables that the scans of this kind touch: of a table scanned twice, those of the longer scan.
double footprint(const LabWork& work, StepKind kind) {
  double rules = 0;
  for (const LabWork::Scan& scan : work.scans) {
    if (scan.kind != kind) continue;
    const bool longest = std::none_of(work.scans.begin(), work.scans.end(), [&](const LabWork::Scan& other) {
      return shares_table(scan, other) && (other.rules > scan.rules || (other.rules == scan.rules && &other < &scan));
    });
    if (longest) rules += scan.rules;
  }
  return rules;
}

}  // namespace

LabCosts::LabCosts(const CostProfile& profile) : cold_factor(profile.cold_factor) {
  for (std::size_t i = 0; i < kStepKinds; ++i) {
    step[i] = profile.costs[i].median_ps;
    if (const auto& scan = profile.scans[i]) {
      step[i] = scan->warm_ps;
      curve[i] = scan_curve(profile, static_cast<StepKind>(i));
    }
  }
}

double LabCosts::total_ps(const LabWork& work, bool cold) const {
  double ps = 0;
  for (std::size_t i = 0; i < kStepKinds; ++i) ps += work.count[i] * step[i];
  if (cold) ps *= cold_factor;
  for (const LabWork::Scan& scan : work.scans) ps += scan_ps(work, scan, cold);
  return ps;
}

double LabCosts::scan_ps(const LabWork& work, const LabWork::Scan& scan, bool cold) const {
  if (scan.rules <= 0) return 0;
  const double all = footprint(work, scan.kind);
  const ScanCurve& law = curve[static_cast<std::size_t>(scan.kind)];
  return scan.rules / all * law.cost_ps(all, scan.rule_bytes, cold ? Duration::max() : Duration{});
}

double predict_ns(const LabCase& lab_case, const CostProfile& profile) {
  return LabCosts(profile).total_ps(work_of(lab_case), lab_case.cold) * 1e-3;
}

OperationSpread spread_of(const LabWork& work, bool cold, const CostProfile& profile) {
  const LabCosts costs(profile);
  double mean = 0;
  double variance = 0;
  const auto add = [&](double median_ps, double sigma) {
    mean += median_ps * std::exp(sigma * sigma / 2);
    variance += median_ps * median_ps * std::exp(sigma * sigma) * std::expm1(sigma * sigma);
  };
  for (const auto& visit : work.visits) {
    std::map<double, double> by_shape;  // sigma -> picoseconds
    for (std::size_t i = 0; i < kStepKinds; ++i) by_shape[profile.costs[i].sigma] += visit[i] * costs.step[i];
    for (const auto& [sigma, ps] : by_shape) add(ps, sigma);
  }
  for (const LabWork::Scan& scan : work.scans) {
    const auto& law = profile.scan(scan.kind);
    add(costs.scan_ps(work, scan, cold), law ? law->sigma : 0);
  }
  OperationSpread spread{.median_ns = costs.total_ps(work, cold) * 1e-3};
  // A sum of lognormals as one of the same mean and variance (Fenton and Wilkinson).
  if (mean > 0) spread.sigma = std::sqrt(std::log1p(variance / (mean * mean)));
  if (const auto& seen = profile.interruptions) {
    spread.interruptions = seen->per_second * spread.median_ns * 1e-9;
    spread.interruption_ns = seen->median_ps * 1e-3;
    spread.interruption_sigma = seen->sigma;
  }
  return spread;
}

}  // namespace knetsim::lab
