// Link visits. Unit of work: one train over one link.
#include "sim/net/link.h"

#include <benchmark/benchmark.h>

#include <vector>

#include "sim/core/hash.h"
#include "sim/net/generators.h"

namespace knetsim {
namespace {

// Visits in random order of links; time moves on so that each link is half loaded.
void visits(benchmark::State& state, const PacketTrain& size) {
  const auto count = static_cast<std::size_t>(state.range(0));
  const std::vector<Link> specs(count, Link{.rate = Bandwidth(25'000'000'000), .buffer = Bytes(1 << 20)});
  Links links(specs);
  std::vector<LinkId> order(65536);
  for (std::size_t i = 0; i < order.size(); ++i) {
    order[i] = static_cast<LinkId>(mix64(i) % count);
  }
  const Duration step = 2 * links.service_time(0, size.bytes) / static_cast<std::int64_t>(count);
  Time now{};
  std::size_t i = 0;
  for (auto _ : state) {
    now += step;
    benchmark::DoNotOptimize(links.visit(order[i++ % order.size()], {.size = size, .head = now, .tail = now}));
  }
  state.SetItemsProcessed(state.iterations());
}

void visit_one_packet(benchmark::State& state) { visits(state, tcp_train(Bytes(1000), {})); }
BENCHMARK(visit_one_packet)->Arg(64)->Arg(20'000);

void visit_64_kib(benchmark::State& state) { visits(state, tcp_train(Bytes(65536), {})); }
BENCHMARK(visit_64_kib)->Arg(64)->Arg(20'000);

}  // namespace
}  // namespace knetsim
