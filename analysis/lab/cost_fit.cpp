#include "analysis/lab/cost_fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analysis/lab/least_squares.h"
#include "analysis/lab/prediction.h"

namespace knetsim::lab {
namespace {

constexpr double kTau = 1.0;                // prior: within a factor e
constexpr double kLeastUncertainty = 0.01;  // of a measured figure: what the machine drifts by, whatever the interval
constexpr double kUnknownPs = 50e3;  // where the profile holds a step in another one: 50 ns, as a hash lookup takes
constexpr double kColdFactor = 3;    // to start from: what a step takes that finds nothing in the caches
constexpr int kScanParameters = 4;

/// Where each unknown stands in the vector of logarithms.
struct Layout {
  std::array<int, kStepKinds> cost{};
  int legacy = -1;  // first of four: warm, far / warm - 1, cold / far - 1, cache
  int nft = -1;
  int cold_factor = -1;
  int count = 0;

  explicit Layout(std::span<const Measured> measured) {
    cost.fill(-1);
    for (const Measured& one : measured) {
      const LabWork work = work_of(one.lab_case);
      for (std::size_t kind = 0; kind < kStepKinds; ++kind) {
        if (work.count[kind] > 0 && cost[kind] < 0 && !info(static_cast<StepKind>(kind)).traits.scanned)
          cost[kind] = count++;
        if (work.count[kind] > 0 && info(static_cast<StepKind>(kind)).traits.scanned) need(static_cast<StepKind>(kind));
      }
      for (const LabWork::Scan& scan : work.scans) need(scan.kind);
      if (one.lab_case.cold && cold_factor < 0) cold_factor = count++;
    }
  }
  int scan(StepKind kind) const { return kind == StepKind::NftRule ? nft : legacy; }

