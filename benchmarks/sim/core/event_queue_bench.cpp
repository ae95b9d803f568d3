// Hold model: one event popped, its payload read, one pushed; the unit of work is that pair. Beside the queue stand
// std::priority_queue with the same keys and payloads and, where libns3-dev is installed, ns-3's schedulers. The
// `ratio` benchmarks take turns in one run, in processor time, and report the median of (reference / ours).
#include "sim/core/event_queue.h"

#include <benchmark/benchmark.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <tuple>
#include <vector>

#include "hold_model.h"
#ifdef KNETSIM_HAVE_NS3
#include "ns3_queue.h"
#endif

namespace knetsim::bench {
namespace {

using Ours = EventQueue<HoldPayload>;

double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// The caches belong to whoever ran before: one lap over the pending events is not measured.
template <class Queue>
double seconds_of(Hold<Queue>& hold, std::size_t pending, std::size_t events) {
  hold.run(std::min<std::size_t>(pending, 50'000));
  const double start = processor_seconds();
  hold.run(events);
  return processor_seconds() - start;
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

Increments law_of(const benchmark::State& state) { return static_cast<Increments>(state.range(0)); }

template <class Queue>
void hold(benchmark::State& state) {
  Hold<Queue> hold(law_of(state), static_cast<std::size_t>(state.range(1)));
  for (auto _ : state) {
    hold.run(1000);
  }
  benchmark::DoNotOptimize(hold.sum());
  state.SetItemsProcessed(1000 * state.iterations());
  state.SetLabel(kIncrementNames[static_cast<std::size_t>(state.range(0))]);
}

/// One turn of every reference and one of ours an iteration; the best reference of the turn counts.
template <class... Reference>
void ratio(benchmark::State& state) {
  const auto pending = static_cast<std::size_t>(state.range(1));
  constexpr std::size_t kTurn = 200'000;
  Hold<Ours> ours(law_of(state), pending);
  std::tuple<Hold<Reference>...> references{Hold<Reference>(law_of(state), pending)...};
  std::vector<double> ours_seconds;
  std::vector<double> reference_seconds;
  std::vector<double> ratios;
  for (auto _ : state) {
    ours_seconds.push_back(seconds_of(ours, pending, kTurn));
    reference_seconds.push_back(
        std::apply([pending](auto&... hold) { return std::min({seconds_of(hold, pending, kTurn)...}); }, references));
    ratios.push_back(reference_seconds.back() / ours_seconds.back());
    state.SetIterationTime(ours_seconds.back());
  }
  state.counters["ours_ns"] = 1e9 * median(ours_seconds) / kTurn;
  state.counters["reference_ns"] = 1e9 * median(reference_seconds) / kTurn;
  state.counters["ratio"] = median(ratios);
  state.SetLabel(kIncrementNames[static_cast<std::size_t>(state.range(0))]);
}

void laws_and_sizes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"law", "pending"})->ArgsProduct({{0, 1, 2, 3, 4}, {100, 1000, 10'000, 100'000, 1'000'000}});
}

void ratio_sizes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"law", "pending"})
      ->ArgsProduct({{0, 1, 2, 3, 4}, {10'000, 1'000'000}})
      ->Iterations(11)
      ->UseManualTime()
      ->Unit(benchmark::kMillisecond);
}

BENCHMARK_TEMPLATE(ratio, PriorityQueue)->Name("ratio/priority_queue")->Apply(ratio_sizes);
BENCHMARK_TEMPLATE(hold, Ours)->Name("hold/ours")->Apply(laws_and_sizes);
BENCHMARK_TEMPLATE(hold, PriorityQueue)->Name("hold/priority_queue")->Apply(laws_and_sizes);
#ifdef KNETSIM_HAVE_NS3
BENCHMARK_TEMPLATE(ratio, Ns3Heap, Ns3Map, Ns3PriorityQueue)->Name("ratio/ns3_best")->Apply(ratio_sizes);
BENCHMARK_TEMPLATE(hold, Ns3Heap)->Name("hold/ns3_heap")->Apply(laws_and_sizes);
BENCHMARK_TEMPLATE(hold, Ns3Map)->Name("hold/ns3_map")->Apply(laws_and_sizes);
BENCHMARK_TEMPLATE(hold, Ns3PriorityQueue)->Name("hold/ns3_priority_queue")->Apply(laws_and_sizes);
#else
void ns3_missing(benchmark::State& state) { state.SkipWithError("skipped: built without libns3-dev"); }
BENCHMARK(ns3_missing)->Name("ratio/ns3_best");
#endif

}  // namespace
}  // namespace knetsim::bench
