#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "models/cost/cost_profile.h"
#include "sim/input/read_documents.h"
#include "sim/net/scan_cost.h"

// Goal: the default profile's rule curve gives the published percentiles that it was fitted to, and predicts those that
// it was not. Method: percentiles of the first packet's round trip by kube-proxy mode and number of Services
// (kubernetes.io blog of 2025-02-28, KEP-3866; bars read to 0.002 ms). The position of the Service's rule is uniform
// in 1..R, the pause between a core's scans exponential of mean `forget`, the rest of the path lognormal with nftables'
// p50 of 14 us and p99 of 37 us; the distribution of their sum by quadrature on a grid of quantiles.

namespace knetsim {
namespace {

constexpr double kBaseMedianUs = 14;
constexpr double kBaseP99Us = 37;
constexpr std::uint32_t kRuleBytes =
    200;  // ipt_entry 112, tcp match 48, jump 40; above 1,000 endpoints there are no comments

double normal_quantile(double p) {  // bisection on erfc: a test may be slow
  double low = -8, high = 8;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (0.5 * std::erfc(-middle / std::numbers::sqrt2) < p ? low : high) = middle;
  }
  return (low + high) / 2;
}

struct Percentiles {
  double p50, p90, p99;
};

Percentiles predicted_us(const ScanCurve& curve, double services) {
  constexpr int kPositions = 200, kPauses = 40, kBases = 25;
  const double sigma = std::log(kBaseP99Us / kBaseMedianUs) / normal_quantile(0.99);
  std::vector<double> base;
  base.reserve(kBases);
  for (int i = 0; i < kBases; ++i)
    base.push_back(kBaseMedianUs * std::exp(sigma * normal_quantile((i + 0.5) / kBases)));
  std::vector<double> all;
  all.reserve(std::size_t{kPauses} * kPositions * kBases);
  for (int j = 0; j < kPauses; ++j) {
    const Duration pause(static_cast<std::int64_t>(-std::log((j + 0.5) / kPauses) * curve.forget_ps));
    for (int i = 0; i < kPositions; ++i) {
      const double scan = 1e-6 * curve.cost_ps(services * (i + 0.5) / kPositions, kRuleBytes, pause);
      for (const double rest : base) all.push_back(rest + scan);
    }
  }
  std::sort(all.begin(), all.end());
  const auto at = [&](double p) { return all[static_cast<std::size_t>(p * static_cast<double>(all.size()))]; };
  return {at(0.50), at(0.90), at(0.99)};
}

ScanCurve default_curve() {
  const auto input = Input::open(KNETSIM_SOURCE_DIR "/configs/profiles/default.yaml");
  Diagnostics diagnostics;
  const Document document = read_document(*input);
  const CostProfile profile = read_cost_profile(document.root(), diagnostics);
  const ScanCost& scan = *profile.scan(StepKind::Rule);
  return {scan.warm_ps, scan.cold_ps, scan.cache_bytes, scan.forget_ps};
}

void expect_within(double share, const Percentiles& model, const Percentiles& published) {
  EXPECT_NEAR(model.p50 / published.p50, 1, share);
  EXPECT_NEAR(model.p90 / published.p90, 1, share);
  EXPECT_NEAR(model.p99 / published.p99, 1, share);
}

TEST(DefaultProfile, RuleCurveFitsFiveAndThirtyThousandServices) {
  expect_within(0.25, predicted_us(default_curve(), 5'000), {49, 120, 156});
  expect_within(0.25, predicted_us(default_curve(), 30'000), {274, 491, 716});
}

TEST(DefaultProfile, RuleCurvePredictsTenThousandServicesWithinThirtyPercent) {
  expect_within(0.30, predicted_us(default_curve(), 10'000), {61, 187, 262});
}

}  // namespace
}  // namespace knetsim
