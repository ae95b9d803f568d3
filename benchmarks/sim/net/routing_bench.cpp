// Path lookup. Unit of work: one path of a flow, host to host.
#include "sim/net/routing.h"

#include <benchmark/benchmark.h>

#include <array>
#include <vector>

#include "sim/net/flow_hash.h"
#include "sim/net/generators.h"

namespace knetsim {
namespace {

struct Query {
  HostId src;
  HostId dst;
  std::uint64_t hash;
};

std::vector<Query> queries(std::uint32_t hosts, std::size_t count) {
  std::vector<Query> list;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t x = mix64(i + 1);
    list.push_back({static_cast<HostId>(x % hosts), static_cast<HostId>((x >> 32) % hosts), mix64(x)});
  }
  return list;
}

void look_up(benchmark::State& state, const Topology& topology) {
  const Routing routing(topology);
  const auto list = queries(static_cast<std::uint32_t>(topology.hosts()), 4096);
  std::array<LinkId, kMaxPathLinks> path{};
  std::size_t i = 0;
  for (auto _ : state) {
    const Query& query = list[i++ % list.size()];
    benchmark::DoNotOptimize(routing.path(query.src, query.dst, query.hash, path));
    benchmark::DoNotOptimize(path);
  }
  state.SetItemsProcessed(state.iterations());
  state.counters["table_bytes"] = static_cast<double>(routing.table_bytes());
}

void path_leaf_spine(benchmark::State& state) {
  look_up(state, leaf_spine({.hosts = {.count = static_cast<std::uint32_t>(state.range(0))},
                             .leaves = static_cast<std::uint32_t>(state.range(1)),
                             .spines = static_cast<std::uint32_t>(state.range(2))}));
}
BENCHMARK(path_leaf_spine)->Args({64, 4, 4})->Args({5000, 125, 16});

void path_fat_tree(benchmark::State& state) {
  const auto k = static_cast<std::uint32_t>(state.range(0));
  look_up(state, fat_tree({.hosts = {.count = static_cast<std::uint32_t>(fat_tree_capacity(k))}, .k = k}));
}
BENCHMARK(path_fat_tree)->Arg(8)->Arg(28);

// Unit of work: all tables of a fabric.
void build_tables(benchmark::State& state) {
  const Topology topology = state.range(0) == 0
                                ? leaf_spine({.hosts = {.count = 5000}, .leaves = 125, .spines = 16})
                                : fat_tree({.hosts = {.count = 5000}, .k = static_cast<std::uint32_t>(state.range(0))});
  for (auto _ : state) {
    const Routing routing(topology);
    benchmark::DoNotOptimize(routing.epoch());
  }
}
BENCHMARK(build_tables)->Arg(0)->Arg(28)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace knetsim
