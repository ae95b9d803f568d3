#include "app/scenario/overload_notice.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "app/scenario/node_cores.h"
#include "app/scenario/pod_groups.h"
#include "app/scenario/traffic_rates.h"
#include "models/workload/overload.h"
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
    if (step.answers != AnswerRule::None) continue;  // of a name server, where it does not know the answer alone
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
    for (const auto& [pod, share] : shares_of_pods(variant, edge, rates[edge].clients)) {
      asked[pod] += rates[edge].per_second * share;
    }
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

/// A pod that asks for its node's cores.
struct CoreDemand {
  PodIndex pod = 0;
  double cores = 0;  ///< As far as its limit and workers let it.
  double weight = 0;
};

/// Deals cores out by weight, as CFS does among groups that want to run: no pod gets more than it asks for, and what one
/// leaves is the others'. @return  Cores of each, shape of `pods`, which are put in the order of cores / weight.
std::vector<double> deal(double cores, std::vector<CoreDemand>& pods) {
  std::ranges::sort(pods, [](const CoreDemand& one, const CoreDemand& two) {
    const double a = one.cores * two.weight, b = two.cores * one.weight;
    return a != b ? a < b : one.pod < two.pod;
  });
  double weights = 0;
  for (const CoreDemand& one : pods) weights += one.weight;
  std::vector<double> dealt;
  for (const CoreDemand& one : pods) {
    dealt.push_back(std::min(one.cores, cores * one.weight / weights));
    cores -= dealt.back();
    weights -= one.weight;
  }
  return dealt;
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

  const std::vector<MainShare> shares = main_shares(variant);

  std::vector<double> done = asked;
  std::vector<std::vector<CoreDemand>> of_node(cluster.nodes.size());
  for (PodIndex pod = 0; pod < cluster.pods.size(); ++pod) {
    const AppIndex app = plan.app_of_pod[pod];
    if (app == kNoIndex || asked[pod] <= 0) continue;
    const Demand& demand = demands[app];
    if (demand.worker_s > 0) done[pod] = std::min(done[pod], plan.apps[app].workers / demand.worker_s);
    if (demand.work_s <= 0) continue;
    if (const std::int64_t limit = shares[pod].limit_milli; limit > 0)
      done[pod] = std::min(done[pod], static_cast<double>(limit) / 1000 / demand.work_s);
    of_node[cluster.pods[pod].node].push_back(
        {.pod = pod, .cores = done[pod] * demand.work_s, .weight = shares[pod].weight});
  }
  for (std::size_t node = 0; node < of_node.size(); ++node) {
    std::vector<CoreDemand>& pods = of_node[node];
    const std::vector<double> cores = deal(cores_of(cluster.nodes[node]), pods);
    for (std::size_t i = 0; i < pods.size(); ++i) {
      if (cores[i] < pods[i].cores) done[pods[i].pod] = cores[i] / demands[plan.app_of_pod[pods[i].pod]].work_s;
    }
  }
  std::vector<Excess> of_app(plan.apps.size());
  for (PodIndex pod = 0; pod < cluster.pods.size(); ++pod) {
    const AppIndex app = plan.app_of_pod[pod];
    if (app == kNoIndex) continue;
    of_app[app].asked += asked[pod];
    of_app[app].done += done[pod];
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
