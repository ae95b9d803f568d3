// How long a large cluster takes from file to bound Cluster: 5,000 nodes, 10,000 Services with EndpointSlices and
// 150,000 Pods as `kubectl get -o json` prints them, and the same as Deployments and Services in YAML, whose pods are
// placed here. The unit of work is one load: parse, read, bind, endpoints. Each load is a process of its own, so that
// its peak of resident memory is that load's alone. The wall limits that the project sets itself are 5 s and 2 GiB.
//
// The files (half a gigabyte) are written to the temporary folder once and removed at the end.

#include <benchmark/benchmark.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "models/cluster/bind.h"
#include "models/cluster/manifest_reader.h"
#include "models/cluster/placement.h"
#include "sim/input/input_file.h"
#include "sim/input/read_documents.h"
#include "support/cluster_snapshot.h"

namespace knetsim {
namespace {

/// The two files, made when first asked for.
class Files {
 public:
  Files() : folder_((std::filesystem::temp_directory_path() / fmt::format("knetsim-load-{}", ::getpid())).string()) {
    std::filesystem::create_directories(folder_);
    const ClusterSnapshot snapshot{SnapshotSize{}};
    snapshot.write_json(path("json"));
    snapshot.write_yaml(path("yaml"));
  }
  ~Files() { std::filesystem::remove_all(folder_); }
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;

  std::string path(const std::string& extension) const { return folder_ + "/cluster." + extension; }

 private:
  std::string folder_;
};

const Files& files() {
  static const Files made;
  return made;
}

BoundCluster load(InputSet& inputs, const std::string& path) {
  Diagnostics diagnostics;
  ManifestReader reader(diagnostics);
  read_documents(inputs.open(path), diagnostics, [&](const Document& document) { reader.read(document); });
  ClusterOptions options;
  options.nodes = {.count = 5000, .capacity = {.cpu_milli = 16000, .memory_bytes = std::int64_t{64} << 30}};
  BoundCluster bound = bind_cluster(reader.finish(), options, diagnostics);
  diagnostics.throw_if_errors();
  return bound;
}

/// Loads in a child process. @return  Its peak resident memory, MiB; negative when it failed.
double load_in_child(const std::string& path) {
  const pid_t child = ::fork();
  if (child == 0) {
    InputSet inputs;
    const BoundCluster bound = load(inputs, path);
    ::_exit(bound.cluster.pods.size() == 150000 && bound.cluster.endpoints.latest().endpoints(9999).size() == 15 ? 0
                                                                                                                 : 1);
  }
  int status = 0;
  rusage usage{};
  if (child < 0 || ::wait4(child, &status, 0, &usage) != child || status != 0) return -1;
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

void load_file(benchmark::State& state, const std::string& extension) {
  const std::string path = files().path(extension);
  double peak_mib = 0;
  for (auto _ : state) {
    peak_mib = load_in_child(path);
    if (peak_mib < 0) state.SkipWithError("the load failed");
  }
  state.counters["peak_MiB"] = peak_mib;
  state.counters["file_MB"] = static_cast<double>(std::filesystem::file_size(path)) / 1e6;
}
BENCHMARK_CAPTURE(load_file, json, std::string("json"))->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(3);
BENCHMARK_CAPTURE(load_file, yaml, std::string("yaml"))->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(3);

/// Placement alone: pods of so many workloads and replicas on so many empty nodes. The unit of work is one pod.
void place_pods(benchmark::State& state) {
  const auto nodes = static_cast<std::uint32_t>(state.range(0));
  const auto workloads = static_cast<std::uint32_t>(state.range(1));
  const auto replicas = static_cast<std::uint32_t>(state.range(2));
  Cluster cluster;
  for (std::uint32_t i = 0; i < nodes; ++i) {
    ClusterNode node;
    node.capacity = node.allocatable = {.cpu_milli = 16000, .memory_bytes = std::int64_t{64} << 30};
    cluster.nodes.push_back(node);
  }
  PodSpec spec;
  spec.containers.emplace_back();
  spec.containers[0].requests = spec.requests = spec.scored = {.cpu_milli = 100, .memory_bytes = 128 << 20};
  cluster.pod_specs.push_back(spec);
  for (std::uint32_t i = 0; i < workloads; ++i) cluster.workloads.push_back({.kind = "Deployment"});
  for (auto _ : state) {
    Placement placement(cluster);
    for (std::uint32_t workload = 0; workload < workloads; ++workload) {
      for (std::uint32_t k = 0; k < replicas; ++k)
        benchmark::DoNotOptimize(placement.place(0, workload, workload * replicas + k));
    }
  }
  state.SetItemsProcessed(state.iterations() * workloads * replicas);
}
BENCHMARK(place_pods)
    ->ArgNames({"nodes", "workloads", "replicas"})
    ->Args({5'000, 10'000, 15})
    ->Args({100'000, 1'000, 1'000})
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1);

}  // namespace
}  // namespace knetsim
