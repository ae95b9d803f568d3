#include "analysis/lab/cost_fit.h"

#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

#include "sim/net/scan_cost.h"

namespace knetsim::lab {
namespace {

constexpr double kTau = 1.0;                // prior: within a factor e
constexpr double kLeastUncertainty = 0.01;  // of a measured figure: what the machine drifts by, whatever the interval
constexpr double kUnknownPs = 50e3;  // where the profile holds a step in another one: 50 ns, as a hash lookup takes
constexpr int kScanParameters = 3;

/// Where each unknown stands in the vector of logarithms.
struct Layout {
  std::array<int, kStepKinds> cost{};
  int legacy = -1;  // first of three: warm, cold, cache
  int nft = -1;
  int cold_extra = -1;
  int count = 0;

  explicit Layout(std::span<const Measured> measured) {
    cost.fill(-1);
    for (const Measured& one : measured) {
      const LabWork work = work_of(one.lab_case);
      for (std::size_t kind = 0; kind < kStepKinds; ++kind) {
        if (work.count[kind] > 0 && cost[kind] < 0 && !is_scanned(static_cast<StepKind>(kind))) cost[kind] = count++;
        if (work.count[kind] > 0 && is_scanned(static_cast<StepKind>(kind))) need(static_cast<StepKind>(kind));
      }
      for (const LabWork::Scan& scan : work.scans) need(scan.kind);
      if (one.lab_case.cold && cold_extra < 0) cold_extra = count++;
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

/// Logarithms of what is believed before.
Eigen::VectorXd start(const Layout& layout, const CostProfile& before) {
  Eigen::VectorXd logs(layout.count);
  for (std::size_t kind = 0; kind < kStepKinds; ++kind) {
    if (layout.cost[kind] >= 0)
      logs[layout.cost[kind]] = std::log(before.costs[kind].median_ps > 0 ? before.costs[kind].median_ps : kUnknownPs);
  }
  for (const StepKind kind : {StepKind::Rule, StepKind::NftRule}) {
    const int first = layout.scan(kind);
    if (first < 0) continue;
    const ScanCost& scan = *before.scan(kind);
    logs[first] = std::log(scan.warm_ps);
    logs[first + 1] = std::log(scan.cold_ps);
    logs[first + 2] = std::log(scan.cache_bytes);
  }
  if (layout.cold_extra >= 0) logs[layout.cold_extra] = std::log(50e6);  // 50 us
  return logs;
}

ScanCurve curve_at(const Eigen::VectorXd& logs, int first) {
  const double warm = std::exp(logs[first]);
  return {.warm_ps = warm,
          .cold_ps = std::max(warm, std::exp(logs[first + 1])),
          .cache_bytes = std::exp(logs[first + 2]),
          .forget_ps = 1};
}

double model_ps(const LabWork& work, bool cold, const Layout& layout, const Eigen::VectorXd& logs) {
  double ps = cold ? std::exp(logs[layout.cold_extra]) : 0;
  for (std::size_t kind = 0; kind < kStepKinds; ++kind) {
    if (work.count[kind] <= 0) continue;
    const int scanned = is_scanned(static_cast<StepKind>(kind)) ? layout.scan(static_cast<StepKind>(kind)) : -1;
    ps += work.count[kind] * std::exp(logs[scanned >= 0 ? scanned : layout.cost[kind]]);
  }
  for (const LabWork::Scan& scan : work.scans) {
    const ScanCurve curve = curve_at(logs, layout.scan(scan.kind));
    ps += curve.cost_ps(scan.rules, scan.rule_bytes, cold ? Duration(1000) : Duration{});  // 1,000 T: all forgotten
  }
  return ps;
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
  const auto residuals = [&](const Eigen::VectorXd& logs) {
    Eigen::VectorXd all(cases + unknowns);
    for (Eigen::Index i = 0; i < cases; ++i) {
      const auto index = static_cast<std::size_t>(i);
      all[i] = weight[i] * (target[i] - model_ps(work[index], measured[index].lab_case.cold, layout, logs));
    }
    all.tail(unknowns) = (prior - logs) / kTau;
    return all;
  };
  const auto jacobian = [&](const Eigen::VectorXd& logs) {
    constexpr double kStep = 1e-5;
    Eigen::MatrixXd matrix(cases + unknowns, unknowns);
    for (Eigen::Index j = 0; j < unknowns; ++j) {
      Eigen::VectorXd up = logs;
      Eigen::VectorXd down = logs;
      up[j] += kStep;
      down[j] -= kStep;
      matrix.col(j) = (residuals(up) - residuals(down)) / (2 * kStep);
    }
    return matrix;
  };

  Eigen::VectorXd logs = prior;
  Eigen::VectorXd now = residuals(logs);
  Eigen::MatrixXd slope = jacobian(logs);
  double damping = 1e-2;
  for (int iteration = 0; iteration < 200; ++iteration) {
    const Eigen::MatrixXd normal = slope.transpose() * slope;
    Eigen::MatrixXd damped = normal;
    damped.diagonal() *= 1 + damping;
    const Eigen::VectorXd step = damped.ldlt().solve(-slope.transpose() * now);
    const Eigen::VectorXd next = logs + step.cwiseMax(-1.0).cwiseMin(1.0);
    const Eigen::VectorXd there = residuals(next);
    if (there.squaredNorm() < now.squaredNorm()) {
      const bool settled = now.squaredNorm() - there.squaredNorm() < 1e-9 * now.squaredNorm();
      logs = next;
      now = there;
      slope = jacobian(logs);
      damping = std::max(1e-9, damping / 5);
      if (settled) break;
    } else {
      damping *= 4;
      if (damping > 1e12) break;
    }
  }
  // Where the model cannot meet the data within their own uncertainty, the data are worth that much less.
  const auto freedom = static_cast<double>(std::max<Eigen::Index>(1, cases - unknowns));
  const double misfit = std::max(1.0, now.head(cases).squaredNorm() / freedom);
  Eigen::MatrixXd normal = slope.topRows(cases).transpose() * slope.topRows(cases) / misfit;
  normal.diagonal().array() += 1 / (kTau * kTau);
  const Eigen::MatrixXd covariance = normal.inverse();

  CostFit fit;
  for (std::size_t kind = 0; kind < kStepKinds; ++kind) {
    if (layout.cost[kind] >= 0) fit.costs[kind] = fitted(logs, covariance, layout.cost[kind]);
  }
  const auto scan = [&](int first) -> std::optional<FittedScan> {
    if (first < 0) return std::nullopt;
    return FittedScan{fitted(logs, covariance, first), fitted(logs, covariance, first + 1),
                      fitted(logs, covariance, first + 2)};
  };
  fit.legacy = scan(layout.legacy);
  fit.nft = scan(layout.nft);
  if (layout.cold_extra >= 0) fit.cold_extra_ps = std::exp(logs[layout.cold_extra]);
  double squares = 0;
  for (std::size_t i = 0; i < measured.size(); ++i) {
    const double ps = model_ps(work[i], measured[i].lab_case.cold, layout, logs);
    fit.fitted_ns.push_back(ps * 1e-3);
    squares += std::pow(std::log(target[static_cast<Eigen::Index>(i)] / ps), 2);
  }
  fit.residual = std::sqrt(squares / static_cast<double>(std::max<std::size_t>(1, measured.size())));
  return fit;
}

double predict_ns(const LabCase& lab_case, const CostFit& fit, const CostProfile& before) {
  return predict_ns(work_of(lab_case), lab_case.cold, fit, before);
}

double predict_ns(const LabWork& work, bool cold, const CostFit& fit, const CostProfile& before) {
  const auto scan_of = [&](StepKind kind) -> const std::optional<FittedScan>& {
    return kind == StepKind::NftRule ? fit.nft : fit.legacy;
  };
  const auto curve = [&](StepKind kind) {
    const auto& known = scan_of(kind);
    const ScanCost& believed = *before.scan(kind);
    return ScanCurve{.warm_ps = known ? known->warm.ps : believed.warm_ps,
                     .cold_ps = known ? std::max(known->warm.ps, known->cold.ps) : believed.cold_ps,
                     .cache_bytes = known ? known->cache_bytes.ps : believed.cache_bytes,
                     .forget_ps = 1};
  };
  double ps = cold ? fit.cold_extra_ps : 0;
  for (std::size_t i = 0; i < kStepKinds; ++i) {
    if (work.count[i] <= 0) continue;
    const auto kind = static_cast<StepKind>(i);
    const double each = is_scanned(kind) ? curve(kind).warm_ps
                        : fit.costs[i]   ? fit.costs[i]->ps
                                         : before.costs[i].median_ps;
    ps += work.count[i] * each;
  }
  for (const LabWork::Scan& scan : work.scans) {
    ps += curve(scan.kind).cost_ps(scan.rules, scan.rule_bytes, cold ? Duration(1000) : Duration{});
  }
  return ps * 1e-3;
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
    curve->cold_ps = std::max(known->warm.ps, known->cold.ps);
    curve->cache_bytes = known->cache_bytes.ps;
    curve->provenance = {.source = fmt::format("{}: warm +-{:.0f} %, cold +-{:.0f} %; forget: profile '{}'", origin,
                                               100 * known->warm.standard_error, 100 * known->cold.standard_error,
                                               before.name)};
  };
  scan(StepKind::Rule, fit.legacy);
  scan(StepKind::NftRule, fit.nft);
  return profile;
}

}  // namespace knetsim::lab
