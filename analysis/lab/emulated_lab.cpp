#include "analysis/lab/emulated_lab.h"

#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include "analysis/lab/prediction.h"

#include "analysis/lab/lab_plan.h"

namespace knetsim::lab {
namespace {

constexpr std::uint32_t kFewServices = 10;
constexpr std::array kOfIpvs = {StepKind::IpSet, StepKind::IpvsLookup, StepKind::IpvsService, StepKind::IpvsSchedule,
                                StepKind::IpvsConnection};
constexpr std::uint32_t kPosition = 5;
constexpr double kTold = 0.35;  // a figure with a larger relative error is not told apart from its neighbours

bool is_ipvs(const Measured& one) { return one.lab_case.setup.rules.proxy == LabProxy::Ipvs; }

bool is_known(const LabCase& one) {
  const LabRules& rules = one.setup.rules;
  return rules.proxy != LabProxy::Ipvs && rules.services <= kFewServices && one.setup.fabric != Fabric::Ipip;
}

/// The profile counted in instructions: where the fit starts.
CostProfile in_instructions(CostProfile profile, double ns_per_instruction) {
  for (Cost& cost : profile.costs) cost.median_ps /= ns_per_instruction;
  for (auto& scan : profile.scans) {
    if (!scan) continue;
    scan->warm_ps /= ns_per_instruction;
    scan->far_ps /= ns_per_instruction;
    scan->cold_ps /= ns_per_instruction;
  }
  return profile;
}

/// Steps of kube-proxy's IPVS mode, by what a datapath takes more than the same one in iptables mode: what the two
/// share leaves no error in a difference. What they differ in besides is known from the other modes.
void fit_ipvs(const std::vector<Measured>& counted, const CostProfile& start, EmulatedCosts& costs) {
  std::vector<std::pair<const Measured*, const Measured*>> pairs;
  for (const Measured& one : counted) {
    if (!is_ipvs(one)) continue;
    LabCase twin = one.lab_case;
    twin.setup.rules = {.proxy = LabProxy::IptablesLegacy, .services = kFewServices, .position = kPosition};
    const auto found =
        std::find_if(counted.begin(), counted.end(), [&](const Measured& other) { return other.lab_case == twin; });
    if (found != counted.end()) pairs.emplace_back(&one, &*found);
  }
  if (pairs.empty()) return;
  constexpr auto kUnknowns = static_cast<Eigen::Index>(kOfIpvs.size());
  const auto rows = static_cast<Eigen::Index>(pairs.size());
  Eigen::MatrixXd units(rows, kUnknowns);
  Eigen::VectorXd more(rows);
  Eigen::VectorXd weight(rows);
  CostProfile without = fitted_profile(start, costs.fit, "counted");  // IPVS costs nothing in it
  for (const StepKind kind : kOfIpvs) without[kind].median_ps = 0;
  for (Eigen::Index i = 0; i < rows; ++i) {
    const auto& [one, twin] = pairs[static_cast<std::size_t>(i)];
    const LabWork work = work_of(one->lab_case);
    for (Eigen::Index k = 0; k < kUnknowns; ++k) {
      units(i, k) = work.count[static_cast<std::size_t>(kOfIpvs[static_cast<std::size_t>(k)])];
    }
    const double shared = predict_ns(one->lab_case, without) - predict_ns(twin->lab_case, without);
    more[i] = one->p50.value - twin->p50.value - shared;
    const double interval = std::max(one->p50.high - one->p50.low, twin->p50.high - twin->p50.low) / 4;
    weight[i] = 1 / std::max(interval, 0.002 * one->p50.value);
  }
  // The prior holds what the cases cannot tell apart: within its own size of what was believed.
  Eigen::VectorXd believed(kUnknowns);
  for (Eigen::Index k = 0; k < kUnknowns; ++k) {
    believed[k] = std::max(1.0, start[kOfIpvs[static_cast<std::size_t>(k)]].median_ps * 1e-3);
  }
  const Eigen::MatrixXd scaled = weight.asDiagonal() * units;
  const Eigen::VectorXd target = weight.cwiseProduct(more);
  const Eigen::MatrixXd prior = believed.cwiseInverse().cwiseAbs2().asDiagonal();
  const auto solve = [&](double misfit) -> std::pair<Eigen::VectorXd, Eigen::MatrixXd> {
    const Eigen::MatrixXd normal = scaled.transpose() * scaled / misfit + prior;
    const Eigen::VectorXd right = scaled.transpose() * target / misfit + prior * believed;
    return {normal.ldlt().solve(right), normal.inverse()};
  };
  const Eigen::VectorXd first = solve(1).first;
  // Where the steps cannot meet the differences, these are worth that much less.
  const double freedom = static_cast<double>(std::max<Eigen::Index>(1, rows - kUnknowns));
  const double misfit = std::max(1.0, (target - scaled * first).squaredNorm() / freedom);
  const auto [solution, covariance] = solve(misfit);
  for (Eigen::Index k = 0; k < kUnknowns; ++k) {
    const double error = std::sqrt(covariance(k, k)) / std::max(1.0, solution[k]);
    costs.fit.costs[static_cast<std::size_t>(kOfIpvs[static_cast<std::size_t>(k)])] =
        FittedCost{.ps = solution[k] * 1e3, .standard_error = error, .measured = solution[k] > 0 && error < kTold};
  }
  costs.ipvs_residual = (units * solution - more).norm() / std::sqrt(static_cast<double>(rows)) /
                        (more.cwiseAbs().sum() / static_cast<double>(rows));
}

}  // namespace

std::vector<LabCase> emulated_cases(const Surroundings& here) {
  std::vector<LabCase> cases;
  const auto both = [&](LabCase one) {
    for (const Operation operation : {Operation::RoundTrip, Operation::Connect}) {
      one.operation = operation;
      cases.push_back(one);
    }
  };
  const auto datapaths = [&](const LabRules& rules) {
    both({.setup = {.rules = rules}, .client_host_network = true, .server_host_network = true});
    both({.setup = {.nodes = 1, .rules = rules}});
    both({.setup = {.rules = rules}});
    both({.setup = {.bridge = false, .rules = rules}});
    if (here.vxlan) both({.setup = {.fabric = Fabric::Vxlan, .rules = rules}});
  };
  datapaths({});
  for (const LabProxy proxy : proxies_of(here)) {
    const LabRules few{.proxy = proxy, .services = kFewServices, .endpoints = 1, .position = kPosition};
    datapaths(few);
    both({.setup = {.rules = few}, .exposure = Exposure::ClusterIp});
    both({.setup = {.nodes = 1, .rules = few}, .exposure = Exposure::ClusterIp});
    both({.setup = {.rules = few}, .exposure = Exposure::ClusterIp, .client_host_network = true});
    if (here.vxlan) both({.setup = {.fabric = Fabric::Vxlan, .rules = few}, .exposure = Exposure::ClusterIp});
    if (proxy == LabProxy::IptablesNft) continue;
    // What grows with the Services and what does not.
    for (const std::uint32_t services : {100u, 500u, 1'000u}) {
      const LabRules many{.proxy = proxy, .services = services, .endpoints = 1, .position = services / 2};
      both({.setup = {.rules = many}, .exposure = Exposure::ClusterIp});
    }
  }
  // The scheduler that takes the next endpoint beside one that compares them all.
  for (const bool all : {false, true}) {
    if (!here.ipvs) break;
    const LabRules wide{.proxy = LabProxy::Ipvs, .endpoints = 60, .position = kPosition, .least_connection = all};
    both({.setup = {.rules = wide}, .exposure = Exposure::ClusterIp});
  }
  return cases;
}

bool is_instruction_bound(StepKind kind) { return std::find(kOfIpvs.begin(), kOfIpvs.end(), kind) != kOfIpvs.end(); }

EmulatedCosts cost_of_instructions(const std::vector<Measured>& counted, const CostProfile& before) {
  EmulatedCosts costs;
  std::vector<double> ratios;
  for (const Measured& one : counted) {
    if (is_known(one.lab_case)) ratios.push_back(predict_ns(one.lab_case, before) / one.p50.value);
  }
  costs.compared = static_cast<std::uint32_t>(ratios.size());
  costs.ns_per_instruction = ratios.empty() ? 1 : median_of(ratios).value;
  double squares = 0;
  for (const double ratio : ratios) squares += std::pow(std::log(ratio / costs.ns_per_instruction), 2);
  costs.scatter = std::sqrt(squares / static_cast<double>(std::max<std::size_t>(1, ratios.size())));
  const CostProfile start = in_instructions(before, costs.ns_per_instruction);
  std::vector<Measured> others;
  std::copy_if(counted.begin(), counted.end(), std::back_inserter(others),
               [](const Measured& one) { return !is_ipvs(one); });
  costs.fit = fit_costs(others, start);
  fit_ipvs(counted, start, costs);
  return costs;
}

std::vector<EmulatedFigure> emulated_figures(const EmulatedCosts& costs, const CostProfile& before) {
  std::vector<EmulatedFigure> figures;
  for (const StepKindInfo& kind : step_kinds()) {
    const auto& cost = costs.fit.costs[static_cast<std::size_t>(kind.kind)];
    const Cost& known = before[kind.kind];
    if (!is_instruction_bound(kind.kind) || !cost || !cost->measured) continue;
    if (known.provenance.source.starts_with("measured")) continue;
    figures.push_back({.kind = kind.kind,
                       .instructions = cost->ps * 1e-3,
                       .ns = cost->ps * 1e-3 * costs.ns_per_instruction,
                       .standard_error = cost->standard_error,
                       .before_ns = known.median_ps * 1e-3});
  }
  return figures;
}

CostProfile emulated_profile(const CostProfile& before, const std::vector<EmulatedFigure>& figures,
                             double ns_per_instruction, const std::string& origin) {
  CostProfile profile = before;
  for (const EmulatedFigure& figure : figures) {
    Cost& cost = profile[figure.kind];
    cost.median_ps = figure.ns * 1e3;
    cost.provenance = {.source = fmt::format("{}: {:.0f} instructions (±{:.0f} %) x {:.3f} ns", origin,
                                             figure.instructions, 100 * figure.standard_error, ns_per_instruction)};
  }
  return profile;
}

}  // namespace knetsim::lab
