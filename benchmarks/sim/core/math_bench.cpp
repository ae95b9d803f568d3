// Elementary functions beside libm's, which is not allowed to reach results, and draws from each law. The unit of work
// is one value; arguments come from a table that fits the first-level cache.
#include "sim/core/math.h"

#include <benchmark/benchmark.h>

#include <cmath>
#include <vector>

#include "sim/core/distributions.h"
#include "sim/core/random.h"

namespace knetsim::bench {
namespace {

std::vector<double> arguments(double low, double high) {
  RngStream rng = RandomStreams(1).get("arguments", 0);
  std::vector<double> values(1024);
  for (double& value : values) {
    value = low + (high - low) * rng.uniform();
  }
  return values;
}

void unary(benchmark::State& state, double (*function)(double), double low, double high) {
  const std::vector<double> x = arguments(low, high);
  for (auto _ : state) {
    double sum = 0;
    for (const double value : x) {
      sum += function(value);
    }
    benchmark::DoNotOptimize(sum);
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(x.size()) * state.iterations());
}

double libm_log(double x) { return std::log(x); }
double libm_exp(double x) { return std::exp(x); }
double libm_pow(double x) { return std::pow(x, 0.37); }
double our_pow(double x) { return math::pow(x, 0.37); }

BENCHMARK_CAPTURE(unary, log_ours, math::log, 0.0, 1.0)->Name("log/ours");
BENCHMARK_CAPTURE(unary, log_libm, libm_log, 0.0, 1.0)->Name("log/libm");
BENCHMARK_CAPTURE(unary, exp_ours, math::exp, -5.0, 5.0)->Name("exp/ours");
BENCHMARK_CAPTURE(unary, exp_libm, libm_exp, -5.0, 5.0)->Name("exp/libm");
BENCHMARK_CAPTURE(unary, pow_ours, our_pow, 0.0, 9.0)->Name("pow/ours");
BENCHMARK_CAPTURE(unary, pow_libm, libm_pow, 0.0, 9.0)->Name("pow/libm");
BENCHMARK_CAPTURE(unary, normal_quantile_ours, math::normal_quantile, 0.0, 1.0)->Name("normal_quantile/ours");

void draw(benchmark::State& state, const Distribution& law) {
  RngStream rng = RandomStreams(1).get("draws", 0);
  double sum = 0;
  for (auto _ : state) {
    sum += law.sample(rng);
  }
  benchmark::DoNotOptimize(sum);
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK_CAPTURE(draw, exponential, Distribution::exponential(1));
BENCHMARK_CAPTURE(draw, lognormal, Distribution::lognormal_mean(1, 0.5));
BENCHMARK_CAPTURE(draw, gamma, Distribution::gamma(1, 2.5));
BENCHMARK_CAPTURE(draw, pareto, Distribution::pareto(1, 1.5));
BENCHMARK_CAPTURE(draw, empirical, Distribution::empirical({{0, 0}, {1, 0.5}, {2, 0.9}, {10, 1}}));

}  // namespace
}  // namespace knetsim::bench
