#include "sim/experiment/fill_results.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "sim/experiment/span_results.h"
#include "sim/experiment/step_names.h"
#include "sim/experiment/variant_models.h"

namespace knetsim {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr double kBands[] = {0.5, 0.99, 0.999};

std::int64_t signed_count(std::uint64_t count) { return static_cast<std::int64_t>(count); }

double seconds_from_ns(double ns) { return ns * 1e-9; }

/// Gives each name of a set that grows a position.
class Axis {
 public:
  std::size_t at(const std::string& name) {
    const auto [entry, is_new] = index_.try_emplace(name, names_.size());
    if (is_new) {
      names_.push_back(name);
    }
    return entry->second;
  }
  const std::vector<std::string>& names() const { return names_; }

 private:
  std::map<std::string, std::size_t> index_;
  std::vector<std::string> names_;
};

void add_histogram(MetricState& state, std::size_t cell, const Histogram& ns) {
  state.n[cell] += signed_count(ns.count());
  state.sum[cell] += seconds_from_ns(static_cast<double>(ns.sum()));
  state.sum_sq[cell] += static_cast<double>(ns.sum_of_squares()) * 1e-18;
  if (!ns.empty()) {
    state.min[cell] = std::fmin(state.min[cell], seconds_from_ns(static_cast<double>(ns.min())));
    state.max[cell] = std::fmax(state.max[cell], seconds_from_ns(static_cast<double>(ns.max())));
  }
}

void add_buckets(HistogramResults& results, const Histogram& ns) {
  std::int64_t rows = 0;
  ns.for_each([&](std::int64_t lower, std::int64_t upper, std::uint64_t count) {
    results.bucket_lower.push_back(lower * 1000);
    results.bucket_upper.push_back(upper * 1000);
    results.count.push_back(signed_count(count));
    ++rows;
  });
  results.row_size.push_back(rows);
}

void add_summary(SummaryResults& summary, const BoundVariant& variant, std::uint32_t replicate,
                 const PointResult& point) {
  const RunSettings& run = variant.scenario.run;
  const double measured = to_seconds(run.duration);
  summary.seed.push_back(hash_combine(run.seed, replicate));
  summary.status.push_back(static_cast<std::int8_t>(RunStatus::kOk));
  summary.events.push_back(signed_count(point.events));
  summary.sim_time.push_back(to_seconds(run.warm_up + run.duration));
  summary.measured_time.push_back(measured);
  summary.wall_s.push_back(point.wall_s);
  for (const TrafficSpec& source : variant.traffic.sources) {
    const EdgeStats& stats = point.edges[source.edge];
    const std::size_t cell = summary.unstable.size();
    summary.latency.resize(cell + 1);
    summary.connect.resize(cell + 1);
    summary.unstable.push_back(is_unstable(stats) ? 1 : 0);
    summary.offered_rate.push_back(static_cast<double>(stats.asked) / measured);
    summary.achieved_rate.push_back(static_cast<double>(stats.ok) / measured);
    summary.requests_sent.push_back(signed_count(stats.asked));
    summary.requests_ok.push_back(signed_count(stats.ok));
    summary.requests_error.push_back(signed_count(stats.errors));
    summary.requests_timeout.push_back(signed_count(stats.timeouts));
    summary.requests_retried.push_back(signed_count(stats.retried));
    summary.requests_unfinished.push_back(signed_count(stats.unfinished));
    summary.in_flight_start.push_back(signed_count(stats.in_flight_start));
    summary.in_flight_end.push_back(signed_count(stats.in_flight_end));
    summary.bytes_sent.push_back(signed_count(stats.bytes_sent));
    summary.bytes_received.push_back(signed_count(stats.bytes_received));
    summary.goodput.push_back(static_cast<double>(stats.bytes_sent + stats.bytes_received) * 8 / measured);
    summary.connections.push_back(signed_count(stats.connections));
    summary.rules_per_connection.push_back(
        stats.connections == 0 ? kNone : stats.rules_evaluated / static_cast<double>(stats.connections));
    add_histogram(summary.latency, cell, stats.latency_ns);
    add_histogram(summary.connect, cell, stats.connect_ns);
    for (const double q : kResultQuantiles) {
      const auto quantile = [&](const Histogram& ns) {
        return ns.empty() ? kNone : seconds_from_ns(static_cast<double>(ns.quantile(q)));
      };
      summary.latency_quantile.push_back(quantile(stats.latency_ns));
      summary.connect_quantile.push_back(quantile(stats.connect_ns));
    }
  }
}

void add_walk(ExperimentResults& results, const SourceRecorder& source) {
  TimeSplit sum;
  std::uint64_t requests = 0;
  for (const auto& [band, split] : source.bands()) {
    sum += split.sum;
    requests += split.requests;
  }
  const std::size_t kinds = kind_names().size();
  for (std::size_t step = 0; step < kinds + kWaits; ++step) {
    const bool is_wait = step >= kinds;
    results.walk.visits.push_back(signed_count(requests));
    results.walk.service_time.push_back(is_wait ? 0 : to_seconds(Duration(sum.service[step])));
    results.walk.wait_time.push_back(is_wait ? to_seconds(Duration(sum.wait[step - kinds])) : 0);
  }
}

void add_split(ExperimentResults& results, const SourceRecorder& source, const Histogram& latency_ns) {
  const std::size_t kinds = kind_names().size();
  for (const double q : kBands) {
    const SplitBand band = split_around(source, Duration(latency_ns.quantile(q) * 1000));
    const auto mean = [&](std::int64_t picoseconds) {
      return band.requests == 0 ? kNone : to_seconds(Duration(picoseconds)) / static_cast<double>(band.requests);
    };
    results.split.requests.push_back(signed_count(band.requests));
    results.split.latency.push_back(mean(band.sum.total().count()));
    for (std::size_t step = 0; step < kinds + kWaits; ++step) {
      const bool is_wait = step >= kinds;
      results.split.service_time.push_back(is_wait ? 0 : mean(band.sum.service[step]));
      results.split.wait_time.push_back(is_wait ? mean(band.sum.wait[step - kinds]) : 0);
    }
  }
}

void add_series(SeriesResults& series, const SourceRecorder& source) {
  for (const SeriesPoint& point : source.series()) {
    series.completed.push_back(signed_count(point.ok));
    series.errors.push_back(signed_count(point.failed));
    const auto quantile = [&](double q) {
      return point.latency_ns.empty() ? kNone : seconds_from_ns(static_cast<double>(point.latency_ns.quantile(q)));
    };
    series.latency_p50.push_back(quantile(0.5));
    series.latency_p99.push_back(quantile(0.99));
    series.in_flight.push_back(signed_count(point.in_flight));
  }
}

void add_cpu(CpuResults& cpu, const PointResult& point, double measured) {
  for (const NodeCpu& node : point.nodes) {
    const double all = measured * node.cores;
    const double busy = to_seconds(node.softirq + node.application);
    cpu.cores.push_back(node.cores);
    cpu.utilisation.push_back(busy / all);
    cpu.softirq_share.push_back(to_seconds(node.softirq) / all);
    cpu.busiest_core.push_back(to_seconds(node.busiest) / measured);
    cpu.throttled_time.push_back(to_seconds(node.throttled));
  }
}

void add_links(LinkResults& results, const PointResult& point, const Topology& topology, double measured) {
  for (LinkId link = 0; link < point.links.size(); ++link) {
    const LinkUse& use = point.links[link];
    results.rate.push_back(static_cast<double>(topology.link(link).rate.bits_per_second()));
    results.bytes.push_back(use.sent.count());
    results.packets.push_back(signed_count(use.packets));
    results.utilisation.push_back(to_seconds(use.busy) / measured);
    results.queue_max.push_back(use.queue_max.count());
    results.drops.push_back(signed_count(use.drops));
  }
}

}  // namespace

