#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "models/cost/cost_profile.h"
#include "rule_curve_fit.h"
#include "sim/input/read_documents.h"
#include "sim/input/scalar.h"
#include "support/sanitized.h"

// Goal: the default profile's rule curve is the fit that it says it is, and what it predicts is what the profile says
// of it. Method: the fit repeated on the published rows (configs/validation/published.yaml), those of 5,000 and 30,000
// Services alone; the row of 10,000 is looked at afterwards.

namespace knetsim {
namespace {

// The mean pause between a core's scans over `forget`, as configs/validation/first-packet.yaml has it.
constexpr double kPauseInForgets = 1.5;

std::map<std::string, Percentiles> published_us() {
  const auto input = Input::open(KNETSIM_SOURCE_DIR "/configs/validation/published.yaml");
  const Document document = read_document(*input);
  const Node rows = document.root()["tables"]["first-packet"]["rows"];
  std::map<std::string, Percentiles> published;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto us = [&](const char* column) {
      const Node cell = rows[i][column];  // a number, or {value, mark}
      return 1e3 * as_double(cell["value"].exists() ? cell["value"] : cell).value();
    };
    published[std::string(rows[i]["variant"].text())] = {us("p50"), us("p90"), us("p99")};
  }
  return published;
}

FirstPacketModel first_packet() {
  const Percentiles path = published_us().at("nftables-5000");
  return {.path_p50_us = path.p50, .path_p99_us = path.p99};
}

std::vector<FirstPacketRow> fitted_rows() {
  const auto published = published_us();
  return {{5'000, published.at("iptables-5000")}, {30'000, published.at("iptables-30000")}};
}

RuleCurveParameters default_curve() {
  InputSet inputs;
  Diagnostics diagnostics;
  const CostProfile profile =
      load_cost_profile(inputs, KNETSIM_SOURCE_DIR "/configs/profiles/default.yaml", diagnostics);
  const ScanCost& scan = *profile.scan(StepKind::Rule);
  EXPECT_EQ(scan.warm_ps, first_packet().warm_ps);
  EXPECT_EQ(scan.sigma, first_packet().noise_sigma);
  return {scan.cold_ps, scan.cache_bytes, kPauseInForgets};
}

TEST(DefaultProfile, RuleCurveIsTheFitToFiveAndThirtyThousandServices) {
  if (kShadowed) GTEST_SKIP() << "a fit of minutes under a sanitizer, of code that only this test has";
  const RuleCurveParameters fitted = fit_rule_curve(first_packet(), fitted_rows());
  const RuleCurveParameters stated = default_curve();
  EXPECT_EQ(stated.cold_ps, fitted.cold_ps);
  EXPECT_EQ(stated.cache_bytes, fitted.cache_bytes);
  EXPECT_EQ(stated.pause_in_forgets, fitted.pause_in_forgets);
}

TEST(DefaultProfile, RuleCurveBeatsTheBestSingleConstantClearly) {
  double constant = 1e9;
  for (double ns = 5; ns < 40; ns += 0.5) {
    FirstPacketModel model = first_packet();
    model.warm_ps = ns * 1e3;
    constant = std::min(constant, misfit(model, {ns * 1e3, 1, 1}, fitted_rows()));
  }
  EXPECT_LT(2 * misfit(first_packet(), default_curve(), fitted_rows()), constant);
}

// Errors of the fit, and of the prediction, as the profile states them. The median at 10,000 is far off: the source's
// own medians cost 14, 9 and 17 ns a rule at the three sizes.
TEST(DefaultProfile, RuleCurveHasTheErrorsThatTheProfileStates) {
  const auto published = published_us();
  const auto error = [&](double services, const char* row) {
    const Percentiles model = first_packet_us(first_packet(), default_curve(), services);
    const Percentiles& source = published.at(row);
    return Percentiles{model.p50 / source.p50 - 1, model.p90 / source.p90 - 1, model.p99 / source.p99 - 1};
  };
  for (const auto& [services, row] : {std::pair{5e3, "iptables-5000"}, std::pair{30e3, "iptables-30000"}}) {
    const Percentiles fit = error(services, row);
    for (const double e : {fit.p50, fit.p90, fit.p99}) EXPECT_LT(std::abs(e), 0.18) << row;
  }
  const Percentiles predicted = error(10e3, "iptables-10000");
  EXPECT_NEAR(predicted.p50, 0.48, 0.02);
  EXPECT_NEAR(predicted.p90, 0.06, 0.02);
  EXPECT_NEAR(predicted.p99, 0.01, 0.02);
}

}  // namespace
}  // namespace knetsim
