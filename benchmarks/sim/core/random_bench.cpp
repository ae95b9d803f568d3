// Random streams: words of a running stream, and the case of the hot path, a stream made for one request and asked for
// one number. The unit of work is one number.
#include "sim/core/random.h"

#include <benchmark/benchmark.h>

namespace knetsim::bench {
namespace {

void uniform(benchmark::State& state) {
  RngStream rng = RandomStreams(1).get("bench", 0);
  double sum = 0;
  for (auto _ : state) {
    sum += rng.uniform();
  }
  benchmark::DoNotOptimize(sum);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(uniform);

void next_u32(benchmark::State& state) {
  RngStream rng = RandomStreams(1).get("bench", 0);
  std::uint32_t sum = 0;
  for (auto _ : state) {
    sum += rng.next_u32();
  }
  benchmark::DoNotOptimize(sum);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(next_u32);

void stream_per_request(benchmark::State& state) {
  constexpr Purpose kPurpose("request.size");
  const RandomStreams streams(1);
  std::uint64_t id = 0;
  double sum = 0;
  for (auto _ : state) {
    sum += streams.get(kPurpose, id++).uniform();
  }
  benchmark::DoNotOptimize(sum);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(stream_per_request);

}  // namespace
}  // namespace knetsim::bench