bool is_unstable(const EdgeStats& stats) {
  // In a stable system what is in flight at the end differs from the start by chance: a Poisson number's spread, five
  // times.
  const double chance = 5 * std::sqrt(static_cast<double>(stats.in_flight_start) + 1);
  const double growth = static_cast<double>(stats.in_flight_end) - static_cast<double>(stats.in_flight_start);
  return growth > chance && growth > 0.02 * static_cast<double>(stats.asked);
}

SplitBand split_around(const SourceRecorder& source, Duration latency) {
  const auto& bands = source.bands();
  SplitBand sum;
  const std::uint32_t middle = SourceRecorder::band_of(latency);
  for (std::uint32_t reach = 0; reach <= 8 && sum.requests == 0; ++reach) {
    for (auto band = bands.lower_bound(middle - reach); band != bands.end() && band->first <= middle + reach; ++band) {
      sum.requests += band->second.requests;
      sum.sum += band->second.sum;
    }
  }
  return sum;
}

ExperimentResults fill_results(const std::vector<BoundVariant>& variants, const ExperimentOutcome& outcome) {
  ExperimentResults results;
  const BoundVariant& base = variants.front();
  const double measured = to_seconds(base.scenario.run.duration);
  Axis services, endpoints;
  for (const BoundVariant& variant : variants) {
    for (const EdgeSpec& edge : variant.traffic.edges) {
      services.at(edge.target);
    }
    for (PodIndex pod = 0; pod < variant.traffic.app_of_pod.size(); ++pod) {
      if (variant.traffic.app_of_pod[pod] != kNoIndex) {
        endpoints.at(std::string(variant.cluster->pods[pod].ns) + "/" + std::string(variant.cluster->pods[pod].name));
      }
    }
  }
  const Topology topology = make_topology(base.scenario, *base.cluster);
  for (const TrafficSpec& source : base.traffic.sources) {
    results.workloads.push_back(source.name);
  }
  results.quantiles.assign(std::begin(kResultQuantiles), std::end(kResultQuantiles));
  results.services = services.names();
  results.endpoints = endpoints.names();
  for (const ClusterNode& node : base.cluster->nodes) {
    results.nodes.emplace_back(node.name);
  }
  results.reasons = {"link queue full"};
  for (LinkId link = 0; link < topology.links().size(); ++link) {
    results.links.push_back(topology.link_name(link));
  }
  results.steps = kind_names();
  for (const std::string& name : wait_names()) {
    results.steps.push_back(name);
  }
  results.bands = {"p50", "p99", "p99.9"};
  results.endpoint.service.resize(endpoints.names().size());
  results.endpoint.node.resize(endpoints.names().size());
  for (PodIndex pod = 0; pod < base.traffic.app_of_pod.size(); ++pod) {
    if (const AppIndex app = base.traffic.app_of_pod[pod]; app != kNoIndex) {
      const Pod& p = base.cluster->pods[pod];
      const std::size_t at = endpoints.at(std::string(p.ns) + "/" + std::string(p.name));
      results.endpoint.service[at] = base.traffic.apps[app].name;
      results.endpoint.node[at] = std::string(base.cluster->nodes[p.node].name);
    }
  }
  bool first = true;
  for (std::size_t v = 0; v < variants.size(); ++v) {
    const BoundVariant& variant = variants[v];
    for (std::uint32_t replicate = 0; replicate < outcome.points[v].size(); ++replicate) {
      const PointResult& point = outcome.points[v][replicate];
      if (point.edges.empty()) {
        continue;  // stopped before it was done
      }
      const Topology links = make_topology(variant.scenario, *variant.cluster);
      add_spans(results.spans, static_cast<std::int64_t>(results.runs()), variant, point, links);
      results.variant.push_back(variant.name);
      results.replicate.push_back(replicate);
      add_summary(results.summary, variant, replicate, point);
      for (std::size_t w = 0; w < variant.traffic.sources.size(); ++w) {
        const SourceRecorder& source = point.sources[w];
        const EdgeStats& stats = point.edges[variant.traffic.sources[w].edge];
        add_walk(results, source);
        add_split(results, source, stats.latency_ns);
        add_buckets(results.latency_histogram, stats.latency_ns);
        add_buckets(results.connect_histogram, stats.connect_ns);
        add_series(results.series, source);
        if (first) {
          first = false;
          results.series.interval = source.interval().count();
          for (std::size_t i = 0; i < source.series().size(); ++i) {
            results.series.sim_time.push_back(variant.scenario.run.warm_up.count() +
                                              static_cast<std::int64_t>(i) * source.interval().count());
          }
        }
      }
      const std::size_t row = results.service.requests.size();
      const std::size_t width = services.names().size();
      results.service.requests.resize(row + width);
      results.service.errors.resize(row + width);
      results.service.connections.resize(row + width);
      results.service.latency.resize(row + width);
      for (EdgeIndex edge = 0; edge < variant.traffic.edges.size(); ++edge) {
        const std::size_t cell = row + services.at(variant.traffic.edges[edge].target);
        const EdgeStats& stats = point.edges[edge];
        results.service.requests[cell] += signed_count(stats.asked);
        results.service.errors[cell] += signed_count(stats.errors + stats.timeouts);
        results.service.connections[cell] += signed_count(stats.connections);
        add_histogram(results.service.latency, cell, stats.latency_ns);
      }
      std::vector<std::uint64_t> served(endpoints.names().size());
      std::map<AppIndex, std::uint64_t> by_app;
      std::vector<AppIndex> app_at(endpoints.names().size(), kNoIndex);
      for (PodIndex pod = 0; pod < point.served_by_pod.size(); ++pod) {
        const AppIndex app = variant.traffic.app_of_pod[pod];
        if (app != kNoIndex) {
          const Pod& p = variant.cluster->pods[pod];
          const std::size_t at = endpoints.at(std::string(p.ns) + "/" + std::string(p.name));
          served[at] = point.served_by_pod[pod];
          app_at[at] = app;
          by_app[app] += point.served_by_pod[pod];
        }
      }
      for (std::size_t i = 0; i < served.size(); ++i) {
        const std::uint64_t all = app_at[i] == kNoIndex ? 0 : by_app[app_at[i]];
        results.endpoint.requests.push_back(signed_count(served[i]));
        results.endpoint.share.push_back(all == 0 ? 0 : static_cast<double>(served[i]) / static_cast<double>(all));
      }
      add_cpu(results.cpu, point, measured);
      add_links(results.link, point, links, measured);
      results.drops.packets.push_back(signed_count(point.network.packets_dropped));
    }
  }
  return results;
}

}  // namespace knetsim
