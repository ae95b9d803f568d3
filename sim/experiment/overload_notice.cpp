#include "sim/experiment/overload_notice.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "models/workload/overload.h"
#include "sim/experiment/node_cores.h"
#include "sim/experiment/traffic_rates.h"
#include "sim/input/units_text.h"

namespace knetsim {
namespace {

/// What one request takes of an app.
struct Demand {
  double work_s = 0;    ///< On a core.
  double worker_s = 0;  ///< Of a worker, pauses included; calls to others take what they take beside it.
};

Demand demand_of(const AppSpec& app) {
  Demand demand;
  for (const AppStep& step : app.steps) {
    const double work = step.work_seconds ? step.work_seconds->mean() : 0;
    demand.work_s += work;
    demand.worker_s += work + (step.sleep_seconds ? step.sleep_seconds->mean() : 0);
  }
  return demand;
}

/// Requests a second that open loops ask of each pod, shape (pods,).
std::vector<double> asked_of_pods(const BoundVariant& variant, const std::vector<EdgeRate>& rates) {
  std::vector<double> asked(variant.cluster->pods.size(), 0);
  for (EdgeIndex edge = 0; edge < rates.size(); ++edge) {
    if (rates[edge].at_most || variant.traffic.edges[edge].loopback) continue;  // a closed loop waits for its answers
    const std::vector<PodIndex> servers = servers_of(variant, edge);
    for (const PodIndex pod : servers) asked[pod] += rates[edge].per_second / static_cast<double>(servers.size());
  }
  return asked;
}

/// The source that asks the most, to point at; kNoIndex where none is an open loop.
TrafficIndex busiest_source(const BoundVariant& variant, const std::vector<EdgeRate>& rates) {
  TrafficIndex busiest = kNoIndex;
  double most = 0;
  for (TrafficIndex i = 0; i < variant.traffic.sources.size(); ++i) {
    const EdgeRate& rate = rates[variant.traffic.sources[i].edge];
    if (rate.at_most || rate.per_second <= most) continue;
    most = rate.per_second;
    busiest = i;
  }
  return busiest;
}

struct Excess {
  double asked = 0;  ///< Requests a second of the app's pods.
  double done = 0;   ///< At most.
};

}  // namespace

void tell_overload(const BoundVariant& variant, Diagnostics& diagnostics) {
  const Cluster& cluster = *variant.cluster;
  const TrafficPlan& plan = variant.traffic;
  const std::vector<EdgeRate> rates = edge_rates(variant);
  const TrafficIndex source = busiest_source(variant, rates);
  if (source == kNoIndex) return;
  std::vector<Demand> demands;
  for (const AppSpec& app : plan.apps) demands.push_back(demand_of(app));
  const std::vector<double> asked = asked_of_pods(variant, rates);

  std::vector<double> cores_asked(cluster.nodes.size(), 0);
  for (PodIndex pod = 0; pod < cluster.pods.size(); ++pod) {
    if (const AppIndex app = plan.app_of_pod[pod]; app != kNoIndex)
      cores_asked[cluster.pods[pod].node] += asked[pod] * demands[app].work_s;
  }
  std::vector<Excess> of_app(plan.apps.size());
  for (PodIndex index = 0; index < cluster.pods.size(); ++index) {
    const AppIndex app = plan.app_of_pod[index];
    if (app == kNoIndex || asked[index] <= 0) continue;
    const Pod& pod = cluster.pods[index];
    const double node_cores = cores_of(cluster.nodes[pod.node]);
    double done = asked[index];
    // Pods that together ask for more than the node has: each gets on as it asks, at best.
    if (cores_asked[pod.node] > node_cores) done *= node_cores / cores_asked[pod.node];
    if (const std::int64_t limit = cluster.spec(pod).limits.cpu_milli; limit > 0 && demands[app].work_s > 0)
      done = std::min(done, static_cast<double>(limit) / 1000 / demands[app].work_s);
    if (demands[app].worker_s > 0) done = std::min(done, plan.apps[app].workers / demands[app].worker_s);
    of_app[app].asked += asked[index];
    of_app[app].done += done;
  }
  // Of apps that call each other the slowest holds back the others, so excesses do not add up.
  const auto worst = std::ranges::max_element(of_app, {}, [](const Excess& one) { return one.asked - one.done; });
  if (worst == of_app.end() || worst->asked <= worst->done) return;
  const double full_s = static_cast<double>(kMostInFlight) / (worst->asked - worst->done);
  if (full_s >= to_seconds(variant.scenario.run.warm_up + variant.scenario.run.duration)) return;
  diagnostics.notice(
      variant.scenario.root["workloads"][plan.sources[source].name]["arrivals"],
      fmt::format("the pods of app '{}' are asked for {} requests a second and can do {}: after {} there are {} in "
                  "flight, where the run ends without a result",
                  plan.apps[static_cast<std::size_t>(worst - of_app.begin())].name,
                  with_commas(std::llround(worst->asked)), with_commas(std::llround(worst->done)),
                  human(from_seconds(full_s)), with_commas(static_cast<std::int64_t>(kMostInFlight))),
      "a lower rate, more pods or cores, a shorter run, or a closed loop");
}

}  // namespace knetsim
