// Goal: each way to write a law gives that law.
// Method: mean and second moment against closed forms (Johnson, Kotz, Balakrishnan, Continuous Univariate
// Distributions, 1994).

#include <gtest/gtest.h>

#include <cmath>

#include "app/scenario/distribution_fields.h"
#include "support/scenario_fixture.h"

namespace knetsim {
namespace {

struct ReadLaw {
  std::unique_ptr<Input> input;
  Document document;
  Diagnostics diagnostics;
  TimeLaw law;
  explicit ReadLaw(const std::string& text, const std::string& name = "s.yaml")
      : input(Input::from_text(name, "law: " + text)), document(read_document(*input)) {
    Binding binding{diagnostics};
    Codec<TimeLaw>::bind(document["law"], law, binding);
  }
};

TEST(TimeLaw, EveryFormHasTheMomentsOfItsLaw) {
  struct Case {
    const char* text;
    double mean;
    double second;
  };
  const double sigma = 0.5;
  for (const Case& one :
       {Case{"2ms", 2e-3, 4e-6}, Case{"{constant: 2ms}", 2e-3, 4e-6}, Case{"{exponential: 2ms}", 2e-3, 8e-6},
        Case{"{lognormal: {mean: 2ms, sigma: 0.5}}", 2e-3, 4e-6 * std::exp(sigma * sigma)},
        Case{"{gamma: {mean: 2ms, shape: 4}}", 2e-3, 5e-6},  // variance mean^2 / shape
        Case{"{pareto: {minimum: 1ms, alpha: 3}}", 1.5e-3, 3e-6},
        Case{"{uniform: {low: 1ms, high: 3ms}}", 2e-3, 13e-6 / 3}}) {
    const ReadLaw read(one.text);
    ASSERT_EQ(render(read.diagnostics.errors()), "") << one.text;
    EXPECT_NEAR(read.law.law.mean(), one.mean, 1e-9 * one.mean) << one.text;
    EXPECT_NEAR(read.law.law.second_moment(), one.second, 1e-9 * one.second) << one.text;
  }
}

TEST(TimeLaw, LognormalOfMeanAndPercentileHasThatPercentile) {
  const ReadLaw read("{lognormal: {mean: 300us, p99: 2ms}}");
  RngStream stream = RandomStreams(7).get(Purpose("test"), 0);
  int below = 0;
  constexpr int kDraws = 200'000;
  for (int i = 0; i < kDraws; ++i) below += read.law.law.sample(stream) <= 2e-3 ? 1 : 0;
  // Four standard deviations of a share of 0.99.
  EXPECT_NEAR(below / double{kDraws}, 0.99, 4 * std::sqrt(0.99 * 0.01 / kDraws));
}

TEST(TimeLaw, CdfFileStandsBesideTheScenario) {
  TemporaryFolder folder;
  folder.write("work.csv", "time,share\n100us,0.5\n300us,1\n");
  const ReadLaw read("{cdf: work.csv}", folder.path("s.yaml"));
  ASSERT_EQ(render(read.diagnostics.errors()), "");
  // Half the mass at 100 us, the rest uniform up to 300 us.
  EXPECT_NEAR(read.law.law.mean(), 0.5 * 100e-6 + 0.5 * 200e-6, 1e-12);
}

TEST(TimeLaw, ParametersWithoutALawAreRefused) {
  for (const char* text : {"{lognormal: {mean: 1ms, p99: 100ms}}", "{lognormal: {mean: 2ms, p99: 1ms}}",
                           "{uniform: {low: 3ms, high: 1ms}}", "{pareto: {minimum: 2ms, alpha: 1.5, maximum: 1ms}}",
                           "{gamma: {mean: 1ms, shape: 0}}", "{lognormal: {mean: 1ms}}",
                           "{exponential: 1ms, constant: 2ms}", "{normal: 1ms}", "3", "{cdf: missing.csv}"}) {
    const ReadLaw read(text);
    EXPECT_EQ(read.diagnostics.error_count(), 1u) << text << '\n' << render(read.diagnostics.errors());
  }
}

// Up to alpha = 1 the integral of the tail diverges: no load, no mean latency. A maximum makes every moment finite.
TEST(TimeLaw, AParetoWithoutAMeanIsRefusedAtItsAlpha) {
  for (const std::string alpha : {"1", "0.5"}) {
    const ReadLaw read("{pareto: {minimum: 1ms, alpha: " + alpha + "}}");
    EXPECT_EQ(render(read.diagnostics.errors()), "s.yaml:1:37: error: the mean is infinite with alpha " + alpha +
                                                     " and no maximum\n"
                                                     "  --> law.pareto.alpha\n"
                                                     "   |\n"
                                                     " 1 | law: {pareto: {minimum: 1ms, alpha: " +
                                                     alpha +
                                                     "}}\n"
                                                     "   |                                     " +
                                                     std::string(alpha.size(), '^') +
                                                     "\n"
                                                     "   = accepted: > 1, or any above 0 with a maximum\n");
    const ReadLaw bounded("{pareto: {minimum: 1ms, alpha: " + alpha + ", maximum: 1s}}");
    EXPECT_EQ(render(bounded.diagnostics.errors()), "") << alpha;
    EXPECT_GT(bounded.law.law.mean(), 1e-3);
    EXPECT_LT(bounded.law.law.mean(), 1.0);
  }
  EXPECT_EQ(render(ReadLaw("{pareto: {minimum: 1ms, alpha: 1.01}}").diagnostics.errors()), "");
}

}  // namespace
}  // namespace knetsim
