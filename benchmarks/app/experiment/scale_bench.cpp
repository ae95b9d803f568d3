// A cluster at the limits that Kubernetes supports (5,000 nodes, 10,000 Services, 150,000 pods), read as the half
// gigabyte that `kubectl get -o json` prints, then 100,000 RPCs a second for 10 simulated seconds: 200 workloads
// between 400 of the Services, whose 6,000 pods stand on all nodes. The unit of work is one such run in a process of
// its own, so that its peak of resident memory is that run's alone. The marks that the project sets itself: loaded in 5
// s, simulated in 15 s, 4 GiB in all. And one of thirteen times as many nodes, whose Services are written as Deployments
// and whose machines are the scenario's: 65,000 nodes, 10,000 Services, 150,000 pods, for one simulated second.

#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

#include "app/experiment/simulation.h"
#include "app/scenario/load_scenario.h"
#include "support/cluster_snapshot.h"

namespace knetsim {
namespace {

constexpr std::uint32_t kWorkloads = 200;

/// What a run tells its parent through a pipe.
struct RunTimes {
  double load_s = 0;
  double simulate_s = 0;
  std::uint64_t rpcs = 0;
  std::uint64_t failed = 0;
  std::uint64_t events = 0;
};

/// The cluster and the scenario, made when first asked for and removed at the end.
class Files {
 public:
  /// @param made_nodes  So many machines of the scenario's own; 0: those of a snapshot.
  Files(const std::string& name, std::uint32_t made_nodes, std::uint32_t leaves, const std::string& duration)
      : folder_((std::filesystem::temp_directory_path() / fmt::format("knetsim-{}-{}", name, ::getpid())).string()) {
    std::filesystem::create_directories(folder_);
    const ClusterSnapshot snapshot{SnapshotSize{}};
    const std::string manifests = made_nodes == 0 ? "cluster.json" : "cluster.yaml";
    if (made_nodes == 0) {
      snapshot.write_json(folder_ + "/" + manifests);
    } else {
      snapshot.write_yaml(folder_ + "/" + manifests);
    }
    std::ofstream out(scenario());
    out << "apiVersion: knetsim.io/v1alpha1\nkind: Scenario\nmetadata: {name: scale}\nmanifests: [" << manifests
        << "]\ncluster:\n";
    if (made_nodes != 0) out << "  nodes: {count: " << made_nodes << "}\n";
    out << "  topology: {kind: leaf-spine, leaves: " << leaves << ", spines: 8}\n"
        << "  cni: {kind: flannel, backend: vxlan}\n  proxy: {mode: iptables}\n"
        << "costs: " << KNETSIM_SOURCE_DIR << "/configs/profiles/default.yaml\n"
        << "run: {duration: " << duration << ", seed: 1}\nvariants:\n  keepAlive: {}\n  connectionEach:";
    std::string workloads;
    const std::uint32_t services = SnapshotSize{}.services;
    for (std::uint32_t i = 0; i < kWorkloads; ++i) {
      const std::uint32_t client = i * (services / kWorkloads);  // of the same namespace as its server
      const std::uint32_t server = (client + 100) % services;
      workloads += fmt::format(
          "  w{0}:\n    from: {{selector: app=service-{1:05}, namespace: team-{2:03}}}\n"
          "    to: {{service: team-{4:03}/service-{3:05}, port: http}}\n"
          "    arrivals: {{poisson: {5}/s}}\n    connection: {{requestsPerConnection: 0}}\n    request: 512B\n"
          "    response: 2KiB\n",
          i, client, client % 100, server, server % 100, 100'000 / kWorkloads);
      out << "\n    workloads.w" << i << ".connection.requestsPerConnection: 1";
    }
    out << "\nworkloads:\n" << workloads;
  }
  ~Files() { std::filesystem::remove_all(folder_); }
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;

  std::string scenario() const { return folder_ + "/scale.yaml"; }

 private:
  std::string folder_;
};

RunTimes run(const std::string& path, const std::string& variant) {
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  const auto scenario = load_scenario(path, {.sets = {}, .variants = {variant}});
  const auto loaded = Clock::now();
  const PointResult point = simulate(scenario->variants.at(0), 0);
  RunTimes times{.load_s = std::chrono::duration<double>(loaded - begin).count(),
                 .simulate_s = std::chrono::duration<double>(Clock::now() - loaded).count(),
                 .rpcs = point.completed,
                 .events = point.events};
  for (const EdgeStats& edge : point.edges) times.failed += edge.failed();
  return times;
}

/// @return  False when the run failed.
bool run_in_child(const std::string& path, const std::string& variant, RunTimes& times, double& peak_mib) {
  int ends[2];
  if (::pipe(ends) != 0) return false;
  const pid_t child = ::fork();
  if (child == 0) {
    int code = 1;
    try {
      const RunTimes mine = run(path, variant);
      code = ::write(ends[1], &mine, sizeof(mine)) == static_cast<ssize_t>(sizeof(mine)) ? 0 : 1;
    } catch (const std::exception& e) {
      fmt::print(stderr, "{}\n", e.what());
    }
    ::_exit(code);
  }
  ::close(ends[1]);
  int status = 0;
  rusage usage{};
  const bool told = ::read(ends[0], &times, sizeof(times)) == static_cast<ssize_t>(sizeof(times));
  ::close(ends[0]);
  const bool ended = child > 0 && ::wait4(child, &status, 0, &usage) == child && status == 0;
  peak_mib = static_cast<double>(usage.ru_maxrss) / 1024;
  return told && ended;
}

void run_and_count(benchmark::State& state, const Files& files, const std::string& variant) {
  RunTimes times;
  double peak_mib = 0;
  for (auto _ : state) {
    if (!run_in_child(files.scenario(), variant, times, peak_mib)) {
      state.SkipWithError("the run failed");
      return;
    }
    state.SetIterationTime(times.load_s + times.simulate_s);
  }
  state.counters["load_s"] = times.load_s;
  state.counters["simulate_s"] = times.simulate_s;
  state.counters["RPCs"] = static_cast<double>(times.rpcs);
  state.counters["failed"] = static_cast<double>(times.failed);
  state.counters["events_per_RPC"] = static_cast<double>(times.events) / static_cast<double>(times.rpcs);
  state.counters["peak_MiB"] = peak_mib;
}

void scale(benchmark::State& state, const std::string& variant) {
  static const Files files("scale", 0, 125, "10s");
  run_and_count(state, files, variant);
}
BENCHMARK_CAPTURE(scale, keepAlive, std::string("keepAlive"))->Unit(benchmark::kSecond)->UseManualTime()->Iterations(1);
BENCHMARK_CAPTURE(scale, connectionEach, std::string("connectionEach"))
    ->Unit(benchmark::kSecond)
    ->UseManualTime()
    ->Iterations(1);

void large(benchmark::State& state, const std::string& variant) {
  static const Files files("large", 65'000, 1'625, "1s");
  run_and_count(state, files, variant);
}
BENCHMARK_CAPTURE(large, nodes65000, std::string("connectionEach"))
    ->Unit(benchmark::kSecond)
    ->UseManualTime()
    ->Iterations(1);

}  // namespace
}  // namespace knetsim
