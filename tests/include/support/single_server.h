#pragma once

#include <memory>

#include "models/workload/overload.h"
#include "models/workload/runtime.h"
#include "models/workload/traffic_recorder.h"
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
  /// What becomes of the first attempts to connect, one after the other; of all others there is a connection.
  enum class Dialed : std::uint8_t { Connected, Refused, Dropped };
  std::vector<Dialed> dialed{};

  /// An open loop of Poisson arrivals at `rate` per second to `workers` workers with this service time.
  static SingleServer open_loop(double rate, Distribution service_seconds, std::uint32_t workers) {
    SingleServer server;
    server.cores = workers;
    server.plan.edges.push_back({.name = "edge",
                                 .target = "server",
                                 .connections = {.requests = 0},
                                 .script = plain_script({.request_bytes = Distribution::constant(1),
                                                         .response_bytes = Distribution::constant(1)}),
                                 .timeout = std::chrono::hours(1)});
    server.plan.apps.push_back({.name = "server",
                                .steps = {{.work_seconds = service_seconds, .sleep_seconds = {}, .calls = {}}},
                                .workers = workers});
    server.plan.sources.push_back({.name = "source", .clients = {0}, .edge = 0, .arrivals = PoissonArrivals{rate}});
    server.plan.app_of_pod = {kNoIndex, 0};
    return server;
  }

  /// Requests at these times from the run's start, instead of the open loop.
  SingleServer& asked_at(std::vector<Duration> times) {
    ListedArrivals listed;
    for (const Duration at : times) listed.at.push_back(kTimeZero + at);
    plan.sources[0].arrivals = std::move(listed);
    return *this;
  }

  struct Outcome {
    EdgeStats stats;  ///< Of the first edge.
    std::vector<EdgeStats> edges;
    std::vector<SourceRecorder> sources;
    std::uint64_t events = 0;
    std::vector<Time> hung_up;   ///< When connections were closed.
    std::size_t open_flows = 0;  ///< At the end.
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
    Free dialer(dialed);
    const Time end = kTimeZero + warm_up + duration;
    TrafficRecorder recorder(scheduler, plan, {.from = kTimeZero + warm_up, .to = end, .series_points = 10});
    SpanSampler spans(plan.sources.size(), 0, kTimeZero + warm_up, end);
    TrafficRuntime runtime({scheduler, cpus, network, dialer, recorder, spans}, plan, groups, streams,
                           {.kinds = {.work = 1, .sleep = 2}, .until = end + drain, .first_source = 16});
    cpus.set_owner(runtime);
    network.set_owner(runtime);
    runtime.start(kTimeZero);
    scheduler.run_until(end);
    if (recorder.close() > 0) {
      runtime.stop_beyond(most_in_drain(runtime.live()));
      scheduler.run_until(end + drain);
    }
    runtime.report_unfinished(scheduler.now());
    recorder.finish(scheduler.now());
    return {.stats = recorder.edges()[0],
            .edges = recorder.edges(),
            .sources = recorder.sources(),
            .events = scheduler.events(),
            .hung_up = dialer.hung_up_at,
            .open_flows = network.live_flows()};
  }

 private:
  /// Connects to the one server over a walk without steps.
  class Free final : public Dialer {
   public:
    explicit Free(const std::vector<Dialed>& answers) : answers_(answers) {
      for (Plan& of_class : plans_.plan) {
        of_class.max_segment_bytes = 1448;
        of_class.header_bytes = 52;
        of_class.stages = {{.place = StagePlace::SenderCore}, {.place = StagePlace::ReceiverCore}};
      }
    }
    Dial dial(EdgeIndex, PodIndex, std::uint64_t id, Time) override {
      const Dialed answer = next_ < answers_.size() ? answers_[next_++] : Dialed::Connected;
      if (answer != Dialed::Connected) return {.flow = {}, .dropped = answer == Dialed::Dropped};
      return {.flow = {.plans = &plans_, .nodes = {0}, .tuple = {}, .id = id}, .server = 1};
    }
    void hung_up(EdgeIndex, HostId, PodIndex, Time now) override { hung_up_at.push_back(now); }

    std::vector<Time> hung_up_at;

   private:
    const std::vector<Dialed>& answers_;
    std::size_t next_ = 0;
    FlowPlans plans_;
  };
};

}  // namespace knetsim::testing
