// Goal: shapes that made percentiles are found again from them. Method: p90 and p99 of many cases, computed from hidden
// shapes by the law itself and blurred by a known noise; the fit starts elsewhere.

#include "analysis/lab/shape_fit.h"

#include <gtest/gtest.h>

#include <cmath>

#include "analysis/lab/prediction.h"
#include "default_profile.h"
#include "sim/core/random.h"

namespace knetsim::lab {
namespace {

std::vector<LabCase> shape_cases() {
  std::vector<LabCase> cases;
  for (const LabProxy proxy : {LabProxy::None, LabProxy::IptablesLegacy, LabProxy::Nftables}) {
    for (const Operation operation : {Operation::RoundTrip, Operation::Connect}) {
      for (const Fabric fabric : {Fabric::HostRoutes, Fabric::Vxlan}) {
        cases.push_back({.setup = {.fabric = fabric, .rules = {.proxy = proxy}}, .operation = operation});
      }
    }
  }
  for (const std::uint32_t services : {500u, 2'000u, 8'000u, 20'000u}) {
    cases.push_back({.setup = {.rules = {LabProxy::IptablesLegacy, services, 1, services / 2}},
                     .exposure = Exposure::ClusterIp,
                     .operation = Operation::Connect});
  }
  return cases;
}

TEST(ShapeFit, FindsTheShapesThatMadeThePercentiles) {
  CostProfile hidden = default_profile();
  for (Cost& cost : hidden.costs) cost.sigma = 0.11;
  hidden[StepKind::ConntrackInsert].sigma = hidden[StepKind::NatSetup].sigma = 0.6;
  for (const StepKind kind : {StepKind::Rule, StepKind::NftRule}) {
    hidden.scans[static_cast<std::size_t>(kind)]->sigma = hidden[kind].sigma = 0.2;
  }
  hidden.interruptions = {.per_second = 700, .median_ps = 60e6, .sigma = 0.35, .provenance = {}};
  RngStream draw(31, 0);
  std::vector<Measured> measured;
  for (const LabCase& one : shape_cases()) {
    const OperationSpread spread = spread_of(work_of(one), false, hidden);
    const auto seen = [&](double q) {
      const double ns = spread.quantile(q) * (1 + 0.02 * (2 * draw.uniform() - 1));
      return Estimate{ns, ns * 0.98, ns * 1.02};
    };
    measured.push_back({.lab_case = one, .p50 = {spread.median_ns, 0, 0}, .p90 = seen(0.9), .p99 = seen(0.99)});
  }
  const FittedShapes found = fit_shapes(measured, default_profile());
  EXPECT_LT(found.residual, 0.03) << "what the blur leaves";
  EXPECT_NEAR(found.entry_sigma, 0.6, 0.15);
  EXPECT_NEAR(found.work_sigma, 0.11, 0.04);

  CostProfile after = default_profile();
  apply_shapes(found, measured, "measured", after);
  // How often and how long are not told apart well by two percentiles; what they predict for other operations is.
  for (const std::uint32_t services : {1'000u, 5'000u, 12'000u}) {
    const LabWork held_out = work_of({.setup = {.rules = {LabProxy::IptablesLegacy, services, 1, services}},
                                      .exposure = Exposure::ClusterIp,
                                      .operation = Operation::Connect});
    for (const double q : {0.9, 0.99}) {
      EXPECT_NEAR(spread_of(held_out, false, after).quantile(q) / spread_of(held_out, false, hidden).quantile(q), 1,
                  0.05)
          << services << " Services, q " << q;
    }
  }
  EXPECT_EQ(after[StepKind::ConntrackInsert].sigma, found.entry_sigma);
  EXPECT_EQ(after[StepKind::Veth].sigma, found.work_sigma);
  EXPECT_EQ(after[StepKind::IpvsLookup].sigma, default_profile()[StepKind::IpvsLookup].sigma) << "no case has it";
}

}  // namespace
}  // namespace knetsim::lab
