#include "app/scenario/traffic_rates.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <span>

#include "app/scenario/zone_shares.h"

namespace knetsim {
namespace {

// No exchange takes less over two kernels: netperf between idle hosts, TCP_CRR and TCP_RR (Cilium CNI benchmark of
// 2021-05-11: 13,010 and 47,850 a second).
constexpr double kLeastWithConnect = 77e-6;
constexpr double kLeastKept = 21e-6;

class Rates {
 public:
  explicit Rates(const BoundVariant& variant)
      : variant_(variant),
        cluster_(*variant.cluster),
        plan_(variant.traffic),
        rates_(plan_.edges.size()),
        of_app_(plan_.apps.size()),
        seconds_(plan_.apps.size(), -1) {
    for (EdgeIndex edge = 0; edge < plan_.edges.size(); ++edge) servers_.push_back(servers_of(variant, edge));
  }

  std::vector<EdgeRate> all() {
    order();
    for (const AppIndex app : callees_first_) app_seconds(app);
    for (EdgeIndex edge = 0; edge < plan_.edges.size(); ++edge) rates_[edge].least_seconds = least_seconds(edge);
    for (const TrafficSpec& source : plan_.sources) add_source(source);
    for (auto app = callees_first_.rbegin(); app != callees_first_.rend(); ++app) add_calls(*app);
    return std::move(rates_);
  }

 private:
  /// Apps behind an edge, each with the pods of it that answer.
  std::set<AppIndex> apps_behind(EdgeIndex edge) const {
    std::set<AppIndex> apps;
    if (plan_.edges[edge].loopback) {
      if (plan_.edges[edge].app != kNoIndex) apps.insert(plan_.edges[edge].app);
      return apps;
    }
    for (const PodIndex pod : servers_[edge]) {
      if (const AppIndex app = plan_.app_at(edge, pod); app != kNoIndex) apps.insert(app);
    }
    return apps;
  }

  /// The edges of the questions that are asked for an edge's names.
  std::vector<EdgeIndex> looked_up(EdgeIndex edge) const {
    std::vector<EdgeIndex> questions;
    for (const CallerStep& step : plan_.edges[edge].script) {
      if (const auto* resolve = std::get_if<Resolve>(&step)) questions = looked_up(resolve->lookup);
      if (const auto* search = std::get_if<SearchNames>(&step)) questions.push_back(search->questions);
    }
    return questions;
  }

  double least_seconds(EdgeIndex edge) {
    double least = -1;
    for (const AppIndex app : apps_behind(edge)) {
      const double seconds = app_seconds(app);
      least = least < 0 ? seconds : std::min(least, seconds);
    }
    const EdgeSpec& spec = plan_.edges[edge];
    double before = 0;
    for (const CallerStep& step : spec.script) {
      const auto* resolve = std::get_if<Resolve>(&step);
      if (resolve != nullptr && !resolve->kept_for) before += least_seconds(resolve->lookup);
      if (const auto* search = std::get_if<SearchNames>(&step)) {
        before += static_cast<double>(plan_.lookups[search->lookup].rounds.size()) * least_seconds(search->questions);
      }
    }
    return before + std::max(0.0, least) + way_out_seconds(edge) +
           mean_work_seconds(spec.script, spec.connections.requests == 1);
  }

  /// Round trips to machines outside of the cluster, in the mean, those of a new connection included; 0 inside.
  double way_out_seconds(EdgeIndex edge) const {
    if (!variant_.targets[edge].outside) return 0;
    double sum = 0;
    for (const PodIndex machine : servers_[edge]) {
      sum += 2 * to_seconds(cluster_.nodes[cluster_.pods[machine].node].external->delay);
    }
    const EdgeSpec& spec = plan_.edges[edge];
    return (spec.connections.requests == 1 && !spec.udp ? 2 : 1) * sum / static_cast<double>(servers_[edge].size());
  }

  double app_seconds(AppIndex app) {
    if (seconds_[app] >= 0) return seconds_[app];
    double sum = 0;
    for (const AppStep& step : plan_.apps[app].steps) {
      if (step.answers != AnswerRule::None) continue;  // of what is not kept alone
      if (step.work_seconds) sum += step.work_seconds->mean();
      if (step.sleep_seconds) sum += step.sleep_seconds->mean();
      double longest = 0;
      for (const EdgeIndex call : step.calls) longest = std::max(longest, least_seconds(call));
      sum += longest;
    }
    return seconds_[app] = sum;
  }