 private:
  void need(StepKind kind) {
    int& first = kind == StepKind::NftRule ? nft : legacy;
    if (first < 0) {
      first = count;
      count += kScanParameters;
    }
  }
};

/// Logarithms of what is believed before. A level of the memory costs more than the one before it: the unknown is the
/// excess, so that no fit can turn them round.
Eigen::VectorXd start(const Layout& layout, const CostProfile& before) {
  constexpr double kLeastExcess = 0.1;
  Eigen::VectorXd logs(layout.count);
  for (std::size_t kind = 0; kind < kStepKinds; ++kind) {
    if (layout.cost[kind] >= 0)
      logs[layout.cost[kind]] = std::log(before.costs[kind].median_ps > 0 ? before.costs[kind].median_ps : kUnknownPs);
  }
  for (const StepKind kind : {StepKind::Rule, StepKind::NftRule}) {
    const int first = layout.scan(kind);
    if (first < 0) continue;
    const ScanCost& scan = *before.scan(kind);
    // Where the profile does not tell the levels beyond the near cache apart, a third of the way on a scale of ratios.
    const double far = scan.far_ps < scan.cold_ps ? scan.far_ps : std::cbrt(scan.warm_ps * scan.warm_ps * scan.cold_ps);
    logs[first] = std::log(scan.warm_ps);
    logs[first + 1] = std::log(std::max(kLeastExcess, far / scan.warm_ps - 1));
    logs[first + 2] = std::log(std::max(kLeastExcess, scan.cold_ps / far - 1));
    logs[first + 3] = std::log(scan.cache_bytes);
  }
  if (layout.cold_factor >= 0)
    logs[layout.cold_factor] = std::log(before.cold_factor > 1 ? before.cold_factor : kColdFactor);
  return logs;
}

ScanCurve curve_at(const Eigen::VectorXd& logs, int first) {
  const double warm = std::exp(logs[first]);
  const double far = warm * (1 + std::exp(logs[first + 1]));
  return {.warm_ps = warm,
          .far_ps = far,
          .cold_ps = far * (1 + std::exp(logs[first + 2])),
          .cache_bytes = std::exp(logs[first + 3]),
          .forget_ps = 1};
}

/// `known` with the unknowns' values in their places.
LabCosts costs_at(const Layout& layout, const Eigen::VectorXd& logs, LabCosts known) {
  for (std::size_t kind = 0; kind < kStepKinds; ++kind) {
    if (layout.cost[kind] >= 0) known.step[kind] = std::exp(logs[layout.cost[kind]]);
  }
  for (const StepKind kind : {StepKind::Rule, StepKind::NftRule}) {
    if (layout.scan(kind) < 0) continue;
    const ScanCurve curve = curve_at(logs, layout.scan(kind));
    known.curve[static_cast<std::size_t>(kind)] = curve;
    known.step[static_cast<std::size_t>(kind)] = curve.warm_ps;
  }
  if (layout.cold_factor >= 0) known.cold_factor = std::exp(logs[layout.cold_factor]);
  return known;
}

FittedCost fitted(const Eigen::VectorXd& logs, const Eigen::MatrixXd& covariance, int index) {
  const double error = std::sqrt(covariance(index, index));
  return {.ps = std::exp(logs[index]), .standard_error = error, .measured = error < kTau / 2};
}

}  // namespace

CostFit fit_costs(std::span<const Measured> measured, const CostProfile& before) {
  const Layout layout(measured);
  const auto cases = static_cast<Eigen::Index>(measured.size());
  const Eigen::Index unknowns = layout.count;
  std::vector<LabWork> work;
  Eigen::VectorXd target(cases);
  Eigen::VectorXd weight(cases);
  for (Eigen::Index i = 0; i < cases; ++i) {
    const Measured& one = measured[static_cast<std::size_t>(i)];
    work.push_back(work_of(one.lab_case));
    target[i] = one.p50.value * 1e3;
    // Half of a 95 % interval is two standard errors.
    const double interval = (one.p50.high - one.p50.low) / 4 * 1e3;
    weight[i] = 1 / std::max(interval, kLeastUncertainty * target[i]);
  }
  const Eigen::VectorXd prior = start(layout, before);
  const LabCosts known(before);
  const auto model_ps = [&](const LabCosts& costs, Eigen::Index i) {
    const auto index = static_cast<std::size_t>(i);
    return costs.total_ps(work[index], measured[index].lab_case.cold);
  };
  const LeastSquares found = least_squares(
      [&](const Eigen::VectorXd& logs) {
        const LabCosts costs = costs_at(layout, logs, known);
        Eigen::VectorXd all(cases + unknowns);
        for (Eigen::Index i = 0; i < cases; ++i) all[i] = weight[i] * (target[i] - model_ps(costs, i));
        all.tail(unknowns) = (prior - logs) / kTau;
        return all;
      },
      prior);

  // Where the model cannot meet the data within their own uncertainty, the data are worth that much less.
  const auto freedom = static_cast<double>(std::max<Eigen::Index>(1, cases - unknowns));
  const double misfit = std::max(1.0, found.residuals.head(cases).squaredNorm() / freedom);
  Eigen::MatrixXd normal = found.slope.topRows(cases).transpose() * found.slope.topRows(cases) / misfit;
  normal.diagonal().array() += 1 / (kTau * kTau);
  const Eigen::MatrixXd covariance = normal.inverse();

  CostFit fit;
  for (std::size_t kind = 0; kind < kStepKinds; ++kind) {
    if (layout.cost[kind] >= 0) fit.costs[kind] = fitted(found.at, covariance, layout.cost[kind]);
  }
  const auto scan = [&](int first) -> std::optional<FittedScan> {
    if (first < 0) return std::nullopt;
    FittedScan all{fitted(found.at, covariance, first), fitted(found.at, covariance, first + 1),
                   fitted(found.at, covariance, first + 2), fitted(found.at, covariance, first + 3)};
    const ScanCurve curve = curve_at(found.at, first);
    all.far.ps = curve.far_ps;
    all.cold.ps = curve.cold_ps;
    return all;
  };
  fit.legacy = scan(layout.legacy);
  fit.nft = scan(layout.nft);
  if (layout.cold_factor >= 0) fit.cold_factor = fitted(found.at, covariance, layout.cold_factor);
  const LabCosts costs = costs_at(layout, found.at, known);
  double squares = 0;
  for (Eigen::Index i = 0; i < cases; ++i) squares += std::pow(std::log(target[i] / model_ps(costs, i)), 2);
  fit.residual = std::sqrt(squares / static_cast<double>(std::max<Eigen::Index>(1, cases)));
  return fit;
}

CostProfile fitted_profile(const CostProfile& before, const CostFit& fit, const std::string& origin) {
  CostProfile profile = before;
  const auto provenance = [&](const FittedCost& cost, bool assumed_before) -> FigureSource {
    if (cost.measured) return {.source = fmt::format("{}, +-{:.0f} %", origin, 100 * cost.standard_error)};
    return {.source = fmt::format("{}: a sum with other steps, shared out as in profile '{}'", origin, before.name),
            .assumption = assumed_before};
  };
  for (std::size_t kind = 0; kind < kStepKinds; ++kind) {
    if (!fit.costs[kind]) continue;
    Cost& cost = profile.costs[kind];
    cost.median_ps = fit.costs[kind]->ps;
    cost.provenance = provenance(*fit.costs[kind], cost.provenance.assumption);
  }
  const auto scan = [&](StepKind kind, const std::optional<FittedScan>& known) {
    auto& curve = profile.scans[static_cast<std::size_t>(kind)];
    if (!known || !curve) return;
    curve->warm_ps = known->warm.ps;
    curve->far_ps = known->far.ps;
    curve->cold_ps = known->cold.ps;
    curve->cache_bytes = known->cache_bytes.ps;
    curve->provenance = {
        .source = fmt::format("{}: warm +-{:.0f} %; its excess over the level before: far +-{:.0f} %, cold "
                              "+-{:.0f} %; cache +-{:.0f} %; forget: profile '{}'",
                              origin, 100 * known->warm.standard_error, 100 * known->far.standard_error,
                              100 * known->cold.standard_error, 100 * known->cache_bytes.standard_error, before.name)};
  };
  scan(StepKind::Rule, fit.legacy);
  scan(StepKind::NftRule, fit.nft);
  if (fit.cold_factor) {
    profile.cold_factor = std::max(1.0, fit.cold_factor->ps);
    profile.cold_source =
        fmt::format("{} after a sweep of 64 MiB, +-{:.0f} %", origin, 100 * fit.cold_factor->standard_error);
  }
  return profile;
}

}  // namespace knetsim::lab
