#include "analysis/lab/shape_fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analysis/lab/least_squares.h"
#include "analysis/lab/prediction.h"

namespace knetsim::lab {
namespace {

constexpr double kShapeTau = 1.5;                // prior: within a factor 4.5
constexpr double kLeastShapeUncertainty = 0.03;  // of a percentile as measured

// Where nothing is known: steps that hardly vary, a tick of 250 to 1,000 Hz that a hypervisor makes dear.
constexpr double kStart[] = {0.05, 0.3, 0.1, 1'000, 40e6, 0.5};
enum Unknown : Eigen::Index { Work, Entry, Scan, Rate, Span, SpanSigma, kUnknowns };

void set_shapes(const Eigen::VectorXd& logs, CostProfile& profile) {
  const auto value = [&](Unknown which) { return std::exp(logs[which]); };
  for (const StepKindInfo& kind : step_kinds()) {
    profile[kind.kind].sigma = kind.traits.makes_entry ? value(Entry) : value(Work);
    auto& scan = profile.scans[static_cast<std::size_t>(kind.kind)];
    if (!scan) continue;
    scan->sigma = value(Scan);
    profile[kind.kind].sigma = value(Scan);
  }
  profile.interruptions = {
      .per_second = value(Rate), .median_ps = value(Span), .sigma = value(SpanSigma), .provenance = {}};
}

}  // namespace

FittedShapes fit_shapes(std::span<const Measured> measured, const CostProfile& profile) {
  std::vector<const Measured*> warm;
  std::vector<LabWork> work;
  for (const Measured& one : measured) {
    if (!has_tail(one.lab_case)) continue;
    warm.push_back(&one);
    work.push_back(work_of(one.lab_case));
  }
  CostProfile trial = profile;
  const auto cases = static_cast<Eigen::Index>(warm.size());
  Eigen::VectorXd start(static_cast<Eigen::Index>(kUnknowns));
  for (Eigen::Index i = 0; i < kUnknowns; ++i) start[i] = std::log(kStart[i]);

  /// log(measured / fitted) of p90 and p99, case by case.
  const auto errors = [&](const Eigen::VectorXd& logs) {
    set_shapes(logs, trial);
    Eigen::VectorXd all(2 * cases);
    for (Eigen::Index i = 0; i < cases; ++i) {
      const Measured& one = *warm[static_cast<std::size_t>(i)];
      OperationSpread spread = spread_of(work[static_cast<std::size_t>(i)], one.lab_case.cold, trial);
      spread.median_ns = one.p50.value;
      all[2 * i] = std::log(one.p90.value / spread.quantile(0.9));
      all[2 * i + 1] = std::log(one.p99.value / spread.quantile(0.99));
    }
    return all;
  };
  const auto weight = [](const Estimate& figure) {
    return 1 / std::max(kLeastShapeUncertainty, (figure.high - figure.low) / 4 / figure.value);
  };
  const LeastSquares found = least_squares(
      [&](const Eigen::VectorXd& logs) {
        Eigen::VectorXd all(2 * cases + kUnknowns);
        all.head(2 * cases) = errors(logs);
        for (Eigen::Index i = 0; i < cases; ++i) {
          const Measured& one = *warm[static_cast<std::size_t>(i)];
          all[2 * i] *= weight(one.p90);
          all[2 * i + 1] *= weight(one.p99);
        }
        all.tail(kUnknowns) = (start - logs) / kShapeTau;
        return all;
      },
      start);
  set_shapes(found.at, trial);
  const Eigen::VectorXd left = errors(found.at);
  return {.work_sigma = trial[StepKind::Veth].sigma,
          .entry_sigma = trial[StepKind::ConntrackInsert].sigma,
          .scan_sigma = trial[StepKind::Rule].sigma,
          .interruptions = *trial.interruptions,
          .residual = std::sqrt(left.squaredNorm() / static_cast<double>(std::max<Eigen::Index>(1, left.size())))};
}

void apply_shapes(const FittedShapes& shapes, std::span<const Measured> measured, const std::string& origin,
                  CostProfile& profile) {
  std::array<bool, kStepKinds> occurs{};
  for (const Measured& one : measured) {
    const LabWork work = work_of(one.lab_case);
    for (std::size_t kind = 0; kind < kStepKinds; ++kind) occurs[kind] = occurs[kind] || work.count[kind] > 0;
    for (const LabWork::Scan& scan : work.scans) occurs[static_cast<std::size_t>(scan.kind)] = true;
  }
  for (const StepKindInfo& kind : step_kinds()) {
    if (!occurs[static_cast<std::size_t>(kind.kind)]) continue;
    auto& scan = profile.scans[static_cast<std::size_t>(kind.kind)];
    if (scan) scan->sigma = shapes.scan_sigma;
    profile[kind.kind].sigma = scan                      ? shapes.scan_sigma
                               : kind.traits.makes_entry ? shapes.entry_sigma
                                                         : shapes.work_sigma;
  }
  profile.interruptions = shapes.interruptions;
  profile.interruptions->provenance = {
      .source = fmt::format("{}, with the shapes: p90 and p99 of the cases to {:.0f} % root mean square", origin,
                            100 * shapes.residual)};
}

}  // namespace knetsim::lab