  /// Requests a second that the workers behind an edge can answer; none said: 0.
  double workers_bound(EdgeIndex edge) {
    double bound = 0;
    for (const PodIndex pod : servers_[edge]) {
      const AppIndex app = plan_.app_at(edge, pod);
      if (app == kNoIndex || app_seconds(app) <= 0) return 0;
      bound += plan_.apps[app].workers / app_seconds(app);
    }
    return bound;
  }

  /// Of clients outside of the cluster to its border, in the mean; 0 inside.
  double round_trip_seconds(const TrafficSpec& source) const {
    double sum = 0;
    for (const PodIndex client : source.clients) {
      const auto& external = cluster_.nodes[cluster_.pods[client].node].external;
      if (external) sum += 2 * to_seconds(external->delay);
    }
    return sum / static_cast<double>(std::max<std::size_t>(1, source.clients.size()));
  }

  void add_source(const TrafficSpec& source) {
    EdgeRate& rate = rates_[source.edge];
    const EdgeSpec& edge = plan_.edges[source.edge];
    double per_second = 0;
    if (const auto* poisson = std::get_if<PoissonArrivals>(&source.arrivals)) per_second = poisson->per_second;
    if (const auto* constant = std::get_if<ConstantArrivals>(&source.arrivals)) per_second = constant->per_second;
    if (const auto* listed = std::get_if<ListedArrivals>(&source.arrivals); listed && !listed->at.empty()) {
      per_second =
          static_cast<double>(listed->at.size()) / std::max(1.0, to_seconds(listed->at.back().time_since_epoch()));
    }
    if (const auto* loop = std::get_if<ClosedLoop>(&source.arrivals)) {
      const double least = edge.connections.requests == 1 ? kLeastWithConnect : kLeastKept;
      const double distance = (edge.connections.requests == 1 ? 2 : 1) * round_trip_seconds(source);
      per_second = loop->users / (loop->think_seconds.mean() + rate.least_seconds + least + distance);
      if (const double bound = workers_bound(source.edge); bound > 0) per_second = std::min(per_second, bound);
      rate.at_most = true;
      rate.users_per_client = static_cast<double>(loop->users) / static_cast<double>(source.clients.size());
    }
    for (const PodIndex client : source.clients) {
      rate.clients.emplace_back(client, per_second / static_cast<double>(source.clients.size()));
    }
    reach(source.edge);
  }

  /// What an edge's clients ask reaches the apps behind it.
  void reach(EdgeIndex edge) {
    EdgeRate& rate = rates_[edge];
    rate.per_second = 0;
    for (const auto& [client, per_second] : rate.clients) rate.per_second += per_second;
    reach_name_servers(edge);
    if (plan_.edges[edge].loopback) {
      if (const AppIndex app = plan_.edges[edge].app; app != kNoIndex) {
        for (const auto& [client, per_second] : rate.clients) of_app_[app][client] += per_second;
        at_most_.insert_or_assign(app, at_most_[app] || rate.at_most);
      }
      return;
    }
    for (const auto& [pod, share] : shares_of_pods(variant_, edge, rate.clients)) {
      const AppIndex app = plan_.app_at(edge, pod);
      if (app == kNoIndex) continue;
      of_app_[app][pod] += rate.per_second * share;
      at_most_.insert_or_assign(app, at_most_[app] || rate.at_most);
    }
  }

  /// What its script looks up, at that rate: each time, or once in the time for which a client keeps it, at most.
  void reach_name_servers(EdgeIndex edge) {
    for (const CallerStep& step : plan_.edges[edge].script) {
      const auto* resolve = std::get_if<Resolve>(&step);
      const auto* search = std::get_if<SearchNames>(&step);
      if (resolve == nullptr && search == nullptr) continue;
      const EdgeIndex next = resolve != nullptr ? resolve->lookup : search->questions;
      double each = 1;
      if (search != nullptr) {
        each = 0;
        for (const LookupRound& round : plan_.lookups[search->lookup].rounds) {
          each += static_cast<double>(round.questions.size());
        }
      }
      rates_[next].clients = rates_[edge].clients;
      rates_[next].at_most = rates_[edge].at_most || (resolve != nullptr && resolve->kept_for);
      for (auto& [client, per_second] : rates_[next].clients) {
        if (resolve != nullptr && resolve->kept_for)
          per_second = std::min(per_second, 1 / to_seconds(*resolve->kept_for));
        per_second *= each;
      }
      reach(next);
    }
  }

