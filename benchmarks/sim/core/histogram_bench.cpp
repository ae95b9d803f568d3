// Recording into the log-linear histogram (lognormal latencies around a millisecond, in picoseconds), quantiles and
// merging.
#include "sim/core/histogram.h"

#include <benchmark/benchmark.h>

#include <cstdint>
#include <vector>

#include "sim/core/distributions.h"

namespace knetsim::bench {
namespace {

std::vector<std::int64_t> latencies() {
  RngStream rng = RandomStreams(1).get("latencies", 0);
  const Distribution law = Distribution::lognormal_median(1e9, 1);
  std::vector<std::int64_t> values(1 << 14);
  for (std::int64_t& value : values) {
    value = static_cast<std::int64_t>(law.sample(rng));
  }
  return values;
}

void record(benchmark::State& state) {
  const std::vector<std::int64_t> values = latencies();
  Histogram histogram;
  std::size_t i = 0;
  for (auto _ : state) {
    histogram.record(values[i++ % values.size()]);
  }
  benchmark::DoNotOptimize(histogram.count());
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(record)->Name("histogram/record");

Histogram filled() {
  Histogram histogram;
  for (const std::int64_t value : latencies()) {
    histogram.record(value);
  }
  return histogram;
}

void quantile(benchmark::State& state) {
  const Histogram histogram = filled();
  for (auto _ : state) {
    benchmark::DoNotOptimize(histogram.quantile(0.99));
  }
}
BENCHMARK(quantile)->Name("histogram/quantile");

void merge(benchmark::State& state) {
  const Histogram part = filled();
  Histogram whole;
  for (auto _ : state) {
    whole.merge(part);
  }
  benchmark::DoNotOptimize(whole.count());
}
BENCHMARK(merge)->Name("histogram/merge");

}  // namespace
}  // namespace knetsim::bench
