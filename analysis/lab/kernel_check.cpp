#include "analysis/lab/kernel_check.h"

#include <algorithm>
#include <cmath>

#include "analysis/lab/lab_error.h"

namespace knetsim::lab {
namespace {

bool is_base(const LabCase& one) {
  return one.operation == Operation::RoundTrip && one.client_host_network && one.server_host_network &&
         one.setup.rules.proxy == LabProxy::None && one.bytes == 1;
}

/// How near the prediction of a case has to come.
double slack_of(const CheckedCase& one) {
  const double least = one.measured.lab_case.operation == Operation::RoundTrip ? kIncrementToleranceNs : 0;
  return std::max(kRelativeTolerance * std::abs(one.compared.value), least);
}

}  // namespace

KernelCheck check_against_kernel(const std::vector<Measured>& measured, const CostProfile& profile) {
  const auto base =
      std::find_if(measured.begin(), measured.end(), [](const Measured& m) { return is_base(m.lab_case); });
  if (base == measured.end()) throw LabError("increments need the round trip between hosts beside them");
  const CostFit nothing;
  const double base_prediction = predict_ns(base->lab_case, nothing, profile);
  KernelCheck check;
  check.noise_floor = noise_floor(measured);
  std::vector<double> increments;
  std::vector<double> connects;
  double cold_base = 0;  // what a swept cache adds by itself: no step of any walk, so taken from the base as measured
  for (const Measured& one : measured) {
    if (!one.lab_case.cold || !one.lab_case.client_host_network || !one.lab_case.server_host_network) continue;
    cold_base = one.p50.value - predict_ns(one.lab_case, nothing, profile);
  }
  for (const Measured& one : measured) {
    const bool base_case = is_base(one.lab_case) ||
                           (one.lab_case.cold && one.lab_case.client_host_network && one.lab_case.server_host_network);
    if (base_case) continue;
    CheckedCase row{.measured = one, .predicted_ns = predict_ns(one.lab_case, nothing, profile)};
    if (one.lab_case.cold) row.predicted_ns += cold_base;
    if (one.lab_case.operation == Operation::RoundTrip) {
      // The base's own interval widens that of the difference.
      row.compared = {one.p50.value - base->p50.value, one.p50.low - base->p50.high, one.p50.high - base->p50.low};
      row.compared_prediction_ns = row.predicted_ns - base_prediction;
      increments.push_back(row.compared.value);
    } else {
      row.compared = one.p50;
      row.compared_prediction_ns = row.predicted_ns;
      connects.push_back(row.compared.value);
    }
    check.cases.push_back(row);
  }
  std::vector<double> errors;
  std::vector<double> constant_errors;
  for (CheckedCase& row : check.cases) {
    row.constant_ns = median_of(row.measured.lab_case.operation == Operation::RoundTrip ? increments : connects).value;
    row.verdict = judge(row.compared_prediction_ns, row.compared, slack_of(row));
    check.verdicts.add(row.verdict);
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

}  // namespace knetsim::lab