  void add_calls(AppIndex app) {
    for (const AppStep& step : plan_.apps[app].steps) {
      const double weights = std::accumulate(step.weights.begin(), step.weights.end(), 0.0);
      for (std::size_t i = 0; i < step.calls.size(); ++i) {
        EdgeRate& rate = rates_[step.calls[i]];
        rate.clients.assign(of_app_[app].begin(), of_app_[app].end());
        for (auto& [pod, per_second] : rate.clients) per_second *= step.weights.empty() ? 1 : step.weights[i] / weights;
        rate.at_most = at_most_[app] || step.answers != AnswerRule::None;
        reach(step.calls[i]);
      }
    }
  }

  /// Every app behind all that it calls; calls have no circles. Without recursion: chains may be long.
  void order() {
    std::vector<std::vector<AppIndex>> callees(plan_.apps.size());
    for (AppIndex app = 0; app < plan_.apps.size(); ++app) {
      std::set<AppIndex> called;
      for (const AppStep& step : plan_.apps[app].steps) {
        for (const EdgeIndex call : step.calls) {
          called.merge(apps_behind(call));
          for (const EdgeIndex lookup : looked_up(call)) called.merge(apps_behind(lookup));
        }
      }
      callees[app].assign(called.begin(), called.end());
    }
    std::vector<bool> seen(plan_.apps.size());
    std::vector<std::pair<AppIndex, std::size_t>> path;  // an app, and how many of its callees have been entered
    for (AppIndex first = 0; first < plan_.apps.size(); ++first) {
      if (!seen[first]) path.emplace_back(first, 0);
      seen[first] = true;
      while (!path.empty()) {
        auto& [app, entered] = path.back();
        if (entered == callees[app].size()) {
          callees_first_.push_back(app);
          path.pop_back();
          continue;
        }
        const AppIndex next = callees[app][entered++];
        if (!seen[next]) path.emplace_back(next, 0);
        seen[next] = true;
      }
    }
  }

  const BoundVariant& variant_;
  const Cluster& cluster_;
  const TrafficPlan& plan_;
  std::vector<std::vector<PodIndex>> servers_;      // by edge
  std::vector<EdgeRate> rates_;                     // by edge
  std::vector<std::map<PodIndex, double>> of_app_;  // requests a second that reach each pod, by app
  std::map<AppIndex, bool> at_most_;
  std::vector<AppIndex> callees_first_;
  std::vector<double> seconds_;  // by app; below 0: not known yet
};

}  // namespace

std::vector<PodIndex> servers_of(const BoundVariant& variant, EdgeIndex edge) {
  const EdgeTarget& target = variant.targets[edge];
  std::vector<PodIndex> pods;
  if (target.loopback) return pods;
  const EndpointView view = variant.cluster->endpoints.latest();
  const std::span<const Endpoint> endpoints =
      target.port == kNoIndex ? std::span<const Endpoint>(target.direct) : view.endpoints(target.port);
  for (const Endpoint& endpoint : endpoints) {
    if (endpoint.pod != kNoIndex) pods.push_back(endpoint.pod);
  }
  return pods;
}

std::vector<std::pair<PodIndex, double>> shares_of_pods(const BoundVariant& variant, EdgeIndex edge,
                                                        std::span<const std::pair<PodIndex, double>> clients) {
  if (std::optional<ZoneShares> by_hints = zone_shares(variant, edge, clients)) return std::move(by_hints->pods);
  const std::vector<PodIndex> servers = servers_of(variant, edge);
  std::vector<std::pair<PodIndex, double>> shares;
  for (const PodIndex pod : servers) shares.emplace_back(pod, 1 / static_cast<double>(servers.size()));
  return shares;
}

std::vector<EdgeRate> edge_rates(const BoundVariant& variant) { return Rates(variant).all(); }

}  // namespace knetsim
