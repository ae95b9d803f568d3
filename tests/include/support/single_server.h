#pragma once

#include <memory>

#include "models/workload/runtime.h"
#include "sim/net/generators.h"

namespace knetsim::testing {

/// The smallest whole simulation: clients on one node, one application on another, and walks that cost nothing, so that
/// what is left is the application's queue and the cores beneath it.
struct SingleServer {
  TrafficPlan plan;
  std::uint32_t cores = 1;
  double weight = 1024;
  std::optional<CpuQuota> quota;
  Duration warm_up{};
  Duration duration{};
  Duration drain{};
  std::uint64_t seed = 1;

  /// An open loop of Poisson arrivals at `rate` per second to `workers` workers with this service time.
  static SingleServer open_loop(double rate, Distribution service_seconds, std::uint32_t workers) {
    SingleServer server;
    server.cores = workers;
    server.plan.edges.push_back({.name = "edge",
                                 .target = "server",
                                 .requests_per_connection = 0,
                                 .request_bytes = Distribution::constant(1),
                                 .response_bytes = Distribution::constant(1),
                                 .timeout = std::chrono::hours(1)});
    server.plan.apps.push_back({.name = "server",
                                .steps = {{.work_seconds = service_seconds, .sleep_seconds = {}, .calls = {}}},
                                .workers = workers});
    server.plan.sources.push_back({.name = "source", .clients = {0}, .edge = 0, .arrivals = PoissonArrivals{rate}});
    server.plan.app_of_pod = {kNoIndex, 0};
    return server;
  }

  struct Outcome {
    EdgeStats stats;
    std::vector<SourceRecorder> sources;
    std::uint64_t events = 0;
  };

  Outcome run() const {
    SingleSwitchSpec fabric;
    fabric.hosts.count = 2;
    const Topology topology = single_switch(fabric);
    const Routing routing(topology);
    Scheduler scheduler(64);
    Cpus cpus(scheduler, 0);
    cpus.add_node(64);
    cpus.add_node(cores);
    const std::vector<GroupIndex> groups{cpus.add_group(0, 1024), cpus.add_group(1, weight, quota)};
    const PlanTables tables{.shapes = {NoiseShape(0)}, .curves = {}, .wire_kind = 0};
    const RandomStreams streams(seed);
    Network network(scheduler, cpus, topology, routing, tables, streams, {}, 2);
    Free dialer;
    TrafficRuntime runtime(scheduler, cpus, network, dialer, plan, groups, streams, {.work = 1, .sleep = 2},
                           {.measure_from = kTimeZero + warm_up,
                            .end = kTimeZero + warm_up + duration,
                            .drain = drain,
                            .series_points = 10},
                           16);
    cpus.set_owner(runtime);
    network.set_owner(runtime);
    runtime.start(kTimeZero);
    scheduler.run_until(kTimeZero + warm_up + duration);
    if (runtime.close_window() > 0) {
      scheduler.run_until(kTimeZero + warm_up + duration + drain);
    }
    runtime.finish(scheduler.now());
    return {runtime.edges()[0], runtime.sources(), scheduler.events()};
  }

 private:
  /// Connects to the one server over a walk without steps.
  class Free final : public Dialer {
   public:
    Free() {
      for (Plan& of_class : plans_.plan) {
        of_class.max_segment_bytes = 1448;
        of_class.header_bytes = 52;
        of_class.stages = {{.place = StagePlace::SenderCore}, {.place = StagePlace::ReceiverCore}};
      }
    }
    Dial dial(EdgeIndex, PodIndex, std::uint64_t id, Time) override {
      return {.flow = {.plans = &plans_, .nodes = {0}, .tuple = {}, .id = id}, .server = 1};
    }
    void hung_up(EdgeIndex, HostId, PodIndex, Time) override {}

   private:
    FlowPlans plans_;
  };
};

}  // namespace knetsim::testing
