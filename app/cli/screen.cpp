#include "app/cli/screen.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <string_view>
#include <variant>

#include "analysis/pooled_quantile.h"
#include "app/cli/shown_quantile.h"
#include "app/cli/verdict_lines.h"
#include "app/experiment/compare_variants.h"
#include "app/experiment/fill_results.h"
#include "app/experiment/observed.h"
#include "app/experiment/step_names.h"
#include "sim/core/censored_times.h"
#include "sim/input/units_text.h"

namespace knetsim {
namespace {

/// One variant's numbers of one workload, over all replicates.
struct VariantRow {
  EdgeStats sum;
  double busiest_core = 0;  ///< Of all nodes' cores the busiest one's share, mean over replicates.
  double measured_s = 0;
  bool unstable = false;
  Duration drained{};  ///< Longest of the replicates.
};

void add(EdgeStats& sum, const EdgeStats& stats) {
  sum.asked += stats.asked;
  sum.ok += stats.ok;
  sum.errors += stats.errors;
  sum.timeouts += stats.timeouts;
  sum.retried += stats.retried;
  sum.unfinished += stats.unfinished;
  sum.in_window.ok += stats.in_window.ok;
  sum.connections += stats.connections;
  sum.rules_evaluated += stats.rules_evaluated;
  sum.latency_ns.merge(stats.latency_ns);
  sum.unfinished_age_ns.merge(stats.unfinished_age_ns);
  sum.connect_ns.merge(stats.connect_ns);
  sum.connecting_age_ns.merge(stats.connecting_age_ns);
  sum.connects_failed += stats.connects_failed;
}

VariantRow row_of(const BoundVariant& variant, const std::vector<PointResult>& points, std::string_view workload) {
  VariantRow row;
  const double measured = to_seconds(variant.scenario.run.duration);
  const TrafficSpec* source = workload_named(variant, workload);
  if (source == nullptr) {  // variants may add workloads, and one of them be the base
    row.measured_s = measured;
    return row;
  }
  const EdgeIndex edge = source->edge;
  std::size_t replicates = 0;
  for (const PointResult& point : points) {
    if (point.edges.empty()) {
      continue;
    }
    const EdgeStats& stats = point.edges[edge];
    add(row.sum, stats);
    row.measured_s += measured;
    row.unstable = row.unstable || stats.backlog_grows;
    row.drained = std::max(row.drained, point.drained);
    double busiest = 0;
    for (const NodeCpu& node : point.nodes) busiest = std::max(busiest, to_seconds(node.busiest) / measured);
    row.busiest_core += busiest;
    ++replicates;
  }
  row.busiest_core /= static_cast<double>(std::max<std::size_t>(1, replicates));
  return row;
}

std::string span_text(const CensoredTimes& ns, double q) {
  const CensoredValue value = ns.quantile(q);
  if (value.kind == CensoredValue::Kind::Nothing || !has_quantile(ns.count(), q)) return "-";
  return (value.exact() ? "" : "\u2265") + human(Duration(value.value * 1000));
}

/// What a row's figures do not say; on a line of its own, so that the table keeps its width.
std::string row_notes(const VariantRow& row) {
  std::string text;
  if (row.unstable) text += "    overloaded: the backlog grows\n";
  if (row.sum.unfinished > 0) {
    text += fmt::format("    unfinished: {} requests, {} after the measured time (run.drain)\n",
                        with_commas(static_cast<std::int64_t>(row.sum.unfinished)), human(row.drained));
  }
  const std::uint64_t succeeded = row.sum.ok + row.sum.unfinished;
  if (succeeded > 0 && !has_quantile(succeeded, 0.999)) {
    text += fmt::format("    -: {}; a p99 needs 100, a p99.9 1,000\n",
                        succeeded == 1 ? "one request" : fmt::format("{} requests", succeeded));
  }
  return text;
}

std::string arrivals_text(const TrafficSpec& source) {
  if (const auto* poisson = std::get_if<PoissonArrivals>(&source.arrivals)) {
    return fmt::format("{} req/s open loop", with_commas(static_cast<std::int64_t>(poisson->per_second + 0.5)));
  }
  if (const auto* constant = std::get_if<ConstantArrivals>(&source.arrivals)) {
    return fmt::format("{} req/s open loop, even", with_commas(static_cast<std::int64_t>(constant->per_second + 0.5)));
  }
  if (const auto* loop = std::get_if<ClosedLoop>(&source.arrivals)) {
    return fmt::format("{} users closed loop", with_commas(loop->users));
  }
  return "listed arrivals";
}

/// What the replicates of one workload have in common in every variant. Requests draw by their number, so sizes, work
/// and noise are the same always; when they come is so too where no answer decides it and no variant changes it.
std::string_view common_text(const std::vector<BoundVariant>& variants, std::size_t workload) {
  const TrafficSpec& of_base = variants.front().traffic.sources[workload];
  const Arrivals& base = of_base.arrivals;
  const bool alike = std::all_of(variants.begin(), variants.end(), [&](const BoundVariant& variant) {
    const TrafficSpec* source = workload_named(variant, of_base.name);
    if (source == nullptr) return true;
    const Arrivals& other = source->arrivals;
    if (other.index() != base.index()) return false;
    if (const auto* poisson = std::get_if<PoissonArrivals>(&base)) {
      return std::get<PoissonArrivals>(other).per_second == poisson->per_second;
    }
    if (const auto* constant = std::get_if<ConstantArrivals>(&base)) {
      return std::get<ConstantArrivals>(other).per_second == constant->per_second;
    }
    if (const auto* loop = std::get_if<ClosedLoop>(&base)) return std::get<ClosedLoop>(other).users == loop->users;
    return std::get<ListedArrivals>(other).at == std::get<ListedArrivals>(base).at;
  });
  if (!alike) return "same random numbers";
  return std::holds_alternative<ClosedLoop>(base) ? "same users and random numbers" : "same arrivals";
}

std::string counted(std::size_t count, std::string_view what) {
  return fmt::format("{} {}{}", with_commas(static_cast<std::int64_t>(count)), what, count == 1 ? "" : "s");
}

std::string head(const BoundVariant& base) {
  const Cluster& cluster = *base.cluster;
  const ClusterSettings& settings = base.scenario.cluster;
  std::string text = fmt::format("{}  {} \u00b7 {}", base.scenario.name, counted(cluster.nodes.size(), "node"),
                                 counted(cluster.services.size(), "service"));
  if (settings.background.services > 0) {
    text += fmt::format(" (+{} background)", with_commas(settings.background.services));
  }
  text +=
      fmt::format(" \u00b7 {}{}{}", settings.cni.kind, settings.cni.backend.empty() ? "" : " ", settings.cni.backend);
  for (const TrafficSpec& source : base.traffic.sources) {
    text += " \u00b7 " + arrivals_text(source);
  }
  return text + fmt::format(" \u00b7 seed {}\n", base.scenario.run.seed) +
         (base.scenario.title.empty() ? "" : base.scenario.title + "\n");
}

/// Shares of a sum of time splits, by kind of step and cause of waiting; empty where there is none.
std::string shares_text(const TimeSplit& sum) {
  const double total = static_cast<double>(sum.total().count());
  if (!(total > 0)) return {};
  std::vector<std::pair<double, std::string>> shares;
  const std::vector<std::string> kinds = kind_names();
  const std::vector<std::string> waits = wait_names();
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    shares.emplace_back(static_cast<double>(sum.service[i]) / total, kinds[i]);
  }
  for (std::size_t i = 0; i < waits.size(); ++i) {
    shares.emplace_back(static_cast<double>(sum.wait[i]) / total, waits[i]);
  }
  std::stable_sort(shares.begin(), shares.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  std::string text;
  for (std::size_t i = 0; i < 6 && shares[i].first >= 0.005; ++i) {
    text += fmt::format("{} {} {:.0f} %", i == 0 ? "" : " \u00b7", shares[i].second, shares[i].first * 100);
  }
  return text;
}

/// Where the time of one variant's connections and requests went.
std::string where_time_goes(const BoundVariant& variant, const std::vector<PointResult>& points, std::size_t workload) {
  TimeSplit connections;
  TimeSplit requests;
  for (const PointResult& point : points) {
    if (point.edges.empty()) continue;
    connections += point.sources[workload].connecting();
    for (const auto& [band, split] : point.sources[workload].bands()) requests += split.sum;
    requests += point.sources[workload].timed_out().sum;
  }
  std::string text;
  if (const std::string shares = shares_text(connections); !shares.empty()) {
    text += fmt::format("Where a new connection's time goes ({}):{}\n", variant.name, shares);
  }
  if (const std::string shares = shares_text(requests); !shares.empty()) {
    text += fmt::format("Where a request's time goes, connect included ({}):{}\n", variant.name, shares);
  }
  return text;
}

double ok_share(const EdgeStats& sum) {
  return sum.asked == 0 ? 0 : static_cast<double>(sum.ok) / static_cast<double>(sum.asked);
}

/// Half widths of 95 % intervals, below the figures of the only variant.
std::string half_widths(const BoundVariant& variant, const std::vector<PointResult>& points, std::string_view workload,
                        std::size_t name_width) {
  const std::vector<Sample> connects = samples_of(variant, points, workload, connects_of);
  const std::vector<Sample> latencies = samples_of(variant, points, workload, latencies_of);
  if (latencies.size() < 2) return {};
  const auto half = [](const std::vector<Sample>& samples, double q) -> std::string {
    const PooledQuantile found = pooled_quantile(samples, q);
    std::uint64_t count = 0;
    for (const Sample& sample : samples) count += sample.size();
    if (found.kind != PooledQuantile::Kind::Finite || !(found.ns > 0) || !has_quantile(count, q)) return "-";
    const double width = (found.interval_ns.high - found.interval_ns.low) / 2 / found.ns;
    return std::isinf(width) ? "no end" : fmt::format("{:.{}f} %", width * 100, width < 0.1 ? 1 : 0);
  };
  return fmt::format("  {:<{}}{:>8}{:>8}{:>9}{:>8}{:>9}\n", "\u00b1 at 95 %", name_width - 2, half(connects, 0.5),
                     half(connects, 0.99), half(latencies, 0.5), half(latencies, 0.99), half(latencies, 0.999));
}

}  // namespace

std::string summary_screen(const std::vector<BoundVariant>& variants, const ExperimentOutcome& outcome,
                           const ScreenInfo& info) {
  const BoundVariant& base = variants.front();
  std::string text = head(base);
  if (!info.manifests_line.empty()) {
    text += info.manifests_line + "\n";
  }
  const std::vector<VariantComparison> compared = compare_variants(variants, outcome);
  const std::size_t judged = count_judged(compared);
  std::size_t name_width = 18;
  for (const BoundVariant& variant : variants) {
    name_width = std::max(name_width, variant.name.size() + 9);
  }
  for (std::size_t w = 0; w < base.traffic.sources.size(); ++w) {
    const EdgeSpec& edge = base.traffic.edges[base.traffic.sources[w].edge];
    text += fmt::format("\n{:<{}}{:>16}{:>26}{:>20}{:>8}{:>9}{:>14}\n",
                        base.traffic.sources[w].name + " \u2192 " + edge.target, name_width, "connect",
                        "request latency", "asked/done", "", "busiest", "rules per new");
    text += fmt::format("{:<{}}{:>8}{:>8}{:>9}{:>8}{:>9}{:>20}{:>8}{:>9}{:>14}\n", "", name_width, "p50", "p99", "p50",
                        "p99", "p99.9", "per second", "errors", "core", "connection");
    std::vector<VariantRow> rows;
    for (std::size_t v = 0; v < variants.size(); ++v) {
      rows.push_back(row_of(variants[v], outcome.points[v], base.traffic.sources[w].name));
      const VariantRow& row = rows.back();
      const EdgeStats& sum = row.sum;
      const auto rate = [&](std::uint64_t count) {
        return with_commas(static_cast<std::int64_t>(static_cast<double>(count) / row.measured_s + 0.5));
      };
      const CensoredTimes connect(sum.connect_ns, sum.connecting_age_ns);
      const CensoredTimes latency(sum.latency_ns, sum.unfinished_age_ns);
      text += fmt::format(
          "  {:<{}}{:>8}{:>8}{:>9}{:>8}{:>9}{:>20}{:>8}{:>7.0f} %{:>14}\n",
          variants[v].name + (v == 0 && variants.size() > 1 ? " (base)" : ""), name_width - 2, span_text(connect, 0.5),
          span_text(connect, 0.99), span_text(latency, 0.5), span_text(latency, 0.99), span_text(latency, 0.999),
          rate(sum.asked) + "/" + rate(sum.in_window.ok), with_commas(static_cast<std::int64_t>(sum.failed())),
          row.busiest_core * 100,
          sum.connections == 0 ? "-"
                               : with_commas(static_cast<std::int64_t>(
                                     sum.rules_evaluated / static_cast<double>(sum.connections) + 0.5)));
      text += row_notes(row);
    }
    if (variants.size() > 1) {
      text += fmt::format("Against {}, {}, {}, 95 % CI{}\n", base.name, common_text(variants, w),
                          counted(base.scenario.run.replicates, "replicate"),
                          judged > 1 ? fmt::format("; verdicts by Holm over {}", judged) : "");
      const std::size_t others = variants.size() - 1;
      std::vector<double> ok_shares;
      for (const VariantRow& row : rows) ok_shares.push_back(ok_share(row.sum));
      text +=
          comparison_lines(variants, ok_shares, std::span(compared).subspan(w * others, others), judged, name_width);
    } else {
      text += half_widths(base, outcome.points.front(), base.traffic.sources[w].name, name_width);
    }
    text += where_time_goes(base, outcome.points.front(), w);
  }
  text += slo_lines(variants, outcome, info.slos);
  if (!info.costs_line.empty()) {
    text += "Costs: " + info.costs_line + "\n";
  }
  if (info.timing) {
    std::uint64_t events = 0, requests = 0;
    std::size_t points = 0;
    for (const auto& replicates : outcome.points) {
      for (const PointResult& point : replicates) {
        events += point.events;
        requests += point.completed;
        points += std::size_t{point.edges.empty() ? 0U : 1U};
      }
    }
    text +=
        fmt::format("{} points, {} requests and calls, {} events in {:.1f} s ({:.1f} M events/s)\n", points,
                    with_commas(static_cast<std::int64_t>(requests)), with_commas(static_cast<std::int64_t>(events)),
                    outcome.wall_s, static_cast<double>(events) / outcome.wall_s * 1e-6);
  }
  return text;
}

}  // namespace knetsim
