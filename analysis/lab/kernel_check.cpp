#include "analysis/lab/kernel_check.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "analysis/lab/lab_error.h"
#include "analysis/lab/prediction.h"

namespace knetsim::lab {
namespace {

bool is_base(const LabCase& one) {
  return one == LabCase{.client_host_network = true, .server_host_network = true, .operation = Operation::RoundTrip};
}

Verdict judge_median(const CheckedCase& one) {
  const double least = one.measured.lab_case.operation == Operation::RoundTrip ? kIncrementToleranceNs : 0;
  return judge(one.compared_prediction_ns, one.compared,
               std::max(kRelativeTolerance * std::abs(one.compared.value), least));
}

CheckedTail checked_tail(const Estimate& figure, double predicted_ns, bool quiet) {
  const Verdict verdict = judge(predicted_ns, figure, kTailTolerance * figure.value);
  return {figure, predicted_ns, quiet ? verdict : Verdict::CannotTell};
}

}  // namespace

KernelCheck check_against_kernel(const std::vector<Measured>& measured, const CostProfile& profile,
                                 const MachineNoise& noise) {
  const bool quiet = complaints(noise).empty();
  const bool steady = !takes_time_away(noise);
  const auto base =
      std::find_if(measured.begin(), measured.end(), [](const Measured& m) { return is_base(m.lab_case); });
  if (base == measured.end()) throw LabError("increments need the round trip between hosts beside them");
  const double base_prediction = predict_ns(base->lab_case, profile);
  KernelCheck check;
  check.noise_floor = noise_floor(measured);
  std::map<Operation, std::vector<double>> constants;
  std::vector<double> drifts;
  for (const Measured& one : measured) {
    if (!one.held_out) {
      if (!one.lab_case.cold && has_model(one.lab_case))
        drifts.push_back(one.p50.value / predict_ns(one.lab_case, profile) - 1);
      continue;
    }
    const bool known = has_model(one.lab_case);
    CheckedCase row{.measured = one, .predicted_ns = known ? predict_ns(one.lab_case, profile) : 0};
    if (known && has_tail(one.lab_case)) {
      const OperationSpread spread = spread_of(work_of(one.lab_case), false, profile);
      row.p90 = checked_tail(one.p90, spread.quantile(0.9), quiet);
      row.p99 = checked_tail(one.p99, spread.quantile(0.99), quiet);
      check.p90.add(row.p90->verdict);
      check.p99.add(row.p99->verdict);
    }
    if (one.lab_case.operation == Operation::RoundTrip) {
      // The base's own interval widens that of the difference.
      row.compared = {one.p50.value - base->p50.value, one.p50.low - base->p50.high, one.p50.high - base->p50.low};
      row.compared_prediction_ns = known ? row.predicted_ns - base_prediction : 0;
    } else {
      row.compared = one.p50;
      row.compared_prediction_ns = row.predicted_ns;
    }
    if (known) constants[row.measured.lab_case.operation].push_back(row.compared.value);
    check.cases.push_back(row);
  }
  if (check.cases.empty()) throw LabError("all these datapaths are the calibration's: there is nothing to judge by");
  if (!drifts.empty()) check.drift = median_of(drifts).value;
  std::vector<double> errors;
  std::vector<double> constant_errors;
  for (CheckedCase& row : check.cases) {
    if (!has_model(row.measured.lab_case)) {
      row.verdict = Verdict::NoModel;
      check.medians.add(row.verdict);
      continue;
    }
    row.constant_ns = median_of(constants[row.measured.lab_case.operation]).value;
    row.verdict = steady ? judge_median(row) : Verdict::CannotTell;
    check.medians.add(row.verdict);
    const auto error = [&](double value) {
      return std::abs(std::log(std::max(1.0, value) / std::max(1.0, row.compared.value)));
    };
    errors.push_back(error(row.compared_prediction_ns));
    constant_errors.push_back(error(row.constant_ns));
  }
  check.error_median = median_of(errors).value;
  check.constant_median = median_of(constant_errors).value;
  return check;
}

OperationVerdicts verdicts_of(const KernelCheck& check, Operation operation) {
  OperationVerdicts verdicts;
  std::vector<double> errors;
  std::vector<double> constants;
  for (const CheckedCase& one : check.cases) {
    if (one.measured.lab_case.operation != operation || one.verdict == Verdict::NoModel) continue;
    verdicts.count.add(one.verdict);
    errors.push_back(std::abs(one.compared_prediction_ns / one.compared.value - 1));
    constants.push_back(std::abs(one.constant_ns / one.compared.value - 1));
  }
  verdicts.error_median = median_of(errors).value;
  verdicts.constant_median = median_of(constants).value;
  return verdicts;
}

}  // namespace knetsim::lab
