// How many RPCs the simulator serves in a second of one core: VXLAN and iptables, every core and link of the walk a
// contended resource, all recorders on (benchmarks/app/experiment/serve.yaml). The unit of work is one RPC, from the
// caller's first burst to its last; a run is one replicate of 5 s, models and topology built in it. The marks that the
// project sets itself: 250,000 a second over kept connections, 100,000 with a connection each.
//
// A second scenario can be timed with KNETSIM_SERVE=FILE: each of its variants in turn.

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <string>

#include "app/experiment/simulation.h"
#include "app/scenario/load_scenario.h"

namespace knetsim {
namespace {

void serve(benchmark::State& state, const BoundVariant& variant) {
  std::uint64_t rpcs = 0;
  std::uint64_t events = 0;
  for (auto _ : state) {
    const PointResult point = simulate(variant, 0);
    rpcs += point.completed;
    events += point.events;
  }
  state.counters["RPCs"] = benchmark::Counter(static_cast<double>(rpcs), benchmark::Counter::kIsRate);
  state.counters["events_per_RPC"] = static_cast<double>(events) / static_cast<double>(rpcs);
  state.counters["events"] = benchmark::Counter(static_cast<double>(events), benchmark::Counter::kIsRate);
}

}  // namespace
}  // namespace knetsim

/// The scenario's variants become benchmarks by name, so that --benchmark_filter chooses among them.
int main(int argc, char** argv) {
  const char* chosen = std::getenv("KNETSIM_SERVE");
  const auto scenario = knetsim::load_scenario(
      chosen != nullptr ? chosen : KNETSIM_SOURCE_DIR "/benchmarks/app/experiment/serve.yaml", {});
  for (const knetsim::BoundVariant& variant : scenario->variants) {
    benchmark::RegisterBenchmark(("serve/" + variant.name).c_str(), [&variant](benchmark::State& state) {
      knetsim::serve(state, variant);
    })->Unit(benchmark::kMillisecond);
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
}
